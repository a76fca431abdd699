"""Undo and redo, derived from events alone."""

from __future__ import annotations

import threading
import uuid

import pytest
from django.db import connections
from hypothesis import given
from hypothesis import strategies as st

from annotator.errors import ConflictError
from annotator.models import Alternative, JudgementEvent, Outcome, SpanLabel, StepLabel
from annotator.services.history.undo import judgement_redo, judgement_undo, stacks
from annotator.services.judgements.alternatives import alternative_set
from annotator.services.judgements.labels import label_clear, label_set
from annotator.services.judgements.outcomes import outcome_set
from annotator.services.judgements.spans import span_label_set
from annotator.services.people.raters import rater_for_user
from annotator.services.projects.projects import project_create
from tests.factories import UserFactory, problem_with_tree


@pytest.fixture
def problem(db):
    return problem_with_tree(["a", ["b", ["c!"]], ["d"]], project=project_create(name="undo"))


@pytest.fixture
def step(problem):
    return problem.steps.get(text="a")


def rating_of(step, user):
    row = StepLabel.objects.filter(step=step, rater__user=user).first()
    return "none" if row is None else row.rating


def test_nothing_to_undo_or_redo_is_none(problem, user):
    assert judgement_undo(problem=problem, user=user) is None
    assert judgement_redo(problem=problem, user=user) is None


def test_undo_of_a_first_label_removes_it_and_redo_brings_every_field_back(problem, step, user):
    label_set(step=step, user=user, rating=-1, error_type="logic", note="n", milliseconds=7)
    before = StepLabel.objects.values("rating", "error_type", "note", "milliseconds").get()
    undone = judgement_undo(problem=problem, user=user)
    assert (undone.kind, undone.step_id) == ("step_label", step.pk)
    assert undone.description == "Undone: rating −1 → none"
    assert not StepLabel.objects.exists()
    assert judgement_redo(problem=problem, user=user).description == "Redone: rating none → −1"
    assert StepLabel.objects.values("rating", "error_type", "note", "milliseconds").get() == before


def test_undo_of_a_note_names_the_note(problem, step, user):
    label_set(step=step, user=user, rating=0)
    label_set(step=step, user=user, rating=0, note="why", error_type="logic")
    assert judgement_undo(problem=problem, user=user).description == "Undone: type of error, note"


def test_undo_steps_back_through_all_changes_and_redo_forward_again(problem, step, user):
    for rating in (1, 0, None, -1):
        label_set(step=step, user=user, rating=rating)
    seen = []
    while judgement_undo(problem=problem, user=user):
        seen.append(rating_of(step, user))
    assert seen == [None, 0, 1, "none"]
    again = []
    while judgement_redo(problem=problem, user=user):
        again.append(rating_of(step, user))
    assert again == [1, 0, None, -1]
    assert judgement_undo(problem=problem, user=user)
    assert rating_of(step, user) is None


def test_a_new_judgement_clears_redo(problem, step, user):
    label_set(step=step, user=user, rating=1)
    judgement_undo(problem=problem, user=user)
    label_set(step=step, user=user, rating=0)
    assert judgement_redo(problem=problem, user=user) is None
    assert rating_of(step, user) == 0


def test_undo_brings_a_cleared_label_back(problem, step, user):
    label_set(step=step, user=user, rating=1, note="kept")
    label_clear(step=step, user=user)
    judgement_undo(problem=problem, user=user)
    assert StepLabel.objects.get().note == "kept"


def test_stacks_are_each_persons_and_each_problems(problem, step, user):
    other_user, other_problem = UserFactory(), problem_with_tree(["x!"], project=problem.project)
    label_set(step=step, user=user, rating=1)
    label_set(step=step, user=other_user, rating=-1)
    label_set(step=other_problem.steps.get(), user=user, rating=0)
    judgement_undo(problem=problem, user=user)
    assert rating_of(step, user) == "none"
    assert rating_of(step, other_user) == -1
    assert rating_of(other_problem.steps.get(), user) == 0


def test_spans_alternatives_and_outcomes_undo_in_the_order_they_were_made(problem, step, user):
    last, trace = problem.steps.get(text="b"), problem.traces.first()
    span_label_set(first=step, last=last, user=user, rating=1)
    alternative_set(problem=problem, parent=step, replaces=last, user=user, text="better")
    outcome_set(trace=trace, user=user, name="correct", value=0.0)
    undone = [judgement_undo(problem=problem, user=user) for _ in range(3)]
    assert [result.kind for result in undone] == ["outcome", "alternative", "span_label"]
    assert undone[0].trace_id == trace.pk
    assert Outcome.objects.get(trace=trace).value == 1.0
    assert not Alternative.objects.exists()
    assert not SpanLabel.objects.exists()
    for _ in range(3):
        judgement_redo(problem=problem, user=user)
    assert Outcome.objects.get(trace=trace).value == 0.0
    assert Alternative.objects.get().text == "better"
    assert SpanLabel.objects.get().rating == 1


