"""What a snapshot holds, that it never changes, and what its hash says."""

from __future__ import annotations

import io
import json
import math

import numpy as np
import pytest

from annotator.models import Outcome, Step, StepLabel, StepScore
from annotator.queries.datasets.scored import scored_problems
from annotator.services.imports import import_file
from annotator.services.judgements.alternatives import alternative_set
from annotator.services.judgements.labels import label_set
from annotator.services.judgements.outcomes import outcome_set
from annotator.services.judgements.spans import span_label_set
from annotator.services.projects.projects import project_create
from tests.annotator.snapshots.data import content, import_lines, only, snap, step
from tests.annotator.workbench_data import write_model
from tests.factories import UserFactory, problem_with_tree


def test_numbers_beyond_64_bits_in_kept_fields_survive_a_snapshot(project):
    huge = {"x": 1e30, "deep": [{"y": -1e300}]}
    line = {
        "tracewood": 1,
        "problem": {"prompt": "p", "meta": huge},
        "steps": {"text": ["a", "b"], "parent": [-1, -1], "meta": [huge, None]},
        "traces": [{"end": 0, "sampling": huge, "meta": huge}],
        "raters": [{"kind": "imported", "name": "r", "version": ""}],
        "labels": {"node": [0], "rater": [0], "rating": [1], "meta": [huge]},
        "alternatives": [{"parent": -1, "text": "c", "rater": 0, "replaces": 1, "meta": huge}],
        "meta": huge,
    }
    stream = io.BytesIO(json.dumps(line).encode())
    import_file(project=project, stream=stream, name="f.jsonl", format="tracewood")
    found = only(snap(project, rater_kinds=["imported"]))
    kept = (
        found.problem.meta,
        found.nodes[0].meta,
        found.traces[0].sampling,
        found.labels[0].meta,
        found.alternatives[0].meta,
    )
    assert all(meta == huge for meta in kept)


def test_snapshot_holds_tree_traces_outcomes_and_labels(problem, project, user):
    label_set(step=step(problem, "b"), user=user, rating=-1, error_type="logic", note="n")
    span_label_set(first=step(problem, "a"), last=step(problem, "b"), user=user, rating=0)
    alternative_set(
        problem=problem,
        parent=step(problem, "a"),
        replaces=step(problem, "b"),
        user=user,
        text="better",
    )
    found = only(snap(project))
    assert [node.text for node in found.nodes] == ["a", "b", "c!", "d"]
    assert [node.parent for node in found.nodes] == [-1, 0, 1, 0]
    assert [(trace.end, trace.outcomes[0].value) for trace in found.traces] == [(2, 1.0), (3, 0.0)]
    (label,) = found.labels
    assert (label.node, label.rating, label.error_type, label.note) == (1, -1, "logic", "n")
    assert (label.rater.kind, label.rater.name) == ("person", user.username)
    assert found.targets == [None, 0.0, None, None]
    assert found.ratings == [None, -1, None, None]
    assert [(span.first, span.last, span.rating) for span in found.spans] == [(0, 1, 0)]
    assert [(x.parent, x.replaces, x.text) for x in found.alternatives] == [(0, 1, "better")]


def test_later_judgements_outcomes_and_imports_do_not_touch_it(project, user):
    row = {"prompt": "p", "completions": ["x", "y"], "labels": [True, False]}
    import_lines(project, row)
    problem = project.problems.get()
    label_set(step=problem.steps.get(text="x"), user=user, rating=0)
    trace = problem.traces.get()
    outcome_set(trace=trace, user=user, name="correct", value=1.0)
    snapshot = snap(project)
    before = content(snapshot)

    label_set(step=problem.steps.get(text="x"), user=user, rating=-1)
    label_set(step=problem.steps.get(text="y"), user=UserFactory(), rating=1)
    outcome_set(trace=trace, user=user, name="correct", value=0.0)
    outcome_set(trace=trace, user=user, name="other", value=0.0)
    span_label_set(
        first=problem.steps.get(text="x"), last=problem.steps.get(text="y"), user=user, rating=1
    )
    alternative_set(problem=problem, parent=None, user=user, text="new")
    import_lines(
        project,
        {"prompt": "p", "completions": ["x", "z"], "labels": [True, True]},
        {"prompt": "p", "completions": ["w"], "labels": [True]},
        {"prompt": "q", "completions": ["x"], "labels": [True]},
    )
    assert Step.objects.filter(problem=problem).count() == 4
    assert content(snapshot) == before
    assert snap(project, name="two").hash != snapshot.hash


