"""Which numbers a problem opens with, and why: the first of a fixed order that says something here.

The order is TEMPO, a model's step scores (the newest model first), people's ratings, the values of a
search, the leaf value. Chosen is the first that has numbers for most steps, not all alike; else the
first that has for some, not all alike; else the first that has numbers at all. It is decided from columns that a page reads anyway; no method is computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from annotator.queries.credit.choices import SEARCH_VALUE, Said, write_key
from scoring.credit.groups import leaf_values
from scoring.credit.moments import ROUNDING
from scoring.credit.registry import METHODS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from annotator.queries.credit.coloring import Colorings
    from scoring.tree import FloatArray, Tree

FIRST, SCORES, RATINGS, LAST = "tempo", "prm_score", "rating", "leaf_value"


@dataclass(frozen=True, slots=True)
class Opening:
    """The choice that a problem opens with; ``why`` is a sentence for the legend."""

    key: str
    why: str


def opening_of(colorings: Colorings) -> Opening:
    """Choose what ``colorings`` open with where an address names nothing.

    The same data give the same choice; what the reader may not see is not among them.
    """
    for enough, last in ((_most, False), (_some, False), (_any, True)):
        for key, column in _columns(colorings, last=last):
            if enough(column):
                return Opening(key, _why(colorings, key))
    return Opening(FIRST, "")


def _columns(colorings: Colorings, *, last: bool) -> Iterator[tuple[str, FloatArray]]:
    """Yield each candidate with a column ``(N - 1,)`` that varies over the steps as its numbers do.

    TEMPO is one number everywhere where the leaf value is: zero, or for a group of one its outcome
    over 1 + eps. ``last`` puts the leaf value itself in the place of that.
    """
    found = colorings.columns
    if len(found) < 2:
        return
    value = _leaf_column(colorings.tree) if "outcome" in colorings.tree.given else None
    if value is not None and not last:
        yield FIRST, value
    for model in colorings.models.values():
        key = write_key(METHODS[SCORES], {}, Said(model, 0))
        yield key, colorings.inputs.scores(model)[1:]
    yield RATINGS, colorings.inputs.stored.label[1:]
    yield SEARCH_VALUE, found.value[1:]
    if value is not None and last:
        yield LAST, value


def _leaf_column(tree: Tree) -> FloatArray:
    """Return the leaf values of the steps ``(N - 1,)``, one number if only rounding parts them."""
    column = leaf_values(tree)[1:]
    known = np.isfinite(column)
    if known.any():
        size = np.nanmax(np.abs(tree.outcomes))
        if np.ptp(column[known]) <= ROUNDING * size:
            column[known] = column[known][0]
    return column


def _any(column: FloatArray) -> bool:
    return bool(np.isfinite(column).any())


def _some(column: FloatArray) -> bool:
    known = column[np.isfinite(column)]
    return bool(known.size) and bool(known.min() < known.max())


def _most(column: FloatArray) -> bool:
    return _some(column) and 2 * int(np.isfinite(column).sum()) > len(column)


def _why(colorings: Colorings, key: str) -> str:
    """Say in a sentence why ``key`` comes first here."""
    if key == FIRST:
        return "Shown first because the traces of this problem end differently."
    label = "The search's values" if key == SEARCH_VALUE else METHODS[key.partition("@")[0]].label
    verb = "come" if key == SEARCH_VALUE else "comes"
    return f"{label} {verb} first here: {_silence(colorings)}."


def _silence(colorings: Colorings) -> str:
    """Say why credit from outcomes tells little or nothing."""
    tree = colorings.tree
    name = colorings.problem.project.primary_outcome
    known = tree.outcomes[np.isfinite(tree.outcomes)]
    reasons: tuple[tuple[Callable[[], bool], str], ...] = (
        (lambda: not len(tree.ends), "the problem has no whole trace"),
        (lambda: not known.size, f"no trace has an outcome called {name}"),
        (
            lambda: known.size == 1,
            "one trace with an outcome has no other to be compared with",
        ),
        (
            lambda: known.min() == known.max(),
            "all traces end alike, so that outcomes give no credit",
        ),
        (
            lambda: not _some(_leaf_column(tree)),
            "every step is part of traces that end alike on average",
        ),
    )
    few = "traces with an outcome pass through less than half of the steps"
    return next((words for holds, words in reasons if holds()), few)
