"""One problem, the Game of 24, and who looks at it."""

from __future__ import annotations

import pytest

from tests.annotator.workbench_data import (
    GAME,
    member,
    project_with_types,
    write_model,
    write_problem,
)


@pytest.fixture
def project():
    return project_with_types()


@pytest.fixture
def game(project):
    problem, steps = write_problem(project, "Make 24.", GAME, reference="the secret answer")
    return problem, steps, write_model(problem, steps)


@pytest.fixture
def reviewer(project, client_for):
    return client_for(member(project, "reviewer", "reviewer"))


@pytest.fixture
def annotator(project, client_for):
    return client_for(member(project, "annotator", "annotator"))
