"""Labelled trees as rows with the places where losses are read. Numpy only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from scoring.reward.packing import (
    CostModel,
    EncodedTree,
    Row,
    row,
    rows,
    subtree,
    within_context,
)
from scoring.training.path_rows import path_groups, same_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from scoring.reward.tokenizer import StepTokenizer
    from scoring.training.dataset import TrainingTree
    from scoring.training.objectives.base import Objective
    from scoring.training.objectives.units import Units

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
BEYOND_CONTEXT = "path longer than the context"
SAME_TEXTS = "compared texts read the same"
NAMED = 20
"""Problems that a report names."""


@dataclass(frozen=True, slots=True)
class Example:
    """One row and its losses; every loss unit of a tree is in exactly one example.

    Attributes:
        row: T tokens, repeated ancestors included.
        read: ``(K,)`` tokens where the head is read.
        units: U loss units over the K read places.
        spoken: ``(M,)`` tokens of the row that the next-token loss asks for: those of the steps that
            no earlier row of the tree holds, predicted from ``row.before``. The problem is given,
            never predicted.
    """

    row: Row
    read: Ints
    units: Units
    spoken: Ints


@dataclass(slots=True)
class Lost:
    """Loss units that no row holds.

    Attributes:
        noun: what one unit is called, in the plural.
        labels: how many need a path that is longer than the context.
        problems: of how many problems.
        identical: comparisons, or repeats within a ranking, left out because they read the same.
        rows: rows left out because no loss reads them: neither a unit nor a next-token loss.
        where: keys of the problems, the first few.
    """

    noun: str = "labelled steps"
    labels: int = 0
    problems: int = 0
    identical: int = 0
    rows: int = 0
    where: list[str] = field(default_factory=list)

    def beyond_context(self, count: int, key: str) -> None:
        """Note that so many units of a problem do not fit."""
        self.labels += count
        self.problems += 1
        if len(self.where) < NAMED:
            self.where.append(key)

    def by_reason(self) -> dict[str, int]:
        """Return how many units were lost for which reason; reasons without any are left out."""
        found = {BEYOND_CONTEXT: self.labels, SAME_TEXTS: self.identical}
        return {reason: count for reason, count in found.items() if count}

    def __str__(self) -> str:
        """Say it in a sentence."""
        said = (
            f"{self.labels} {self.noun} of {self.problems} problems lie deeper than the model's "
            "context and were left out"
        )
        return f"{said}; {self.identical} more compare equal texts" if self.identical else said


@dataclass(frozen=True, slots=True)
class ExampleMaker:
    """Turns trees into examples for one tokenizer, backbone and objective.

    Attributes:
        tokenizer: lays out the texts.
        cost: where to cut.
        context: longest path in tokens.
        budget: most own tokens per row.
        objective: what is learnt.
        language: rows without a unit are learnt from too, by their next tokens.
    """

    tokenizer: StepTokenizer
    cost: CostModel
    context: int
    budget: int
    objective: Objective
    language: bool = True

    def make(self, item: TrainingTree, lost: Lost | None = None) -> list[Example]:
        """Pack one tree as the objective reads it: whole, or only the paths that its units need."""
        reading = self.objective.reading(item)
        ids = self.tokenizer.encode_ids(reading.texts(item.problem_text))
        whole = reading.encoded(ids, self.tokenizer.prefix)
        tree, kept = within_context(whole, self.context)
        units = self.objective.units(item)
        place = np.full(len(reading), -1, dtype=np.int64)
        place[kept] = np.arange(len(kept))
        fits = [bool((place[nodes] >= 0).all()) for nodes in units.members()]
        if lost is not None and not all(fits):
            lost.beyond_context(len(fits) - sum(fits), item.problem_key)
        if not len(kept):
            return []
        units = units.take(np.flatnonzero(fits)).placed(place)
        silent = reading.again[kept]
        if self.objective.whole_trees:
            made = self._whole(tree, units, silent)
        else:
            made = self._paths(tree, units, silent, lost)
        read = [e for e in made if len(e.units) or (self.language and len(e.spoken))]
        if lost is not None:
            lost.rows += len(made) - len(read)
        return read

    def _whole(self, tree: EncodedTree, units: Units, silent: Bools) -> list[Example]:
        """Cut the whole tree; steps without a unit still serve as ancestors and for language."""
        made = []
        at = np.array([nodes[0] for nodes in units.members()], dtype=np.int64)
        for laid in rows(tree, self.cost, budget=self.budget):
            first, stop = laid.nodes[0], laid.nodes[-1] + 1
            chosen = np.flatnonzero((at >= first) & (at < stop))
            own = units.take(chosen).placed(np.arange(len(tree)) - first)
            made.append(_read_where_needed(laid, own, _spoken(laid, ~silent[first:stop])))
        return made

    def _paths(
        self, tree: EncodedTree, units: Units, silent: Bools, lost: Lost | None
    ) -> list[Example]:
        """Lay out the paths to what is compared; what reads the same cannot be told apart."""
        units, repeated = units.told_apart(same_text(tree))
        if lost is not None:
            lost.identical += repeated
        made = []
        said = silent.copy()
        groups = path_groups(tree, units.members(), self.cost, budget=self.budget)
        for chosen, nodes in groups:
            laid = row(subtree(tree, nodes), 0, len(nodes))
            spoken = _spoken(laid, ~said[nodes])
            said[nodes] = True
            place = np.full(len(tree), -1, dtype=np.int64)
            place[nodes] = np.arange(len(nodes))
            own = units.take(chosen).placed(place)
            made.append(_read_where_needed(laid, own, spoken))
        return made


def _spoken(laid: Row, wanted: Bools) -> Ints:
    """Return the tokens of those of a row's own steps that the next-token loss asks for."""
    inside = np.flatnonzero(np.repeat(wanted, np.diff(laid.node_starts)))
    return inside.astype(np.int64) + laid.first_own


def _read_where_needed(laid: Row, units: Units, spoken: Ints) -> Example:
    """Read the row at the nodes of its units, which count from its first own node."""
    members = units.members()
    needed = np.unique(np.concatenate(members)) if members else np.zeros(0, dtype=np.int64)
    place = np.full(len(laid.nodes), -1, dtype=np.int64)
    place[needed] = np.arange(len(needed))
    return Example(laid, laid.read[needed], units.placed(place), spoken)


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
        generated_steps: their loss units.
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

    @property
    def rows(self) -> int:
        """How many own rows there are."""
        return len(self._own)

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
            for example in self._maker.make(item):
                tokens -= len(example.row)
                self.generated_steps += len(example.units)
                yield example

    def _shuffle(self) -> list[int]:
        rng = np.random.default_rng([self._seed, self.epoch])
        return list(rng.permutation(len(self._own)).tolist())


def texts_of(trees: Iterable[TrainingTree]) -> Iterator[str]:
    """Yield every text of the trees, for training a tokenizer."""
    for item in trees:
        yield item.problem_text
        yield from (str(text) for text in item.tree.text[1:])
