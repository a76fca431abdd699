"""Rewards against comparisons, beside what length alone would give. Numpy only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scoring.reward.metrics import RESAMPLES, Metric, compared, with_interval

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Compared:
    """What a model says of P decided pairs and U loss units.

    Attributes:
        margin: ``(P,)`` reward of the preferred answer minus that of the other.
        longer: ``(P,)`` the same difference of lengths.
        problem: ``(P,)`` which problem each pair is of.
        loss: ``(U,)`` minus the log-likelihood of each unit, ties included.
        unit_problem: ``(U,)`` which problem each unit is of.
        ties: units that prefer neither.
        lost: units without a score.
    """

    margin: Floats
    longer: Floats
    problem: Ints
    loss: Floats
    unit_problem: Ints
    ties: int
    lost: int


def accuracy(margin: Floats, _labels: Bools) -> float:
    """Share of positive margins; equal rewards count half. NaN for no pair."""
    return float(((np.sign(margin) + 1) / 2).mean()) if len(margin) else float("nan")


def mean(values: Floats, _labels: Bools) -> float:
    """Mean, NaN for no value."""
    return float(values.mean()) if len(values) else float("nan")


def pair_metrics(
    found: Compared, *, seed: int = 0, resamples: int = RESAMPLES
) -> dict[str, Metric]:
    """Return the held-out numbers of a kind that learns from comparisons.

    Returns:
        ``pair_accuracy`` over decided pairs (equal rewards count half), the same with ``length_`` and
        ``above_length_`` in front (the longer or the shorter answer first, whichever does better);
        ``mean_margin`` of the rewards and ``log_loss`` in nats; ``ties`` and ``lost``, counts of units.
    """
    yes = np.ones(len(found.margin), dtype=bool)
    longer = found.longer if accuracy(found.longer, yes) >= 0.5 else -found.longer
    how = {"seed": seed, "resamples": resamples}
    model, length, above = compared(accuracy, found.margin, longer, yes, found.problem, **how)
    units = np.ones(len(found.loss), dtype=bool)
    judged = len(found.loss) + found.lost
    return {
        "pair_accuracy": model,
        "length_pair_accuracy": length,
        "above_length_pair_accuracy": above,
        "mean_margin": with_interval(mean, found.margin, yes, found.problem, **how),
        "log_loss": with_interval(mean, found.loss, units, found.unit_problem, **how),
        "ties": Metric(float(found.ties), None, None, judged),
        "lost": Metric(float(found.lost), None, None, judged),
    }
