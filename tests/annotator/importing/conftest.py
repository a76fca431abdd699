"""An empty project to import into."""

from __future__ import annotations

import pytest

from tests.factories import ProjectFactory


@pytest.fixture
def project(db):
    return ProjectFactory()
