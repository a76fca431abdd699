"""Rows through a decoder: the one place that makes masks and positions for torch.

Two attention paths behind one interface: ``sdpa`` with a boolean 4-D mask (True = attend; every
device), and ``flex`` with a block mask of the same rule (CUDA). Layers with a sliding window get
the rule ``and position[q] - position[k] < window``, since a window counts depth, not place in row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.reward.lora import Adapter
    from scoring.reward.packing import Row

Attention = Literal["sdpa", "flex"]


@dataclass(frozen=True, slots=True)
class Batch:
    """B rows padded to T tokens on one device.

    Attributes:
        ids: ``(B, T)`` int64 token ids, 0 where padded.
        position: ``(B, T)`` int64 depth in tokens.
        last: ``(B, T)`` int64, see ``Row``; a padding token is seen by itself alone.
        causal: True if every row is one path without padding.
        tokens: real tokens.
        padding: the others.
    """

    ids: Tensor
    position: Tensor
    last: Tensor
    causal: bool
    tokens: int
    padding: int


@dataclass(slots=True)
class TokenCount:
    """What went through the backbone: real tokens (repeated ancestors included) and padding."""

    tokens: int = 0
    padding: int = 0
    passes: int = 0

    def __call__(self, _module: nn.Module, inputs: tuple[Any, ...]) -> None:
        """Count one pass; this is the forward pre-hook."""
        batch: Batch = inputs[0]
        self.tokens += batch.tokens
        self.padding += batch.padding
        self.passes += 1


def collate(rows: Sequence[Row], device: torch.device | str = "cpu") -> Batch:
    """Pad rows to one batch."""
    width = max(len(row) for row in rows)
    ids = np.zeros((len(rows), width), dtype=np.int64)
    position = np.zeros((len(rows), width), dtype=np.int64)
    last = np.tile(np.arange(width, dtype=np.int64), (len(rows), 1))
    for index, row in enumerate(rows):
        ids[index, : len(row)] = row.ids
        position[index, : len(row)] = row.position
        last[index, : len(row)] = row.last
    tokens = sum(len(row) for row in rows)
    return Batch(
        ids=torch.from_numpy(ids).to(device),
        position=torch.from_numpy(position).to(device),
        last=torch.from_numpy(last).to(device),
        causal=all(row.causal and len(row) == width for row in rows),
        tokens=tokens,
        padding=ids.size - tokens,
    )


def tree_mask(last: Tensor) -> Tensor:
    """Return ``(B, 1, T, T)`` bool: query q may see key k when ``k <= q <= last[k]``."""
    index = torch.arange(last.shape[1], device=last.device)
    return (
        (index[None, None, :] <= index[None, :, None]) & (index[None, :, None] <= last[:, None, :])
    )[:, None]


def window_mask(position: Tensor, window: int) -> Tensor:
    """Return ``(B, 1, T, T)`` bool: key k is less than ``window`` tokens above query q."""
    return (position[:, :, None] - position[:, None, :] < window)[:, None]


@dataclass(frozen=True, slots=True)
class MaskPlan:
    """How a backbone wants its masks.

    Attributes:
        attention: which kernel.
        window: sliding window in tokens, None = full attention everywhere.
        by_layer: True if the backbone takes a mask per layer type, False if one for all layers.
    """

    attention: Attention = "sdpa"
    window: int | None = None
    by_layer: bool = False

    def masks(self, batch: Batch) -> Any:
        """Make what the backbone takes as ``attention_mask``; None = plain causal."""
        if batch.causal and self.window is None:
            return None
        full = self._mask(batch, None) if self.by_layer or self.window is None else None
        if self.window is None:
            return full
        windowed = self._mask(batch, self.window)
        return (
            {"full_attention": full, "sliding_attention": windowed} if self.by_layer else windowed
        )

    def _mask(self, batch: Batch, window: int | None) -> Any:
        if self.attention == "flex":
            return _block_mask(batch, window)
        mask = tree_mask(batch.last)
        return mask if window is None else mask & window_mask(batch.position, window)


@dataclass(frozen=True, slots=True)
class Output:
    """What one pass gives.

    Attributes:
        hidden: ``(B, T, H)`` last hidden states.
        head: ``(B, T, C)`` what the kind's head makes of them.
    """

    hidden: Tensor
    head: Tensor


class RewardNetwork(nn.Module):
    """A decoder backbone and a head that reads every position.

    Attributes:
        backbone: a Hugging Face base model without its language-model head.
        head: maps ``(…, H)`` to ``(…, C)``.
        plan: how masks are made for this backbone.
        adapter: set while an adapter is trained on a frozen backbone.
    """

    backbone: Any  # nn.Module's own annotation hides the config and embedding of such models

    def __init__(self, backbone: nn.Module, head: nn.Module, plan: MaskPlan | None = None) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head
        self.plan = plan or MaskPlan()
        self.adapter: Adapter | None = None

    # Sharded over several processes, ``hidden``, ``forward`` and ``plain`` each gather weights at their
    # start and let go of them at their end: none of them may call another.

    def hidden(self, batch: Batch) -> Tensor:
        """Return ``(B, T, H)`` hidden states of packed rows."""
        return self._hidden(batch)

    def _hidden(self, batch: Batch) -> Tensor:
        out = self.backbone(
            input_ids=batch.ids,
            attention_mask=self.plan.masks(batch),
            position_ids=batch.position,
            use_cache=False,
        )
        return out.last_hidden_state

    def forward(self, batch: Batch) -> Output:
        """Run packed rows."""
        hidden = self._hidden(batch)
        return Output(hidden=hidden, head=self.head(hidden).float())

    def plain(self, ids: Tensor) -> Output:
        """Run one path ``(1, T)`` the way anybody would: no mask, no positions, no packing."""
        hidden = self.backbone(input_ids=ids, use_cache=False).last_hidden_state
        return Output(hidden=hidden, head=self.head(hidden).float())

    def next_token_logits(self, hidden: Tensor) -> Tensor:
        """Return ``(…, V)`` with the embedding as output matrix (tied weights)."""
        return nn.functional.linear(hidden, self.backbone.get_input_embeddings().weight)


@dataclass(frozen=True, slots=True)
class _Rule:
    """The mask rule as ``flex_attention`` asks for it, element by element."""

    batch: Batch
    window: int | None = None

    def __call__(self, b: Tensor, _h: Tensor, q: Tensor, k: Tensor) -> Tensor:
        seen = (k <= q) & (q <= self.batch.last[b, k])
        if self.window is None:
            return seen
        return seen & (self.batch.position[b, q] - self.batch.position[b, k] < self.window)


def _block_mask(batch: Batch, window: int | None) -> Any:
    from torch.nn.attention.flex_attention import create_block_mask

    rows, width = batch.ids.shape
    return create_block_mask(
        _Rule(batch, window), rows, None, width, width, device=batch.ids.device
    )
