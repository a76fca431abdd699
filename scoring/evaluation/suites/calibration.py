"""Calibration: of the steps scored 0.8, are 80 % right? And of pairs: is the one ahead preferred so often?

* Brier score ``mean (p − y)²`` and log loss ``−mean [y log p + (1 − y) log(1 − p)]``, p clipped at 1e-6.
* ECE ``Σ n_b / n |mean y − mean p|`` over bins of equal mass: their edges are quantiles of the scores,
  equal scores share a bin. The interval holds the edges as they are; ECE is biased upwards, more so with
  few items per bin.
* Temperature: ``p' = σ(logit p / T)`` with the T that minimises log loss on half of the problems; the
  numbers before and after are of the other half.

A pair's probability is ``σ(r_a − r_b)``, r the log-odds of a score from 0 to 1, else the score itself. Every
pair is seen from both sides, since the order in which pairs are told could otherwise be used; τ of
``σ((r_a − r_b) / τ)`` is the temperature.

Source: Brier 1950; Guo et al. 2017, arXiv 1706.04599 (ECE, temperature); equal mass: Nixon et al. 2019,
arXiv 1904.01685. The halves, by a hash of the problem, are a choice of this project.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.errors import MissingInputError, UndefinedError
from scoring.evaluation.aggregate import outcomes
from scoring.evaluation.base import INPUTS, Findings, Measure
from scoring.evaluation.baselines import fold
from scoring.evaluation.intervals import ratio

if TYPE_CHECKING:
    from scoring.evaluation.records import Bools, Floats, Ints, Records

CLIP = 1e-6
_COLDEST, _HOTTEST = np.log(0.02), np.log(50.0)
_GOLDEN = (np.sqrt(5) - 1) / 2


def of_steps(records: Records, *, bins: int) -> Findings:
    """Calibration of step scores against step labels, soft ones included."""
    counts = [len(row.step_scores) for row in records]
    p = np.concatenate([row.step_scores for row in records])
    y = np.concatenate([row.labels for row in records])
    known = ~np.isnan(p) & ~np.isnan(y)
    return _findings(records, p[known], y[known], np.repeat(records.problem, counts)[known], bins)


def of_outcomes(records: Records, *, aggregation: str, bins: int) -> Findings:
    """Calibration of the scores of solutions against whether they are right."""
    right = np.array([float(row.correct is True) for row in records])
    return _findings(records, outcomes(records, aggregation), right, records.problem, bins)


def of_pairs(records: Records, *, bins: int) -> Findings:
    """Accuracy on pairs that people ranked, by criterion, and calibration of those ranked on the whole."""
    reward = _rewards(records)
    place = {row.id: at for at, row in enumerate(records)}
    told = [
        (
            int(records.problem[at]),
            one,
            reward[at][one.step] - reward[place[one.other]][one.other_step],
        )
        for at, row in enumerate(records)
        for one in row.preferred
        if one.other in place
    ]
    if not told:
        raise MissingInputError("pairs", ["preferred"], INPUTS["preferred"])
    problem = np.array([own for own, _, _ in told], dtype=np.int64)
    margin = np.array([gap for _, _, gap in told], dtype=np.float64)
    tie = np.array([one.tie for _, one, _ in told], dtype=bool)
    criterion = np.array([one.criterion for _, one, _ in told], dtype=object)
    size = len(records.problems)
    found = [
        _in_order(name, problem[inside], margin[inside], size)
        for name in sorted(set(criterion))
        if (inside := (criterion == name) & ~tie).any()
    ]
    whole = (criterion == "") if (criterion == "").any() else np.ones(len(told), dtype=bool)
    notes = () if (criterion == "").any() else ("calibration is of the pairs of all criteria",)
    if (whole & tie).any():
        found.append(_of_ties(problem[whole & tie], margin[whole & tie], size))
    decided = whole & ~tie
    if not decided.any():
        return Findings(tuple(found), notes=(*notes, "no calibration: all pairs are ties"))
    p = _sigmoid(np.concatenate([margin[decided], -margin[decided]]))
    y = np.repeat([1.0, 0.0], int(decided.sum()))
    both = np.concatenate([problem[decided], problem[decided]])
    calibrated = _findings(records, p, y, both, bins, "sides of pairs")
    return Findings((*found, *calibrated.measures), calibrated.fitted, (*notes, *calibrated.notes))


def _rewards(records: Records) -> list[Floats]:
    """Return rewards of steps by record: the log-odds of scores, or scores that are no probabilities."""
    scores = [row.step_scores for row in records]
    if any(((own < 0) | (own > 1)).any() for own in scores):
        return scores
    kept = [np.clip(own, CLIP, 1 - CLIP) for own in scores]
    return [np.log(own / (1 - own)) for own in kept]


def _in_order(name: str, problem: Ints, margin: Floats, size: int) -> Measure:
    values = (np.sign(margin) + 1) / 2
    return Measure(
        f"accuracy:{name}" if name else "accuracy",
        "Preferred one ahead, an equal score half",
        _mean(problem, values, size),
        ratio,
        len(margin),
        "pairs",
        split=name,
        chance=0.5,
    )


def _of_ties(problem: Ints, margin: Floats, size: int) -> Measure:
    return Measure(
        "ties",
        "Distance from even odds, of pairs that people found equal",
        _mean(problem, np.abs(_sigmoid(margin) - 0.5), size),
        ratio,
        len(margin),
        "pairs",
    )


def _sigmoid(z: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(z, -500, 500))), np.float64)


def best_temperature(p: Floats, y: Floats) -> float:
    """Return the T in 0.02 to 50 with the least log loss, by golden-section search on log T."""
    low, high = _COLDEST, _HOTTEST
    for _ in range(60):
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        if (
            _log_loss(scaled(p, np.exp(left)), y).mean()
            < _log_loss(scaled(p, np.exp(right)), y).mean()
        ):
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2))


def scaled(p: Floats, temperature: float) -> Floats:
    """Return ``σ(logit p / T)``, p clipped at 1e-6."""
    kept = np.clip(p, CLIP, 1 - CLIP)
    return np.asarray(1 / (1 + np.exp(-np.log(kept / (1 - kept)) / temperature)), np.float64)


def bin_of(p: Floats, bins: int) -> Ints:
    """Return the bin of each score: quantiles as edges, equal scores together."""
    edges = np.unique(np.quantile(p, np.arange(1, bins) / bins))
    return np.searchsorted(edges, p, side="right").astype(np.int64)


def _findings(
    records: Records, p: Floats, y: Floats, problem: Ints, bins: int, unit: str = "labels"
) -> Findings:
    if ((p < 0) | (p > 1)).any():
        raise UndefinedError("calibration is of probabilities, and there are scores outside 0 to 1")
    half = np.array([fold(name, 2) for name in records.problems])[problem] == 0
    size = len(records.problems)
    found = [
        *_measures(p, y, problem, size, bins, unit),
        *_diagram(p, y, problem, size, bins, "reliability", unit),
    ]
    if not half.any() or half.all():
        return Findings(tuple(found), notes=("no temperature: all problems are in one half",))
    temperature = best_temperature(p[half], y[half])
    rest = ~half
    after = scaled(p[rest], temperature)
    found += _measures(
        p[rest], y[rest], problem[rest], size, bins, unit, "_before", ", other half, before"
    )
    found += _measures(
        after, y[rest], problem[rest], size, bins, unit, "_after", ", other half, after"
    )
    found += _diagram(after, y[rest], problem[rest], size, bins, "reliability_after", unit)
    return Findings(tuple(found), {"temperature": temperature})


def _measures(
    p: Floats,
    y: Floats,
    problem: Ints,
    size: int,
    bins: int,
    unit: str,
    end: str = "",
    words: str = "",
) -> list[Measure]:
    own = bin_of(p, bins)
    by_bin = np.zeros((size, 2 * int(own.max(initial=0) + 2)))
    np.add.at(by_bin, (problem, 2 * own), y - p)
    np.add.at(by_bin, (problem, 2 * own + 1), 1.0)
    return [
        Measure(
            f"brier{end}",
            f"Brier score{words}",
            _mean(problem, (p - y) ** 2, size),
            ratio,
            len(p),
            unit,
        ),
        Measure(
            f"log_loss{end}",
            f"Log loss{words}",
            _mean(problem, _log_loss(p, y), size),
            ratio,
            len(p),
            unit,
        ),
        Measure(
            f"ece{end}",
            f"Expected calibration error{words}",
            by_bin,
            _ece,
            len(p),
            unit,
            exchangeable=False,
        ),
    ]


def _diagram(
    p: Floats, y: Floats, problem: Ints, size: int, bins: int, series: str, unit: str
) -> list[Measure]:
    """Return the share of right ones in each bin, at the bin's mean score."""
    own = bin_of(p, bins)
    return [
        Measure(
            f"{series}:{number + 1}",
            f"Right among scores {p[inside].min():.3f} to {p[inside].max():.3f}",
            _mean(problem[inside], y[inside], size),
            ratio,
            int(inside.sum()),
            unit,
            series=series,
            x=float(p[inside].mean()),
            compared=False,
        )
        for number, inside in enumerate(_each(own))
    ]


def _each(own: Ints) -> list[Bools]:
    return [own == number for number in np.unique(own)]


def _mean(problem: Ints, values: Floats, size: int) -> Floats:
    parts = np.zeros((size, 2))
    np.add.at(parts, problem, np.stack([values, np.ones(len(values))], axis=1))
    return parts


def _ece(sums: Floats) -> Floats:
    """Return Σ |Σ (y − p)| / n, since a bin's share cancels its count."""
    return np.asarray(np.abs(sums[:, ::2]).sum(axis=1) / sums[:, 1::2].sum(axis=1), np.float64)


def _log_loss(p: Floats, y: Floats) -> Floats:
    kept = np.clip(p, CLIP, 1 - CLIP)
    return np.asarray(-(y * np.log(kept) + (1 - y) * np.log(1 - kept)), np.float64)
