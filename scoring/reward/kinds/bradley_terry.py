"""Bradley–Terry: the log-odds that one answer is preferred to another are the difference of rewards.

    d = r(first) - r(second) - s · distance      (no margin where the two are tied)
    q' = (1 - ε) q + ε (1 - q)
    L = -q' log σ(d) - (1 - q') log σ(-d) + λ (r(first) + r(second))²

``q`` is how surely the first is better: 1 for a plain preference, 0.5 for a tie, anything between for a
soft one. ``s`` is ``margin_scale``, ε ``label_smoothing`` and λ ``centring``; each is off by default
but the last, which pins the offset that comparisons leave free.

The kinds ``tree_preference`` and ``heron`` learn with this loss too; they differ in which pairs
there are (``scoring.training.objectives``).

Source: Bradley & Terry 1952; Christiano et al. 2017 (arXiv 1706.03741) for rewards; Touvron et al. 2023
(2307.09288) for the margin; Eisenstein et al. 2023 (2312.09244) for the centring.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch.nn import functional

from scoring.reward.kinds.scalar import ScalarKind

if TYPE_CHECKING:
    from torch import Tensor

    from scoring.reward.units import PairTensors


class BradleyTerry(ScalarKind):
    """Rewards whose differences are log-odds of preference."""

    def losses(self, head: Tensor, targets: PairTensors) -> Tensor:
        """Return the loss of each comparison.

        Args:
            head: ``(K, 1)`` outputs at the compared places.
            targets: U comparisons.

        Returns:
            ``(U,)`` nats, not weighted.
        """
        smoothing = self.config.label_smoothing
        q = targets.preference * (1 - 2 * smoothing) + smoothing
        margin = self.config.margin_scale * targets.distance * (targets.preference != 0.5)
        first, second = self._both(head, targets)
        centring = self.config.centring * (first + second) ** 2
        return cross_entropy(first - second - margin, q) + centring

    def log_losses(self, head: Tensor, targets: PairTensors) -> Tensor:
        """Return ``(U,)`` minus the log-likelihood of each comparison, in nats; no tricks."""
        first, second = self._both(head, targets)
        return cross_entropy(first - second, targets.preference)

    def _both(self, head: Tensor, targets: PairTensors) -> tuple[Tensor, Tensor]:
        r = self.value(head)
        return r[targets.first], r[targets.second]


def cross_entropy(d: Tensor, q: Tensor) -> Tensor:
    """Return ``-q log σ(d) - (1 - q) log σ(-d)``, elementwise."""
    return functional.binary_cross_entropy_with_logits(d, q.to(d.dtype), reduction="none")
