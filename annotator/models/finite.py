"""Numbers that may be missing but never infinite or too large, whatever somebody wrote into the database.

Every entry refuses what is not a finite number. Rows that were written past them read as missing, so
that no page, picture or JSON has to ask.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models

from annotator.numbers import LARGEST, countable

if TYPE_CHECKING:
    _Float = models.FloatField[Any, Any]
else:
    _Float = models.FloatField


class FiniteField(_Float):
    """A float that reads as None where it cannot be counted with; to the database a float like others."""

    def from_db_value(self, value: float | None, *_: Any) -> float | None:
        """Return the number, None where it is none."""
        return value if value is None or countable(value) else None

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        """Name a plain float: the column is one, and needs no migration."""
        name, _, args, options = super().deconstruct()
        return name, "django.db.models.FloatField", args, options


def known(column: str = "value") -> dict[str, float]:
    """Return the conditions of a filter for rows whose ``column`` is known.

    To PostgreSQL NaN is above everything, and NULL is neither above nor below.
    """
    return {f"{column}__gte": -LARGEST, f"{column}__lte": LARGEST}


def known_sql(column: str) -> str:
    """Return an SQL expression: ``column`` where it is known, else NULL."""
    return f"CASE WHEN {column} BETWEEN -{LARGEST} AND {LARGEST} THEN {column} END"
