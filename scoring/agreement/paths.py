"""First errors of traces from ratings of steps: what each annotator's ratings say of each path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scoring.agreement.data import NO_ERROR, FirstErrors

if TYPE_CHECKING:
    import numpy.typing as npt

    from scoring.agreement.data import FloatArray, IntArray

_CELLS_AT_ONCE = 20_000_000
_OPEN, _FINE, _WRONG = 0, 1, 2


@dataclass(frozen=True, eq=False, slots=True)
class Paths:
    """Step trees and the traces in them.

    Attributes:
        step: ``(S,)`` ids, each once.
        parent: ``(S,)`` id of the step above, 0 = the problem itself.
        depth: ``(S,)`` from 1.
        trace: ``(T,)`` ids.
        end: ``(T,)`` id of each trace's last step.
        problem: ``(T,)`` its problem.
    """

    step: IntArray
    parent: IntArray
    depth: IntArray
    trace: IntArray
    end: IntArray
    problem: IntArray


def first_errors(
    paths: Paths,
    *,
    step: IntArray,
    rater: IntArray,
    rating: FloatArray,
    ended: tuple[IntArray, IntArray],
    only: tuple[IntArray, IntArray] | None = None,
) -> FirstErrors:
    """Find where each annotator's ratings blame each trace.

    A judgement counts when it is finished: every step up to the first −1, or up to the end, was
    judged. What stands behind a first error need not be.

    Args:
        paths: of all problems that were judged.
        step: ``(N,)`` the step of each judgement; a step and annotator once.
        rater: ``(N,)`` its annotator.
        rating: ``(N,)`` −1, 0, +1, or NaN for "unsure", which is judged and no error.
        ended: traces and annotators who gave them up; they say nothing about the error.
        only: traces and annotators to look at, None = all.
    """
    raters, column = np.unique(rater, return_inverse=True)
    order = np.argsort(paths.step)
    row = _places(paths.step, order, step)
    end = _places(paths.step, order, paths.end)
    levels = _levels(paths, order)
    at_once = max(1, _CELLS_AT_ONCE // max(len(paths.step), len(paths.trace), 1))
    found: list[tuple[IntArray, IntArray, IntArray]] = []
    for start in range(0, len(raters), at_once):
        some = raters[start : start + at_once]
        mine = (column >= start) & (column < start + len(some))
        said = np.full((len(paths.step), len(some)), _OPEN, np.int8)
        said[row[mine], column[mine] - start] = np.where(rating[mine] == -1, _WRONG, _FINE)
        first, finished = _walk(said, levels, end)
        finished &= ~_marked(paths.trace, some, ended)
        if only is not None:
            finished &= _marked(paths.trace, some, only)
        which, who = np.nonzero(finished)
        found.append((which, some[who], first[which, who]))
    empty = np.zeros(0, np.int64)
    which, who, position = (
        np.concatenate([empty, *(part[index] for part in found)]) for index in range(3)
    )
    return FirstErrors.of(
        paths.trace[which],
        who,
        [None if place == NO_ERROR else place for place in position.tolist()],
        problems=paths.problem[which],
    )


def _walk(
    said: npt.NDArray[np.int8], levels: list[tuple[IntArray, IntArray]], end: IntArray
) -> tuple[IntArray, npt.NDArray[np.bool_]]:
    """Go down the trees; return first errors and whether they are certain, ``(T, raters)``."""
    first = np.full(said.shape, NO_ERROR, np.int64)
    gap = np.zeros(said.shape, np.bool_)
    for depth, (rows, above) in enumerate(levels):
        wrong = np.where(said[rows] == _WRONG, depth, NO_ERROR)
        unsaid = said[rows] == _OPEN
        if depth:
            known = first[above] != NO_ERROR
            wrong = np.where(known, first[above], wrong)
            unsaid = gap[above] | (unsaid & ~known)
        first[rows], gap[rows] = wrong, unsaid
    return first[end], ~gap[end]


def _levels(paths: Paths, order: IntArray) -> list[tuple[IntArray, IntArray]]:
    """Return the rows of each depth, from the first, with the rows above them."""
    by_depth = np.argsort(paths.depth, kind="stable")
    starts = np.flatnonzero(np.diff(paths.depth[by_depth])) + 1
    return [
        (rows, _places(paths.step, order, paths.parent[rows]) if depth else rows)
        for depth, rows in enumerate(np.split(by_depth, starts))
        if len(rows)
    ]


def _places(ids: IntArray, order: IntArray, wanted: IntArray) -> IntArray:
    """Return where each wanted id stands in ``ids``, whose ascending order is given."""
    return order[np.searchsorted(ids, wanted, sorter=order)]


def _marked(
    traces: IntArray, raters: IntArray, pairs: tuple[IntArray, IntArray]
) -> npt.NDArray[np.bool_]:
    """Return a table ``(T, raters)`` that is true at the given pairs of both."""
    marked = np.zeros((len(traces), len(raters)), np.bool_)
    trace, rater = pairs
    known = np.isin(trace, traces) & np.isin(rater, raters)
    if known.any():
        order = np.argsort(traces)
        marked[_places(traces, order, trace[known]), np.searchsorted(raters, rater[known])] = True
    return marked
