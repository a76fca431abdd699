"""Methods that need tests, tool calls or a path in a knowledge graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scoring.credit.base import MethodRow

ROWS: tuple[MethodRow, ...] = ()
