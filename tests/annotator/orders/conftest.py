"""A world whose traces are ordered."""

from __future__ import annotations

import pytest

from tests.annotator.queue_world import queue_world


@pytest.fixture
def world():
    """Four traces of two steps each; the second steps are leaves and their outcomes are 1."""
    return queue_world()
