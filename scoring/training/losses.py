"""The loss of one optimiser step over rows: labels where steps end, language everywhere else.

Both parts are means over the *whole* step, whichever passes its rows are spread over: cutting or
accumulating differently gives the same gradient.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from scoring.reward.network import RewardNetwork, collate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.training.examples import Example


@dataclass(frozen=True, slots=True)
class Denominators:
    """What the sums of one optimiser step are divided by.

    Attributes:
        weight: sum of the label weights.
        tokens: tokens asked for by the next-token loss.
    """

    weight: float
    tokens: int

    @classmethod
    def of(cls, examples: Sequence[Example]) -> Denominators:
        """Add up one optimiser step; both are at least a hair above zero."""
        return cls(
            weight=max(float(sum(e.weights.sum() for e in examples)), 1e-12),
            tokens=max(sum(len(e.spoken) for e in examples), 1),
        )


@dataclass(frozen=True, slots=True)
class Parts:
    """One pass's share of the step's loss; ``total`` has the gradient."""

    total: Tensor
    label: float
    lm: float


def pass_loss(
    network: RewardNetwork,
    kind: Any,
    examples: Sequence[Example],
    denominators: Denominators,
    *,
    lm_weight: float,
    device: torch.device,
    bfloat16: bool = False,
) -> Parts:
    """Run one padded batch and return its share of the loss.

    Args:
        network: in training mode.
        kind: gives the loss of each labelled step.
        examples: B of them.
        denominators: of the whole optimiser step.
        lm_weight: weight of the next-token loss; 0 skips it.
        device: where the network lives.
        bfloat16: run the products in half precision; the losses stay float32.
    """
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=bfloat16):
        return _pass_loss(network, kind, examples, denominators, lm_weight, device)


def _pass_loss(
    network: RewardNetwork,
    kind: Any,
    examples: Sequence[Example],
    denominators: Denominators,
    lm_weight: float,
    device: torch.device,
) -> Parts:
    batch = collate([e.row for e in examples], device)
    hidden = network.hidden(batch).flatten(0, 1)  # (B·T, H)
    width = batch.ids.shape[1]
    read = _flat([e.read for e in examples], width, device)  # (K,)
    targets = _floats([e.targets for e in examples], device)
    weights = _floats([e.weights for e in examples], device)
    head = network.head(hidden[read]).float()  # (K, C)
    label = (kind.losses(head, targets) * weights).sum() / denominators.weight
    if not lm_weight:
        return Parts(label, float(label.detach()), 0.0)
    before = _flat([e.row.before[e.spoken] for e in examples], width, device)  # (M,)
    spoken = _flat([e.spoken for e in examples], width, device)
    logits = network.next_token_logits(hidden[before]).float()  # (M, V)
    wanted = batch.ids.flatten()[spoken]
    lm = functional.cross_entropy(logits, wanted, reduction="sum") / denominators.tokens
    return Parts(label + lm_weight * lm, float(label.detach()), float(lm.detach()))


def _flat(indexes: Sequence[np.ndarray[Any, Any]], width: int, device: torch.device) -> Tensor:
    """Turn places in rows into places in the flattened batch."""
    flat = np.concatenate([place + width * b for b, place in enumerate(indexes)])
    return torch.from_numpy(flat.astype(np.int64)).to(device)


def _floats(columns: Sequence[np.ndarray[Any, Any]], device: torch.device) -> Tensor:
    return torch.from_numpy(np.concatenate(columns).astype(np.float32)).to(device)
