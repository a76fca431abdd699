"""A project to train on."""

from __future__ import annotations

import pytest

from annotator.services.projects.projects import project_create
from scoring.samples import arithmetic
from tests.annotator.pipelines.data import filled


@pytest.fixture
def project():
    """A few arithmetic problems of the generator with checker labels."""
    return filled(project_create(name="train"), arithmetic(1, 8))
