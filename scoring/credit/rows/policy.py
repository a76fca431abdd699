"""Methods that need log-probabilities of a policy, and of a reference or a critic."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scoring.credit.base import MethodRow

ROWS: tuple[MethodRow, ...] = ()
