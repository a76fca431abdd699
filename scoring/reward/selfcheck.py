"""Does packing give this model's plain numbers? Asked before any packed number is trusted.

Silently wrong combinations exist (a boolean mask under eager attention, forgotten positions,
sliding windows). Hidden states are compared, not only scores: a fresh or saturated head would hide
any fault.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch

from scoring.errors import PackingError
from scoring.reward.packing import CostModel, EncodedTree, Row, join_tokens, path_row, rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.reward.network import Output

PATHS = 3
# Attention for nothing: repeating ancestors never pays, so a tree becomes one row.
UNCUT = CostModel(weights=1, width=0, layers=0)
TOLERANCE = {torch.float32: 1e-4, torch.float64: 1e-4, torch.bfloat16: 5e-2, torch.float16: 2e-2}
"""Largest difference, relative to the largest hidden state (at least 1)."""


class Passes(Protocol):
    """What is compared: a model that runs trees packed into rows, and single paths as they are."""

    def rows(self, tree: EncodedTree) -> list[Row]:
        """Cut a tree into rows."""

    def run(self, batch: Sequence[Row]) -> Output:
        """Run packed rows."""

    def run_plain(self, path: Row) -> Output:
        """Run one path without masks or positions."""


def run(model: Passes, tree: EncodedTree, *, uncut: bool = False) -> bool:
    """Compare root-to-node paths of ``tree`` that lie in rows with a branch, at most three.

    A row without a branch is a plain causal pass and would agree with itself, so only branching
    rows say anything about packing; a fixed seed chooses among their paths.

    Args:
        model: the model.
        tree: what to pack.
        uncut: one row for the whole tree instead of the rows that the cost model cuts; for small
            trees, whose branches could all be cut away.

    Returns:
        Whether there was such a path; if not, nothing was compared.

    Raises:
        PackingError: if a hidden state or head output differs.
    """
    laid = rows(tree, UNCUT, budget=len(tree.ids)) if uncut else model.rows(tree)
    branching = [int(node) for row in laid if not row.causal for node in row.nodes]
    ends = np.setdiff1d(branching, np.unique(tree.parent)).astype(np.int64)
    chosen = np.random.default_rng(0).permutation(ends)[:PATHS]
    wanted = {int(node): path_row(tree, int(node)) for node in chosen}
    on_path = {int(node) for path in wanted.values() for node in path.nodes}
    hidden, head = _packed(model, laid, on_path)
    for path in wanted.values():
        plain = model.run_plain(path)
        where = [int(node) for node in path.nodes]
        # What the head says is float32 whatever it was computed from.
        tolerance = TOLERANCE.get(plain.hidden.dtype, 1e-4)
        _compare(torch.cat([hidden[n] for n in where]), plain.hidden[0], tolerance)
        _compare(torch.cat([head[n] for n in where]), plain.head[0], tolerance)
    return bool(wanted)


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
    model: Passes, laid: Sequence[Row], nodes: set[int]
) -> tuple[dict[int, torch.Tensor], dict[int, torch.Tensor]]:
    """Collect hidden states and head outputs of ``nodes`` from the rows that answer for them."""
    hidden: dict[int, torch.Tensor] = {}
    head: dict[int, torch.Tensor] = {}
    for row in laid:
        own = [(k, int(node)) for k, node in enumerate(row.nodes) if int(node) in nodes]
        if not own:
            continue
        out = model.run([row])
        for k, node in own:
            span = slice(int(row.node_starts[k]), int(row.node_starts[k + 1]))
            hidden[node] = out.hidden[0, span]
            head[node] = out.head[0, span]
    return hidden, head


def _compare(packed: torch.Tensor, plain: torch.Tensor, tolerance: float) -> None:
    tolerance *= max(1.0, float(plain.abs().max()))
    difference = float((packed - plain).abs().max())
    if not difference <= tolerance:
        raise PackingError(
            f"packed and plain passes differ by {difference:.3g} (allowed {tolerance:.3g}) on the "
            "same path, so packed scores of this model would be wrong; nothing was scored. Its "
            "attention does not follow the mask and positions it is given: use another base"
        )
