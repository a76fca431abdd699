"""Setting and clearing step labels and span labels through the services."""

from __future__ import annotations

import threading
import uuid
from itertools import pairwise

import pytest
from django.db import connection, connections

from annotator.errors import ConflictError, InvalidError, NotFoundError
from annotator.models import JudgementEvent, SpanLabel, StepLabel
from annotator.services.guidelines.versions import guideline_set
from annotator.services.judgements.labels import label_clear, label_set
from annotator.services.judgements.spans import span_label_clear, span_label_set
from annotator.services.people.raters import rater_for_user
from annotator.services.projects.projects import project_create
from tests.factories import UserFactory, problem_with_tree


@pytest.fixture
def project(db):
    return project_create(name="labels")


@pytest.fixture
def problem(project):
    return problem_with_tree(["a", ["b", ["c!"]], ["d"]], project=project)


@pytest.fixture
def step(problem):
    return problem.steps.get(text="a")


def test_label_keeps_every_field_it_was_given(step, user):
    result = label_set(
        step=step,
        user=user,
        rating=-1,
        unsure=True,
        error_type="algebra",
        realises_error=True,
        note="sign",
        milliseconds=1500,
        shown_score=False,
    )
    label = StepLabel.objects.get(pk=result.label.pk)
    assert (label.rating, label.unsure, label.realises_error) == (-1, True, True)
    assert (label.error_type.key, label.note, label.milliseconds) == ("algebra", "sign", 1500)
    assert label.shown_score is False
    assert label.event_id == result.event_id
    assert label.rater.user == user
    assert not result.replayed


def test_a_note_is_stored_without_the_blanks_and_lines_at_its_end(problem, step, user):
    said = " first\n\nsecond \n \n"
    label_set(step=step, user=user, rating=1, note=said)
    span_label_set(first=step, last=problem.steps.get(text="b"), user=user, rating=1, note=said)
    assert StepLabel.objects.get().note == SpanLabel.objects.get().note == " first\n\nsecond"
    payloads = JudgementEvent.objects.values_list("payload__note", flat=True)
    assert set(payloads) == {" first\n\nsecond"}


def test_result_equals_the_stored_row(step, user):
    given = label_set(step=step, user=user, rating=1, note="yes\n").label
    stored = StepLabel.objects.get()
    for field in StepLabel._meta.concrete_fields:
        assert getattr(given, field.attname) == getattr(stored, field.attname), field.name


def test_second_label_replaces_the_first_and_keeps_it_as_before(step, user):
    label_set(step=step, user=user, rating=1, error_type="logic", note="first")
    label_set(step=step, user=user, rating=0)
    assert StepLabel.objects.get().rating == 0
    first, second = JudgementEvent.objects.order_by("id")
    assert first.before is None
    assert second.before == {**first.payload}
    assert second.before["error_type"] == "logic"


def test_empty_rating_is_stored_as_null_and_not_as_zero(step, user):
    label_set(step=step, user=user, rating=None, unsure=True)
    assert StepLabel.objects.get().rating is None
    assert JudgementEvent.objects.get().payload["rating"] is None


def test_two_people_have_two_labels(step, user):
    label_set(step=step, user=user, rating=1)
    label_set(step=step, user=UserFactory(), rating=-1)
    assert sorted(StepLabel.objects.values_list("rating", flat=True)) == [-1, 1]


def test_newest_guideline_version_is_pinned(step, user, project):
    label_set(step=step, user=user, rating=1)
    assert StepLabel.objects.get().guideline.number == 1
    guideline_set(project=project, markdown="new rules", author=user, change="stricter")
    assert StepLabel.objects.get().guideline.number == 1
    label_set(step=step, user=user, rating=1)
    assert StepLabel.objects.get().guideline.number == 2
    assert JudgementEvent.objects.latest("id").payload["guideline"] == 2


@pytest.mark.parametrize("rating", [2, -2, True, 0.5, "1"])
def test_rating_outside_the_scheme_is_refused_and_named(step, user, rating):
    with pytest.raises(InvalidError) as refused:
        label_set(step=step, user=user, rating=rating)
    assert "rating" in refused.value.fields
    assert not JudgementEvent.objects.exists()


