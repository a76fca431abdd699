"""Properties that states are probed for: of steps, of whole solutions, and of pairs of them.

Each is what the data of a project can give: a label, an outcome, a type of error, a preference under a
criterion, or what can be seen in the texts. Steps that solutions share count once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from scoring.evaluation import layout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.evaluation.records import Floats, Ints, Records

PREFERRED = "preferred"
_TOLD = {"tex": "Step has TeX", "list": "Step starts like a list item"}


@dataclass(frozen=True, eq=False, slots=True)
class Units:
    """The steps of all records in a row, as probes are asked of them.

    Attributes:
        states: ``(U, D)`` float32, of steps that were read.
        problem: ``(U,)``.
        score: ``(U,)`` by the model, NaN = none.
        place: (record, step) → position; a shared step has one position for all of its records.
        last: position of the last step of each record that has one, by record.
    """

    states: Floats
    problem: Ints
    score: Floats
    place: dict[tuple[int, int], int]
    last: dict[int, int]


@dataclass(slots=True)
class Dimension:
    """A property with what is known of it.

    Attributes:
        key: ends the keys of its numbers.
        label: what a person reads.
        unit: what examples are, in the plural.
        first: positions of steps in ``Units``; of a pair, of the preferred one.
        second: of a pair the positions of the others, else empty.
        right: which have the property; all for pairs.
    """

    key: str
    label: str
    unit: str
    first: list[int] = field(default_factory=list)
    second: list[int] = field(default_factory=list)
    right: list[bool] = field(default_factory=list)

    @property
    def paired(self) -> bool:
        """Whether examples are pairs."""
        return self.unit == "pairs"


def units_of(records: Records) -> Units:
    """Collect the steps that were read, shared ones once."""
    place: dict[tuple[int, int], int] = {}
    last: dict[int, int] = {}
    named: dict[tuple[int, str], int] = {}
    rows: list[Floats] = []
    problem, score = [], []
    for at, row in enumerate(records):
        values = row.states.values if row.states is not None else np.zeros((0, 1))
        own = int(records.problem[at])
        for step, read in enumerate(~np.isnan(values[:, 0])):
            if not read:
                continue
            name = (own, row.path[step]) if row.path else (own, f"{at} {step}")
            if name not in named:
                named[name] = len(rows)
                rows.append(values[step])
                problem.append(own)
                score.append(row.step_scores[step] if len(row.step_scores) else np.nan)
            place[at, step] = named[name]
        if (at, row.n_steps - 1) in place:
            last[at] = place[at, row.n_steps - 1]
    states = np.stack(rows) if rows else np.zeros((0, 1))
    return Units(states, np.array(problem, np.int64), np.array(score, np.float64), place, last)


def dimensions_of(records: Records, units: Units) -> list[Dimension]:
    """Return what can be asked of the records, with its examples."""
    labels = [row.labels if len(row.labels) else None for row in records]
    found = [
        _of_steps(records, units, "step_right", "Step is right", labels),
        _of_solutions(records, units, "outcome", "Solution is right", _outcomes(records)),
    ]
    if all(row.steps for row in records):
        long = _long_steps(records)
        found += [
            _of_steps(records, units, "step_long", "Step is long", long),
            _of_solutions(records, units, "long", "Solution is long", _longer(records)),
        ]
        for key, label in _TOLD.items():
            told = [layout.marked(row.steps, key) for row in records]
            found.append(_of_steps(records, units, key, label, told))
    for name in sorted({name for row in records for name in row.marks}):
        marks = [row.marks.get(name) for row in records]
        found.append(_of_steps(records, units, f"error {name}", f"Error: {name}", marks))
    return [*found, *_preferences(records, units)]


def _of_steps(
    records: Records, units: Units, key: str, label: str, told: Sequence[Floats | None]
) -> Dimension:
    """Return a property of steps; ``told`` has ``(S,)`` 1, 0 or NaN of each record."""
    known: dict[int, bool] = {}
    for at, marks in enumerate(told):
        for step, mark in enumerate(() if marks is None else marks):
            if not np.isnan(mark) and mark != 0.5 and (at, step) in units.place:
                known.setdefault(units.place[at, step], bool(mark > 0.5))
    return Dimension(key, label, "steps", list(known), right=list(known.values()))


def _of_solutions(
    records: Records, units: Units, key: str, label: str, told: Sequence[bool | None]
) -> Dimension:
    """Return a property of solutions, read at their ends; ``told`` has one of each record."""
    found = Dimension(key, label, "solutions")
    for at, mark in enumerate(told):
        if mark is not None and at in units.last:
            found.first.append(units.last[at])
            found.right.append(mark)
    return found


def _preferences(records: Records, units: Units) -> list[Dimension]:
    """Return what is preferred under each criterion, "on the whole" included."""
    by_id = {row.id: at for at, row in enumerate(records)}
    found: dict[str, Dimension] = {}
    for at, row in enumerate(records):
        for one in row.preferred:
            other = by_id.get(one.other, -1), one.other_step
            if one.tie or (at, one.step) not in units.place or other not in units.place:
                continue
            name = one.criterion or "on the whole"
            made = found.setdefault(
                one.criterion, Dimension(f"{PREFERRED} {name}", f"Preferred: {name}", "pairs")
            )
            made.first.append(units.place[at, one.step])
            made.second.append(units.place[other])
            made.right.append(True)
    return [found[name] for name in sorted(found)]


def _outcomes(records: Records) -> list[bool | None]:
    return [row.correct for row in records]


def _long_steps(records: Records) -> list[Floats]:
    """Say of each step whether it has more characters than half of all steps."""
    size = [np.array([len(text) for text in row.steps], np.float64) for row in records]
    middle = np.median(np.concatenate(size))
    return [np.where(own == middle, np.nan, (own > middle).astype(float)) for own in size]


def _longer(records: Records) -> list[bool | None]:
    """Say of each solution whether it is longer than half of those of its problem."""
    size = np.array([sum(map(len, row.steps)) for row in records], np.float64)
    told: list[bool | None] = [None] * len(size)
    for members in records.groups().values():
        middle = np.median(size[members])
        for at in members:
            told[at] = None if size[at] == middle else bool(size[at] > middle)
    return told


def enough(found: Dimension, needed: int, problems: int, folds: int) -> str:
    """Return why a property cannot be probed, "" if it can."""
    n = len(found.right)
    if n < needed:
        return f"undefined because there are too few {found.unit}: {n:,} of {needed:,} needed"
    rarer, least = _rarer(found.right), max(needed // 4, 2)
    if not found.paired and rarer < least:
        return (
            f"undefined because too few {found.unit} are of the rarer kind: {rarer:,} of "
            f"{least:,} needed"
        )
    if problems < folds:
        return f"undefined because they are of too few problems: {problems:,} of {folds:,} needed"
    return ""


def _rarer(right: Sequence[bool]) -> int:
    yes = int(sum(right))
    return min(yes, len(right) - yes)
