"""Scoring again after an import: only what is new, behind the steps before it, as if all were scored anew."""

from __future__ import annotations

import numpy as np
import pytest

from annotator.models import Problem, SourceFile, Step, StepScore, TokenScore
from annotator.services.imports.records import import_records
from annotator.services.jobs.requests import score_request
from annotator.services.models.scores import step_scores_store
from scoring.pipelines import score, sharing
from scoring.pipelines.context import JobContext
from scoring.reward.part import with_ancestors
from scoring.reward.registry import ALL, kind
from scoring.samples import arithmetic
from scoring.tree import Tree
from scoring.types import NodeRecord, ProblemRecord, TraceRecord, TreeRecord
from tests.annotator.pipelines.data import TINY, run, trained

pytestmark = pytest.mark.django_db(transaction=True)
RECORD = next(iter(arithmetic(1, 1)))
NEW = ["A step that nobody took before.", "And one behind it."]
SEQUENCE = {"lists": "outcomes", "reading": "sequence", "orders": "2"}


def path_of(record, end):
    path = []
    while end >= 0:
        path.append(record.nodes[end])
        end = record.nodes[end].parent
    return path[::-1]


def trace_added(project, *, behind):
    """Import one more trace of the first problem: its first ``behind`` steps are known, two are new."""
    end = max(range(len(RECORD.nodes)), key=lambda node: len(path_of(RECORD, node)))
    texts = [node.text for node in path_of(RECORD, end)][:behind] + NEW
    record = TreeRecord(
        "later",
        ProblemRecord(RECORD.problem.prompt, RECORD.problem.reference),
        [NodeRecord(text, parent=at - 1) for at, text in enumerate(texts)],
        [TraceRecord(len(texts) - 1, "later")],
        merge=True,
    )
    before = set(Step.objects.values_list("pk", flat=True))
    file = SourceFile.objects.create(project=project, format="tracewood", name="later")
    import_records(project=project, format="tracewood", items=[record], file=file)
    return set(Step.objects.exclude(pk__in=before).values_list("pk", flat=True))


@pytest.fixture
def seen(monkeypatch):
    """What a job stored and told, in order."""
    stored, told = [], []
    progress = JobContext.progress

    def spy(*, model, rows, parts):
        stored.extend(step for step, _ in rows)
        return step_scores_store(model=model, rows=rows, parts=parts)

    def tell(self, done, total=None, message=""):
        told.append((done, total))
        progress(self, done, total, message)

    monkeypatch.setattr(score, "step_scores_store", spy)
    monkeypatch.setattr(JobContext, "progress", tell)
    return stored, told


def scores_of(model):
    return dict(StepScore.objects.filter(model=model).values_list("step_id", "score"))


def starts_of(model):
    rows = TokenScore.objects.filter(model=model)
    return {row.step_id: [row.start, *np.frombuffer(row.running, "<f4")] for row in rows}


@pytest.mark.parametrize(
    ("key", "more"), [("prm", {}), ("listwise", {"lists": "outcomes"}), ("hrm", {})]
)
def test_a_new_trace_has_only_its_new_steps_scored_as_a_full_scoring_would(
    project, seen, key, more
):
    model = trained(project, kind=key, settings=TINY | more)
    run(score_request(model=model, user=None))
    old = scores_of(model)
    new = trace_added(project, behind=2)
    stored, told = seen
    stored.clear()
    told.clear()
    job = run(score_request(model=model, user=None))
    assert sorted(stored) == sorted(new)
    assert len(new) == len(NEW)
    assert {total for _, total in told} == {len(NEW)}
    assert (job.done, job.total, job.result["skipped"]) == (2, 2, 0)
    partly, tokens = scores_of(model), starts_of(model)
    assert {step: partly[step] for step in old} == old, "what was scored is left alone"
    StepScore.objects.all().delete()
    TokenScore.objects.all().delete()
    job = run(score_request(model=model, user=None))
    assert job.total == Step.objects.count()
    assert partly == pytest.approx(scores_of(model), abs=1e-4)
    whole = starts_of(model)
    for step, numbers in tokens.items():
        assert numbers == pytest.approx(whole[step], abs=1e-4)


def test_what_judges_answers_together_scores_the_problem_as_a_whole(project, seen):
    model = trained(project, kind="listwise", settings=TINY | SEQUENCE)
    run(score_request(model=model, user=None))
    old = scores_of(model)
    trace_added(project, behind=1)
    problem = Problem.objects.get(steps__text=NEW[0])
    stored, told = seen
    stored.clear()
    told.clear()
    run(score_request(model=model, user=None))
    whole = set(problem.steps.values_list("pk", flat=True))
    assert sorted(stored) == sorted(whole)
    assert told[-1] == (len(whole), len(whole))
    now = scores_of(model)
    moved = max(abs(now[step] - old[step]) for step in old.keys() & whole)
    assert moved > 1e-7, "a new answer changes what is said of the others"


def test_only_listwise_in_sequences_judges_answers_together():
    assert [key for key, row in ALL.items() if row.together] == ["listwise"]
    row = kind("listwise")
    assert row.judges_together({"reading": "sequence"})
    assert not row.judges_together({"reading": "tree"})
    assert not kind("prm").judges_together({"reading": "sequence"})


def test_what_an_import_brings_meanwhile_is_counted_too(project, seen, monkeypatch):
    model = trained(project)
    monkeypatch.setattr(score, "FLUSH_STEPS", 1)
    before = Step.objects.count()
    add, calls = score._Store.add, []

    def with_import(self, *said):
        add(self, *said)
        calls.append(said)
        if len(calls) == 2:  # of a problem that is scored already, and is looked at again
            trace_added(project, behind=0)

    monkeypatch.setattr(score._Store, "add", with_import)
    run(score_request(model=model, user=None))
    assert Step.objects.count() == before + len(NEW)
    told = seen[1]
    assert all(done <= total for done, total in told)
    assert told[-1] == (before, before)
    job = run(score_request(model=model, user=None))
    assert (job.done, job.total) == (len(NEW), len(NEW))


def test_a_grown_problem_raises_the_total(project):
    share = sharing.Share.__new__(sharing.Share)
    share.total, share._seen = 5, {1: 2, 2: 3}
    for pk, steps in ((1, 2), (2, 1), (2, 4), (3, 6)):
        share._note(pk, steps)
    assert share.total == 5 + 1 + 6


def test_a_part_of_a_tree_has_the_wanted_nodes_and_the_steps_before_them():
    tree = Tree.from_columns(
        ids=[0, 11, 12, 13, 14, 15], depth=[0, 1, 2, 2, 1, 2], text=list("pabcde")
    )
    wanted = np.array([False, False, False, True, False, False])
    part = with_ancestors(tree, wanted)
    assert part.ids.tolist() == [0, 11, 13]
    assert part.depth.tolist() == [0, 1, 2]
    assert part.text.tolist() == ["p", "a", "c"]
    assert not wanted[0], "the mask that was given is not changed"
    assert len(with_ancestors(tree, np.zeros(6, bool))) == 1
