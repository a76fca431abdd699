"""The loss of one optimiser step over rows: loss units where steps end, language everywhere else.

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
    from scoring.training.objectives.units import Units


@dataclass(frozen=True, slots=True)
class Denominators:
    """What the sums of one optimiser step are divided by.

    Attributes:
        weight: sum of the weights of the loss units.
        tokens: tokens asked for by the next-token loss.
    """

    weight: float
    tokens: int

    @classmethod
    def of(cls, examples: Sequence[Example]) -> Denominators:
        """Add up one optimiser step; both are at least a hair above zero."""
        return cls(
            weight=max(float(sum(e.units.weights.sum() for e in examples)), 1e-12),
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
        kind: gives the loss of each unit.
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
    head = network.head(hidden[read]).float()  # (K, C)
    units = type(examples[0].units).join(
        [e.units for e in examples], [len(e.read) for e in examples]
    )
    weights = torch.from_numpy(units.weights.astype(np.float32)).to(device)  # (U,)
    label = (_losses(kind, head, units, device) * weights).sum() / denominators.weight
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


def _losses(kind: Any, head: Tensor, units: Units, device: torch.device) -> Tensor:
    """Return ``(U,)`` losses; a pass may hold language only."""
    return kind.losses(head, units.tensors(device)) if len(units) else head.sum(dim=-1)[:0]
