"""The exact checkers: one file and one row each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from scoring.registry import find_row, load_target
from scoring.types import RaterRecord

if TYPE_CHECKING:
    from collections.abc import Callable

    from scoring.types import LabelRecord, TreeRecord


@dataclass(frozen=True, slots=True)
class CheckerRow:
    """What menus, docs and tests need to know about a checker without loading it.

    Attributes:
        key: stored with every label, never renamed.
        label: what a person reads.
        version: raised whenever a label can change.
        target: ``"module:function"`` taking a record and a rater, giving labels.
        summary: what +1 and -1 mean.
    """

    key: str
    label: str
    version: str
    target: str
    summary: str


CHECKERS: dict[str, CheckerRow] = {
    row.key: row
    for row in (
        CheckerRow(
            "arithmetic",
            "Exact arithmetic",
            "2",
            "scoring.verify.labels:arithmetic_labels",
            "+1: the solution is right after this step; -1: it is not (any more)",
        ),
        CheckerRow(
            "game24",
            "Game of 24",
            "1",
            "scoring.verify.labels:game24_labels",
            "+1: a legal step after which 24 can still be reached; -1: illegal or a dead end",
        ),
        CheckerRow(
            "math_verify",
            "Final answers (math-verify)",
            "1",
            "scoring.verify.answers:answer_labels",
            "+1: the last step of a trace ends in the reference answer; -1: in another one",
        ),
    )
}


def checker(key: str) -> CheckerRow:
    """Return the row called ``key``.

    Raises:
        UnknownNameError: naming the known checkers.
    """
    return find_row(CHECKERS, "checker", key)


def label_record(record: TreeRecord) -> list[LabelRecord]:
    """Label the steps of ``record`` by the checker that ``record.meta["checker"]`` names.

    The rater is ``machine``, ``checker:KEY``, with the checker's version. A record that names no
    checker gets no labels.

    Raises:
        UnknownNameError: if it names one that does not exist.
    """
    key = record.meta.get("checker")
    if key is None:
        return []
    row = checker(str(key))
    label = cast(
        "Callable[[TreeRecord, RaterRecord], list[LabelRecord]]",
        load_target(row.target),
    )
    return label(record, RaterRecord("machine", f"checker:{row.key}", row.version))
