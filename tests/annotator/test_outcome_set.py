"""Corrected outcomes and written alternatives."""

from __future__ import annotations

import uuid

import pytest

from annotator.errors import ConflictError, InvalidError, NotFoundError
from annotator.models import Alternative, JudgementEvent, Outcome
from annotator.services.judgements.alternatives import alternative_clear, alternative_set
from annotator.services.judgements.outcomes import outcome_set
from annotator.services.projects.projects import project_create
from tests.factories import UserFactory, problem_with_tree


@pytest.fixture
def problem(db):
    return problem_with_tree(["a", ["b", ["c!"]], ["d"]], project=project_create(name="outcomes"))


@pytest.fixture
def trace(problem):
    return problem.traces.first()


def test_correction_is_an_event_and_the_current_row(trace, user):
    result = outcome_set(trace=trace, user=user, name="correct", value=0)
    assert result.outcome.value == 0.0
    assert result.outcome.source == f"person:{user.username}"
    event = JudgementEvent.objects.get(pk=result.event_id)
    assert event.before == {"value": 1.0, "source": ""}
    assert event.payload["value"] == 0.0
    assert event.trace == trace


def test_unknown_is_kept_apart_from_zero(trace, user):
    outcome_set(trace=trace, user=user, name="correct", value=None)
    assert Outcome.objects.get(trace=trace).value is None


def test_a_new_name_adds_an_outcome(trace, user):
    outcome_set(trace=trace, user=user, name="format", value=0.5)
    assert set(trace.outcomes.values_list("name", "value")) == {("correct", 1.0), ("format", 0.5)}


def test_a_name_is_trimmed_and_composed_so_that_equal_looks_are_equal(trace, user):
    outcome_set(trace=trace, user=user, name=" re\u0301ussi ", value=0.5)
    assert Outcome.objects.filter(trace=trace, name="r\u00e9ussi").exists()


def test_an_imported_name_is_corrected_as_it_is(trace, user):
    Outcome.objects.filter(trace=trace).update(name=" odd\tname")
    outcome_set(trace=trace, user=user, name=" odd\tname", value=0.5)
    assert Outcome.objects.get(trace=trace).value == 0.5


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("", 1.0),
        ("x" * 61, 1.0),
        ("a\x00", 1.0),
        ("a\nb", 1.0),
        ("a\u200bb", 1.0),
        ("a\ud800", 1.0),
        (" \n", 1.0),
        ("correct", float("nan")),
        ("correct", float("inf")),
    ],
)
def test_bad_outcomes_are_refused_in_words(trace, user, name, value):
    with pytest.raises(InvalidError) as refused:
        outcome_set(trace=trace, user=user, name=name, value=value)
    assert refused.value.fields
    assert not JudgementEvent.objects.exists()


def test_key_makes_a_correction_idempotent_and_belongs_to_it(trace, user):
    key = uuid.uuid4()
    first = outcome_set(trace=trace, user=user, name="correct", value=0.0, idempotency_key=key)
    again = outcome_set(trace=trace, user=user, name="correct", value=0.0, idempotency_key=key)
    assert (again.event_id, again.replayed) == (first.event_id, True)
    for changed in ({"value": 1.0}, {"name": "format"}, {"user": UserFactory()}):
        call = {"trace": trace, "user": user, "name": "correct", "value": 0.0, **changed}
        with pytest.raises(ConflictError):
            outcome_set(**call, idempotency_key=key)


def test_alternative_is_written_rewritten_and_taken_back(problem, user):
    parent, replaced = problem.steps.get(text="a"), problem.steps.get(text="b")
    place = {"problem": problem, "parent": parent, "replaces": replaced, "user": user}
    alternative_set(**place, text="first")
    result = alternative_set(**place, text="second", meta={"source": "human"})
    row = Alternative.objects.get()
    assert row == result.alternative
    assert (row.text, row.meta, row.parent, row.replaces) == (
        "second",
        {"source": "human"},
        parent,
        replaced,
    )
    assert alternative_clear(**place).alternative is None
    assert not Alternative.objects.exists()
    with pytest.raises(NotFoundError):
        alternative_clear(**place)


def test_alternative_may_stand_directly_below_the_problem(problem, user):
    alternative_set(problem=problem, parent=None, user=user, text="start so")
    assert Alternative.objects.get().parent is None


def test_two_people_write_two_alternatives(problem, user):
    alternative_set(problem=problem, parent=None, user=user, text="one")
    alternative_set(problem=problem, parent=None, user=UserFactory(), text="two")
    assert Alternative.objects.count() == 2


@pytest.mark.parametrize("text", ["", "  \n", "a\x00", "x" * 100_001])
def test_alternative_without_usable_text_is_refused(problem, user, text):
    with pytest.raises(InvalidError):
        alternative_set(problem=problem, parent=None, user=user, text=text)


def test_replaced_step_must_follow_the_parent(problem, user):
    with pytest.raises(InvalidError, match="directly after"):
        alternative_set(
            problem=problem,
            parent=problem.steps.get(text="a"),
            replaces=problem.steps.get(text="c!"),
            user=user,
            text="x",
        )


def test_place_in_another_problem_is_refused(problem, user):
    other = problem_with_tree(["x!"], project=problem.project)
    with pytest.raises(InvalidError, match="another problem"):
        alternative_set(problem=problem, parent=other.steps.get(), user=user, text="x")
