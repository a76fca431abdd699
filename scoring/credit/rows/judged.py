"""Methods that need what people, checkers or a judge said of steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scoring.credit.base import MethodRow

ROWS: tuple[MethodRow, ...] = ()
