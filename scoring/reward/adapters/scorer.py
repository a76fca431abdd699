"""Steps of a tree, each read at the end of its own path laid out as the model was trained to see it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from scoring.errors import AlignmentError
from scoring.reward.scores import TreeScores

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from scoring.reward.adapters.passes import Float32, Passes
    from scoring.reward.scorer import Item
    from scoring.reward.shared import Int32
    from scoring.tree import Tree


class Layout(Protocol):
    """How a problem and the steps of a path become tokens.

    Attributes:
        tokenizer: the model's own.
        marks: what no text may spell, beside the tokenizer's special tokens.
        facts: what the layout depends on, for ``Scorer.facts``.
    """

    tokenizer: Any
    marks: tuple[str, ...]

    @property
    def facts(self) -> Mapping[str, str | int]:
        """See the class."""

    def sequence(self, prompt: str, steps: Sequence[str]) -> Int32:
        """Return the tokens up to where the last step is read; later tokens would change nothing.

        Raises:
            AlignmentError: where it is read is no token of its own; the step then has no score.
        """


class PathScorer:
    """Scores each step as if its path ended there, whatever follows it in the tree.

    Attributes:
        passes: the weights.
        layout: the text.
        readout: from what the head says to log-odds and scores.
        facts: see ``Scorer``.
    """

    scale = "probability"

    def __init__(
        self,
        passes: Passes,
        layout: Layout,
        readout: LogOdds,
        facts: Mapping[str, str | int],
    ) -> None:
        """Bind weights, layout and what turns ``(S, C)`` readings into ``(S,)`` scores."""
        self.passes = passes
        self.layout = layout
        self.readout = readout
        self.facts = {**layout.facts, **facts}
        self._special = (*special_texts(layout.tokenizer), *layout.marks)

    def score_many(self, items: Iterable[Item]) -> Iterator[TreeScores]:
        """Score problems in order, one tree at a time."""
        for item in items:
            yield self.score(item)

    def score(self, item: Item) -> TreeScores:
        """Score every step of a problem."""
        sequences, skipped = self._sequences(item.prompt, item.tree)
        step = np.full(len(item.tree), np.nan, dtype=np.float32)
        if sequences:
            step[list(sequences)] = self.readout(self.passes.at_ends(list(sequences.values())))
        return TreeScores(step, {}, float("nan"), skipped, self.scale)

    def _sequences(self, prompt: str, tree: Tree) -> tuple[dict[int, Int32], dict[int, str]]:
        """Lay out the path of every step; what lies below a step that is skipped is skipped too."""
        sequences: dict[int, Int32] = {}
        skipped: dict[int, str] = {}
        broken = unreadable(prompt, "the problem", self._special)
        path: list[str] = []
        for position in range(1, len(tree)):
            depth, parent = int(tree.depth[position]), int(tree.parent[position])
            path[depth - 1 :] = [str(tree.text[position])]
            why = broken or skipped.get(parent) or unreadable(path[-1], "its text", self._special)
            if not why:
                try:
                    ids = self.layout.sequence(prompt, path)
                except AlignmentError as error:
                    why = str(error)
                else:
                    why = too_long(self.passes.context) if len(ids) > self.passes.context else ""
            if not why:
                sequences[position] = ids
                continue
            skipped[position] = why
        return sequences, skipped


def unreadable(text: str, what: str, special: Sequence[str]) -> str:
    """Return why ``text`` cannot be laid out among the marks ``special``, "" if it can.

    Raises:
        AlignmentError: for what is not Unicode.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise AlignmentError(
            f"{what} has a lone surrogate at character {error.start}; replace it before scoring"
        ) from None
    spelt = next((mark for mark in special if mark in text), "")
    return (
        f"{what} spells '{spelt}', which its model would read as a mark of its own" if spelt else ""
    )


def special_texts(tokenizer: Any) -> tuple[str, ...]:
    """Return the texts that a tokenizer reads as one mark wherever they stand."""
    added = tokenizer.added_tokens_decoder.values()
    return tuple(sorted(token.content for token in added if token.special and token.content))


def too_long(context: int) -> str:
    """Return the reason for a path beyond the context."""
    return f"its path is longer than the {context:,} tokens that the model reads"


def digest(*parts: object) -> str:
    """Return 16 hex digits that name a layout."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def ids_of(tokenizer: Any, text: str, *, special: bool = False) -> list[int]:
    """Tokenise ``text``; with ``special`` the marks around a text are added."""
    ids: list[int] = tokenizer(text, add_special_tokens=special)["input_ids"]
    return ids


@dataclass(frozen=True, slots=True)
class LogOdds:
    """Readings as log-odds: a weighted sum and a constant.

    Attributes:
        weights: ``(C,)``.
        constant: added to the sum.
    """

    weights: tuple[float, ...]
    constant: float = 0.0

    def value(self, readings: Any) -> Any:
        """Return log-odds ``(…)`` of readings ``(…, C)``, an array or a tensor."""
        columns = (weight * readings[..., c] for c, weight in enumerate(self.weights) if weight)
        return sum(columns, start=self.constant)

    def __call__(self, readings: Float32) -> Float32:
        """Return probabilities ``(S,)`` of readings ``(S, C)``."""
        return probability(self.value(readings).astype(np.float32))


def two_class(right: int) -> LogOdds:
    """Return the reading of two logits ``(S, 2)`` as the probability of class ``right``."""
    return LogOdds((-1.0, 1.0) if right else (1.0, -1.0))


def probability(logit: Float32) -> Float32:
    """Return ``1 / (1 + exp(-logit))`` without overflow."""
    return np.exp(-np.logaddexp(np.float32(0), -logit)).astype(np.float32)
