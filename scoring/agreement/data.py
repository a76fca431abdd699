"""Who said what: the inputs of the statistics, as columns.

Annotators are never merged. A judgement that was not given is a row that is not there; nothing here
stands for "missing".
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from scoring.errors import AgreementError

Name = Hashable
IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
Column = Sequence[Any] | npt.NDArray[Any]

MAX_CATEGORIES = 100
NO_ERROR = -1


@dataclass(frozen=True, eq=False)
class Judgements:
    """N judgements: row k says that annotator ``rater[k]`` judged item ``unit[k]``.

    Attributes:
        unit: ``(N,)`` positions in ``units``.
        rater: ``(N,)`` positions in ``raters``.
        units: names of the items.
        raters: names of the annotators.
        problem: ``(units,)`` the problem of each item, 0 … problems − 1: what intervals resample,
            since the steps of one problem are not independent.
    """

    unit: IntArray
    rater: IntArray
    units: tuple[Name, ...]
    raters: tuple[Name, ...]
    problem: IntArray

    def __len__(self) -> int:
        """Count the judgements."""
        return len(self.unit)

    @cached_property
    def per_unit(self) -> IntArray:
        """``(units,)`` annotators who judged each item."""
        return np.bincount(self.unit, minlength=len(self.units))

    @cached_property
    def pairs(self) -> tuple[IntArray, IntArray]:
        """Rows ``(i, j)`` of the same item by two annotators, each pair once, ``rater[i] < rater[j]``."""
        order = np.lexsort((self.rater, self.unit))
        unit = self.unit[order]
        left, right = [], []
        for apart in range(1, int(self.per_unit.max(initial=0))):
            same = np.flatnonzero(unit[apart:] == unit[:-apart])
            left.append(order[same])
            right.append(order[same + apart])
        empty = np.zeros(0, np.int64)
        return np.concatenate([empty, *left]), np.concatenate([empty, *right])

    @cached_property
    def couples(self) -> tuple[IntArray, IntArray]:
        """The pairs of annotators with a common item.

        Returns:
            ``(couples, 2)`` positions in ``raters`` in ascending order, and for each row of
            ``pairs`` its couple.
        """
        left, right = self.pairs
        code = self.rater[left] * len(self.raters) + self.rater[right]
        known, which = np.unique(code, return_inverse=True)
        return np.stack(np.divmod(known, max(len(self.raters), 1)), axis=1), which

    @property
    def n_compared(self) -> int:
        """Items with two judgements or more."""
        return int((self.per_unit > 1).sum())

    @property
    def n_comparing(self) -> int:
        """Annotators with an item that somebody else judged too."""
        return len(np.unique(self.rater[self.per_unit[self.unit] > 1]))


@dataclass(frozen=True, eq=False)
class Ratings(Judgements):
    """Ratings of items, such as −1, 0 and +1 of steps.

    Attributes:
        code: ``(N,)`` positions in ``categories``.
        categories: the ratings that occur or may occur, in order where they have one.
        ordered: whether their order means anything.
    """

    code: IntArray
    categories: tuple[Any, ...]
    ordered: bool

    @classmethod
    def of(
        cls,
        units: Column,
        raters: Column,
        values: Column,
        *,
        problems: Column | None = None,
        categories: Sequence[Any] | None = None,
    ) -> Ratings:
        """Read columns of equal length, one row per rating.

        Args:
            units: the item of each rating, such as a step's id.
            raters: its annotator.
            values: the rating; numbers are ordered by themselves.
            problems: the item's problem; without it every item is a problem of its own.
            categories: all possible ratings in their order; without it those that occur.

        Raises:
            AgreementError: for columns of different length, a rating that is missing, not finite or
                not in ``categories``, an annotator twice on one item, or more than 100 categories.
        """
        who = _judgements(units, raters, problems, (values,))
        found, code = _names(values, "rating")
        if categories is not None:
            place = {value: index for index, value in enumerate(dict.fromkeys(categories))}
            strange = next((value for value in found if value not in place), None)
            if strange is not None:
                known = ", ".join(map(str, place))
                raise AgreementError(f"a rating is {strange!r}, which is none of {known}")
            code = np.array([place[value] for value in found], np.int64)[code]
            found = tuple(place)
        if len(found) > MAX_CATEGORIES:
            raise AgreementError(
                f"{len(found)} different ratings; at most {MAX_CATEGORIES} can be compared, "
                "so round them first"
            )
        numeric = all(isinstance(value, int | float) for value in found)
        ordered = categories is not None or numeric
        return cls(**vars(who), code=code, categories=found, ordered=ordered)

    @classmethod
    def table(cls, rows: Sequence[Sequence[Any]], **named: Any) -> Ratings:
        """Read a table with a row per item and a column per annotator; None was not rated."""
        cells = [
            (unit, rater, value)
            for unit, row in enumerate(rows)
            for rater, value in enumerate(row)
            if value is not None
        ]
        units, raters, values = zip(*cells, strict=True) if cells else ((), (), ())
        return cls.of(units, raters, values, **named)

    @property
    def numbers(self) -> FloatArray | None:
        """``(categories,)`` the ratings as numbers, or None if they are none."""
        if not all(isinstance(value, int | float) for value in self.categories):
            return None
        return np.array(self.categories, np.float64)


@dataclass(frozen=True, eq=False)
class FirstErrors(Judgements):
    """Where annotators found the first wrong step of traces.

    Attributes:
        position: ``(N,)`` index of the first step rated −1, ``NO_ERROR`` if none is wrong.
    """

    position: IntArray

    @classmethod
    def of(
        cls,
        traces: Column,
        raters: Column,
        positions: Sequence[int | None],
        *,
        problems: Column | None = None,
    ) -> FirstErrors:
        """Read columns of equal length, one row per finished judgement of a trace.

        Args:
            traces: the trace judged.
            raters: its annotator.
            positions: index of the first wrong step, from 0; None = no step is wrong.
            problems: the trace's problem; without it every trace is a problem of its own.

        Raises:
            AgreementError: for columns of different length, an index that is not a whole number
                from 0, or an annotator twice on one trace.
        """
        who = _judgements(traces, raters, problems, (positions,))
        given = [NO_ERROR if value is None else _step(value) for value in positions]
        return cls(**vars(who), position=np.array(given, np.int64))


def _step(value: Any) -> int:
    """Read the index of a step."""
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < 0:
        raise AgreementError(f"a first error is at {value!r}, not at a step counted from 0")
    return int(value)


def _judgements(
    units: Column, raters: Column, problems: Column | None, others: tuple[Column, ...]
) -> Judgements:
    """Number the items, annotators and problems; refuse what cannot be."""
    columns = [units, raters, *others, *([] if problems is None else [problems])]
    if len({len(column) for column in columns}) > 1:
        lengths = ", ".join(str(len(column)) for column in columns)
        raise AgreementError(f"the columns have different lengths: {lengths}")
    unit_names, unit = _names(units, "item")
    rater_names, rater = _names(raters, "annotator")
    cell, times = np.unique(unit * len(rater_names) + rater, return_counts=True)
    if (times > 1).any():
        item, who = divmod(int(cell[times > 1][0]), len(rater_names))
        raise AgreementError(f"annotator {rater_names[who]} judged {unit_names[item]} twice")
    problem = np.arange(len(unit_names), dtype=np.int64)
    if problems is not None:
        _, row_problem = _names(problems, "problem")
        problem[unit] = row_problem
        split = np.flatnonzero(problem[unit] != row_problem)
        if len(split):
            raise AgreementError(f"item {unit_names[unit[split[0]]]} is in two problems")
    return Judgements(unit, rater, unit_names, rater_names, problem)


def _names(column: Column, what: str) -> tuple[tuple[Any, ...], IntArray]:
    """Return the different values and each row's position among them; numbers in ascending order.

    Raises:
        AgreementError: for None, NaN or infinity.
    """
    array = np.asarray(column) if len(column) else np.zeros(0, np.int64)
    if array.ndim == 1 and array.dtype.kind in "iuf":
        if not np.isfinite(array).all():
            raise AgreementError(f"the {what} of a judgement is missing or not finite")
        known, position = np.unique(array, return_inverse=True)
        return tuple(known.tolist()), position.astype(np.int64)
    values = column.tolist() if isinstance(column, np.ndarray) else list(column)
    if any(value is None or value != value for value in values):
        raise AgreementError(f"the {what} of a judgement is missing or not finite")
    place: dict[Any, int] = {}
    position = np.array([place.setdefault(value, len(place)) for value in values], np.int64)
    return _sorted(place, position)


def _sorted(place: Mapping[Any, int], position: IntArray) -> tuple[tuple[Any, ...], IntArray]:
    """Bring names into their order if they have one, so that results do not depend on the rows'."""
    names = list(place)
    try:
        order = sorted(range(len(names)), key=names.__getitem__)
    except TypeError:  # names of several types: keep the order in which they came
        return tuple(names), position
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return tuple(names[index] for index in order), rank[position]
