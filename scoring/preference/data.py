"""Rankings of several people as arrays, for fitting strengths."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from scoring.errors import RankingError, UndefinedError
from scoring.preference.graph import connected
from scoring.preference.pairs import pairs
from scoring.preference.validate import validate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scoring.preference.pairs import Pair
    from scoring.preference.types import RankingRecord

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
MAX_STRENGTHS = 2_000
"""Items in one fit; a step of Newton's method costs their cube."""


@dataclass(frozen=True, eq=False, slots=True)
class Comparisons:
    """What the rankings of one question say, over positions 0 … n-1 of ``items``.

    Attributes:
        items: ids that take part in at least one decided or tied pair, ascending.
        rankings: per record its tiers of positions, best first; set-aside items are left out.
        weights: ``(records,)`` how often each record counts: 1, or its draws in a resample.
        groups: positions that are linked by comparisons, over all records.
        pairs: ``(P, 2)`` distinct compared positions, the smaller first.
        counts: ``(K, 3)`` one row (record, pair, kind) per answer; kind 0 = the first wins, 1 = the
            second wins, 2 = tied.
    """

    items: tuple[int, ...]
    rankings: tuple[tuple[tuple[int, ...], ...], ...]
    weights: Floats
    groups: tuple[tuple[int, ...], ...]
    pairs: Ints
    counts: Ints

    def weighted(self, weights: Floats) -> Comparisons:
        """Return the same rankings, counted otherwise."""
        return replace(self, weights=weights)

    def totals(self) -> Floats:
        """Return ``(P, 3)``: weighted wins of the first, wins of the second, and ties."""
        record, pair, kind = self.counts.T
        flat = np.bincount(
            pair * 3 + kind, weights=self.weights[record], minlength=3 * len(self.pairs)
        )
        return np.asarray(flat.reshape(-1, 3), dtype=np.float64)

    def edges(self, *, ties: bool = True) -> list[Pair]:
        """Return (winner, loser) positions that occur; ties lead both ways if ``ties``."""
        out: list[Pair] = []
        for (a, b), (first, second, tied) in zip(
            self.pairs.tolist(), self.totals().tolist(), strict=True
        ):
            if first or (ties and tied):
                out.append((a, b))
            if second or (ties and tied):
                out.append((b, a))
        return out


def comparisons(records: Sequence[RankingRecord]) -> Comparisons:
    """Turn rankings of one level and criterion into positions and counts.

    Raises:
        RankingError: for a faulty record, or records of two levels or criteria.
        UndefinedError: if no pair is decided or tied, or there are too many items.
    """
    if not records:
        raise UndefinedError("there is no ranking")
    for record in records:
        validate(record)
        for what in ("level", "criterion"):
            ours, first = getattr(record, what), getattr(records[0], what)
            if ours != first:
                raise RankingError(
                    f"strengths are of one {what} at a time: found {first!r} and {ours!r}"
                )
    # a record whose items are set aside but one compares nothing
    tiers = [record.tiers if sum(map(len, record.tiers)) > 1 else () for record in records]
    items = sorted(set(chain.from_iterable(chain.from_iterable(tiers))))
    if not items:
        raise UndefinedError("no ranking compares two items")
    if len(items) > MAX_STRENGTHS:
        raise UndefinedError(
            f"{len(items):,} items are linked by rankings; at most {MAX_STRENGTHS:,} can be fitted"
        )
    place = {item: i for i, item in enumerate(items)}
    rankings = tuple(
        tuple(tuple(place[item] for item in tier) for tier in ranking) for ranking in tiers
    )
    compared, counts = _answers(records, place)
    groups = connected(range(len(items)), [(a, b) for a, b in compared.tolist()])
    return Comparisons(
        items=tuple(items),
        rankings=rankings,
        weights=np.ones(len(records)),
        groups=tuple(map(tuple, groups)),
        pairs=compared,
        counts=counts,
    )


def _answers(records: Sequence[RankingRecord], place: Mapping[int, int]) -> tuple[Ints, Ints]:
    """Return the distinct compared pairs and one row per answer, as in ``Comparisons``."""
    rows: list[tuple[int, int, int]] = []
    index: dict[Pair, int] = {}
    for number, record in enumerate(records):
        decided = pairs(record)
        for kinds, answers in (((0, 1), decided.wins), ((2, 2), decided.ties)):
            for one, other in answers:
                a, b = place[one], place[other]
                pair = (a, b) if a < b else (b, a)
                kind = kinds[0] if a < b else kinds[1]
                rows.append((number, index.setdefault(pair, len(index)), kind))
    return np.array(list(index), dtype=np.int64), np.array(rows, dtype=np.int64)
