"""The credit methods: one file in ``methods/`` by family, one row in ``rows/`` each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from scoring.credit.base import CreditResult
from scoring.credit.inputs import hint_for
from scoring.credit.rows import hierarchy, judged, outcomes, policy, scores, structured
from scoring.errors import MissingInputError
from scoring.params import checked
from scoring.registry import find_row, load_target

if TYPE_CHECKING:
    from collections.abc import Callable

    from scoring.credit.base import Credit, MethodRow
    from scoring.tree import FloatArray, Tree

# The families in the order of the menu.
FAMILIES: dict[str, tuple[MethodRow, ...]] = {
    "Outcomes": outcomes.ROWS,
    "States and hierarchy": hierarchy.ROWS,
    "Step scores": scores.ROWS,
    "Tests, tools and graphs": structured.ROWS,
    "Log-probabilities": policy.ROWS,
    "Judgements": judged.ROWS,
}
METHODS: dict[str, MethodRow] = {row.key: row for rows in FAMILIES.values() for row in rows}


def assign(key: str, tree: Tree, **params: Any) -> CreditResult:
    """Credit every step of ``tree`` by the method called ``key``.

    Args:
        key: a key of ``METHODS``.
        tree: the problem's steps and traces; one node alone is legal and gets no value.
        **params: parameters of the method; the others keep their defaults.

    Raises:
        UnknownNameError: for a method or parameter that does not exist; names the known ones.
        ParameterError: for a value outside the parameter's range.
        MissingInputError: if the tree's source lacks an input. An input that is there but unknown
            for some or all traces gives NaN and a note instead.
    """
    row = find_row(METHODS, "credit method", key)
    values = checked(row.key, row.params, params)
    missing = [name for name in row.needs_with(values) if name not in tree.given]
    if missing and len(tree) > 1:
        hint = "; ".join(hint_for(name) for name in missing)
        raise MissingInputError(key, missing, hint)
    method = cast("Callable[..., Credit]", load_target(row.target))
    credit = method(tree, **values)
    per_node = _steps_only(credit.per_node)
    low = None if credit.low is None else _steps_only(credit.low)
    high = None if credit.high is None else _steps_only(credit.high)
    return CreditResult(
        per_node,
        credit.per_trace,
        key,
        row.version,
        values,
        credit.notes,
        n_outcomes=int(np.isfinite(tree.outcomes).sum()),
        low=low,
        high=high,
        unit=credit.unit or row.unit,
    )


def _steps_only(column: FloatArray) -> FloatArray:
    """Return a copy without a number at the problem, which is not a step."""
    copied = column.copy()
    copied[0] = np.nan
    return copied
