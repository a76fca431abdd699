"""Implicit process rewards: how much likelier a trained model finds each token than the one it came from.

    r(token) = β (log π(token | before) - log π_ref(token | before))
    r(step)  = Σ over its tokens,   q(step) = Σ of r over the path up to its end,   score = σ(q)

q is the reward of the answer so far; a step's own reward is the difference of its q to its parent's. Of a
model that was trained with cross-entropy on outcomes, σ of the whole answer's q is its probability of being
right, and σ(q) in between its estimate on the way: a soft maximum over what π_ref would go on with.

Sources: Yuan et al. 2024 (arXiv 2412.01981), "Free process rewards without process labels"; Cui et al. 2025
(2502.01456), PRIME, β = 0.05. Both tokenise the whole answer; we tokenise each step alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.errors import ModelLoadError
from scoring.reward.adapters.language import StepText, language_passes
from scoring.reward.adapters.opening import open_published
from scoring.reward.adapters.scorer import probability
from scoring.reward.manifest import config_of
from scoring.reward.registry import added_kind
from scoring.reward.scores import NATS, Part, StepTokens, TreeScores

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path
    from typing import Any

    import numpy.typing as npt

    from scoring.reward.adapters.config import ImplicitPrmConfig
    from scoring.reward.adapters.passes import Passes
    from scoring.reward.manifest import Manifest
    from scoring.reward.packing import EncodedTree
    from scoring.reward.scorer import Item

OWN, SO_FAR = "reward of the step", "reward so far"


class ImplicitPrm:
    """Two language models over one text.

    Attributes:
        facts: see ``Scorer``.
    """

    scale = "probability"

    def __init__(
        self,
        passes: Passes,
        reference: Passes,
        text: StepText,
        beta: float,
        facts: Mapping[str, str | int],
    ) -> None:
        self.passes = passes
        self.reference = reference
        self.text = text
        self.beta = beta
        self.facts = {**text.facts, **facts}

    def score_many(self, items: Iterable[Item]) -> Iterator[TreeScores]:
        """Score problems in order, one tree at a time."""
        for item in items:
            yield self.score(item)

    def score(self, item: Item) -> TreeScores:
        """Score every step of a problem, with the running reward inside it."""
        context = min(self.passes.context, self.reference.context)
        found = self.text.encode(item.prompt, item.tree, context)
        step = np.full(len(item.tree), np.nan, dtype=np.float32)
        if not len(found.kept):
            return TreeScores(step, {}, float("nan"), found.skipped, self.scale)
        tokens = found.tokens
        q = self._rewards(tokens)
        reached = q[tokens.starts[1:] - 1]  # (M,)
        running = probability(q.astype(np.float32))
        ends = running[tokens.starts[1:] - 1]  # (M,) at each node's last token
        step[found.kept[1:]] = ends[1:]
        inside = {
            int(found.kept[node]): StepTokens(
                start=float(ends[tokens.parent[node]]),
                starts=np.concatenate(([0], pieces.ends[:-1])).astype(np.int32),
                ends=pieces.ends,
                running=running[tokens.starts[node] + pieces.last],
            )
            for node, pieces in enumerate(found.pieces)
            if node
        }
        so_far, own = np.full_like(step, np.nan), np.full_like(step, np.nan)
        so_far[found.kept[1:]] = reached[1:]
        own[found.kept[1:]] = reached[1:] - reached[tokens.parent[1:]]
        parts = {OWN: Part(own, NATS), SO_FAR: Part(so_far, NATS)}
        return TreeScores(step, inside, float(ends[0]), found.skipped, self.scale, parts)

    def _rewards(self, tokens: EncodedTree) -> npt.NDArray[np.float64]:
        """Return ``(L,)`` q after every token; 0 inside the prompt."""
        ours = self.passes.over(tokens)[:, 0].astype(np.float64)
        theirs = self.reference.over(tokens)[:, 0].astype(np.float64)
        own = self.beta * (ours - theirs)
        own[: tokens.starts[1]] = 0.0
        q = np.zeros_like(own)
        reached = np.zeros(len(tokens))
        for node in range(1, len(tokens)):
            span = slice(int(tokens.starts[node]), int(tokens.starts[node + 1]))
            q[span] = reached[tokens.parent[node]] + np.cumsum(own[span])
            reached[node] = q[span][-1]
        return q


def load(_folder: Path, manifest: Manifest, device: str) -> ImplicitPrm:
    """Open the two models.

    Raises:
        ModelLoadError: they do not share a tokenizer.
    """
    config: ImplicitPrmConfig = config_of(added_kind(manifest["kind"]), manifest)
    published = open_published(config, device)
    reference = open_published(config, device, name=config.reference)
    tokenizer = published.tokenizer()
    _same(tokenizer, reference.tokenizer())
    return ImplicitPrm(
        language_passes(published),
        language_passes(reference),
        StepText(tokenizer, config),
        config.beta,
        {"commit": published.commit, "reference_commit": reference.commit},
    )


def _same(ours: Any, theirs: Any) -> None:
    """Refuse two tokenizers whose ids mean different tokens."""
    mine, other = ours.get_vocab(), theirs.get_vocab()
    differ = sum(1 for token, number in mine.items() if other.get(token) != number)
    if differ or len(mine) != len(other):
        raise ModelLoadError(
            f"The two models do not share a tokenizer ({max(differ, abs(len(mine) - len(other))):,} "
            "tokens differ), so their log-probabilities are not of the same tokens: name as reference the "
            "model that this one was trained from."
        )