def test_renumbering_by_a_later_import_keeps_the_frozen_order(project):
    import_lines(
        project, *({"prompt": "p", "completions": ["a", x], "labels": [True, True]} for x in "bc")
    )
    snapshot = snap(project)
    import_lines(project, {"prompt": "p", "completions": ["a", "b", "deep"], "labels": [True] * 3})
    found = only(snapshot)
    assert [(node.text, node.parent) for node in found.nodes] == [("a", -1), ("b", 0), ("c", 0)]
    assert [trace.end for trace in found.traces] == [1, 2]


def test_same_content_twice_has_the_same_hash_and_another_project_too(user):
    row = {"prompt": "p", "completions": ["x", "y"], "labels": [True, False]}
    hashes = set()
    for name in ("first", "second"):
        project = project_create(name=name)
        import_lines(project, row)
        hashes |= {snap(project, name="a").hash, snap(project, name="b").hash}
    assert len(hashes) == 1
    assert len(hashes.pop()) == 64


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        lambda p: Outcome.objects.update(value=0.5),
        lambda p: StepLabel.objects.update(rating=-1),
        lambda p: StepLabel.objects.update(note="n"),
        lambda p: Step.objects.filter(text="a").update(text="A"),
        lambda p: Step.objects.filter(text="a").update(meta={"k": 1}),
    ],
)
def test_any_change_of_content_changes_the_hash(problem, project, user, change):
    label_set(step=step(problem, "a"), user=user, rating=1)
    before = snap(project, name="before").hash
    change(problem)
    assert snap(project, name="after").hash != before


def test_rules_are_part_of_the_hash(problem, project):
    hashes = {snap(project, name=rule, neutral=rule).hash for rule in ("positive", "drop", "soft")}
    assert len(hashes) == 3


def test_number_of_queries_does_not_depend_on_the_number_of_problems(
    project, django_assert_max_num_queries
):
    problem_with_tree(["a!"], project=project)
    one = snap(project)
    for _ in range(40):
        problem_with_tree(["a!"], project=project)
    many = snap(project, name="many")
    for snapshot in (one, many):
        with django_assert_max_num_queries(10):
            content(snapshot)


def test_callers_and_states_come_back_by_position(project):
    problem = problem_with_tree(["a", ["b!"]], project=project)
    a, b = problem.steps.order_by("preorder")
    Step.objects.filter(pk=b.pk).update(
        caller=a, state_before="s", kind="action", agent="sub", level="execute", visits=3, value=0.5
    )
    node = only(snap(project)).nodes[1]
    assert (node.caller, node.state_before, node.kind, node.agent) == (0, "s", "action", "sub")
    assert (node.level, node.visits, node.value) == ("execute", 3, 0.5)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_no_finite_number_is_unknown_in_a_snapshot(problem, project, bad):
    model = write_model(problem, list(problem.steps.order_by("preorder")))
    first = problem.traces.order_by("ordinal").first()
    Outcome.objects.filter(trace=first).update(value=bad)
    Step.objects.filter(pk=step(problem, "a").pk).update(value=bad)
    StepScore.objects.filter(step=step(problem, "b")).update(score=bad)
    snapshot = snap(project)
    assert snapshot.outcomes.filter(trace=first, value__isnull=True).exists()
    snapshot.outcomes.filter(trace=first).update(value=bad)  # frozen before this was looked at
    found = only(snapshot)
    assert [trace.outcomes[0].value for trace in found.traces] == [None, 0.0]
    assert found.nodes[0].value is None
    ((_, (scores,)),) = scored_problems(snapshot=snapshot, models=[model])
    assert np.isnan(scores).tolist() == [False, True, False, False]
