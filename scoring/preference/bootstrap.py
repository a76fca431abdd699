"""Strengths under resampling: how much do they hang on who happened to answer?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scoring.errors import UndefinedError
from scoring.preference.exists import why_infinite
from scoring.preference.fit import maximise
from scoring.preference.graph import connected

if TYPE_CHECKING:
    from collections.abc import Callable

    from scoring.preference.data import Comparisons, Floats, Ints
    from scoring.preference.fit import Fit, Likelihood

FEW_UNITS = 5


@dataclass(frozen=True, eq=False, slots=True)
class Draws:
    """Strengths of every usable resample.

    Attributes:
        values: ``(used, n)``.
        n_units: raters or rankings that were drawn from.
        notes: sentences that must stand beside the intervals.
    """

    values: Floats
    n_units: int
    notes: tuple[str, ...]


def resample(
    data: Comparisons,
    model: Callable[[Comparisons], Likelihood],
    fit: Fit,
    *,
    units: Ints,
    prior_sd: float,
    n: int,
    seed: int,
) -> Draws:
    """Draw units with replacement ``n`` times and fit each draw.

    A draw in which some item is no longer linked to its group, or (without a prior) some strength
    is infinite, has no strengths that could be compared with the others: it is left out, counted,
    and if half of the draws are lost there is no interval.

    Args:
        data: all rankings.
        model: builds the likelihood.
        fit: to all rankings; draws start from it.
        units: ``(records,)`` number of the unit of each record, 0 … units-1.
        prior_sd: as in ``aggregate``.
        n: resamples, at least 2.
        seed: equal seeds give equal draws.

    Raises:
        UndefinedError: if there is one unit only, or fewer than half of the draws are usable.
    """
    n_units = int(units.max()) + 1
    if n_units < 2:
        raise UndefinedError("a bootstrap needs at least two raters or rankings to draw from")
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(n):
        times = rng.multinomial(n_units, np.full(n_units, 1 / n_units))
        drawn = data.weighted(times[units].astype(np.float64))
        if not _linked(drawn):
            continue
        likelihood = model(drawn)
        if not prior_sd and why_infinite(drawn, tie_parameter=bool(likelihood.tie)):
            continue
        start = fit.theta[: len(likelihood.start)]
        values.append(maximise(likelihood, data.groups, prior_sd, start).theta[: likelihood.n])
    if 2 * len(values) < n:
        raise UndefinedError(
            f"only {len(values)} of {n} resamples keep all items comparable: too few for an interval"
        )
    notes = []
    if len(values) < n:
        notes.append(f"{n - len(values)} of {n} resamples lost the link between items, left out")
    if n_units < FEW_UNITS:
        notes.append(f"drawn from {n_units} only: the intervals are coarse")
    return Draws(np.array(values), n_units, tuple(notes))


def _linked(drawn: Comparisons) -> bool:
    """Whether the drawn answers still link every group."""
    nodes = range(len(drawn.items))
    return len(connected(nodes, drawn.edges())) == len(drawn.groups)
