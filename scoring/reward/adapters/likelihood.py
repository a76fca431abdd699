"""How likely a language model finds the reference answer after the steps so far.

    R(step) = log π(answer | problem, steps up to it, lead)
    score   = exp(R / answer's tokens)   (mean)   or   exp(R)   (whole)

After every step the model is asked as if the answer came next, and only the answer's tokens count. The
tree gets one more leaf per step, so the steps themselves run once.

Sources: likelihood-based reward, arXiv 2602.03979, for the value of a whole reasoning (the exact place of the
lead is ours); asking after every step is ours as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.errors import AlignmentError
from scoring.reward.adapters.config import unescaped
from scoring.reward.adapters.language import StepText, language_passes
from scoring.reward.adapters.opening import open_published
from scoring.reward.adapters.scorer import unreadable
from scoring.reward.manifest import config_of
from scoring.reward.packing import join_tokens
from scoring.reward.registry import added_kind
from scoring.reward.scores import NATS, Part, TreeScores

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    import numpy.typing as npt

    from scoring.reward.adapters.config import LikelihoodConfig
    from scoring.reward.adapters.passes import Passes
    from scoring.reward.manifest import Manifest
    from scoring.reward.packing import EncodedTree, Ints
    from scoring.reward.scorer import Item
    from scoring.reward.shared import Int32

WHOLE, CHANGE = "log-probability of the answer", "its change by the step"
NO_REFERENCE = "its problem has no reference answer"


class Likelihood:
    """A language model that is asked for the reference answer after every step.

    Attributes:
        facts: see ``Scorer``.
    """

    scale = "probability"

    def __init__(
        self,
        passes: Passes,
        text: StepText,
        config: LikelihoodConfig,
        facts: Mapping[str, str | int],
    ) -> None:
        self.passes = passes
        self.text = text
        self._lead = unescaped(config.lead)
        self._mean = config.value == "mean"
        self.facts = {**text.facts, **facts}

    def score_many(self, items: Iterable[Item]) -> Iterator[TreeScores]:
        """Score problems in order, one tree at a time."""
        for item in items:
            yield self.score(item)

    def score(self, item: Item) -> TreeScores:
        """Score every step of a problem that has a reference answer."""
        n = len(item.tree)
        step = np.full(n, np.nan, dtype=np.float32)
        if not item.reference.strip():
            skipped = dict.fromkeys(range(1, n), NO_REFERENCE)
            return TreeScores(step, {}, float("nan"), skipped, self.scale)
        answer, first = self._answer(item.reference.strip())
        found = self.text.encode(item.prompt, item.tree, self.passes.context, room=len(answer))
        if not len(found.kept):
            return TreeScores(step, {}, float("nan"), found.skipped, self.scale)
        length = len(answer) - first
        logs = self._log_likely(_asked(found.tokens, answer), length)
        likely = np.exp(logs / length if self._mean else logs)
        whole, change = np.full_like(step, np.nan), np.full_like(step, np.nan)
        step[found.kept[1:]] = likely[1:]
        whole[found.kept[1:]] = logs[1:]
        change[found.kept[1:]] = logs[1:] - logs[found.tokens.parent[1:]]
        parts = {CHANGE: Part(change, NATS), WHOLE: Part(whole, NATS)}
        return TreeScores(step, {}, float(likely[0]), found.skipped, self.scale, parts)

    def _answer(self, reference: str) -> tuple[Int32, int]:
        """Return the tokens of lead and answer, and how many come before the answer's first.

        Raises:
            AlignmentError: the answer has no token.
        """
        unreadable(reference, "the reference answer", ())
        found = self.text.alone(f"{self._lead}{reference}")
        own = [k for k, (_, end) in enumerate(found.offsets) if end > len(self._lead)]
        if not own:
            raise AlignmentError("the reference answer has no token in this model's tokenizer")
        return np.array(found.ids, dtype=np.int32), own[0]

    def _log_likely(self, asked: EncodedTree, length: int) -> npt.NDArray[np.float64]:
        """Return ``(M,)`` R after each node of the tree without answers, in nats."""
        logs = self.passes.over(asked)[:, 0].astype(np.float64)
        ends = asked.starts[1:][1::2]  # the answers are the odd nodes
        return np.array([logs[end - length : end].sum() for end in ends.tolist()])


def _asked(tokens: EncodedTree, answer: Int32) -> EncodedTree:
    """Give every node a first child that is the answer: node k becomes 2 k, its answer 2 k + 1."""
    nodes = [tokens.ids[a:b] for a, b in zip(tokens.starts[:-1], tokens.starts[1:], strict=True)]
    parent: Ints = np.empty(2 * len(tokens), dtype=np.int64)
    parent[0::2] = np.where(tokens.parent < 0, -1, 2 * tokens.parent)
    parent[1::2] = 2 * np.arange(len(tokens))
    return join_tokens([ids for node in nodes for ids in (node, answer)], parent)


def load(_folder: Path, manifest: Manifest, device: str) -> Likelihood:
    """Open the language model."""
    config: LikelihoodConfig = config_of(added_kind(manifest["kind"]), manifest)
    published = open_published(config, device)
    text = StepText(published.tokenizer(), config)
    return Likelihood(language_passes(published), text, config, {"commit": published.commit})
