"""Judging a trace in order: what is open, when it is done, a rating copied to the rest, undo."""

from __future__ import annotations

import uuid

import pytest

from annotator.errors import ConflictError, InvalidError
from annotator.models import ErrorType, JudgementEvent, Outcome, StepLabel, Submission
from annotator.queries.judgements.judging import judging_of
from annotator.services.history.rebuild import judgements_rebuild
from annotator.services.history.undo import judgement_redo, judgement_undo
from annotator.services.judgements.judging import rest_judge, step_judge, trace_submit
from annotator.services.judgements.labels import label_set
from annotator.services.judgements.spans import span_label_set
from annotator.services.judgements.submissions import submission_set
from tests.annotator.workbench_data import Node, member, project_with_types, write_problem

pytestmark = pytest.mark.django_db

CHAIN = [Node(f"step {at + 1}", at - 1, outcomes=[0.0] if at == 4 else ()) for at in range(5)]


@pytest.fixture
def world():
    project = project_with_types()
    user = member(project, "ann", "annotator")
    problem, steps = write_problem(project, "1 + 1 = ?", CHAIN)
    Outcome.objects.all().delete()  # written without events
    return user, problem.traces.get(), steps


def judge(world, at, rating, task="first_error", **more):
    user, trace, steps = world
    return step_judge(trace=trace, task=task, step=steps[at], user=user, rating=rating, **more)


def state(world, task="first_error"):
    user, trace, _ = world
    return judging_of(trace=trace, user=user, task=task)


def test_steps_open_one_after_the_other(world):
    assert (state(world).revealed, state(world).frontier) == (1, 0)
    judge(world, 0, 1)
    judge(world, 1, None, unsure=True)
    assert (state(world).revealed, state(world).frontier, state(world).judged) == (3, 2, 2)
    with pytest.raises(ConflictError) as refused:
        judge(world, 4, 1)
    assert refused.value.code == "not_revealed"
    assert refused.value.message.startswith("Step 5 is not open yet")
    assert StepLabel.objects.count() == 2


def test_a_note_alone_does_not_judge_a_step(world):
    judge(world, 0, None, note="hm")
    assert (state(world).frontier, state(world).judged) == (0, 0)


def test_first_error_ends_the_task_and_hides_what_follows(world):
    judge(world, 0, 1)
    assert state(world).missing == (
        "Not rated yet: steps 2, 3, 4, 5. Rate the steps, or mark the first wrong one."
    )
    judge(world, 1, -1)
    ended = state(world)
    assert (ended.first_error, ended.frontier, ended.revealed, ended.missing) == (1, None, 2, "")
    everything = state(world, "all_steps")
    assert (everything.frontier, everything.revealed) == (2, 3)
    assert everything.missing == "Not rated yet: steps 3, 4, 5. Rate the steps, all of them."


def test_correcting_the_error_opens_the_next_step(world):
    judge(world, 0, 1)
    judge(world, 1, -1)
    judge(world, 1, 0)
    assert (state(world).first_error, state(world).frontier, state(world).revealed) == (None, 2, 3)


def test_correcting_an_earlier_step_keeps_the_judged_ones_in_sight(world):
    for at in range(3):
        judge(world, at, 1)
    judge(world, 0, -1)
    assert (state(world).first_error, state(world).frontier, state(world).revealed) == (0, None, 3)


def test_a_span_answers_for_its_steps(world):
    user, _, steps = world
    judge(world, 0, 1)
    span_label_set(first=steps[0], last=steps[2], user=user, rating=0)
    assert state(world).ratings == [1, 0, 0, None, None]


def test_spans_that_leave_the_trace_do_not_count():
    project = project_with_types()
    user = member(project, "ann", "annotator")
    nodes = [Node("a"), Node("b", 0, outcomes=[1.0]), Node("c", 0, outcomes=[0.0])]
    problem, (a, _, c) = write_problem(project, "?", nodes)
    span_label_set(first=a, last=c, user=user, rating=-1)
    first = problem.traces.get(ordinal=0)
    assert judging_of(trace=first, user=user, task="all_steps").ratings == [None, None]


def test_steps_of_other_traces_are_refused(world):
    user, trace, _ = world
    _, others = write_problem(trace.problem.project, "2 + 2 = ?", CHAIN)
    with pytest.raises(InvalidError, match="not on this trace"):
        step_judge(trace=trace, task="all_steps", step=others[0], user=user, rating=1)


