"""One problem with two models, ratings and checks, and who looks at it."""

from __future__ import annotations

import pytest

from annotator.models import JudgementEvent, StepLabel
from annotator.services.judgements.labels import label_set
from annotator.services.people.raters import rater_get_or_create
from tests.annotator.workbench_data import (
    GAME,
    member,
    project_with_types,
    write_model,
    write_problem,
)

HUMAN = (1, -1, 1, 1, 1, -1, None, -1)
CHECKED = (1, 1, 1, 1, 1, -1, -1, -1)


@pytest.fixture
def project():
    return project_with_types()


@pytest.fixture
def game(project):
    problem, steps = write_problem(project, "Make 24.", GAME)
    return problem, steps


@pytest.fixture
def models(game):
    problem, steps = game
    return [write_model(problem, steps, name=name, seed=seed) for seed, name in enumerate("ab")]


@pytest.fixture
def rated(game, project):
    """Ratings by a colleague and by a checker."""
    problem, steps = game
    colleague = member(project, "colleague", "annotator")
    for step, rating in zip(steps, HUMAN, strict=True):
        step.problem = problem
        if rating is not None:
            label_set(step=step, user=colleague, rating=rating)
    event = JudgementEvent.objects.latest("pk")
    checker = rater_get_or_create(
        project=project, kind="machine", name="checker:game24", version="1"
    )
    StepLabel.objects.bulk_create(
        StepLabel(step=step, rater=checker, event=event, rating=rating)
        for step, rating in zip(steps, CHECKED, strict=True)
    )
    return colleague


@pytest.fixture
def reviewer(project, client_for):
    return client_for(member(project, "reviewer", "reviewer"))


@pytest.fixture
def annotator(project, client_for):
    return client_for(member(project, "annotator", "annotator"))


@pytest.fixture
def address(game):
    """Return a function that gives the address of a page of the problem."""
    problem, _ = game

    def of(part: str) -> str:
        return f"/p/{problem.project.name}/problems/{problem.pk}/{part}"

    return of
