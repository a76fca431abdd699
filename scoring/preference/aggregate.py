"""Strengths of items from several people's rankings, with intervals.

The rankings themselves are never merged or changed; strengths are a reading of them. Intervals
come from the observed information, or from a bootstrap over raters or over rankings.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Literal

import numpy as np

from scoring.errors import ParameterError, UndefinedError
from scoring.preference.bootstrap import resample
from scoring.preference.data import comparisons
from scoring.preference.exists import why_infinite
from scoring.preference.fit import maximise
from scoring.preference.pairs import pairs
from scoring.preference.registry import strength_row

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scoring.preference.data import Comparisons, Floats, Ints
    from scoring.preference.registry import StrengthRow
    from scoring.preference.types import RankingRecord

PRIOR_SD = 3.0
"""Weak: a difference of two log-strengths has a prior standard deviation of 4.2."""
LOW_SD, HIGH_SD = 0.01, 10_000.0
MAX_RESAMPLES = 10_000
Unit = Literal["rater", "ranking"]
UNITS: tuple[Unit, ...] = ("rater", "ranking")
_TOO_NARROW = (
    "counted as independent, which can make the intervals too narrow; a bootstrap over raters "
    "does not count them so"
)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number in natural logarithms with its standard error and interval."""

    value: float
    std_error: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ItemStrength:
    """One item's log-strength, relative to the mean of its group.

    Attributes:
        item: id.
        estimate: what the difference of two values stands for is ``StrengthRow.difference``.
        group: index into ``Strengths.groups``; values of two groups cannot be compared.
    """

    item: int
    estimate: Estimate
    group: int


@dataclass(frozen=True, eq=False, slots=True)
class Strengths:
    """What was fitted and how.

    Attributes:
        method: registry key.
        version: of the method; results of two versions are never mixed.
        items: strongest first within each group, groups in the order of ``groups``.
        covariance: ``(n, n)`` of the log-strengths, in the order of ``order``; observed
            information, also where the intervals are bootstrapped.
        order: ids along ``covariance``.
        groups: ids that are linked by comparisons.
        tie_name: "log ν", "log θ" or "".
        tie: the tie parameter, None where the model or the data have none.
        prior_sd: of the normal prior on every parameter, 0 = none.
        confidence: coverage of the intervals, such as 0.95.
        interval: where the intervals come from, in words.
        log_likelihood: at the estimate, without the prior.
        n_rankings: given.
        n_raters: different ones among them.
        counts: pairs by what was answered, as ``Pairs.counts``.
        notes: sentences that must stand beside the numbers.
    """

    method: str
    version: str
    items: tuple[ItemStrength, ...]
    covariance: Floats
    order: tuple[int, ...]
    groups: tuple[tuple[int, ...], ...]
    tie_name: str
    tie: Estimate | None
    prior_sd: float
    confidence: float
    interval: str
    log_likelihood: float
    n_rankings: int
    n_raters: int
    counts: dict[str, int]
    notes: tuple[str, ...]

    def difference(self, first: int, second: int) -> Estimate:
        """Return how much stronger ``first`` is, with an interval from the observed information.

        Raises:
            UndefinedError: if no chain of comparisons links the two, or one has no strength.
        """
        by_id = {item.item: item for item in self.items}
        for item in (first, second):
            if item not in by_id:
                raise UndefinedError(f"item {item} was compared with no other")
        one, other = by_id[first], by_id[second]
        if one.group != other.group:
            raise UndefinedError(f"no chain of comparisons links items {first} and {second}")
        a, b = self.order.index(first), self.order.index(second)
        c = self.covariance
        variance = float(c[a, a] + c[b, b] - 2 * c[a, b])
        value = one.estimate.value - other.estimate.value
        return _normal(value, math.sqrt(max(variance, 0.0)), self.confidence)


