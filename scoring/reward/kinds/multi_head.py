"""One head per criterion on one decoder, and their combination by importance.

    r_c            what the head of criterion c says, in log-odds
    r = Σ_c w_c r_c                                       the combination, Σ_c w_c = 1
    comparison     -q log σ(d) - (1 - q) log σ(-d) + λ (r(first) + r(second))²,  d = r(first) - r(second)
    label          -y log σ(r_1) - (1 - y) log σ(-r_1)    of the first criterion alone

A comparison under criterion c takes r_c, one on the whole takes r. Where a criterion has no judgement
there is no unit, and its head gets no gradient from that place. With ``rank_order`` the weights are
rank-order centroids, w_i = 1/H Σ_{j ≥ i} 1/j for the i-th of H criteria: the mean of all weights that fall
in this order.

Source: several preference heads on one decoder with a fixed or learnt combination are common (Wang et al.
2024, ArmoRM, arXiv 2406.12845, regress ratings and gate by prompt); learning each head from comparisons
with masks is our choice. Barron & Barrett 1996, Management Science 42, for the weights.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from scoring.reward.kinds.scalar import middles, preferred
from scoring.reward.scores import PROBABILITY

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from scoring.reward.several_config import MultiHeadConfig
    from scoring.reward.units import TaggedTensors


class MultiHead:
    """A reward per criterion; holds no weights.

    Attributes:
        config: the kind's settings.
        heads: keys of the criteria, the most important first.
        weights: ``(H,)`` of the combination, adding up to 1.
        references: per head, and of the combination last, the values that scores are measured against.
        scale: what scores are, for legends.
        parts: the score by each criterion.
    """

    scale = "probability"

    def __init__(
        self,
        config: MultiHeadConfig,
        heads: Sequence[str] = ("correctness",),
        references: Sequence[Sequence[float]] = (),
    ) -> None:
        self.config = config
        self.heads = tuple(heads)
        self.weights = importance(len(self.heads), config.importance)
        self.references = tuple(map(tuple, references)) or ((0.0,),) * (len(self.heads) + 1)
        if len(self.references) != len(self.heads) + 1:
            raise ValueError(
                f"{len(self.heads)} heads and a combination need {len(self.heads) + 1} scales, not "
                f"{len(self.references)}"
            )
        self.parts = dict.fromkeys(self.heads, PROBABILITY)

    @property
    def fixed(self) -> dict[str, Any]:
        """The heads, and what ``refer`` found; the keyword arguments that bring them back."""
        return {"heads": list(self.heads), "references": [list(r) for r in self.references]}

    def refer(self, values: npt.NDArray[Any]) -> None:
        """Take the references of every column of ``every_value``, ``(n, H + 1)``, on a fixed set."""
        if len(values):
            self.references = tuple(middles(column) for column in values.T)

    def make_head(self, width: int) -> nn.Module:
        """Return a head with one output per criterion; every r starts near 0."""
        head = nn.Linear(width, len(self.heads))
        nn.init.normal_(head.weight, std=0.02)
        nn.init.zeros_(head.bias)
        return head

    def value(self, head: Tensor) -> Tensor:
        """Turn head outputs ``(…, H)`` into the combination ``(…)``."""
        return head @ head.new_tensor(self.weights)

    def every_value(self, head: Tensor) -> Tensor:
        """Turn head outputs ``(…, H)`` into ``(…, H + 1)``: each head's r, the combination last."""
        return torch.cat((head, self.value(head)[..., None]), dim=-1)

    def reward(self, head: Tensor) -> Tensor:
        """Turn head outputs ``(…, H)`` into scores ``(…)`` in [0, 1]."""
        return preferred(self.value(head), self.references[-1])

    def part_values(self, head: Tensor) -> Tensor:
        """Turn head outputs ``(…, H)`` into the scores by criterion ``(…, H)``."""
        columns = [preferred(head[..., c], self.references[c]) for c in range(len(self.heads))]
        return torch.stack(columns, dim=-1)

    def losses(self, head: Tensor, targets: TaggedTensors) -> Tensor:
        """Return the loss of each comparison and each label.

        Args:
            head: ``(K, H)`` outputs at the places.
            targets: U units; a tag is the number of a head, -1 the combination.

        Returns:
            ``(U,)`` nats, not weighted.
        """
        first, second, compares = self._sides(head, targets)
        # A label pins the offset of its head by itself.
        centring = self.config.centring * compares * (first + second) ** 2
        return self.log_losses(head, targets) + centring

    def log_losses(self, head: Tensor, targets: TaggedTensors) -> Tensor:
        """Return ``(U,)`` minus the log-likelihood of each comparison and label, in nats."""
        first, second, compares = self._sides(head, targets)
        log_odds = first - compares * second
        wanted = targets.pairs.preference.to(log_odds.dtype)
        return functional.binary_cross_entropy_with_logits(log_odds, wanted, reduction="none")

    def _sides(self, head: Tensor, targets: TaggedTensors) -> tuple[Tensor, Tensor, Tensor]:
        """Return r of both sides of each unit by its own criterion, and 1 where it compares."""
        values, pairs = self.every_value(head), targets.pairs
        compares = (pairs.first != pairs.second).to(head.dtype)
        return values[pairs.first, targets.tag], values[pairs.second, targets.tag], compares


def importance(count: int, rule: str) -> tuple[float, ...]:
    """Return ``count`` weights that add up to 1: rank-order centroids, or equal ones."""
    if rule == "equal":
        return (1.0 / count,) * count
    return tuple(sum(1.0 / j for j in range(i, count + 1)) / count for i in range(1, count + 1))
