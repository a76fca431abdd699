"""A reward model that can be asked for scores: encode, pack, run, read.

``score`` packs the tree; ``score_plain`` runs every path on its own without masks or positions and
is the reference. Before the first packed number leaves this object the two are compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from scoring.errors import OutOfMemoryError, PackingError
from scoring.reward import selfcheck
from scoring.reward.backbone import context_length, cost_model
from scoring.reward.memory import give_back, is_out_of_memory
from scoring.reward.network import Output, TokenCount, collate
from scoring.reward.packing import EncodedTree, Row, path_row, rows, within_context
from scoring.reward.reading import reading_for
from scoring.reward.scores import Part, StepTokens, TreeScores

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from scoring.reward.members import Members
    from scoring.reward.network import RewardNetwork
    from scoring.reward.scorer import Item
    from scoring.reward.tokenizer import Pieces, StepTokenizer
    from scoring.tree import Tree

ROW_BUDGET = 4096
"""Most tokens that one row answers for; bounds the mask to (context + budget)² booleans."""

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Encoding:
    """A tree as tokens, in the way in which the kind reads it.

    Attributes:
        tree: what is read and fits into the context; mostly one node per step.
        origin: ``(M,)`` which position of the original tree is read at the end of each node; -1 = none.
        pieces: per node its tokens and spans.
        skipped: original position → why it was left out.
    """

    tree: EncodedTree
    origin: npt.NDArray[np.int64]
    pieces: Sequence[Pieces]
    skipped: dict[int, str]


@dataclass(frozen=True, slots=True)
class _Said:
    """``(L,)`` the running reward after every token, and ``(M, P)`` the kind's parts by node."""

    running: Float32
    parts: Float32