def test_rating_is_copied_to_the_rest_and_undone_as_one(world):
    user, trace, steps = world
    judge(world, 0, 1)
    label_set(step=steps[3], user=user, rating=0, error_type="logic", note="mine")
    judge(world, 1, -1, milliseconds=900)
    key = uuid.uuid4()
    assert rest_judge(trace=trace, step=steps[1], user=user, idempotency_key=key) == 3
    assert state(world).ratings == [1, -1, -1, -1, -1]
    copied = StepLabel.objects.get(step=steps[3])
    assert (copied.note, copied.error_type.key, copied.milliseconds) == ("mine", "logic", None)
    assert copied.meta == {"copied_from": steps[1].pk}
    events = JudgementEvent.objects.filter(action__isnull=False)
    assert (events.count(), len(set(events.values_list("action", flat=True)))) == (3, 1)

    assert rest_judge(trace=trace, step=steps[1], user=user, idempotency_key=key) == 3
    assert JudgementEvent.objects.count() == 6  # the repeat added nothing

    undone = judgement_undo(problem=trace.problem, user=user)
    assert undone.description == "Undone: ratings of 3 steps"
    assert state(world).ratings == [1, -1, None, 0, None]
    redone = judgement_redo(problem=trace.problem, user=user)
    assert redone.description == "Redone: ratings of 3 steps"
    assert state(world).ratings == [1, -1, -1, -1, -1]
    judgement_undo(problem=trace.problem, user=user)
    single = judgement_undo(problem=trace.problem, user=user)
    assert single.description == "Undone: rating −1 → none"
    assert judgements_rebuild(project=trace.problem.project).equal


def test_a_right_step_copied_takes_the_error_types_away(world):
    user, trace, steps = world
    label_set(step=steps[2], user=user, rating=-1, error_type="logic")
    judge(world, 0, 1)
    rest_judge(trace=trace, step=steps[0], user=user)
    assert StepLabel.objects.get(step=steps[2]).error_type is None
    assert ErrorType.objects.count() == 2


@pytest.mark.parametrize(
    ("rated", "at", "said"),
    [(0, 0, "Rate this step first"), (5, 4, "no step comes after it")],
)
def test_nothing_to_copy_is_said(world, rated, at, said):
    user, trace, steps = world
    for number in range(rated):
        judge(world, number, 1)
    with pytest.raises(InvalidError, match=said):
        rest_judge(trace=trace, step=steps[at], user=user)


def test_copy_key_of_another_request_conflicts(world):
    user, trace, steps = world
    key = uuid.uuid4()
    judge(world, 0, 1, idempotency_key=key)
    with pytest.raises(ConflictError):
        rest_judge(trace=trace, step=steps[0], user=user, idempotency_key=key)


@pytest.mark.parametrize(
    ("ratings", "task", "reason"),
    [
        ((1, -1), "first_error", "found_error"),
        ((1, 0, 1, 1, 1), "first_error", "solution"),
        ((1, -1, -1, -1, -1), "all_steps", "found_error"),
    ],
)
def test_submission_says_where_the_person_stopped(world, ratings, task, reason):
    user, trace, _ = world
    for at, rating in enumerate(ratings):
        judge(world, at, rating, task)
    trace_submit(trace=trace, task=task, user=user, milliseconds=5)
    row = Submission.objects.get()
    assert (row.reason, row.trace, row.milliseconds) == (reason, trace, 5)


def test_unfinished_work_is_not_submitted(world):
    user, trace, _ = world
    judge(world, 0, -1, "all_steps")
    with pytest.raises(InvalidError) as refused:
        trace_submit(trace=trace, task="all_steps", user=user)
    assert refused.value.code == "work_missing"
    assert not Submission.objects.exists()


def test_giving_up_ends_a_trace_at_any_step(world):
    user, trace, _ = world
    submission_set(problem=trace.problem, trace=trace, user=user, reason="give_up", note="too long")
    assert (state(world).given_up, state(world).missing) == (True, "")
    with pytest.raises(InvalidError):  # a give-up is not overwritten by an unfinished submit
        trace_submit(trace=trace, task="first_error", user=user)