def test_unknown_error_type_names_the_known_ones(step, user):
    rater_for_user(project=step.problem.project, user=user)
    with pytest.raises(InvalidError, match=r"no error type called 'typo'; known: arithmetic"):
        label_set(step=step, user=user, rating=-1, error_type="typo")
    assert not JudgementEvent.objects.exists()
    assert not StepLabel.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [("note", "a\x00b"), ("note", "\ud800"), ("note", "x" * 10_001), ("milliseconds", -1)],
)
def test_values_the_database_cannot_keep_are_refused(step, user, field, value):
    with pytest.raises(InvalidError) as refused:
        label_set(step=step, user=user, rating=1, **{field: value})
    assert field in refused.value.fields


def test_label_on_a_deleted_step_is_not_found(step, user):
    gone = step.children.get(text="d")
    gone.traces.all().delete()
    type(gone).objects.filter(pk=gone.pk).delete()
    with pytest.raises(NotFoundError):
        label_set(step=gone, user=user, rating=1)


def test_same_key_and_payload_gives_the_first_event_back(step, user):
    key = uuid.uuid4()
    first = label_set(step=step, user=user, rating=1, note="n", idempotency_key=key)
    again = label_set(step=step, user=user, rating=1, note="n", idempotency_key=key)
    assert again.replayed
    assert again.event_id == first.event_id
    assert again.label == first.label
    assert JudgementEvent.objects.count() == 1


def test_a_retry_after_new_guidelines_is_still_the_same_request(step, user, project):
    key = uuid.uuid4()
    label_set(step=step, user=user, rating=1, idempotency_key=key)
    guideline_set(project=project, markdown="new rules", author=user, change="stricter")
    assert label_set(step=step, user=user, rating=1, idempotency_key=key).replayed


def test_late_retry_does_not_bring_an_old_rating_back(step, user):
    key = uuid.uuid4()
    label_set(step=step, user=user, rating=1, idempotency_key=key)
    label_set(step=step, user=user, rating=-1)
    again = label_set(step=step, user=user, rating=1, idempotency_key=key)
    assert again.replayed
    assert again.label.rating == -1


def test_same_key_with_another_payload_step_or_user_conflicts(step, user):
    key = uuid.uuid4()
    label_set(step=step, user=user, rating=1, idempotency_key=key)
    for changed in (
        {"rating": 0},
        {"note": "other"},
        {"step": step.children.first()},
        {"user": UserFactory()},
    ):
        with pytest.raises(ConflictError) as refused:
            label_set(
                **{"step": step, "user": user, "rating": 1, "idempotency_key": key, **changed}
            )
        assert refused.value.status == 409
    assert JudgementEvent.objects.count() == 1


def test_label_set_is_one_statement_for_a_known_rater(step, user, django_assert_num_queries):
    rater_for_user(project=step.problem.project, user=user)
    with django_assert_num_queries(1):
        label_set(step=step, user=user, rating=1, error_type="logic")


def test_an_older_event_never_overwrites_a_newer_label(step, user):
    label = label_set(step=step, user=user, rating=1).label
    newest = JudgementEvent.objects.latest("id").pk
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT setval(pg_get_serial_sequence('annotator_judgementevent', 'id'), %s)",
            [newest + 100],
        )
    label_set(step=step, user=user, rating=0)
    with connection.cursor() as cursor:  # as if the next event had been numbered earlier
        cursor.execute(
            "SELECT setval(pg_get_serial_sequence('annotator_judgementevent', 'id'), %s)", [newest]
        )
    late = label_set(step=step, user=user, rating=-1)
    assert late.label.rating == 0
    label.refresh_from_db()
    assert label.rating == 0


