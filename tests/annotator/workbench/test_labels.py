"""Labelling a step over HTTP: saved once, counted right, refused with the field named."""

from __future__ import annotations

import uuid

import pytest

from annotator.models import JudgementEvent, StepLabel
from tests.annotator.workbench.data import HTMX, address
from tests.annotator.workbench_data import GAME, write_model, write_problem

pytestmark = pytest.mark.django_db


def test_a_label_says_that_scores_stood_in_the_list_of_methods(project, annotator, reviewer):
    problem, steps = write_problem(project, "Make 24.", GAME)
    model = write_model(problem, steps, tokens=False)
    project.show_scores = False
    project.save()
    claim = 'name="shown_score" value="1"'
    page = reviewer.get(address(problem)).content.decode()
    assert "Step score" in page
    assert claim in page
    assert claim not in reviewer.get(address(problem, "?tab=labels")).content.decode()
    assert (
        claim
        in reviewer.get(address(problem, f"?tab=labels&by=prm_score@{model.pk}")).content.decode()
    )
    assert claim not in annotator.get(address(problem)).content.decode()


def test_a_label_saves_once_whatever_is_repeated(game, annotator):
    problem, steps, _ = game
    url = address(problem, f"steps/{steps[0].pk}/label/")
    body = {"rating": "-1", "key": str(uuid.uuid4()), "milliseconds": "1200"}
    first, second = (annotator.post(url, body, headers=HTMX) for _ in range(2))
    assert first.status_code == second.status_code == 200
    assert JudgementEvent.objects.count() == 1
    assert 'data-code="-1"' in second.content.decode()
    assert "1 of 8 labelled" in second.content.decode()


def test_saving_asks_the_database_four_times_and_counts_right(
    game, annotator, django_assert_num_queries
):
    problem, steps, _ = game
    url = address(problem, "steps/{}/label/")
    annotator.post(url.format(steps[0].pk), {"rating": "1"}, headers=HTMX)
    for step, rating, labelled in (
        (steps[1], "-1", 2),
        (steps[1], "0", 2),
        (steps[0], "unsure", 2),
    ):
        # the session; the person; the gate with the label so far and the progress; the label
        with django_assert_num_queries(4):
            answer = annotator.post(url.format(step.pk), {"rating": rating}, headers=HTMX)
        assert f"{labelled} of 8 labelled" in answer.content.decode()
    answer = annotator.post(url.format(steps[0].pk), {"rating": "clear"}, headers=HTMX)
    assert "1 of 8 labelled" in answer.content.decode()


def test_a_label_of_another_person_or_problem_does_not_count(game, project, annotator, reviewer):
    problem, steps, _ = game
    _, others = write_problem(project, "another", GAME)
    reviewer.post(address(problem, f"steps/{steps[1].pk}/label/"), {"rating": "1"})
    other = address(others[0].problem, f"steps/{others[0].pk}/label/")
    annotator.post(other, {"rating": "1"})
    url = address(problem, f"steps/{steps[1].pk}/label/")
    answer = annotator.post(url, {"note": "mine"}, headers=HTMX)
    assert "1 of 8 labelled" in answer.content.decode()
    assert StepLabel.objects.get(note="mine").rating is None


def test_a_key_used_for_another_judgement_is_a_conflict(game, annotator):
    problem, steps, _ = game
    body = {"rating": "1", "key": str(uuid.uuid4())}
    url = address(problem, "steps/{}/label/")
    annotator.post(url.format(steps[0].pk), body, headers=HTMX)
    assert annotator.post(url.format(steps[1].pk), body, headers=HTMX).status_code == 409


def test_a_new_rating_keeps_the_note_and_a_right_step_has_no_error(game, annotator):
    problem, steps, _ = game
    url = address(problem, f"steps/{steps[0].pk}/label/")
    for body in (
        {"rating": "-1"},
        {"error_type": "logic"},
        {"note": "why", "realises_error": "1"},
        {"rating": "1"},
    ):
        assert annotator.post(url, body, headers=HTMX).status_code == 200
    label = StepLabel.objects.get()
    assert (label.rating, label.note, label.error_type, label.realises_error) == (
        1,
        "why",
        None,
        True,
    )


def test_unsure_is_not_zero_and_clear_takes_the_label_away(game, annotator):
    problem, steps, _ = game
    url = address(problem, f"steps/{steps[0].pk}/label/")
    annotator.post(url, {"rating": "unsure"})
    label = StepLabel.objects.get()
    assert (label.rating, label.unsure) == (None, True)
    annotator.post(url, {"rating": "clear"})
    assert not StepLabel.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        {"rating": "2"},
        {"rating": "1", "key": "no"},
        {"rating": "1", "milliseconds": "-4"},
        {"error_type": "unheard_of"},
        {"note": "a\x00b"},
    ],
)
def test_bad_labels_are_refused_with_the_field_named(game, annotator, body):
    problem, steps, _ = game
    answer = annotator.post(address(problem, f"steps/{steps[0].pk}/label/"), body, headers=HTMX)
    assert answer.status_code == 422
    said = answer.content.decode()
    assert any(name in said or name.replace("_", " ") in said for name in body)
    assert not StepLabel.objects.exists()


def test_without_scripts_a_rating_leads_back_to_the_step(game, annotator):
    problem, steps, _ = game
    answer = annotator.post(
        address(problem, f"steps/{steps[3].pk}/label/?tab=labels"), {"rating": "1"}
    )
    assert answer.status_code == 302
    assert f"step={steps[3].pk}" in answer["Location"]
    assert "tab=labels" in answer["Location"]


def test_undo_answers_with_the_step_it_touched(game, annotator):
    problem, steps, _ = game
    annotator.post(address(problem, f"steps/{steps[3].pk}/label/"), {"rating": "1"})
    answer = annotator.post(address(problem, "undo/"), {"key": str(uuid.uuid4())}, headers=HTMX)
    said = answer.content.decode()
    assert f'data-step="{steps[3].pk}"' in said
    assert 'data-code=""' in said
    assert (
        "Nothing to undo"
        in annotator.post(address(problem, "undo/"), headers=HTMX).content.decode()
    )


def test_machine_labels_are_marked_as_a_checkers(game, project, reviewer):
    from annotator.services.people.raters import rater_get_or_create

    problem, steps, _ = game
    reviewer.post(address(problem, f"steps/{steps[0].pk}/label/"), {"rating": "1"})
    checker = rater_get_or_create(project=project, kind="machine", name="arithmetic", version="2")
    StepLabel.objects.create(
        step=steps[0], rater=checker, rating=-1, event=JudgementEvent.objects.get()
    )
    page = reviewer.get(address(problem, f"?step={steps[0].pk}&tab=labels")).content.decode()
    assert "checker, not a person" in page
    assert "1 of 8 labelled" in page


def test_labels_a_program_made_for_the_source_are_called_automatic(game, project, reviewer):
    from annotator.services.people.raters import rater_get_or_create

    problem, steps, _ = game
    reviewer.post(address(problem, f"steps/{steps[0].pk}/label/"), {"rating": "1"})
    name = "math-shepherd:monte-carlo"
    rater = rater_get_or_create(project=project, kind="machine", name=name, version="")
    StepLabel.objects.create(
        step=steps[0], rater=rater, rating=-1, event=JudgementEvent.objects.get()
    )
    page = reviewer.get(address(problem, f"?step={steps[0].pk}&tab=labels")).content.decode()
    assert "automatic in the source, not a person" in page
    assert "checker, not a person" not in page
