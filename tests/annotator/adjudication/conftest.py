"""The world in which decisions are made."""

from __future__ import annotations

import pytest

from tests.annotator.adjudication.data import World


@pytest.fixture
def world():
    return World()
