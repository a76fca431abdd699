"""Process reward model: the probability that a step is right, read at the step's last token.

    two_class   p = softmax(z)[1],  L = -(1 - y) log p0 - y log p1
    scalar      p = sigmoid(z),     L = the same with one logit

``y`` is the step's target in [0, 1]; ``labels=hard`` rounds it first, ``any`` makes all above 0 a 1. With
``loss=squared`` L = (p - y)². Neutral ratings never arrive here:
the policy in ``scoring.training.targets`` has turned them into a target or left them out.

The kind ``orm`` is this head and loss with one target per trace, its outcome, at its last step; ``hrm``
is it with steps that are also read joined to the step before (``objectives/merged_steps.py``).

Source: Lightman et al. 2023 (arXiv 2305.20050) for the objective; Wang et al. 2023 (2312.08935)
for hard (any sample right) and soft targets. We differ in reading a separator of our own instead of a word token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    from scoring.reward.config import ProbabilityConfig


class ProcessRewardModel:
    """The kinds ``prm``, ``orm`` and ``hrm``; holds no weights, only says what the head is and means.

    Attributes:
        config: which head and which targets.
        scale: what scores are, for legends.
        fixed: nothing; a probability has its scale without a fixed set.
        parts: further numbers of a step, name → unit (see ``Part``): none.
    """

    scale = "probability"
    fixed: ClassVar[dict[str, Any]] = {}
    parts: ClassVar[dict[str, str]] = {}

    def __init__(self, config: ProbabilityConfig) -> None:
        self.config = config

    def make_head(self, width: int) -> nn.Module:
        """Return the head for hidden states of size ``width``; it starts at probability 0.5."""
        head = nn.Linear(width, 2 if self.config.head == "two_class" else 1)
        nn.init.normal_(head.weight, std=0.02)
        nn.init.zeros_(head.bias)
        return head

    def reward(self, head: Tensor) -> Tensor:
        """Turn head outputs ``(…, C)`` into probabilities ``(…)`` in [0, 1]."""
        return self.score(self.value(head))

    def score(self, value: Tensor) -> Tensor:
        """Turn log-odds into probabilities, elementwise."""
        return torch.sigmoid(value)

    def _wanted(self, targets: Tensor) -> Tensor:
        if self.config.labels == "soft":
            return targets
        return (targets >= 0.5 if self.config.labels == "hard" else targets > 0).float()

    def losses(self, head: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of each step.

        Args:
            head: ``(K, C)`` outputs at the steps' last tokens.
            targets: ``(K,)`` in [0, 1].

        Returns:
            ``(K,)`` nats, or squared differences; not weighted.
        """
        wanted = self._wanted(targets)
        if self.config.loss == "squared":
            return (self.reward(head) - wanted) ** 2
        return functional.binary_cross_entropy_with_logits(
            self.value(head), wanted, reduction="none"
        )

    def value(self, head: Tensor) -> Tensor:
        """Turn head outputs ``(…, C)`` into log-odds ``(…)``; of two classes, their difference."""
        return head[..., 1] - head[..., 0] if self.config.head == "two_class" else head[..., 0]
