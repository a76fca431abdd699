"""From step scores to one score of a solution: one function and one row each.

Sums are exactly rounded (``math.fsum``), so that solutions with the same scores in another order
tie exactly, as they should.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scoring.errors import UndefinedError
from scoring.registry import find_row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from scoring.evaluation.records import Floats, Record

CLIP = 1e-30
TEMPERATURE = 0.1
OWN = "score"


@dataclass(frozen=True, slots=True)
class Aggregation:
    """One rule.

    Attributes:
        key: stored with numbers, never renamed.
        label: what a person reads.
        formula: with ``p`` the scores of the ``S`` steps.
        function: of ``(S,)`` scores, S at least 1.
        probabilities: whether scores must lie in [0, 1].
    """

    key: str
    label: str
    formula: str
    function: Callable[[Floats], float]
    probabilities: bool = False


def _minimum(p: Floats) -> float:
    return float(p.min())


def _mean(p: Floats) -> float:
    return math.fsum(p) / len(p)


def _last(p: Floats) -> float:
    return float(p[-1])


def _product(p: Floats) -> float:
    return math.fsum(np.log(np.maximum(p, CLIP)))


def _geometric(p: Floats) -> float:
    return math.exp(_product(p) / len(p))


def _softmin(p: Floats) -> float:
    signed = 2 * p - 1
    weight = np.exp((signed.min() - signed) / TEMPERATURE)
    return math.fsum(weight * signed) / math.fsum(weight)


AGGREGATIONS: dict[str, Aggregation] = {
    rule.key: rule
    for rule in (
        Aggregation("min", "Minimum", "min p", _minimum),
        Aggregation("product", "Product", "Σ log max(p, 1e-30)", _product, probabilities=True),
        Aggregation("mean", "Mean", "Σ p / S", _mean),
        Aggregation("last", "Last step", "p of the last step", _last),
        Aggregation(
            "geometric", "Geometric mean", "exp(Σ log max(p, 1e-30) / S)", _geometric, True
        ),
        Aggregation(
            "softmin", "Soft minimum", "Σ w r, r = 2p − 1, w = softmax(−r / 0.1)", _softmin, True
        ),
    )
}


def outcome(record: Record, aggregation: str) -> float:
    """Return one score of a solution, NaN if it has none.

    Args:
        record: the solution.
        aggregation: a key of ``AGGREGATIONS``, or ``score`` for the model's own score of it.

    Raises:
        UnknownNameError: for another name.
        UndefinedError: if the rule needs probabilities and the scores are none.
    """
    if aggregation == OWN:
        return record.score
    rule = find_row(AGGREGATIONS, "aggregation", aggregation)
    p = record.step_scores
    if not len(p) or np.isnan(p).any():
        return float("nan")
    if rule.probabilities and ((p < 0) | (p > 1)).any():
        raise UndefinedError(
            f"'{aggregation}' needs scores from 0 to 1, and record '{record.id}' has others"
        )
    return rule.function(p)


def outcomes(records: Iterable[Record], aggregation: str) -> Floats:
    """Return the score of each solution, ``(K,)``, NaN where it has none."""
    return np.array([outcome(record, aggregation) for record in records], dtype=np.float64)
