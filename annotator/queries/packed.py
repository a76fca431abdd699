"""Columns that PostgreSQL packs itself: one row of bytes where there were as many rows as steps.

20,000 rows of five cells are 100,000 objects, whose allocation also wakes the garbage collector in
the middle of the answer; the same columns as bytes become arrays without a loop in Python.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from django.db import connection

from annotator.numbers import LARGEST

if TYPE_CHECKING:
    from collections.abc import Mapping

# How a column travels (in network byte order) and what it is here. A sum of bytes leaves NULL out,
# so a missing number is NaN and a whole number must not be missing.
PACKINGS = {
    "int": ("int8send({}::int8)", ">i8", np.int64),
    "float": ("float8send(coalesce({}::float8, 'NaN'))", ">f8", np.float64),
}


def packed_columns(
    select: str, parameters: Mapping[str, Any], **columns: str
) -> list[np.ndarray[Any, np.dtype[Any]]]:
    """Return the columns of a SELECT as arrays of equal length, in the order of its rows.

    Args:
        select: the statement, with ``%(name)s`` placeholders; its rows must be named.
        parameters: their values.
        **columns: what is read, each "int" (int64, never NULL) or "float" (float64, NaN where it is
            NULL or cannot be counted with).
    """
    packed = ", ".join(
        f"string_agg({PACKINGS[kind][0].format(name)}, ''::bytea)" for name, kind in columns.items()
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {packed} FROM ({select}) AS packed", parameters)  # noqa: S608 - own text
        row = cursor.fetchone()
    found = [
        np.frombuffer(cell or b"", PACKINGS[kind][1]).astype(PACKINGS[kind][2])
        for cell, kind in zip(row or (), columns.values(), strict=True)
    ]
    for column in found:
        if column.dtype == np.float64:
            column[np.abs(column) > LARGEST] = np.nan
    return found
