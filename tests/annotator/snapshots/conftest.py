"""One project with one small tree."""

from __future__ import annotations

import pytest

from annotator.services.projects.projects import project_create
from tests.factories import problem_with_tree


@pytest.fixture
def project(db):
    return project_create(name="snapshots")


@pytest.fixture
def problem(project):
    return problem_with_tree(["a", ["b", ["c!"]], ["d"]], project=project)
