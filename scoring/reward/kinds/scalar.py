"""What kinds share that learn from comparisons: one number per place, shown as a probability.

A comparison fixes differences of r only, so r has no zero and no unit that a reader could use. What
is shown is the probability, by the model itself, of being preferred to an answer of a fixed set:

    score(r) = 1/M Σ_m σ(r - ref_m)

``ref_m`` are M values of r on the training problems, chosen after training and stored with the model.
It rises with r, so rankings stay; it lies between 0 and 1, and 0.5 is about the middle of the set.

Source: PAR, Fu et al. 2025 (arXiv 2502.18770), the mean of sigmoids and not the sigmoid of the mean.
They take the references from answers to the same prompt; ours are of all training problems.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

REFERENCES = 10


class ScalarKind:
    """The base of kinds with a reward on no scale of its own; holds no weights.

    Attributes:
        config: the kind's settings.
        references: values of r that scores are measured against.
        scale: what scores are, for legends.
        parts: further numbers of a step, name → unit (see ``Part``): none.
    """

    scale = "probability"
    parts: ClassVar[dict[str, str]] = {}

    def __init__(self, config: Any, references: Sequence[float] = (0.0,)) -> None:
        self.config = config
        self.references = tuple(references)

    @property
    def fixed(self) -> dict[str, Any]:
        """What ``refer`` found, for the artefact; the keyword arguments that bring it back."""
        return {"references": list(self.references)}

    def refer(self, values: npt.NDArray[np.float64]) -> None:
        """Take the references from values of r on a fixed set: the middles of ten equal parts."""
        if len(values):
            self.references = middles(values)

    def make_head(self, width: int) -> nn.Module:
        """Return the head for hidden states of size ``width``; every r starts near 0."""
        head = nn.Linear(width, 1)
        nn.init.normal_(head.weight, std=0.02)
        nn.init.zeros_(head.bias)
        return head

    def value(self, head: Tensor) -> Tensor:
        """Turn head outputs ``(…, C)`` into r ``(…)``; differences are log-odds."""
        return head[..., 0]

    def reward(self, head: Tensor) -> Tensor:
        """Turn head outputs ``(…, C)`` into scores ``(…)`` in [0, 1]."""
        return self.score(self.value(head))

    def score(self, value: Tensor) -> Tensor:
        """Turn values of r into scores, elementwise."""
        return preferred(value, self.references)

    def saying(self, head: Tensor, value: Tensor) -> Tensor:
        """Return head outputs ``(…, C)`` with ``value`` in the place of r, all else as it is."""
        return torch.cat((value[..., None], head[..., 1:]), dim=-1)


def preferred(value: Tensor, references: Sequence[float]) -> Tensor:
    """Return the mean probability of being preferred to ``references``, elementwise."""
    score = torch.zeros_like(value)
    for reference in references:
        score = score + torch.sigmoid(value - reference)
    return score / len(references)


def middles(values: npt.NDArray[np.float64]) -> tuple[float, ...]:
    """Return the middles of ten equal parts of the values, the references of a scale."""
    places = (np.arange(REFERENCES) + 0.5) / REFERENCES
    return tuple(np.quantile(values, places).tolist())
