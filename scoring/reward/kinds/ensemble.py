"""An ensemble: k models of one kind, put on a common scale and read together.

    z_j = (v_j - centre_j) / spread_j                      v_j: what member j says, in log-odds
    mean          z = 1/k Σ_j z_j
    worst         z = min_j z_j
    uncertainty   z = 1/k Σ_j z_j - λ · var_j z_j          (or λ · sd_j z_j)
    v = z · mean_j spread_j + mean_j centre_j              back in log-odds, read as the members' kind does

``centre`` and ``spread`` are a member's mean and standard deviation over a fixed set (training places),
taken after training. Variance and deviation are those of the k members as a population (ddof 0); with
k = 5 the sample variance would be 1.25 times as large. Disagreement is the standard deviation, over
members, of what each would score alone: between 0 and 0.5.

Source: Coste et al. 2023, *Reward Model Ensembles Help Mitigate Overoptimization* (arXiv 2310.02743;
github.com/tlc4418/llm_optimization): mean, worst-case and uncertainty-weighted optimisation. Their
best-of-n code takes ddof 0 and λ = 0.5, their PPO code ddof 1 and λ = 0.1. The deviation in the place of
the variance, and use on single steps, are ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from scoring.reward.registry import kind
from scoring.reward.scores import DEVIATION, MEMBER, PROBABILITY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt
    from torch import Tensor

    from scoring.reward.member_config import EnsembleConfig

DISAGREEMENT = "disagreement"
LEAST_SPREAD = 1e-6
"""A member that says the same everywhere is moved to the common centre, not blown up."""


class Ensemble:
    """Members read together; holds no weights.

    Attributes:
        config: how many members, of which kind, combined how.
        member: the members' kind; its fixed numbers are those of the combination.
        centre: ``(k,)`` mean of each member's values on the fixed set.
        spread: ``(k,)`` their standard deviations.
        scale: what scores are, for legends.
        parts: name → unit: disagreement, then the score of each member alone.
    """

    def __init__(
        self,
        config: EnsembleConfig,
        centre: Sequence[float] = (),
        spread: Sequence[float] = (),
        member: Mapping[str, Any] | None = None,
    ) -> None:
        self.config = config
        self.member: Any = kind(config.member).load(config.make_member(), **(member or {}))
        self.centre = tuple(centre) or (0.0,) * config.members
        self.spread = tuple(spread) or (1.0,) * config.members
        if not len(self.centre) == len(self.spread) == config.members:
            raise ValueError(
                f"{config.members} members need as many centres and spreads, not "
                f"{len(self.centre)} and {len(self.spread)}"
            )
        self.scale = self.member.scale
        alone = {f"{MEMBER}{j + 1}": PROBABILITY for j in range(config.members)}
        self.parts = {DISAGREEMENT: DEVIATION, **alone}

    @property
    def fixed(self) -> dict[str, Any]:
        """What was measured after training; the keyword arguments that bring it back."""
        return {
            "centre": list(self.centre),
            "spread": list(self.spread),
            "member": self.member.fixed,
        }

    def normalise(self, values: npt.NDArray[np.float64]) -> None:
        """Take centre and spread from members' values ``(n, k)`` on a fixed set."""
        if len(values):
            self.centre = tuple(values.mean(axis=0).tolist())
            spread = values.std(axis=0)
            self.spread = tuple(np.where(spread > LEAST_SPREAD, spread, 1.0).tolist())

    def refer(self, values: npt.NDArray[np.float64]) -> None:
        """Fix the scale of the combination as its members' kind does, from combined values."""
        self.member.refer(values)

    def values(self, head: Tensor) -> Tensor:
        """Turn head outputs ``(…, k·C)`` into what each member says ``(…, k)``."""
        return self.member.value(self._by_member(head))

    def value(self, head: Tensor) -> Tensor:
        """Turn head outputs ``(…, k·C)`` into the combined value ``(…)``."""
        return self._back(self._combined(self._normalised(head)))

    def reward(self, head: Tensor) -> Tensor:
        """Turn head outputs ``(…, k·C)`` into scores ``(…)`` in [0, 1]."""
        return self.member.score(self.value(head))

    def part_values(self, head: Tensor) -> Tensor:
        """Turn head outputs ``(…, k·C)`` into ``(…, 1 + k)``, in the order of ``parts``."""
        alone = self.member.score(self._back(self._normalised(head)))
        disagreement = alone.std(dim=-1, correction=0, keepdim=True)
        return torch.cat((disagreement, alone), dim=-1)

    def log_losses(self, head: Tensor, targets: Any) -> Tensor:
        """Return ``(U,)`` minus the log-likelihood of each unit under the combined value, in nats.

        Parameters of the members' loss (how close a tie is) are the members' mean.
        """
        beside = self._by_member(head).mean(dim=-2)
        return self.member.log_losses(self.member.saying(beside, self.value(head)), targets)

    def _by_member(self, head: Tensor) -> Tensor:
        return head.unflatten(-1, (self.config.members, -1))

    def _normalised(self, head: Tensor) -> Tensor:
        values = self.values(head)
        return (values - values.new_tensor(self.centre)) / values.new_tensor(self.spread)

    def _combined(self, z: Tensor) -> Tensor:
        if self.config.combine == "worst":
            return z.amin(dim=-1)
        if self.config.combine == "mean":
            return z.mean(dim=-1)
        spread = z.var(dim=-1, correction=0)
        if self.config.spread == "deviation":
            spread = spread.sqrt()
        return z.mean(dim=-1) - self.config.penalty * spread

    def _back(self, z: Tensor) -> Tensor:
        """Undo the normalisation by the members' means: what all of them say comes back as it was."""
        k = self.config.members
        return z * (sum(self.spread) / k) + sum(self.centre) / k
