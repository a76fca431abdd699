"""Does packing give this model's plain numbers? Asked before any packed number is trusted.

Silently wrong combinations exist (a boolean mask under eager attention, forgotten positions,
sliding windows). Hidden states are compared, not only scores: a fresh or saturated head would hide
any fault.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from scoring.errors import PackingError
from scoring.reward.packing import EncodedTree, join_tokens, path_row

if TYPE_CHECKING:
    from scoring.reward.model import RewardModel

PATHS = 3
TOLERANCE = {torch.float32: 1e-4, torch.float64: 1e-4, torch.bfloat16: 5e-2, torch.float16: 2e-2}
"""Largest difference, relative to the largest hidden state (at least 1)."""


def run(model: RewardModel, tree: EncodedTree) -> None:
    """Compare three root-to-node paths of ``tree``, chosen by a fixed seed.

    Raises:
        PackingError: if a hidden state or head output on them differs.
    """
    inner = np.unique(tree.parent)
    ends = np.setdiff1d(np.arange(len(tree)), inner)
    chosen = np.random.default_rng(0).permutation(ends)[:PATHS]
    # One row for the whole tree while that is cheap: cuts of one path would test nothing.
    wanted = {int(node): path_row(tree, int(node)) for node in chosen}
    on_path = {int(node) for path in wanted.values() for node in path.nodes}
    hidden, head = _packed(model, tree, on_path)
    for path in wanted.values():
        plain = model.run_plain(path)
        where = [int(node) for node in path.nodes]
        _compare(torch.cat([hidden[n] for n in where]), plain.hidden[0])
        _compare(torch.cat([head[n] for n in where]), plain.head[0])


def probe(vocabulary: int, context: int) -> EncodedTree:
    """Make a small tree with forks at two depths from fixed token ids below ``vocabulary``."""
    parent = np.array([-1, 0, 1, 1, 3, 0, 5, 5, 7, 0], dtype=np.int64)
    rng = np.random.default_rng(0)
    longest = max(1, min(7, context // 6))
    lengths = rng.integers(1, longest + 1, size=len(parent))
    return join_tokens(
        [rng.integers(0, max(vocabulary, 1), size=n).astype(np.int32) for n in lengths], parent
    )


def _packed(
    model: RewardModel, tree: EncodedTree, nodes: set[int]
) -> tuple[dict[int, torch.Tensor], dict[int, torch.Tensor]]:
    """Collect hidden states and head outputs of ``nodes`` from the rows that answer for them."""
    hidden: dict[int, torch.Tensor] = {}
    head: dict[int, torch.Tensor] = {}
    for row in model.rows(tree):
        own = [(k, int(node)) for k, node in enumerate(row.nodes) if int(node) in nodes]
        if not own:
            continue
        out = model.run([row])
        for k, node in own:
            span = slice(int(row.node_starts[k]), int(row.node_starts[k + 1]))
            hidden[node] = out.hidden[0, span]
            head[node] = out.head[0, span]
    return hidden, head


def _compare(packed: torch.Tensor, plain: torch.Tensor) -> None:
    tolerance = TOLERANCE.get(packed.dtype, 1e-4) * max(1.0, float(plain.abs().max()))
    difference = float((packed - plain).abs().max())
    if not difference <= tolerance:
        raise PackingError(
            f"packed and plain passes differ by {difference:.3g} (allowed {tolerance:.3g}) on the "
            "same path, so packed scores of this model would be wrong; nothing was scored. Its "
            "attention does not follow the mask and positions it is given: use another base"
        )
