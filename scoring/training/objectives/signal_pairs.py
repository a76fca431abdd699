"""Pairs of traces decided by a hierarchy of signals, the most important first.

    level l decides (a, b) if |z_l(a) - z_l(b)| > δ_l,  δ_l = sigma · std(z_l) over the training traces

and the next level is asked if it does not, or if one of the two has no such signal. Pairs that no level
decides are left out. Signals, higher is better:

    rankings       what people's rankings of traces say of the pair; a tie goes to the next level
    outcome        the trace's outcome
    first_error    share of its steps before the first one with a target below 0.5 (no labels: none)
    lowest_value   the lowest search value on its path
    length         minus its number of steps

Source: HERON, Bukharin et al. 2023 (arXiv 2309.02632; github.com/abukharin3/HERON). Their code has no margin on
the first level; here every level has one, which an outcome of 0 or 1 always exceeds for sigma ≤ 1.
"""

from __future__ import annotations

from math import comb, isqrt
from typing import TYPE_CHECKING

import numpy as np

from scoring.preference.groups import sample
from scoring.training.objectives.base import outcome_means
from scoring.training.objectives.pairs import Comparison, Pairs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scoring.training.config import RunConfig
    from scoring.training.dataset import TrainingTree
    from scoring.training.objectives.units import Floats, Ints

RANKINGS = "rankings"


class SignalPairs(Pairs):
    """Pairs of traces by the first signal that tells them apart.

    Attributes:
        margins: δ by level; 0 for rankings.
    """

    missing = (
        "no two traces of a problem are told apart by a signal: import outcomes or search values, label "
        "steps or rank traces, or name other signals in 'levels'"
    )

    def __init__(self, config: RunConfig, trees: Sequence[TrainingTree] = ()) -> None:
        super().__init__(config, trees)
        self.levels: tuple[str, ...] = self.config.ordered
        found = [signals(item, ends_of(item)) for item in trees]
        self.margins = {
            level: self.config.sigma * _deviation([table[level] for table in found])
            for level in self.levels
            if level != RANKINGS
        }

    def compared(self, item: TrainingTree) -> Iterator[Comparison]:
        """Yield the decided ones among a sample of all pairs of traces."""
        ends = ends_of(item)
        table = signals(item, ends)
        ranked = _ranked(item)
        n = len(ends)
        for number in sample(item.problem_key, comb(n, 2), self.config.max_pairs):
            decided = self._decide(table, ranked, ends, *nth_pair(number, n))
            if decided is not None:
                yield decided

    def _decide(
        self,
        table: Mapping[str, Floats],
        ranked: Mapping[tuple[int, int], float],
        ends: Ints,
        one: int,
        other: int,
    ) -> Comparison | None:
        a, b = int(ends[one]), int(ends[other])
        for level in self.levels:
            if level == RANKINGS:
                gap, margin = ranked.get((a, b), 0.0) - ranked.get((b, a), 0.0), 0.0
            else:
                gap, margin = float(table[level][one] - table[level][other]), self.margins[level]
            if abs(gap) > margin:  # never so for NaN
                better, worse = (a, b) if gap > 0 else (b, a)
                return Comparison(better, worse, 1.0, abs(gap))
        return None


def ends_of(item: TrainingTree) -> Ints:
    """Return the nodes where traces end, each once, ascending."""
    return np.unique(item.tree.ends).astype(np.int64)


def signals(item: TrainingTree, ends: Ints) -> dict[str, Floats]:
    """Return ``(E,)`` columns by signal for the traces that end at ``ends``; NaN = none."""
    tree = item.tree
    paths = [tree.path(int(end)) for end in ends]
    return {
        "outcome": outcome_means(tree)[ends],
        "first_error": np.array([_first_error(item.targets[path]) for path in paths]),
        "lowest_value": np.array([_lowest(tree.value[path]) for path in paths]),
        "length": np.array([-float(len(path)) for path in paths]),
    }


def _first_error(targets: Floats) -> float:
    wrong = np.flatnonzero(targets < 0.5)
    if len(wrong):
        return float(wrong[0] / len(targets))
    return 1.0 if np.isfinite(targets).any() else float("nan")


def _lowest(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.min()) if len(known) else float("nan")


def _deviation(columns: Sequence[Floats]) -> float:
    values = np.concatenate([np.zeros(0), *columns])
    known = values[np.isfinite(values)]
    return float(known.std()) if len(known) else 0.0


def _ranked(item: TrainingTree) -> dict[tuple[int, int], float]:
    return {
        (pair.better, pair.worse): pair.distance
        for pair in item.ranked.pairs
        if pair.level == "trace" and not pair.tie
    }


def nth_pair(number: int, n: int) -> tuple[int, int]:
    """Return pair ``number`` of ``combinations(range(n), 2)`` without listing the others."""
    left = comb(n, 2) - 1 - number  # pairs behind this one
    row = (isqrt(8 * left + 1) - 1) // 2  # items behind the first one's successor
    one = n - 2 - row
    return one, n - 1 - (left - comb(row + 1, 2))
