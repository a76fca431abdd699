"""Plackett–Luce: whole rankings, drawn from the top one answer at a time.

    L = -Σ_tiers [ Σ_{i in tier} r_i - Σ_{k=0}^{m-1} log( Σ_{j left} e^{r_j} - (k/m) Σ_{j in tier} e^{r_j} ) ]

with m the size of the tier and "left" what is not ranked above it, the tier included. Without ties
this is -Σ_k [r_k - logsumexp_{j ≥ k} r_j]. Tied answers enter by Efron's approximation to the mean over
the orders that the tie leaves open, as in the strengths of ``docs/rankings.md``.

Source: Luce 1959; Plackett 1975, Applied Statistics 24; Efron 1977, JASA 72, for ties.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from scoring.reward.kinds.scalar import ScalarKind

if TYPE_CHECKING:
    from torch import Tensor

    from scoring.reward.units import RankingTensors


class PlackettLuce(ScalarKind):
    """Rewards from whole rankings."""

    def losses(self, head: Tensor, targets: RankingTensors) -> Tensor:
        """Return ``(U,)`` the loss of each ranking in nats, not weighted.

        Args:
            head: ``(K, 1)`` outputs at the ranked places.
            targets: U rankings.
        """
        r = self.value(head)[targets.item]
        bounds = zip(targets.start[:-1], targets.start[1:], strict=True)
        nats = [ranking_loss(r[a:b], targets.tier[a:b]) for a, b in bounds]
        square = [
            (r[a:b] ** 2).mean() for a, b in zip(targets.start, targets.start[1:], strict=False)
        ]
        return torch.stack(nats) + self.config.centring * torch.stack(square)

    def log_losses(self, head: Tensor, targets: RankingTensors) -> Tensor:
        """Return ``(U,)`` minus the log-likelihood of each ranking, in nats."""
        r = self.value(head)[targets.item]
        bounds = zip(targets.start[:-1], targets.start[1:], strict=True)
        return torch.stack([ranking_loss(r[a:b], targets.tier[a:b]) for a, b in bounds])


def ranking_loss(r: Tensor, tier: Tensor) -> Tensor:
    """Return minus the log-likelihood of one ranking: rewards ``(n,)``, their tiers rising."""
    sizes = torch.unique_consecutive(tier, return_counts=True)[1].tolist()
    total = -r.sum()
    below: Tensor | None = None  # log Σ e^r of everything ranked under this tier
    end = len(r)
    for size in reversed(sizes):
        tied = torch.logsumexp(r[end - size : end], dim=0)
        for k in range(size):
            left = tied + math.log1p(-k / size)
            total = total + (left if below is None else torch.logaddexp(below, left))
        below = tied if below is None else torch.logaddexp(below, tied)
        end -= size
    return total
