"""What length alone and form alone would score: the numbers that stand beside every suite.

A ridge logistic regression on what ``layout`` sees predicts each step's label, or whether a
solution is right. It is fitted on other problems than it predicts (five folds by a hash of the
problem), so it cannot learn the labels by heart, and its direction is learnt rather than chosen.
A model that is not above it need not have read a word.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

from scoring.evaluation import layout
from scoring.evaluation.records import Records, States

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from scoring.evaluation.records import Bools, Floats, Ints

FOLDS = 5
RIDGE = 1.0
_ROUNDS = 50
_SETTLED = 1e-8
_STEPS: dict[str, Callable[[Sequence[str]], Floats]] = {
    "length": layout.length,
    "format": layout.form,
}
_WHOLE: dict[str, Callable[[Sequence[str]], Floats]] = {
    "length": layout.whole_length,
    "format": layout.whole_form,
}
# What stands in the place of states: of the step, and of all up to it.
_STATES: dict[str, Callable[[Sequence[str]], Floats]] = {
    "length": layout.lengths,
    "format": layout.forms,
}
NAMES = tuple(_STEPS)
_NO_HEAD = np.zeros(0)


def fold(problem: str, n: int = FOLDS) -> int:
    """Return the fold of a problem, the same in every run and for every model."""
    return int.from_bytes(sha256(problem.encode()).digest()[:8], "big") % n


def baseline(records: Records, name: str, level: str) -> Records | None:
    """Return the records with a baseline's scores in place of the model's; None without texts.

    Args:
        records: at least one.
        name: one of ``NAMES``.
        level: ``steps`` to score steps, ``outcome`` to score solutions (as one step each, so that
            every aggregation gives the same), ``pairs`` to score steps so
            that they tell preferences, ``states`` to put what is seen in the place of states.
    """
    if not all(row.steps for row in records):
        return None
    if level == "states":
        seen_only = (
            replace(row, states=States(_STATES[name](row.steps), _NO_HEAD)) for row in records
        )
        return Records(tuple(seen_only), records.problems, records.problem)
    folds = np.array([fold(name) for name in records.problems], dtype=np.int64)[records.problem]
    if level == "pairs":
        return _of_pairs(records, [_STATES[name](row.steps) for row in records], folds)
    if level == "outcome":
        seen = np.stack([_WHOLE[name](row.steps) for row in records])
        right = np.array([np.nan if row.correct is None else row.correct for row in records])
        scores = predicted(seen, right, folds)
        rows = tuple(
            replace(row, score=float(s), step_scores=np.array([s]))
            for row, s in zip(records, scores, strict=True)
        )
        return Records(rows, records.problems, records.problem)
    seen = np.concatenate([_STEPS[name](row.steps) for row in records])
    counts = [len(row.steps) for row in records]
    right = np.concatenate([_padded(row.labels, n) for row, n in zip(records, counts, strict=True)])
    scores = predicted(seen, right, np.repeat(folds, counts))
    parts = np.split(scores, np.cumsum(counts)[:-1])
    kept = tuple(replace(row, step_scores=s) for row, s in zip(records, parts, strict=True))
    return Records(kept, records.problems, records.problem)


def _of_pairs(records: Records, seen: list[Floats], folds: Ints) -> Records:
    """Return the records with scores that tell preferences of the other folds.

    Args:
        records: K of them.
        seen: K times ``(S, F)`` features of steps.
        folds: ``(K,)``.
    """
    place = {row.id: at for at, row in enumerate(records)}
    spread = np.concatenate(seen).std(axis=0)
    scaled = [own / np.where(spread == 0, 1.0, spread) for own in seen]
    gaps, owner = [np.zeros((0, len(spread)))], []
    for at, row in enumerate(records):
        for one in row.preferred:
            if one.other in place and not one.tie:
                gap = scaled[at][one.step] - scaled[place[one.other]][one.other_step]
                gaps.append(gap[None])
                owner.append(folds[at])
    gap = np.concatenate(gaps)
    told = np.array(owner, dtype=np.int64)
    weights = {
        number: _logistic(
            np.vstack([gap[other], -gap[other]]), np.repeat([True, False], other.sum())
        )
        for number in np.unique(folds)
        if (other := told != number).any()
    }
    nothing = np.zeros(1 + len(spread))
    levels = [own @ weights.get(at, nothing)[1:] for own, at in zip(scaled, folds, strict=True)]
    # Log-odds around the middle of a problem, far from where probabilities end.
    mean = np.array([level.mean() for level in levels])
    middle = np.bincount(records.problem, mean) / np.bincount(records.problem)
    rows = tuple(
        replace(row, step_scores=_sigmoid(level - middle[own]))
        for row, level, own in zip(records, levels, records.problem, strict=True)
    )
    return Records(rows, records.problems, records.problem)


def predicted(seen: Floats, labels: Floats, folds: Ints) -> Floats:
    """Predict each row from the other folds.

    Args:
        seen: ``(M, F)`` features.
        labels: ``(M,)`` above 0.5 right, below wrong, NaN or 0.5 unknown.
        folds: ``(M,)``.

    Returns:
        ``(M,)`` probabilities; 0.5 where the other folds lack one of the classes.
    """
    known = ~np.isnan(labels) & (labels != 0.5)
    chance = np.full(len(labels), 0.5)
    for number in np.unique(folds):
        inside = folds == number
        fitted = known & ~inside
        right = labels[fitted] > 0.5
        if right.all() or not right.any():
            continue
        mean, spread = seen[fitted].mean(axis=0), seen[fitted].std(axis=0)
        spread[spread == 0] = 1.0
        weight = _logistic((seen[fitted] - mean) / spread, right)
        chance[inside] = _sigmoid(weight[0] + ((seen[inside] - mean) / spread) @ weight[1:])
    return chance


def _logistic(x: Floats, y: Bools) -> Floats:
    """Fit weights ``(1 + F,)`` by Newton's method; the intercept is not shrunk."""
    x = np.column_stack([np.ones(len(x)), x])
    penalty = np.full(x.shape[1], RIDGE)
    penalty[0] = 1e-6  # only keeps the system solvable
    weight = np.zeros(x.shape[1])
    for _ in range(_ROUNDS):
        p = _sigmoid(x @ weight)
        slope = x.T @ (p - y) + penalty * weight
        bend = (x.T * (p * (1 - p))) @ x + np.diag(penalty)
        change = np.linalg.solve(bend, slope)
        weight = weight - change
        if np.abs(change).max() < _SETTLED:
            break
    return weight


def _sigmoid(z: Floats) -> Floats:
    return 1 / (1 + np.exp(-np.clip(z, -500, 500)))


def _padded(labels: Floats, n: int) -> Floats:
    """Return labels of ``n`` steps, NaN where there are none."""
    return labels if len(labels) else np.full(n, np.nan)