def aggregate(
    records: Sequence[RankingRecord],
    method: str,
    *,
    prior_sd: float = PRIOR_SD,
    confidence: float = 0.95,
    resamples: int = 0,
    unit: Unit = "rater",
    seed: int = 0,
) -> Strengths:
    """Fit strengths to rankings of one level and one criterion.

    Args:
        records: anybody's; items set aside take no part.
        method: a key of ``STRENGTHS``.
        prior_sd: standard deviation of the normal prior on every parameter; 0 = pure maximum
            likelihood, which often does not exist for few rankings.
        confidence: coverage of the intervals.
        resamples: 0 = intervals from the observed information, else bootstrap percentiles.
        unit: what the bootstrap draws with replacement.
        seed: of the bootstrap.

    Raises:
        UnknownNameError: for a method that does not exist.
        ParameterError: for a number outside its range.
        RankingError: for a faulty record, or two levels or criteria.
        UndefinedError: if the records decide no pair, or without a prior a strength is infinite.
    """
    row = strength_row(method)
    _check(method, prior_sd, confidence, resamples, unit)
    data = comparisons(records)
    model = row.load()
    likelihood = model(data)
    infinite = why_infinite(data, tie_parameter=bool(likelihood.tie))
    if infinite and not prior_sd:
        raise UndefinedError(f"maximum likelihood gives no finite strengths: {infinite}")
    fit = maximise(likelihood, data.groups, prior_sd, likelihood.start)
    n, words = len(data.items), "observed information"
    notes = [
        *likelihood.notes,
        *_identifiability(data, infinite, prior_sd),
        *_dependence(records, data, row, unit if resamples else None),
    ]
    spread = np.sqrt(np.diag(fit.covariance))
    estimates = [_normal(*pair, confidence) for pair in zip(fit.theta, spread, strict=True)]
    strengths, tie = estimates[:n], estimates[n:]
    if resamples:
        draws = resample(
            data, model, fit, units=_units(records, unit), prior_sd=prior_sd, n=resamples, seed=seed
        )
        words = (
            f"bootstrap over {draws.n_units} {unit}s, {len(draws.values)} resamples, seed {seed}"
        )
        notes += draws.notes
        strengths = [
            _percentiles(estimate.value, column, confidence)
            for estimate, column in zip(strengths, draws.values.T, strict=True)
        ]
    return Strengths(
        method=method,
        version=row.version,
        items=_sorted(data, strengths),
        covariance=fit.covariance[:n, :n],
        order=data.items,
        groups=tuple(tuple(data.items[i] for i in group) for group in data.groups),
        tie_name=likelihood.tie,
        tie=tie[0] if tie else None,
        prior_sd=prior_sd,
        confidence=confidence,
        interval=words,
        log_likelihood=fit.log_likelihood,
        n_rankings=len(records),
        n_raters=len({record.rater for record in records}),
        counts=_counts(records),
        notes=tuple(notes),
    )


def _check(method: str, prior_sd: float, confidence: float, resamples: int, unit: str) -> None:
    """Refuse numbers outside their range."""
    if prior_sd and not LOW_SD <= prior_sd <= HIGH_SD:
        allowed = f"0 or a number from {LOW_SD:g} to {HIGH_SD:,g}"
        raise ParameterError(method, "prior_sd", prior_sd, allowed)
    if not 0 < confidence < 1:
        raise ParameterError(method, "confidence", confidence, "a number between 0 and 1")
    if resamples and not 2 <= resamples <= MAX_RESAMPLES:
        raise ParameterError(method, "resamples", resamples, f"0 or from 2 to {MAX_RESAMPLES:,}")
    if unit not in UNITS:
        raise ParameterError(method, "unit", unit, " or ".join(map(repr, UNITS)))


def _units(records: Sequence[RankingRecord], unit: str) -> Ints:
    """Return the number of the bootstrap unit of each record."""
    keys = [record.rater if unit == "rater" else i for i, record in enumerate(records)]
    numbers = {key: i for i, key in enumerate(dict.fromkeys(keys))}
    return np.array([numbers[key] for key in keys], dtype=np.int64)


def _identifiability(data: Comparisons, infinite: str, prior_sd: float) -> list[str]:
    """Say which strengths only the prior keeps apart or together."""
    notes = []
    if len(data.groups) > 1:
        notes.append(
            f"the comparisons fall into {len(data.groups)} groups that nothing links: strengths of "
            "two groups cannot be compared"
        )
    if infinite:
        notes.append(f"finite only through the prior (standard deviation {prior_sd:g}): {infinite}")
    return notes


def _dependence(
    records: Sequence[RankingRecord], data: Comparisons, row: StrengthRow, drawn: Unit | None
) -> list[str]:
    """Say which answers the intervals take for independent although one person gave them."""
    if row.pairwise and drawn is None and any(sum(map(len, t)) > 2 for t in data.rankings):
        return [f"pairs of one ranking are {_TOO_NARROW}"]
    if drawn != "rater" and len({record.rater for record in records}) < len(records):
        return [f"rankings of one person are {_TOO_NARROW}"]
    return []


def _sorted(data: Comparisons, strengths: Sequence[Estimate]) -> tuple[ItemStrength, ...]:
    return tuple(
        ItemStrength(data.items[i], strengths[i], number)
        for number, group in enumerate(data.groups)
        for i in sorted(group, key=lambda i: (-strengths[i].value, data.items[i]))
    )


def _counts(records: Iterable[RankingRecord]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for record in records:
        total.update(pairs(record).counts)
    return dict(total)


def _normal(value: float, std_error: float, confidence: float) -> Estimate:
    reach = NormalDist().inv_cdf((1 + confidence) / 2) * float(std_error)
    return Estimate(float(value), float(std_error), float(value) - reach, float(value) + reach)


def _percentiles(value: float, draws: Floats, confidence: float) -> Estimate:
    tail = (1 - confidence) / 2
    low, high = np.quantile(draws, [tail, 1 - tail])
    return Estimate(value, float(draws.std(ddof=1)), float(low), float(high))
