"""Listwise: all answers to a problem are judged in one pass, and the best ones are to stand out.

    p = softmax(r_1 … r_N),   L = -1/|best| Σ_{i in best} log p_i

with r_i what a small network makes of the hidden state where answer i is over, and "best" the answers of
the top tier. ``reading=tree``: answers share their beginnings and cannot see one another, so neither the
order nor the number of the others changes what is said of one. ``reading=sequence``: they stand one after
another and later ones see earlier ones; several orders are read and averaged (``scoring.reward.sequences``).

Source: You Only Judge Once (YOJO), arXiv 2604.10966: N answers in one sequence, a network of two layers on
the hidden state behind each, cross-entropy over the N numbers. Theirs is ``sequence`` with one best answer.
The tree, ties at the top and the mean over orders are ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from scoring.reward.kinds.scalar import ScalarKind
from scoring.reward.reading import Reading
from scoring.reward.sequences import sequences

if TYPE_CHECKING:
    from torch import Tensor

    from scoring.reward.units import RankingTensors
    from scoring.tree import Tree


class Listwise(ScalarKind):
    """Rewards of answers that compete with each other."""

    def make_head(self, width: int) -> nn.Module:
        """Return the head for hidden states of size ``width``; every r starts near 0."""
        inner, outer = nn.Linear(width, width), nn.Linear(width, 1)
        for layer in (inner, outer):
            nn.init.normal_(layer.weight, std=0.02)
            nn.init.zeros_(layer.bias)
        return nn.Sequential(inner, nn.SiLU(), outer)

    def reading(self, tree: Tree) -> Reading:
        """Return how a tree is read for scores: as it stands, or answer by answer in several orders."""
        if self.config.reading == "tree":
            return Reading.of(tree)
        return sequences(tree, self.config.orders).reading

    def losses(self, head: Tensor, targets: RankingTensors) -> Tensor:
        """Return ``(U,)`` the loss of each list in nats, not weighted.

        Args:
            head: ``(K, 1)`` outputs where answers are over.
            targets: U lists, best tier first.
        """
        r = self.value(head)[targets.item]
        bounds = zip(targets.start, targets.start[1:], strict=False)
        square = torch.stack([(r[a:b] ** 2).mean() for a, b in bounds])
        return self.log_losses(head, targets) + self.config.centring * square

    def log_losses(self, head: Tensor, targets: RankingTensors) -> Tensor:
        """Return ``(U,)`` the cross-entropy of each list, in nats; no tricks."""
        r = self.value(head)[targets.item]
        bounds = zip(targets.start, targets.start[1:], strict=False)
        return torch.stack([list_loss(r[a:b], targets.tier[a:b]) for a, b in bounds])


def list_loss(r: Tensor, tier: Tensor) -> Tensor:
    """Return the cross-entropy of one list: rewards ``(n,)``, their tiers rising."""
    return -torch.log_softmax(r, dim=0)[tier == tier[0]].mean()
