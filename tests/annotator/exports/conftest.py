"""A project with one judged problem."""

from __future__ import annotations

import pytest

from annotator.services.judgements.labels import label_set
from annotator.services.projects.projects import project_create
from tests.factories import problem_with_tree


@pytest.fixture
def project(db):
    return project_create(name="exports")


@pytest.fixture
def judged(project, user):
    """A project whose one problem has a right and a wrong branch, judged by a person."""
    problem = problem_with_tree(["a", ["b!"], ["c"]], project=project)
    for text, rating in (("a", 1), ("b!", 1), ("c", -1)):
        label_set(step=problem.steps.get(text=text), user=user, rating=rating)
    return problem
