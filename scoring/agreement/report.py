"""Every figure about a set of judgements as one JSON object: what a page shows and an API gives.

``report(...)`` computes; nothing here formats. Layout, with ids as they came in:

* ``counts``: how much there was.
* ``ratings``, ``first_errors``: statistic → figure.
* ``rankings``: ``all``, ``level``, ``criterion`` → (value →) statistic → figure.
* a figure: the fields of ``Estimate``, ``key``, ``version`` and ``pairs`` of annotators.
* ``consensus``: method → competence and confusion matrix by annotator, prior, how the fit went.
* ``annotators``: ratings given, by category. ``raters``: everybody who judged anything.
* ``disagreements``: the ``steps`` and ``rankings`` on which annotators are furthest apart.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from scoring.agreement.registry import CONSENSUS, STATISTICS, consensus, measure
from scoring.resample import REPLICATES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scoring.agreement.base import Agreement
    from scoring.agreement.consensus.base import Consensus
    from scoring.agreement.data import FirstErrors, FloatArray, IntArray, Ratings
    from scoring.agreement.rankings import Rankings

    Figures = dict[str, dict[str, Any]]

LAYOUT = 1
FURTHEST = 25
Json = dict[str, Any]


def versions() -> dict[str, str]:
    """Return the versions of everything in a report; figures of two are never compared."""
    rows = {**STATISTICS, **CONSENSUS}
    return {"layout": str(LAYOUT), **{key: row.version for key, row in rows.items()}}


def report(
    ratings: Ratings,
    first_errors: FirstErrors,
    rankings: Rankings,
    *,
    replicates: int = REPLICATES,
    seed: int = 0,
    on_progress: Callable[[int, int, str], None] | None = None,
) -> Json:
    """Compute all statistics and consensus methods.

    Args:
        ratings: of steps; the categories are numbers.
        first_errors: of traces.
        rankings: at any levels, by any criteria.
        replicates: resamplings for intervals.
        seed: of resamplings and random starts.
        on_progress: called with figures done, figures in all and the next one's name; may raise.
    """
    tell = on_progress or (lambda *_: None)
    parts = {
        "all": {"": rankings},
        "level": rankings.by("level"),
        "criterion": rankings.by("criterion"),
    }
    n_parts = sum(len(found) for found in parts.values())
    total = len(_needing("ratings")) + len(_needing("first_errors"))
    total += len(_needing("rankings")) * n_parts + len(CONSENSUS)
    done = 0

    def all_of(need: str, data: Ratings | FirstErrors | Rankings) -> Figures:
        nonlocal done
        figures = {}
        for key in _needing(need):
            tell(done, total, STATISTICS[key].label)
            figures[key] = _figure(measure(key, data, replicates=replicates, seed=seed))
            done += 1
        return figures

    measured = {
        "ratings": all_of("ratings", ratings),
        "first_errors": all_of("first_errors", first_errors),
    }
    split = {
        field: {value: all_of("rankings", part) for value, part in found.items()}
        for field, found in parts.items()
    }
    fits = {}
    for key, row in CONSENSUS.items():
        tell(done, total, row.label)
        fits[key] = consensus(key, ratings)
        done += 1
    tell(done, total, "")
    return {
        "versions": versions(),
        "counts": {
            "ratings": len(ratings),
            "steps": len(ratings.units),
            "steps_compared": ratings.n_compared,
            "first_errors": len(first_errors),
            "traces": len(first_errors.units),
            "traces_compared": first_errors.n_compared,
            "rankings": len(rankings.rows),
            "questions": len(rankings.questions),
            "questions_compared": sum(len(rows) > 1 for rows in rankings.questions.values()),
        },
        "categories": list(ratings.categories),
        **measured,
        "rankings": {**split, "all": split["all"][""]},
        "consensus": {key: _fit(fit) for key, fit in fits.items()},
        "annotators": _annotators(ratings),
        "raters": sorted(
            {*ratings.raters, *first_errors.raters, *(row.rater for row in rankings.rows)}
        ),
        "disagreements": {
            "steps": furthest_ratings(ratings, fits),
            "rankings": furthest_rankings(rankings),
        },
    }


def furthest_ratings(ratings: Ratings, fits: Mapping[str, Consensus]) -> list[Json]:
    """Return the items whose ratings are furthest apart, each with what every method makes of it.

    The distance is the mean difference of two annotators' ratings; of equal ones, more annotators
    come first.
    """
    numbers = ratings.numbers
    if numbers is None or not ratings.n_compared:
        return []
    left, right = ratings.pairs
    apart = np.abs(numbers[ratings.code[left]] - numbers[ratings.code[right]])
    distance = _mean(ratings.unit[left], apart, len(ratings.units))
    chosen = _furthest(distance, ratings.per_unit)
    rows = np.flatnonzero(np.isin(ratings.unit, chosen))
    return [
        {
            "step": ratings.units[unit],
            "distance": float(distance[unit]),
            "ratings": [
                {
                    "rater": ratings.raters[ratings.rater[row]],
                    "rating": ratings.categories[ratings.code[row]],
                }
                for row in rows[ratings.unit[rows] == unit]
            ],
            "consensus": {
                key: {
                    "rating": fit.categories[fit.choice[unit]],
                    "probability": float(fit.probability[unit].max()),
                }
                for key, fit in fits.items()
                if not fit.undefined
            },
        }
        for unit in chosen
    ]


def furthest_rankings(rankings: Rankings) -> list[Json]:
    """Return the questions whose rankings are furthest apart.

    The distance is the share of pairs of items that two annotators order differently; a tie is
    half way.
    """
    verdicts = rankings.verdicts
    data = verdicts.ratings
    left, right = data.pairs
    apart = np.abs(data.code[left] - data.code[right]) / 2
    questions = list(rankings.questions)
    distance = _mean(verdicts.question[data.unit[left]], apart, len(questions))
    judges = np.array([len(rankings.questions[key]) for key in questions], np.int64)
    found = []
    for index in _furthest(distance, judges):
        problem, place, level, criterion = questions[index]
        found.append(
            {
                "problem": problem,
                "place": place,
                "level": level,
                "criterion": criterion,
                "distance": float(distance[index]),
                "rankings": [
                    {"rater": row.rater, "tiers": [list(tier) for tier in row.tiers]}
                    for row in rankings.questions[questions[index]]
                ],
            }
        )
    return found


def _needing(need: str) -> list[str]:
    return [key for key, row in STATISTICS.items() if row.needs == (need,)]


def _figure(found: Agreement) -> Json:
    return {
        **asdict(found.estimate),
        "notes": list(found.estimate.notes),
        "key": found.key,
        "version": found.version,
        "pairs": [asdict(pair) for pair in found.pairs],
    }


def _fit(fit: Consensus) -> Json:
    return {
        "key": fit.method,
        "version": fit.version,
        "undefined": fit.undefined,
        "n": len(fit.units),
        "categories": list(fit.categories),
        "chosen": [int((fit.choice == index).sum()) for index in range(len(fit.categories))],
        "prior": fit.prior.tolist(),
        "converged": fit.converged,
        "iterations": fit.iterations,
        "log_likelihood": fit.log_likelihood,
        "seed": fit.seed,
        "annotators": [
            {
                "rater": rater,
                "competence": float(fit.competence[index]),
                "confusion": None if fit.confusion is None else fit.confusion[index].tolist(),
            }
            for index, rater in enumerate(fit.raters)
        ],
    }


def _annotators(ratings: Ratings) -> list[Json]:
    size = len(ratings.categories)
    cells = np.bincount(
        ratings.rater * size + ratings.code, minlength=len(ratings.raters) * size
    ).reshape(len(ratings.raters), size)
    return [
        {"rater": rater, "counts": row.tolist()}
        for rater, row in zip(ratings.raters, cells, strict=True)
    ]


def _mean(group: IntArray, values: FloatArray, groups: int) -> FloatArray:
    """Return the mean of each group, 0 for an empty one."""
    sums = np.bincount(group, values, minlength=groups)
    return sums / np.maximum(np.bincount(group, minlength=groups), 1)


def _furthest(distance: FloatArray, judges: IntArray) -> list[int]:
    """Return the positions of the largest distances above 0, more judges first among equals."""
    order = np.lexsort((np.arange(len(distance)), -judges, -distance))[:FURTHEST]
    return [int(index) for index in order if distance[index] > 0]
