"""Storing step and token scores, and the rows of reward models."""

from __future__ import annotations

import numpy as np
import pytest

from annotator.errors import InvalidError
from annotator.models import StepScore, TokenScore
from annotator.queries.models import problems_to_score, reward_model_named
from annotator.services.models.reward_models import reward_model_create, reward_model_ready
from annotator.services.models.scores import (
    score_parts_name,
    step_scores_store,
    token_scores_store,
)
from annotator.services.projects.projects import project_create
from scoring.errors import UnknownNameError
from tests.factories import problem_with_tree


@pytest.fixture
def project(db):
    return project_create(name="scores")


@pytest.fixture
def problem(project):
    return problem_with_tree(["a", ["b!"], ["c"]], project=project)


@pytest.fixture
def model(project):
    return reward_model_create(project=project, name="m", kind="prm")


def scores(model):
    return dict(StepScore.objects.filter(model=model).values_list("step__text", "score"))


def rows_for(problem, **values):
    return [(problem.steps.get(text__startswith=text).pk, value) for text, value in values.items()]


def test_scores_are_stored_and_a_second_run_replaces_them(problem, model):
    assert step_scores_store(model=model, rows=rows_for(problem, a=0.5, b=0.25)) == 2
    assert step_scores_store(model=model, rows=iter(rows_for(problem, b=0.75, c=1.0))) == 2
    assert scores(model) == {"a": 0.5, "b!": 0.75, "c": 1.0}


def test_models_do_not_share_scores(problem, model, project):
    other = reward_model_create(project=project, name="m", kind="prm")
    step_scores_store(model=model, rows=rows_for(problem, a=0.1))
    step_scores_store(model=other, rows=rows_for(problem, a=0.9))
    assert scores(model) == {"a": 0.1}


def beside(model):
    return dict(StepScore.objects.filter(model=model).values_list("step__text", "parts"))


def test_what_stands_beside_a_score_goes_with_it_and_with_its_names(problem, model):
    rows = rows_for(problem, a=0.5, b=0.25)
    score_parts_name(model=model, parts={"x": "probability", "y": "deviation"})
    step_scores_store(model=model, rows=rows, parts={rows[0][0]: [0.1, 0.2]})
    assert beside(model) == {"a": [0.1, 0.2], "b!": None}
    step_scores_store(model=model, rows=rows[:1], parts={rows[0][0]: [0.3, 0.4]})
    score_parts_name(model=model, parts={"x": "probability", "y": "deviation"})
    assert beside(model)["a"] == [0.3, 0.4]
    score_parts_name(model=model, parts={"z": "probability"})
    model.refresh_from_db()
    assert model.parts == [["z", "probability"]]
    assert beside(model) == {"a": None, "b!": None}, "numbers without a name say nothing"


@pytest.mark.parametrize(
    ("numbers", "sentence"),
    [([0.1], "has 1 numbers beside its score; the model names 2"), ([0.1, np.nan], "not a finite")],
)
def test_parts_that_no_name_fits_or_that_are_no_numbers_store_nothing(
    problem, model, numbers, sentence
):
    score_parts_name(model=model, parts={"x": "probability", "y": "probability"})
    rows = rows_for(problem, a=0.5)
    with pytest.raises(InvalidError, match=sentence):
        step_scores_store(model=model, rows=rows, parts={rows[0][0]: numbers})
    assert not StepScore.objects.exists()


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_score_that_is_no_number_stores_nothing(problem, model, bad):
    with pytest.raises(InvalidError, match="finite"):
        step_scores_store(model=model, rows=rows_for(problem, a=0.5, b=bad))
    assert not StepScore.objects.exists()


def test_no_rows_are_fine(model):
    assert step_scores_store(model=model, rows=[]) == 0
    assert token_scores_store(model=model, rows=[]) == 0


def test_token_arrays_come_back_byte_for_byte(problem, model):
    step = problem.steps.get(text="a")
    ends = np.array([1, 1], "<i4").tobytes()
    running = np.array([0.25, -1.5], "<f4").tobytes()
    token_scores_store(model=model, rows=[(step.pk, 0.5, b"", b"")])
    token_scores_store(model=model, rows=[(step.pk, 0.125, ends, running)])
    row = TokenScore.objects.get()
    assert (row.start, bytes(row.ends), bytes(row.running)) == (0.125, ends, running)


@pytest.mark.parametrize(("ends", "running"), [(b"1234", b""), (b"123", b"123")])
def test_token_arrays_of_uneven_length_are_refused(problem, model, ends, running):
    with pytest.raises(InvalidError, match="four bytes per token"):
        token_scores_store(model=model, rows=[(problem.steps.first().pk, 0.0, ends, running)])
    assert not TokenScore.objects.exists()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_token_without_a_number_is_stored_as_missing_and_loses_no_other(problem, model, bad):
    a, b = (problem.steps.get(text__startswith=text) for text in "ab")
    ends = np.array([1, 1, 1], "<i4").tobytes()
    rows = [(a.pk, bad, ends, np.array([0.25, bad, 0.5], "<f4").tobytes())]
    rows.append((b.pk, 0.5, ends, np.array([0.1, 0.2, 0.3], "<f4").tobytes()))
    assert token_scores_store(model=model, rows=rows) == 2
    stored = TokenScore.objects.get(step=a)
    running = np.frombuffer(bytes(stored.running), "<f4")
    np.testing.assert_array_equal(running, np.array([0.25, np.nan, 0.5], "<f4"))
    assert np.isnan(stored.start)
    assert bytes(TokenScore.objects.get(step=b).running) == rows[1][3]


def test_versions_of_a_name_count_up(project, model):
    second = reward_model_create(project=project, name="m", kind="prm")
    other = reward_model_create(project=project, name="n", kind="prm")
    assert (model.version, second.version, other.version) == (1, 2, 1)
    assert not model.ready


@pytest.mark.parametrize("name", ["", " ", "a@2", "a/b", "x" * 101, "a\nb"])
def test_names_that_a_command_line_cannot_say_are_refused(project, name):
    with pytest.raises(InvalidError):
        reward_model_create(project=project, name=name, kind="prm")


def test_name_means_the_newest_ready_version_and_at_sign_an_exact_one(project, model):
    second = reward_model_create(project=project, name="m", kind="prm")
    for row in (model, second):
        reward_model_ready(model=row, artefact="models/1", metrics={}, provenance={"labels": 3})
    unfinished = reward_model_create(project=project, name="m", kind="prm")
    assert not unfinished.ready
    assert reward_model_named(project=project, name="m") == second
    assert reward_model_named(project=project, name="m@1") == model
    assert reward_model_named(project=project, name="m").provenance == {"labels": 3}


@pytest.mark.parametrize("name", ["x", "m@9", "m@v", "m@1.0"])
def test_unknown_model_names_the_known_ones(project, model, name):
    reward_model_ready(model=model, artefact="models/1", metrics={}, provenance={})
    with pytest.raises(UnknownNameError, match=r"known: m$"):
        reward_model_named(project=project, name=name)


def test_only_problems_with_an_unscored_step_are_left_to_score(project, problem, model):
    other = problem_with_tree(["x!"], project=project)
    step_scores_store(model=model, rows=[(other.steps.get().pk, 0.5)])
    assert problems_to_score(model=model) == [problem.pk]
    assert problems_to_score(model=model, again=True) == [problem.pk, other.pk]
