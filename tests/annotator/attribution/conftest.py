"""The problem of the workbench's tests, and who looks at it."""

from __future__ import annotations

from tests.annotator.workbench.conftest import (  # noqa: F401
    annotator,
    game,
    project,
    reviewer,
)
