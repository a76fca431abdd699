"""Kendall's τ-b and W over rankings with ties.

τ-b: Kendall, *The treatment of ties in ranking problems*, Biometrika 33 (1945); W with correction
for ties: Kendall & Babington Smith (1939), as in Kendall, *Rank Correlation Methods*. scipy's
``kendalltau`` takes one pair of rankings at a time; here all are computed from the verdicts that α
needs too, and the tests hold them against it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.agreement.base import Agreement, Pair
from scoring.agreement.shares import ratio
from scoring.resample import Resampling, estimate, table

if TYPE_CHECKING:
    from scoring.agreement.data import IntArray
    from scoring.agreement.rankings import Ranking, Rankings

NO_COMMON = "undefined because no two annotators ranked two common items"
ALL_TIED = "undefined because one of the two tied all common items"
NO_COMPLETE = "undefined because no two annotators ranked the same items without tying all"


def tau_b(rankings: Rankings, resampling: Resampling) -> Agreement:
    """Average τ-b over pairs of annotators on the same question.

    τ-b of two rankings is Σ s t / √(Σ s² · Σ t²) over their common pairs of items, where s and t are
    −1, 0 or +1. A ranking that ties all common items has none; such pairs are left out and counted.
    """
    verdicts = rankings.verdicts
    data = verdicts.ratings
    left, right = data.pairs
    couples, which = data.couples
    signs = data.code[left] - 1, data.code[right] - 1
    cell = verdicts.question[data.unit[left]] * len(couples) + which
    known, place = np.unique(cell, return_inverse=True)
    question, couple = np.divmod(known, max(len(couples), 1))
    product, first, second = (
        np.bincount(place, values.astype(np.float64), minlength=len(known))
        for values in (signs[0] * signs[1], signs[0] ** 2, signs[1] ** 2)
    )
    some = np.flatnonzero((first > 0) & (second > 0))
    values = product[some] / np.sqrt(first[some] * second[some])
    problem = rankings.problem[question[some]]
    column = np.repeat([0, 1], len(some))
    without = len(known) - len(some)
    return Agreement(
        estimate(
            table(
                np.concatenate([problem, problem]),
                column,
                np.concatenate([values, np.ones(len(some))]),
                (int(rankings.problem.max(initial=-1)) + 1, 2),
            ),
            ratio,
            undefined=ALL_TIED if len(known) else NO_COMMON,
            n=len(np.unique(question[some])),
            n_raters=len(np.unique(couples[couple[some]])),
            resampling=resampling,
            notes=(f"{without} of {len(known)} pairs of rankings tie all: left out",)
            if without
            else (),
        ),
        tuple(
            Pair(data.raters[first], data.raters[second], float(total / n), int(n))
            if n
            else Pair(data.raters[first], data.raters[second], None, 0, ALL_TIED)
            for (first, second), total, n in zip(
                couples,
                np.bincount(couple[some], values, minlength=len(couples)),
                np.bincount(couple[some], minlength=len(couples)),
                strict=True,
            )
        ),
    )


def concordance(rankings: Rankings, resampling: Resampling) -> Agreement:
    """Average W over the questions that at least two annotators ranked completely.

    A ranking that leaves out an item that somebody else ranked is left out and counted. Without any
    agreement the expected W of m annotators is 1 / m, not 0.
    """
    values, problem, raters = [], [], set()
    incomplete = tied = 0
    for index, rows in enumerate(rankings.questions.values()):
        if len(rows) < 2:
            continue
        complete, ranks = _complete(rows)
        incomplete += len(rows) - len(complete)
        value = kendall_w(ranks) if len(complete) > 1 else None
        if value is None:
            tied += len(complete) > 1
            continue
        values.append(value)
        problem.append(int(rankings.problem[index]))
        raters |= {row.rater for row in complete}
    notes = []
    if incomplete:
        notes.append(f"{incomplete} incomplete rankings left out")
    if tied:
        notes.append(f"{tied} questions on which all items are tied left out")
    rows_of = np.array(problem, np.int64)
    return Agreement(
        estimate(
            table(
                np.concatenate([rows_of, rows_of]),
                np.repeat([0, 1], len(values)),
                np.concatenate([values, np.ones(len(values))]),
                (int(rankings.problem.max(initial=-1)) + 1, 2),
            ),
            ratio,
            undefined=NO_COMPLETE,
            n=len(values),
            n_raters=len(raters),
            resampling=resampling,
            notes=tuple(notes),
        )
    )


def _complete(rows: list[Ranking]) -> tuple[list[Ranking], IntArray]:
    """Return the rankings that hold every item any of them holds, and their tiers ``(m, n)``."""
    items = list(dict.fromkeys(item for row in rows for tier in row.tiers for item in tier))
    complete = [row for row in rows if sum(map(len, row.tiers)) == len(items)]
    tiers = [[ranks[item] for item in items] for ranks in (row.ranks for row in complete)]
    return complete, np.array(tiers, np.int64).reshape(len(complete), len(items))


def kendall_w(tiers: IntArray) -> float | None:
    """Compute W of ``(annotators, items)`` ranks, smaller = better, with correction for ties.

    ``W = (12 Σ R² − 3 m² n (n + 1)²) / (m² (n³ − n) − m Σ (t³ − t))`` with R the items' sums of mean
    ranks and t the sizes of ties. None if there are fewer than two items or everything is tied.
    """
    m, n = tiers.shape
    if n < 2:
        return None
    below = (tiers[:, :, None] > tiers[:, None, :]).sum(axis=2)
    equal = (tiers[:, :, None] == tiers[:, None, :]).sum(axis=2)
    ranks = below + (equal + 1) / 2
    ties = float((equal**2 - 1).sum())  # t items each see t² − 1, together t³ − t
    bottom = float(m * m * (n**3 - n) - m * ties)
    if bottom <= 0:
        return None
    top = 12 * float((ranks.sum(axis=0) ** 2).sum()) - 3 * m * m * n * (n + 1) ** 2
    return float(top / bottom)
