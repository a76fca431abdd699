"""A project whose people disagree."""

from __future__ import annotations

import pytest

from tests.annotator.queue_world import queue_world


@pytest.fixture
def world(db):
    """An owner and three annotators; four problems of two steps."""
    return queue_world(traces=4, people=4, tag="agree")
