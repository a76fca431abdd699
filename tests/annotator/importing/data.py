"""Records for import tests, written in a few words."""

from __future__ import annotations

from annotator.models import SourceFile, Step
from annotator.services.imports import import_records
from scoring.types import (
    LabelRecord,
    NodeRecord,
    OutcomeRecord,
    ProblemRecord,
    RaterRecord,
    TraceRecord,
    TreeRecord,
)
from tests.factories import ProjectFactory

CHECKER = RaterRecord("machine", "checker:test", "1")


def flat(key, *texts, prompt="What is 1 + 1?", correct=None, labels=()):
    """One flat trace; ``labels`` are ratings of its first steps."""
    outcomes = [] if correct is None else [OutcomeRecord("correct", float(correct), "test")]
    return TreeRecord(
        key=key,
        problem=ProblemRecord(prompt, "2"),
        nodes=[NodeRecord(text, i - 1) for i, text in enumerate(texts)],
        traces=[TraceRecord(len(texts) - 1, key, outcomes=outcomes)],
        merge=True,
        labels=[LabelRecord(i, CHECKER, rating) for i, rating in enumerate(labels)],
    )


def given_tree(key, *steps, prompt="What is 1 + 1?"):
    """A given tree of ``(text, parent)``; every childless node ends a trace."""
    parents = {parent for _, parent in steps}
    return TreeRecord(
        key=key,
        problem=ProblemRecord(prompt, "2"),
        nodes=[NodeRecord(text, parent) for text, parent in steps],
        traces=[TraceRecord(i, f"{key}/{i}") for i in range(len(steps)) if i not in parents],
        merge=False,
    )


def load(project, *items, format_key="test", **options):
    """Import ``items`` as one file; returns the report."""
    file = SourceFile.objects.create(project=project, format=format_key, name="test.jsonl")
    for position, item in enumerate(items):
        item.record = position
        item.line = position + 1
    return import_records(project=project, format=format_key, items=items, file=file, **options)


def new_project():
    return ProjectFactory()


def outline(problem):
    """The tree as ``(pre-order, end, depth, text)``, in pre-order."""
    rows = Step.objects.filter(problem=problem).order_by("preorder")
    return [(step.preorder, step.subtree_end, step.depth, step.text) for step in rows]


def assert_numbered(problem):
    """Check pre-order, subtree ends, depths, parents and counters against one another."""
    steps = list(Step.objects.filter(problem=problem).order_by("preorder"))
    assert [step.preorder for step in steps] == list(range(1, len(steps) + 1))
    by_id = {step.pk: step for step in steps}
    size = dict.fromkeys(by_id, 1)
    for step in reversed(steps):
        assert step.subtree_end == step.preorder + size[step.pk]
        if step.parent_id is None:
            assert step.depth == 1
            continue
        parent = by_id[step.parent_id]
        assert step.depth == parent.depth + 1
        assert parent.preorder < step.preorder < parent.subtree_end
        size[step.parent_id] += size[step.pk]
    problem.refresh_from_db()
    assert problem.n_steps == len(steps)
    assert problem.n_traces == problem.traces.count()
    assert problem.max_depth == max(step.depth for step in steps)
    ordinals = problem.traces.order_by("ordinal").values_list("ordinal", flat=True)
    assert list(ordinals) == list(range(problem.n_traces))
