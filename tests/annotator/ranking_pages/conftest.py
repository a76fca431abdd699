"""A fork of the Game of 24 and people of every role."""

from __future__ import annotations

import pytest

from tests.annotator.ranking_pages.data import FORK
from tests.annotator.workbench_data import member, project_with_types, write_problem


@pytest.fixture
def project():
    project = project_with_types("Ranked")
    project.criteria = [
        {"key": "right", "label": "Rightness", "help": "True?", "margin": 0, "gate": True},
        {"key": "clear", "label": "Clearness", "help": "", "margin": 0, "gate": False},
    ]
    project.save()
    return project


@pytest.fixture
def fork(project):
    problem, steps = write_problem(project, "Make 24.", FORK)
    return problem, steps


@pytest.fixture
def people(project):
    return {
        role: member(project, role, role) for role in ("annotator", "reviewer", "viewer", "owner")
    }
