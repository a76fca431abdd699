"""Labelled trees as rows with the places where losses are read. Numpy only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from scoring.reward.packing import CostModel, Row, join_tokens, rows, within_context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from scoring.reward.tokenizer import StepTokenizer
    from scoring.training.dataset import TrainingTree

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Example:
    """One row and its losses; every step of a tree is in exactly one example.

    Attributes:
        row: T tokens, repeated ancestors included.
        read: ``(K,)`` last tokens of the labelled own steps.
        targets: ``(K,)`` in [0, 1].
        weights: ``(K,)``.
        spoken: ``(M,)`` tokens of the row that the next-token loss asks for: those of own steps,
            predicted from ``row.before``. The problem is given, never predicted.
    """

    row: Row
    read: Ints
    targets: Floats
    weights: Floats
    spoken: Ints


@dataclass(slots=True)
class Lost:
    """Labelled steps that no row holds because their path is longer than the context."""

    labels: int = 0
    problems: int = 0

    def __str__(self) -> str:
        """Say it in a sentence."""
        return (
            f"{self.labels} labelled steps of {self.problems} problems lie deeper than the model's "
            "context and were left out"
        )


@dataclass(frozen=True, slots=True)
class ExampleMaker:
    """Turns trees into examples for one tokenizer and backbone.

    Attributes:
        tokenizer: lays out the texts.
        cost: where to cut.
        context: longest path in tokens.
        budget: most own tokens per row.
        weighting: ``per_node`` or ``per_leaf``.
    """

    tokenizer: StepTokenizer
    cost: CostModel
    context: int
    budget: int
    weighting: str

    def make(self, item: TrainingTree, lost: Lost | None = None) -> list[Example]:
        """Pack one tree; steps without a target still serve as ancestors and for language."""
        texts = [item.problem_text, *(str(text) for text in item.tree.text[1:])]
        ids = self.tokenizer.encode_ids(texts)
        ids[0] = np.concatenate((np.array(self.tokenizer.prefix, dtype=np.int32), ids[0]))
        whole = join_tokens(ids, item.tree.parent, item.tree.subtree_end)
        tree, kept = within_context(whole, self.context)
        weights = item.effective_weights(self.weighting)
        if lost is not None:
            gone = int((weights > 0).sum() - (weights[kept] > 0).sum())
            lost.labels += gone
            lost.problems += gone > 0
        if not len(kept):
            return []
        laid = rows(tree, self.cost, budget=self.budget)
        return [_example(row, item.targets[kept], weights[kept]) for row in laid]


def _example(row: Row, targets: Floats, weights: Floats) -> Example:
    chosen = weights[row.nodes] > 0
    first = row.node_starts[1] if row.nodes[0] == 0 else row.first_own
    return Example(
        row=row,
        read=row.read[chosen],
        targets=targets[row.nodes[chosen]],
        weights=weights[row.nodes[chosen]],
        spoken=np.arange(first, len(row), dtype=np.int64),
    )


def passes(examples: Sequence[Example], pass_tokens: int) -> list[list[Example]]:
    """Group examples of similar length so that no padded batch exceeds ``pass_tokens``."""
    groups: list[list[Example]] = []
    for example in sorted(examples, key=lambda e: len(e.row), reverse=True):
        if groups and len(groups[-1][0].row) * (len(groups[-1]) + 1) <= pass_tokens:
            groups[-1].append(example)
        else:
            groups.append([example])
    return groups


class Feed:
    """Which examples each optimiser step gets: a pure function of seed and position.

    Own examples come in a fresh order every epoch; generated trees are asked for by number, so a
    resumed run continues with the very next one.

    Attributes:
        epoch: passes over the own examples so far.
        index: place in the current epoch's order.
        generated: generated trees used so far.
        generated_steps: their labelled steps.
    """

    def __init__(
        self,
        own: Sequence[Example],
        *,
        seed: int,
        step_tokens: int,
        stream: Callable[[int], TrainingTree] | None = None,
        stream_share: float = 0.0,
        maker: ExampleMaker | None = None,
    ) -> None:
        self._own = own
        self._seed = seed
        self._step_tokens = step_tokens
        self._stream = stream
        self._share = (stream_share if own else 1.0) if stream else 0.0
        self._maker = maker
        self.epoch = self.index = self.generated = self.generated_steps = 0
        self._order = self._shuffle()

    def next_step(self) -> list[Example]:
        """Return the examples of the next optimiser step: about ``step_tokens`` tokens, at least one."""
        chosen: list[Example] = []
        room = float(self._step_tokens)
        if self._share > 0:
            chosen = list(self._generate(room * self._share))
            room -= sum(len(e.row) for e in chosen)
        while self._own and self._share < 1 and (room > 0 or not chosen):
            example = self._draw()
            room -= len(example.row)
            chosen.append(example)
        return chosen

    def state(self) -> dict[str, int]:
        """Return the position, for a checkpoint."""
        return {
            "epoch": self.epoch,
            "index": self.index,
            "generated": self.generated,
            "generated_steps": self.generated_steps,
        }

    def restore(self, state: dict[str, int]) -> None:
        """Go to a position that ``state`` returned."""
        self.epoch, self.index = state["epoch"], state["index"]
        self.generated, self.generated_steps = state["generated"], state["generated_steps"]
        self._order = self._shuffle()

    def _draw(self) -> Example:
        if self.index >= len(self._own):
            self.epoch, self.index = self.epoch + 1, 0
            self._order = self._shuffle()
        example = self._own[self._order[self.index]]
        self.index += 1
        return example

    def _generate(self, tokens: float) -> Iterator[Example]:
        if self._stream is None or self._maker is None:
            return
        while tokens > 0:
            item = self._stream(self.generated)
            self.generated += 1
            self.generated_steps += len(item.labelled)
            for example in self._maker.make(item):
                tokens -= len(example.row)
                yield example

    def _shuffle(self) -> list[int]:
        rng = np.random.default_rng([self._seed, self.epoch])
        return list(rng.permutation(len(self._own)).tolist())


def texts_of(trees: Iterable[TrainingTree]) -> Iterator[str]:
    """Yield every text of the trees, for training a tokenizer."""
    for item in trees:
        yield item.problem_text
        yield from (str(text) for text in item.tree.text[1:])