@pytest.mark.django_db(transaction=True)
def test_two_requests_with_one_key_at_once_store_one_event():
    problem = problem_with_tree(["a", ["b!"]], project=project_create(name="race"))
    step = problem.steps.get(text="a")
    user = UserFactory()
    rater_for_user(project=problem.project, user=user)
    key, start, results, faults = uuid.uuid4(), threading.Barrier(2), [], []

    def judge():
        try:
            start.wait(5)
            results.append(label_set(step=step, user=user, rating=1, idempotency_key=key))
        except Exception as fault:
            faults.append(fault)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=judge) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    assert len({result.event_id for result in results}) == 1
    assert sorted(result.replayed for result in results) == [False, True]
    assert JudgementEvent.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_label_of_many_writers_is_the_one_of_the_newest_event():
    problem = problem_with_tree(["a", ["b!"]], project=project_create(name="race"))
    step = problem.steps.get(text="a")
    user = UserFactory()
    label_set(step=step, user=user, rating=None)
    faults = []

    def judge(seed):
        try:
            for n in range(15):
                label_set(step=step, user=user, rating=(seed + n) % 3 - 1)
        except Exception as fault:
            faults.append(fault)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=judge, args=[seed]) for seed in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    newest = JudgementEvent.objects.latest("id")
    label = StepLabel.objects.get()
    assert JudgementEvent.objects.count() == 46
    assert (label.event_id, label.rating) == (newest.pk, newest.payload["rating"])
    chain = list(JudgementEvent.objects.order_by("id"))
    for earlier, later in pairwise(chain):
        assert later.before == earlier.payload


def test_clear_removes_the_row_and_keeps_the_history(step, user):
    label_set(step=step, user=user, rating=1, note="n")
    result = label_clear(step=step, user=user)
    assert result.label is None
    assert not StepLabel.objects.exists()
    event = JudgementEvent.objects.get(pk=result.event_id)
    assert event.payload == {"cleared": True}
    assert event.before["note"] == "n"


def test_clearing_nothing_is_no_event(step, user):
    assert label_clear(step=step, user=user).event_id is None
    assert not JudgementEvent.objects.exists()


def test_clear_is_idempotent_by_key(step, user):
    key = uuid.uuid4()
    label_set(step=step, user=user, rating=1)
    first = label_clear(step=step, user=user, idempotency_key=key)
    again = label_clear(step=step, user=user, idempotency_key=key)
    assert again.replayed
    assert again.event_id == first.event_id
    assert JudgementEvent.objects.count() == 2


def test_span_covers_consecutive_steps_of_one_path(problem, user):
    a, c = problem.steps.get(text="a"), problem.steps.get(text="c!")
    result = span_label_set(first=a, last=c, user=user, rating=-1, error_type="logic", note="n")
    span = SpanLabel.objects.get()
    assert span == result.span
    assert (span.first, span.last, span.rating, span.note) == (a, c, -1, "n")
    assert span.error_type.key == "logic"
    assert span.guideline.number == 1


@pytest.mark.parametrize(("first", "last"), [("c!", "a"), ("b", "d"), ("c!", "d")])
def test_span_across_branches_or_upwards_is_refused(problem, user, first, last):
    with pytest.raises(InvalidError, match="consecutive steps"):
        span_label_set(
            first=problem.steps.get(text=first),
            last=problem.steps.get(text=last),
            user=user,
            rating=1,
        )
    assert not JudgementEvent.objects.exists()


def test_span_into_another_problem_is_refused(problem, project, user):
    other = problem_with_tree(["x", ["y!"]], project=project)
    with pytest.raises(InvalidError):
        span_label_set(
            first=problem.steps.get(text="a"),
            last=other.steps.get(text="y!"),
            user=user,
            rating=1,
        )


def test_span_is_replaced_cleared_and_idempotent(problem, user):
    a, b = problem.steps.get(text="a"), problem.steps.get(text="b")
    key = uuid.uuid4()
    first = span_label_set(first=a, last=b, user=user, rating=1, idempotency_key=key)
    again = span_label_set(first=a, last=b, user=user, rating=1, idempotency_key=key)
    assert (again.event_id, again.replayed) == (first.event_id, True)
    span_label_set(first=a, last=b, user=user, rating=0)
    assert SpanLabel.objects.get().rating == 0
    assert span_label_clear(first=a, last=b, user=user).span is None
    assert not SpanLabel.objects.exists()
    with pytest.raises(NotFoundError):
        span_label_clear(first=a, last=b, user=user)
