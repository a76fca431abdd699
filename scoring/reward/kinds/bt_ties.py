"""Bradley–Terry with ties as an outcome of their own; the tie parameter is learnt with the weights.

    d = r(first) - r(second)
    rao_kupper   P(first) = σ(d - η),  P(tie) = (e^{2η} - 1) σ(d - η) σ(-d - η),  η ≥ 0
    davidson     P(first) = e^{d/2} / Z,  P(tie) = ν / Z,  Z = e^{d/2} + e^{-d/2} + ν,  ν ≥ 0
    L = -log P(tie) for a tie, else -q log P(first) - (1 - q) log P(second); plus λ (r1 + r2)²

With η = 0 or ν = 0 no tie can happen and both are Bradley–Terry. η is kept as softplus of a free
number, ν as its exponential; at the start two equal answers tie with probability 0.2.

Source: Rao & Kupper 1967, JASA 62; Davidson 1970, JASA 65. SoliReward's BTT loss (github.com/
lian700/SoliReward) is Rao–Kupper with η fixed and the last factor left out.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from scoring.reward.kinds.scalar import ScalarKind

if TYPE_CHECKING:
    from scoring.reward.units import PairTensors

# Two equal answers tie with (θ - 1) / (θ + 1), θ = e^η, or ν / (2 + ν): 0.2 at the start.
START = {"rao_kupper": math.log(math.exp(math.log(1.5)) - 1), "davidson": math.log(0.5)}


class TieHead(nn.Module):
    """A reward per place, with the tie parameter beside it so that losses need nothing else."""

    def __init__(self, width: int, start: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(1, width))
        self.bias = nn.Parameter(torch.zeros(1))
        self.tie = nn.Parameter(torch.tensor([start]))
        nn.init.normal_(self.weight, std=0.02)

    def forward(self, hidden: Tensor) -> Tensor:
        """Map ``(…, H)`` to ``(…, 2)``: reward, and the free number behind the tie parameter."""
        r = functional.linear(hidden, self.weight, self.bias)
        return torch.cat((r, self.tie.to(r.dtype).expand_as(r)), dim=-1)


class TiedBradleyTerry(ScalarKind):
    """Rewards from preferences and ties."""

    def make_head(self, width: int) -> nn.Module:
        """Return the head for hidden states of size ``width``; every r starts near 0."""
        return TieHead(width, START[self.config.model])

    def losses(self, head: Tensor, targets: PairTensors) -> Tensor:
        """Return ``(U,)`` the loss of each comparison in nats, not weighted.

        Args:
            head: ``(K, 2)`` outputs at the compared places.
            targets: U comparisons.
        """
        r = self.value(head)
        centring = self.config.centring * (r[targets.first] + r[targets.second]) ** 2
        return self.log_losses(head, targets) + centring

    def log_losses(self, head: Tensor, targets: PairTensors) -> Tensor:
        """Return ``(U,)`` minus the log-likelihood of each comparison, in nats."""
        r = self.value(head)
        d = r[targets.first] - r[targets.second]
        first, second, tie = _OUTCOMES[self.config.model](d, head[targets.first, 1])
        q = targets.preference
        return -torch.where(q == 0.5, tie, q * first + (1 - q) * second)


def rao_kupper(d: Tensor, free: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the log-probabilities that the first wins, the second wins, and of a tie."""
    eta = functional.softplus(free)
    first, second = functional.logsigmoid(d - eta), functional.logsigmoid(-d - eta)
    return first, second, first + second + 2 * eta + torch.log(-torch.expm1(-2 * eta))


def davidson(d: Tensor, free: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the log-probabilities that the first wins, the second wins, and of a tie."""
    whole = torch.logsumexp(torch.stack((d / 2, -d / 2, free)), dim=0)
    return d / 2 - whole, -d / 2 - whole, free - whole


_OUTCOMES = {"rao_kupper": rao_kupper, "davidson": davidson}
