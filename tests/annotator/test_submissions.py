"""How a person ends the judging of a trace: stored as an event, undone and rebuilt like any other."""

from __future__ import annotations

import uuid

import pytest

from annotator.errors import ConflictError, InvalidError
from annotator.models import GuidelineVersion, JudgementEvent, Outcome, Submission
from annotator.services.history.rebuild import judgements_rebuild
from annotator.services.history.undo import judgement_redo, judgement_undo
from annotator.services.judgements.submissions import submission_clear, submission_set
from tests.factories import MembershipFactory, problem_with_tree

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    member = MembershipFactory.create()
    problem = problem_with_tree(["a", ["b!"], ["c"]], project=member.project)
    GuidelineVersion.objects.create(project=member.project, number=3, author=member.user)
    Outcome.objects.all().delete()  # the factory writes them without events
    return member.user, problem, problem.traces.get(ordinal=0)


def test_submission_is_an_event_and_its_row(world):
    user, problem, trace = world
    result = submission_set(
        problem=problem, trace=trace, user=user, reason="found_error", milliseconds=900
    )
    row = Submission.objects.get()
    assert (row.trace, row.reason, row.milliseconds) == (trace, "found_error", 900)
    assert (row.guideline.number, row.event_id) == (3, result.event_id)
    event = JudgementEvent.objects.get()
    assert (event.kind, event.trace, event.before) == ("submission", trace, None)
    assert event.payload == {
        "reason": "found_error",
        "note": "",
        "milliseconds": 900,
        "guideline": 3,
    }


def test_trace_and_problem_have_one_row_each(world):
    user, problem, trace = world
    submission_set(problem=problem, trace=trace, user=user, reason="solution")
    submission_set(problem=problem, trace=None, user=user, reason="bad_problem", note="no question")
    submission_set(problem=problem, trace=trace, user=user, reason="give_up", note="too long")
    assert sorted(Submission.objects.values_list("trace", "reason"), key=str) == sorted(
        [(trace.pk, "give_up"), (None, "bad_problem")], key=str
    )


def test_same_key_is_stored_once(world):
    user, problem, trace = world
    key = uuid.uuid4()
    said = {"problem": problem, "trace": trace, "user": user, "idempotency_key": key}
    first = submission_set(reason="solution", **said)
    again = submission_set(reason="solution", **said)
    assert (again.replayed, again.event_id) == (True, first.event_id)
    assert JudgementEvent.objects.count() == 1
    with pytest.raises(ConflictError):
        submission_set(reason="found_error", **said)


def test_undo_redo_and_rebuild(world):
    user, problem, trace = world
    submission_set(problem=problem, trace=trace, user=user, reason="solution")
    submission_set(problem=problem, trace=None, user=user, reason="give_up", note="tired")
    assert "Gave up" in judgement_undo(problem=problem, user=user).description
    assert Submission.objects.get().reason == "solution"
    judgement_redo(problem=problem, user=user)
    assert Submission.objects.count() == 2
    assert judgements_rebuild(project=problem.project, dry_run=True).equal
    Submission.objects.all().delete()
    report = judgements_rebuild(project=problem.project)
    assert report.missing == 2
    assert Submission.objects.get(trace=None).note == "tired"


def test_clear_takes_it_back(world):
    user, problem, trace = world
    assert submission_clear(problem=problem, trace=trace, user=user).event_id is None
    submission_set(problem=problem, trace=trace, user=user, reason="solution")
    submission_clear(problem=problem, trace=trace, user=user)
    assert not Submission.objects.exists()
    assert JudgementEvent.objects.latest("id").payload == {"cleared": True}


@pytest.mark.parametrize(
    ("reason", "note", "field"),
    [
        ("finished", "", "reason"),
        ("give_up", "  ", "note"),
        ("bad_problem", "", "note"),
        ("give_up", "a\x00", "note"),
    ],
)
def test_what_is_refused(world, reason, note, field):
    user, problem, trace = world
    with pytest.raises(InvalidError) as refused:
        submission_set(problem=problem, trace=trace, user=user, reason=reason, note=note)
    assert field in refused.value.fields
    assert not JudgementEvent.objects.exists()


def test_trace_of_another_problem_is_refused(world):
    user, problem, _ = world
    other = problem_with_tree(["x"], project=problem.project).traces.get()
    with pytest.raises(InvalidError):
        submission_set(problem=problem, trace=other, user=user, reason="solution")
