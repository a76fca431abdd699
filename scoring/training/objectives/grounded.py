"""What verdicts on later steps and outcomes say of a step, fused as GroundedPRM does.

A trace goes on from step x by N steps and a last one; v_0 … v_{N-1} are the verdicts on those N, from -1
(wrong) to 1 (right), 0 where there is none, and F, from -1 to 1, is that of its outcome. Then

    U = Σ_{i<N} v_i (N - i) / N² + F / N,   or F if N = 0
    target of x = (1 + mean over its traces of U / U_max) / 2,   U_max = (N + 3) / (2N), or 1 if N = 0

so earlier verdicts weigh more, and the outcome's share falls with the distance. Verdicts on x itself and on
the last step are not in it, as in the source.

Source: GroundedPRM (arXiv 2510.14942), the rollout's value as in github.com/JerryPlain/GroundedPRMCode
(``pipeline/MCTS/mcts.py``). There a node keeps the sum of U over visits, discounted on the way up, of
rollouts that its search made; the mean over traces and the scale from 0 to 1 are ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scoring.training.objectives.units import Floats
    from scoring.tree import Tree


def grounded(tree: Tree, targets: Floats) -> Floats:
    """Return ``(N,)`` targets in [0, 1]; NaN where no trace with an outcome passes.

    Args:
        tree: its known outcomes lie in [0, 1].
        targets: ``(N,)`` verdicts on steps in [0, 1], NaN = none.
    """
    verdicts = np.nan_to_num(2 * targets - 1)
    sums, counts = np.zeros(len(tree)), np.zeros(len(tree))
    for end, outcome in zip(tree.ends.tolist(), tree.outcomes.tolist(), strict=True):
        if np.isfinite(outcome):
            path = tree.path(end)
            sums[path] += _values(verdicts[path], 2 * outcome - 1)
            counts[path] += 1
    means = np.divide(sums, counts, out=np.full(len(tree), np.nan), where=counts > 0)
    return np.clip((1 + means) / 2, 0.0, 1.0)


def _values(verdicts: Floats, outcome: float) -> Floats:
    """Return ``(L,)`` U / U_max of every step of one path."""
    length = len(verdicts)
    left = np.maximum(length - 2 - np.arange(length), 0)  # N of each step
    # A verdict weighs its distance from the end, whichever step before it asks.
    weighed = verdicts * (length - 1 - np.arange(length))
    behind = np.cumsum(weighed[::-1])[::-1] - weighed
    n = np.maximum(left, 1)
    values: Floats = np.where(
        left == 0, outcome, (behind / n**2 + outcome / n) / ((n + 3) / (2 * n))
    )
    return values
