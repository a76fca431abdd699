"""Which records a suite can use, of one model or of two; what is left out is counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from scoring.errors import EvaluationError, MissingInputError
from scoring.evaluation.aggregate import OWN, outcome
from scoring.evaluation.base import INPUTS
from scoring.evaluation.records import Records, only_scored

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scoring.evaluation.base import SuiteRow
    from scoring.evaluation.records import Bools, Floats, Record

# Whether a record has an input, given the aggregation in use.
_HAS: dict[str, Callable[[Record, str], bool]] = {
    "step_scores": lambda row, _: _complete(row.step_scores),
    "labelled_scores": lambda row, _: bool((~np.isnan(only_scored(row).step_labels)).any()),
    "edited_scores": lambda row, _: any(not np.isnan(p).all() for p in row.edited.values()),
    "states": lambda row, _: row.states is not None and not np.isnan(row.states.values[:, 0]).all(),
    "preferred": lambda row, _: True,  # of records together: the suite finds the pairs
    "first_error": lambda row, _: row.first_error is not None,
    "step_labels": lambda row, _: _complete(row.step_labels),
    "outcome": lambda row, rule: not np.isnan(outcome(row, rule)),
    "correct": lambda row, _: row.correct is not None,
    "reward": lambda row, _: not np.isnan(row.reward),
}


def usable(
    row: SuiteRow, records: Records, settings: Mapping[str, Any]
) -> tuple[Records, tuple[str, ...]]:
    """Return the records that have what the suite needs, and what was left out in words.

    Raises:
        MissingInputError: if there is none; names the first input that no record has.
    """
    if "labelled_scores" in row.needs:
        records = Records.of(map(only_scored, records))
    kept = _kept(row, records, settings)
    if kept.any():
        return _subset(records, kept), _left_out(kept)
    rule = settings.get("aggregation", OWN)
    for need in row.needs:
        if not any(_HAS[need](record, rule) for record in records):
            raise MissingInputError(row.key, [need], INPUTS[need])
    raise MissingInputError(row.key, row.needs, "no record has all of it")


def scored_by_both(
    row: SuiteRow, one: Records, two: Records, settings: Mapping[str, Any]
) -> tuple[Records, Records, tuple[str, ...]]:
    """Return the records that both models scored, and what was left out in words.

    Raises:
        EvaluationError: if the records differ in anything but scores.
        MissingInputError: if there is none.
    """
    if one.digest() != two.digest():
        raise EvaluationError(
            "the two models were scored on different records or labels; numbers compare only "
            "under one protocol"
        )
    if "labelled_scores" in row.needs:
        pairs = list(zip(one, two, strict=True))
        one = Records.of(only_scored(mine, theirs) for mine, theirs in pairs)
        two = Records.of(only_scored(theirs, mine) for mine, theirs in pairs)
    kept = _kept(row, one, settings) & _kept(row, two, settings)
    if not kept.any():
        raise MissingInputError(row.key, row.needs, "no record has all of it for both models")
    return _subset(one, kept), _subset(two, kept), _left_out(kept)


def _kept(row: SuiteRow, records: Records, settings: Mapping[str, Any]) -> Bools:
    """Return which records have what the suite needs, ``(K,)``."""
    rule = settings.get("aggregation", OWN)
    has = [all(_HAS[need](record, rule) for need in row.needs) for record in records]
    kept = np.array(has, dtype=bool)
    if row.competing:  # best of three is not best of four
        for members in records.groups().values():
            kept[members] = kept[members].all()
    return kept


def _left_out(kept: Bools) -> tuple[str, ...]:
    n = int((~kept).sum())
    return (
        (f"{n:,} of {len(kept):,} records left out: they lack what the suite needs",) if n else ()
    )


def _subset(records: Records, kept: Bools) -> Records:
    return Records.of(record for record, keep in zip(records, kept, strict=True) if keep)


def _complete(column: Floats) -> bool:
    return bool(len(column) and not np.isnan(column).any())
