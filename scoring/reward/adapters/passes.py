"""Published weights run over shared token sequences: packed where that is exact, else path by path."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt
import torch

from scoring.errors import PackingError
from scoring.reward import selfcheck
from scoring.reward.backbone import context_length, cost_model, refuse_unpackable
from scoring.reward.model import ROW_BUDGET
from scoring.reward.network import Output, RewardNetwork, TokenCount, collate
from scoring.reward.packing import EncodedTree, Row, path_row, rows
from scoring.reward.shared import share

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from torch import Tensor

    from scoring.reward.shared import Int32

    Measure: TypeAlias = Callable[[RewardNetwork, Row, Output], Tensor]

Float32 = npt.NDArray[np.float32]


def read_head(_network: RewardNetwork, _row: Row, output: Output) -> Tensor:
    """Measure what the head says at every token: ``(T, C)``."""
    return output.head[0]


class Passes:
    """A network that measures every token of shared sequences.

    Rows are packed as for trained models, after the same self-check. Layers that cannot be packed
    run one path at a time instead, the plain way: slower, and right by definition.

    Attributes:
        context: longest sequence in tokens that every score is well defined for. Where rope angles
            depend on the longest path, this is where they start to.
        packs: whether rows are packed.
        counter: tokens that went through the backbone.
    """

    def __init__(
        self, network: RewardNetwork, device: torch.device, measure: Measure = read_head
    ) -> None:
        self.network = network.to(device).eval()
        self.device = device
        self.measure = measure
        self.counter = TokenCount()
        self.network.register_forward_pre_hook(self.counter)
        config = self.network.backbone.config
        text = config.get_text_config()
        rope = getattr(text, "rope_parameters", None) or {}
        unscaled = rope.get("original_max_position_embeddings")
        self.context = context_length(config)
        try:
            refuse_unpackable(config)
        except PackingError:
            self.packs = False
            self.context = min(self.context, int(unscaled or self.context))
        else:
            self.packs = True
            self.cost = cost_model(self.network.backbone)
        self._vocabulary = int(text.vocab_size)
        self._trusted = False
        self._trusted_on_branches = False

    def at_ends(self, sequences: Sequence[Int32]) -> Float32:
        """Return ``(S, C)`` the measure at the last token of each sequence; equal ones run once."""
        found: list[Float32 | None] = [None] * len(sequences)
        for shared in share(sequences):
            values = self.over(shared.tree)
            for number, node in shared.ends.items():
                found[number] = values[shared.tree.starts[node + 1] - 1]
        return np.array(found, dtype=np.float32)

    def over(self, tree: EncodedTree) -> Float32:
        """Return ``(L, C)`` the measure at every token of a tree.

        Raises:
            PackingError: if packed and plain numbers differ for this model.
        """
        parts = list(self._packed(tree) if self.packs else self._plain(tree))
        values = np.empty((len(tree.ids), parts[0][1].shape[-1]), dtype=np.float32)
        for place, measured in parts:
            values[place] = measured
        return values

    def rows(self, tree: EncodedTree) -> list[Row]:
        """Cut a tree where this backbone's cost model says."""
        return rows(tree, self.cost, budget=ROW_BUDGET)

    @torch.no_grad()
    def run(self, batch: Sequence[Row]) -> Output:
        """Run packed rows without gradients."""
        return self.network(collate(batch, self.device))

    @torch.no_grad()
    def run_plain(self, path: Row) -> Output:
        """Run one path the ordinary way."""
        return self.network.plain(torch.from_numpy(path.ids.astype(np.int64))[None].to(self.device))

    def _packed(self, tree: EncodedTree) -> Iterator[tuple[slice, Float32]]:
        self._check(tree)
        for laid in self.rows(tree):
            own = slice(int(tree.starts[laid.nodes[0]]), int(tree.starts[laid.nodes[-1] + 1]))
            yield own, self._measured(laid, self.run([laid]))[laid.first_own :]

    def _plain(self, tree: EncodedTree) -> Iterator[tuple[slice, Float32]]:
        """Run the path to each end; what several share is read on the first that passes it."""
        seen = np.zeros(len(tree), dtype=bool)
        for end in np.setdiff1d(np.arange(len(tree)), np.unique(tree.parent)).tolist():
            path = path_row(tree, end)
            measured = self._measured(path, self.run_plain(path))
            for place, node in enumerate(path.nodes.tolist()):
                if not seen[node]:
                    seen[node] = True
                    within = slice(int(path.node_starts[place]), int(path.node_starts[place + 1]))
                    yield (
                        slice(int(tree.starts[node]), int(tree.starts[node + 1])),
                        measured[within],
                    )

    @torch.no_grad()
    def _measured(self, row: Row, output: Output) -> Float32:
        return self.measure(self.network, row, output).float().cpu().numpy()

    def self_check(self) -> None:
        """Compare packed and plain passes on a built-in tree, once.

        Raises:
            PackingError: if they differ.
        """
        if self.packs and not self._trusted:
            if not selfcheck.run(self, selfcheck.probe(self._vocabulary, self.context), uncut=True):
                raise PackingError("the built-in tree of the self-check has no branch to compare")
            self._trusted = True

    def _check(self, tree: EncodedTree) -> None:
        """Check the weights once on the built-in tree and once on real branches."""
        self.self_check()
        branches = len(np.unique(tree.parent)) < len(tree)
        if not self._trusted_on_branches and branches:
            self._trusted_on_branches = selfcheck.run(self, tree)
