"""Rankings of a file in the database: rows, counts, repeats, joins, criteria and rebuild."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest

from annotator.models import (
    Adjudication,
    Comment,
    JudgementEvent,
    Ranking,
    Submission,
    Trace,
)
from annotator.services.history.rebuild import judgements_rebuild
from annotator.services.imports import import_file
from scoring.types import (
    AdjudicationRecord,
    CommentRecord,
    RankingRecord,
    RaterRecord,
    SubmissionRecord,
)
from tests.annotator.formats import FORMATS, RESULTS, SHEET, fixture
from tests.annotator.importing.data import load, new_project
from tests.annotator.importing.ranking_records import ANN, BOB, everything, record


@pytest.fixture
def project(db):
    return new_project()


def bring(project, name, data, format_key="auto"):
    return import_file(project=project, stream=io.BytesIO(data), name=name, format=format_key)


def reason(project, **said):
    (error,) = load(project, record(**said)).errors
    return error.reason


def test_a_ranking_is_stored_by_ids_with_its_source(project):
    ranking = RankingRecord(
        "step",
        [[2], [1]],
        ANN,
        parent=0,
        criterion="progress",
        failed=[1],
        shown=[1, 2],
        scores={1: 2, 2: 4.5},
        note="n",
        milliseconds=7,
        meta={"x": 1},
    )
    report = load(project, record(rankings=[ranking]))
    assert (report.accepted, report.counts.rankings) == (1, 1)
    row = Ranking.objects.get()
    a, b, c = (row.problem.steps.get(text=text).pk for text in "abc")
    assert (row.level, row.parent_id, row.criterion, row.rater.name) == (
        "step", a, "progress", "ann",
    )  # fmt: skip
    assert (row.tiers, row.aside, row.failed, row.shown) == ([[c], [b]], [], [b], [b, c])
    assert row.scores == {str(b): 2.0, str(c): 4.5}
    assert (row.note, row.milliseconds, row.meta) == ("n", 7, {"x": 1})
    assert row.source.key == "k"
    assert row.event.kind == JudgementEvent.Kind.IMPORT


def test_the_same_record_twice_adds_nothing_and_other_rankings_are_refused(project):
    first = record(rankings=[RankingRecord("trace", [[0], [1]], ANN)])
    load(project, first)
    again = load(project, first)
    assert (again.counts.unchanged, again.counts.rankings) == (1, 0)
    other = record(rankings=[RankingRecord("trace", [[1], [0]], ANN)])
    assert "already with other content" in load(project, other).errors[0].reason
    assert Ranking.objects.count() == 1


def test_raters_are_never_merged_and_one_may_compare_pair_by_pair(project):
    rankings = [
        RankingRecord("trace", [[0], [1]], ANN),
        RankingRecord("trace", [[1], [0]], ANN),
        RankingRecord("trace", [[0, 1]], BOB),
    ]
    load(project, record(rankings=rankings))
    assert sorted(row.rater.name for row in Ranking.objects.all()) == ["ann", "ann", "bob"]


@pytest.mark.parametrize(
    ("ranking", "words"),
    [
        (RankingRecord("trace", [[0], [0]], ANN), "item 0 is"),
        (RankingRecord("trace", [[0], [2]], ANN), "rankings[0]: item is 2"),
        (RankingRecord("trace", [[0]], ANN), "2 to 32 items"),
        (RankingRecord("trace", [[0], [1]], ANN, parent=0), "ranked below -1 only"),
        (RankingRecord("step", [[1], [2]], ANN), "step 1 is no child of -1"),
        (RankingRecord("leaf", [[1], [2]], ANN), "level is 'leaf'"),
        (RankingRecord("trace", [[0], [1]], ANN, scores={0: 1, 1: 2}), "score is not higher"),
        (RankingRecord("trace", [[0], [1]], ANN, criterion="x" * 41), "the limit is 40"),
        (RankingRecord("trace", [[0], [1]], ANN, shown=[0]), "2 to 32 items"),
        (RankingRecord("trace", [[0], [1]], RaterRecord("ghost", "x")), "kind is 'ghost'"),
    ],
)
def test_a_faulty_ranking_refuses_its_record(project, ranking, words):
    assert words in reason(project, rankings=[ranking])
    assert not Ranking.objects.exists()


def test_unknown_criteria_join_the_projects_at_the_end(project):
    rankings = [
        RankingRecord("trace", [[0], [1]], ANN, criterion=key)
        for key in ("tidiness", "soundness", "supervision_quality", "")
    ]
    load(project, record(rankings=rankings))
    project.refresh_from_db()
    assert [row["key"] for row in project.criteria] == [
        "correctness", "soundness", "progress", "clarity", "tidiness", "supervision_quality",
    ]  # fmt: skip
    assert project.criteria[-1] == {
        "key": "supervision_quality",
        "label": "Supervision quality",
        "help": "",
        "margin": 0.0,
        "gate": False,
        "retired": False,
    }


def test_known_criteria_leave_the_project_as_it_is(project):
    load(project, record(rankings=[RankingRecord("trace", [[0], [1]], ANN, criterion="clarity")]))
    project.refresh_from_db()
    assert project.criteria == []


def test_submissions_comments_and_decisions_are_stored(project):
    load(project, everything())
    one, two = Trace.objects.order_by("pk")
    assert list(
        Submission.objects.order_by("pk").values_list("trace", "rater__name", "reason", "note")
    ) == [(one.pk, "ann", "solution", "s"), (None, "bob", "give_up", "")]
    question, answer = Comment.objects.order_by("pk")
    assert (question.step.text, question.created.isoformat()) == ("b", "2025-01-02T03:04:05+00:00")
    assert (answer.answers, answer.resolution) == (question, "ok")
    of_step, of_traces, of_run = Adjudication.objects.order_by("pk")
    assert (of_step.step.text, of_step.decision, of_step.blind, of_step.reason) == (
        "c", {"rating": -1, "error_type": "logic"}, {"rating": 0}, "wrong",
    )  # fmt: skip
    assert of_traces.decision == {
        "tiers": [[two.pk], [one.pk]],
        "scores": {str(two.pk): 3.0, str(one.pk): 1.0},
    }
    assert (of_run.level, of_run.first.text, of_run.last.text) == ("span", "a", "c")
    assert of_run.decision == {"rating": 0, "error_type": "logic"}


def test_rows_follow_from_the_import_event(project):
    load(project, everything())
    assert judgements_rebuild(project=project, dry_run=True).equal
    before = sorted(map(str, Ranking.objects.values_list("level", "criterion", "tiers", "scores")))
    for table in (Ranking, Submission, Adjudication):
        table.objects.all().delete()
    assert judgements_rebuild(project=project).missing == 8
    assert judgements_rebuild(project=project, dry_run=True).equal
    after = sorted(map(str, Ranking.objects.values_list("level", "criterion", "tiers", "scores")))
    assert before == after


def test_a_decision_that_is_there_already_stays(project):
    load(project, everything())
    other = replace(everything(), key="other")
    report = load(project, other)
    assert "1 final decisions on places that have one already" in report.warnings[0].reason
    assert Adjudication.objects.filter(level="trace").count() == 1
    assert judgements_rebuild(project=project, dry_run=True).equal


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"submissions": [SubmissionRecord(2, ANN, "solution")]}, "submissions[0].trace is 2"),
        ({"submissions": [SubmissionRecord(0, ANN, "tired")]}, "reason is 'tired'"),
        ({"submissions": [SubmissionRecord(0, ANN, "solution")] * 2}, "submissions[1] is there twice"),
        ({"comments": [CommentRecord("shout", "x", ANN)]}, "kind is 'shout'"),
        ({"comments": [CommentRecord("comment", "x", ANN, answers=0)]}, "answers is 0"),
        ({"comments": [CommentRecord("comment", "x", ANN, created="now")]}, "not a time with its zone"),
        ({"adjudications": [AdjudicationRecord(ANN, {"rating": 2}, "", node=0)]}, "rating is 2"),
        (
            {"adjudications": [AdjudicationRecord(ANN, {"rating": 1}, "", level="span", run=(1, 2))]},
            "step 2 does not follow step 1",
        ),
        (
            {"adjudications": [AdjudicationRecord(ANN, {"rating": 5}, "", level="span", run=(0, 2))]},
            "rating is 5",
        ),
        ({"adjudications": [AdjudicationRecord(ANN, {"tiers": [[0]]}, "", level="trace")]}, "2 to 32"),
    ],
)  # fmt: skip
def test_a_faulty_verdict_refuses_its_record(project, said, words):
    assert words in reason(project, **said)
    assert not JudgementEvent.objects.exists()


def test_sheets_join_the_cards_and_keep_rounds_apart(project):
    cards = bring(project, "blinded_cards.jsonl", fixture("natural_pool"))
    sheet = bring(project, "annotator_1.csv", SHEET)
    other = bring(project, "annotator_2.csv", SHEET)
    results = bring(project, "results.csv", RESULTS)
    assert [r.counts.rankings for r in (cards, sheet, other, results)] == [0, 6, 6, 4]
    assert sheet.format == "natural_pool"
    raters = Ranking.objects.values_list("rater__name", "rater__version").distinct()
    assert sorted(raters) == [
        ("annotator_1", ""),
        ("annotator_1", "round 2"),
        ("annotator_2", ""),
        ("annotator_2", "round 2"),
    ]
    marks = Ranking.objects.get(
        rater__name="annotator_1", criterion="completeness", problem__prompt="What is 2 + 3?"
    )
    a, b = Trace.objects.filter(problem=marks.problem).order_by("key")
    assert (a.key, marks.tiers, marks.scores) == (
        "NP_0001:A", [[a.pk], [b.pk]], {str(a.pk): 5.0, str(b.pk): 4.0},
    )  # fmt: skip
    again = bring(project, "annotator_1.csv", SHEET)
    assert (again.accepted, again.counts.unchanged, again.counts.rankings) == (2, 2, 0)
    changed = bring(project, "annotator_1.csv", SHEET.replace(b"5,4,3,3,A", b"4,4,3,3,A"))
    assert "differ from those of the same rater" in changed.errors[0].reason
    assert judgements_rebuild(project=project, dry_run=True).equal


def test_a_sheet_without_its_cards_is_refused(project):
    report = bring(project, "annotator_1.csv", SHEET)
    assert (report.accepted, report.rejected) == (0, 2)
    assert "import the cards first" in report.errors[0].reason
    assert not Ranking.objects.exists()


def test_cards_that_are_there_twice_are_ambiguous(project):
    card = json.loads(fixture("natural_pool").splitlines()[0])
    bring(project, "one.jsonl", json.dumps(card).encode())
    bring(project, "two.jsonl", json.dumps({**card, "trace_A_text": "Other."}).encode())
    report = bring(project, "annotator_1.csv", SHEET)
    assert "2 traces of this project are called 'NP_0001:A'" in report.errors[0].reason


@pytest.mark.parametrize(("name", "rankings"), [("fine_grained_rlhf.json", 7), ("pandalm.json", 6)])
def test_fixtures_are_counted_and_repeat_to_nothing(project, name, rankings):
    data = (FORMATS / name).read_bytes()
    assert bring(project, name, data).counts.rankings == rankings == Ranking.objects.count()
    assert bring(project, name, data).counts.unchanged == 2
    assert judgements_rebuild(project=project, dry_run=True).equal
