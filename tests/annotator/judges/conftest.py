"""A project of two problems with a tree each."""

from __future__ import annotations

import pytest

from tests.annotator.judges.data import SHAPES
from tests.factories import ProjectFactory, problem_with_tree


@pytest.fixture
def project(db):
    """Two problems; the second is one path."""
    project = ProjectFactory(name="judged")
    problem_with_tree(*SHAPES, project=project, prompt="first", reference="42")
    problem_with_tree(["g", ["hx", ["i!"]]], project=project, prompt="second")
    return project