class RewardModel:
    """A network with its tokenizer and kind.

    Attributes:
        network: backbone and head, in evaluation mode; or several that are read together.
        tokenizer: one step at a time.
        kind: turns head outputs into scores (see ``kinds/prm.py``).
        device: where the network lives.
        info: the artefact's ``tracewood.json``, empty for a model that was never saved.
        counter: tokens that went through the backbone since the start, for costs and tests.
        context: longest path in tokens.
        budget: most tokens that one row answers for; halved once if memory runs out.
        tied: True if the embedding is also the output matrix (a next-token loss needs that).
    """

    def __init__(
        self,
        network: RewardNetwork | Members,
        tokenizer: StepTokenizer,
        kind: Any,
        *,
        device: torch.device | str = "cpu",
        info: dict[str, Any] | None = None,
    ) -> None:
        self.device = torch.device(device)
        self.network: Any = network.to(self.device).eval()
        self.tokenizer = tokenizer
        self.kind = kind
        self.info = info or {}
        self.facts: dict[str, str | int] = {}  # its artefact holds all that scores depend on
        self.counter = TokenCount()
        self.network.register_forward_pre_hook(self.counter)
        config: Any = self.network.backbone.config
        self.context = context_length(config)
        self.cost = cost_model(self.network.backbone)
        self.tied = bool(getattr(config.get_text_config(), "tie_word_embeddings", False))
        self.budget = ROW_BUDGET
        self._trusted = False
        self._trusted_on_branches = False

    def score(self, problem_text: str, tree: Tree) -> TreeScores:
        """Score every step of ``tree`` with shared prefixes computed once per row.

        Args:
            problem_text: the prompt; the root's own text is never read.
            tree: N nodes.

        Returns:
            Scores aligned with ``tree.ids``. Steps whose path is longer than the context have no
            score and a reason in ``skipped``.

        Raises:
            PackingError: if packed and plain numbers differ for this model.
            OutOfMemoryError: rows of half the length do not fit either.
            AlignmentError: for text that is not valid Unicode.
        """
        encoding = self.encode(problem_text, tree)
        self._check(encoding)
        return self._assemble(tree, encoding, self._run_packed(encoding.tree))

    def score_plain(self, problem_text: str, tree: Tree) -> TreeScores:
        """Score the same steps one path at a time: the reference, slow by design."""
        encoding = self.encode(problem_text, tree)
        inner = np.unique(encoding.tree.parent)
        ends = np.setdiff1d(np.arange(len(encoding.tree)), inner)
        said = self._nothing_said(encoding.tree)
        for end in ends.tolist() if len(encoding.origin) else ():
            path = path_row(encoding.tree, end)
            values, parts = self._read(self.run_plain(path), path)
            said.parts[path.nodes] = parts
            for node, first, stop in zip(
                path.nodes, path.node_starts[:-1], path.node_starts[1:], strict=True
            ):
                where = slice(encoding.tree.starts[node], encoding.tree.starts[node + 1])
                said.running[where] = values[first:stop]
        return self._assemble(tree, encoding, said)

    def score_many(self, items: Iterable[Item]) -> Iterator[TreeScores]:
        """Score many trees, one result per item in order, holding one tree at a time."""
        for item in items:
            yield self.score(item.prompt, item.tree)

    def encode(self, problem_text: str, tree: Tree) -> Encoding:
        """Tokenise ``tree`` as the kind reads it and leave out what is deeper than the context."""
        reading = reading_for(self.kind, tree)
        pieces = self.tokenizer.encode(reading.texts(problem_text))
        whole = reading.encoded([p.ids for p in pieces], self.tokenizer.prefix)
        fitting, kept = within_context(whole, self.context)
        origin = reading.origin[kept]
        missing = np.setdiff1d(np.arange(len(tree)), origin).tolist()
        reason = f"its path is longer than the {self.context:,} tokens that the model reads"
        return Encoding(
            tree=fitting,
            origin=origin,
            pieces=[pieces[position] for position in kept],
            skipped=dict.fromkeys(missing, reason),
        )

    def rows(self, tree: EncodedTree) -> list[Row]:
        """Cut a tree where this backbone's cost model says."""
        return rows(tree, self.cost, budget=self.budget)

    @torch.no_grad()
    def run(self, batch: Sequence[Row]) -> Output:
        """Run packed rows without gradients."""
        return self.network(collate(batch, self.device))

    @torch.no_grad()
    def run_plain(self, path: Row) -> Output:
        """Run one path the ordinary way."""
        return self.network.plain(torch.from_numpy(path.ids.astype(np.int64))[None].to(self.device))

    def _run_packed(self, tree: EncodedTree) -> _Said:
        try:
            return self._run_rows(tree)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        give_back()
        longest = max(len(laid) for laid in self.rows(tree))
        if self.budget < ROW_BUDGET:
            raise OutOfMemoryError(
                f"There is not enough memory to score a row of {longest:,} tokens, and rows were "
                "halved before. Score on a machine with more memory, or with a smaller model."
            )
        self.budget = min(self.budget, longest) // 2
        return self._run_packed(tree)

    def _run_rows(self, tree: EncodedTree) -> _Said:
        said = self._nothing_said(tree)
        for laid in self.rows(tree) if len(tree.ids) else ():
            values, parts = self._read(self.run([laid]), laid)
            first = tree.starts[laid.nodes[0]]
            said.running[first : tree.starts[laid.nodes[-1] + 1]] = values[laid.first_own :]
            said.parts[laid.nodes] = parts
        return said

    def _nothing_said(self, tree: EncodedTree) -> _Said:
        return _Said(
            running=np.full(len(tree.ids), np.nan, dtype=np.float32),
            parts=np.full((len(tree), len(self.kind.parts)), np.nan, dtype=np.float32),
        )

    def _read(self, output: Output, laid: Row) -> tuple[Float32, Float32]:
        """Return ``(T,)`` rewards of one row and ``(K, P)`` parts at the ends of its own steps."""
        rewards = _numbers(self.kind.reward(output.head[0]))
        if not self.kind.parts:
            return rewards, np.zeros((len(laid.nodes), 0), dtype=np.float32)
        read = torch.from_numpy(laid.read).to(output.head.device)
        return rewards, _numbers(self.kind.part_values(output.head[0, read]))

    def self_check(self) -> None:
        """Compare packed and plain passes on a built-in tree, once per model.

        Raises:
            PackingError: if they differ.
        """
        if not self._trusted:
            probe = selfcheck.probe(self.tokenizer.separator, self.context)
            if not selfcheck.run(self, probe, uncut=True):
                raise PackingError("the built-in tree of the self-check has no branch to compare")
            self._trusted = True

    def _check(self, encoding: Encoding) -> None:
        """Check the model once on the built-in tree and once on real branches."""
        self.self_check()
        branches = len(np.unique(encoding.tree.parent)) < len(encoding.tree)
        if not self._trusted_on_branches and len(encoding.origin) and branches:
            self._trusted_on_branches = selfcheck.run(self, encoding.tree)

    def _assemble(self, tree: Tree, encoding: Encoding, said: _Said) -> TreeScores:
        step = np.full(len(tree), np.nan, dtype=np.float32)
        parts = np.full((len(self.kind.parts), len(tree)), np.nan, dtype=np.float32)
        named = {
            name: Part(column, unit)
            for (name, unit), column in zip(self.kind.parts.items(), parts, strict=True)
        }
        tokens: dict[int, StepTokens] = {}
        if not len(encoding.origin):
            return TreeScores(step, tokens, float("nan"), encoding.skipped, self.kind.scale, named)
        packed, running = encoding.tree, said.running
        ends = running[packed.starts[1:] - 1]  # (M,) running reward at each node's last token
        for position, nodes in _places(encoding.origin).items():
            pieces = encoding.pieces[nodes[0]]
            parts[:, position] = _mean([said.parts[node] for node in nodes])
            running_here = _mean([running[packed.starts[node] + pieces.last] for node in nodes])
            step[position] = running_here[-1]
            tokens[position] = StepTokens(
                start=float(_mean([ends[packed.parent[node]] for node in nodes])),
                starts=np.concatenate(([0], pieces.ends[:-1])).astype(np.int32),
                ends=pieces.ends,
                running=running_here,
            )
        return TreeScores(step, tokens, float(ends[0]), encoding.skipped, self.kind.scale, named)


def _places(origin: npt.NDArray[np.int64]) -> dict[int, list[int]]:
    """Return the nodes at which each step is read, by the step's position."""
    places: dict[int, list[int]] = {}
    for node, position in enumerate(origin.tolist()):
        if position > 0:
            places.setdefault(position, []).append(node)
    return places


def _mean(values: list[Any]) -> Any:
    """Return the mean over readings of a step; of one, itself."""
    return values[0] if len(values) == 1 else np.mean(values, axis=0, dtype=np.float64).astype("f4")


def _numbers(column: torch.Tensor) -> Float32:
    return column.float().cpu().numpy()