def test_undo_restores_the_source_of_an_outcome_with_its_value(problem, user):
    trace = problem.traces.first()
    Outcome.objects.filter(trace=trace).update(source="checker")
    outcome_set(trace=trace, user=user, name="correct", value=None)
    judgement_undo(problem=problem, user=user)
    assert Outcome.objects.values_list("value", "source").get(trace=trace) == (1.0, "checker")


def test_an_outcome_that_somebody_else_changed_is_not_overwritten(problem, user):
    trace, other = problem.traces.first(), UserFactory(username="ada")
    outcome_set(trace=trace, user=user, name="correct", value=0.0)
    outcome_set(trace=trace, user=other, name="correct", value=1.0)
    with pytest.raises(ConflictError, match="ada changed the outcome 'correct'"):
        judgement_undo(problem=problem, user=user)
    assert Outcome.objects.get(trace=trace).value == 1.0
    assert judgement_undo(problem=problem, user=other)
    assert Outcome.objects.get(trace=trace).value == 0.0


def test_other_outcomes_of_the_trace_do_not_stop_an_undo(problem, user):
    trace = problem.traces.first()
    outcome_set(trace=trace, user=user, name="correct", value=0.0)
    outcome_set(trace=trace, user=UserFactory(), name="format", value=1.0)
    assert judgement_undo(problem=problem, user=user)
    assert Outcome.objects.get(trace=trace, name="correct").value == 1.0


def test_lost_answer_of_an_undo_can_be_asked_for_again(problem, step, user):
    label_set(step=step, user=user, rating=1)
    label_set(step=step, user=user, rating=0)
    key = uuid.uuid4()
    first = judgement_undo(problem=problem, user=user, idempotency_key=key)
    assert judgement_undo(problem=problem, user=user, idempotency_key=key) == first
    assert rating_of(step, user) == 1


def test_key_of_a_label_cannot_be_used_for_an_undo(problem, step, user):
    key = uuid.uuid4()
    label_set(step=step, user=user, rating=1, idempotency_key=key)
    with pytest.raises(ConflictError):
        judgement_undo(problem=problem, user=user, idempotency_key=key)


def test_history_only_grows(problem, step, user):
    label_set(step=step, user=user, rating=1)
    first = JudgementEvent.objects.values().get()
    judgement_undo(problem=problem, user=user)
    judgement_redo(problem=problem, user=user)
    assert JudgementEvent.objects.count() == 3
    assert JudgementEvent.objects.filter(pk=first["id"]).values().get() == first


@pytest.mark.django_db(transaction=True)
def test_two_windows_undo_two_different_events():
    problem = problem_with_tree(["a!"], project=project_create(name="windows"))
    step, user = problem.steps.get(), UserFactory()
    for rating in (1, 0, -1):
        label_set(step=step, user=user, rating=rating)
    start, results = threading.Barrier(2), []

    def undo():
        try:
            start.wait(5)
            results.append(judgement_undo(problem=problem, user=user))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=undo) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({result.event_id for result in results}) == 2
    assert rating_of(step, user) == 1


@pytest.mark.django_db(transaction=True)
def test_first_alternatives_in_the_same_moment_are_one_row():
    problem = problem_with_tree(["a!"], project=project_create(name="twice"))
    step, user = problem.steps.get(), UserFactory()
    rater_for_user(project=problem.project, user=user)
    start, texts = threading.Barrier(4), [f"text {number}" for number in range(4)]

    def write(text):
        try:
            start.wait(5)
            alternative_set(problem=problem, parent=None, replaces=step, user=user, text=text)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=write, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    newest = JudgementEvent.objects.filter(kind="alternative").latest("pk")
    assert JudgementEvent.objects.filter(kind="alternative").count() == 4
    assert Alternative.objects.get().text == newest.payload["text"]
    assert Alternative.objects.get().event_id == newest.pk


@given(st.lists(st.sampled_from(["do", "undo", "redo"]), max_size=40))
def test_stacks_behave_like_a_text_editor(moves):
    events, done, undone = [], [], []
    for move in moves:
        now_done, now_undone = stacks(events)
        number = len(events) + 1
        if move == "do":
            events.append((number, None))
            done.append(number)
            undone.clear()
        elif move == "undo" and done:
            events.append((number, now_done[-1]))
            undone.append(done.pop())
        elif move == "redo" and undone:
            events.append((number, now_undone[-1]))
            done.append(undone.pop())
        now_done, now_undone = stacks(events)
        assert (len(now_done), len(now_undone)) == (len(done), len(undone))
