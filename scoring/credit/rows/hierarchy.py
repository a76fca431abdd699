"""Methods that need environment states, levels, segments or pairs of attempts besides outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scoring.credit.base import MethodRow

ROWS: tuple[MethodRow, ...] = ()
