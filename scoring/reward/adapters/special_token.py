"""Two-class heads read at a token of their own behind each step (Qwen2.5-Math-PRM).

    system · user: problem · assistant: step 1 <extra_0> step 2 <extra_0> …      p = softmax(z)[right]

The steps stand in one assistant turn without anything else between them; z is the head at the step's
token. It is found by its place in the text, not by looking for its id or for probabilities above 0.

Source: model card of Qwen/Qwen2.5-Math-PRM-7B (Zhang et al. 2025, arXiv 2501.07301); its head is two
layers with ReLU between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scoring.errors import AlignmentError
from scoring.reward.adapters.chat import not_one_token, rendered, turn, up_to_mark
from scoring.reward.adapters.opening import open_published
from scoring.reward.adapters.passes import Passes
from scoring.reward.adapters.scorer import PathScorer, digest, ids_of, two_class
from scoring.reward.manifest import config_of
from scoring.reward.registry import added_kind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from scoring.reward.adapters.config import SpecialTokenConfig
    from scoring.reward.manifest import Manifest
    from scoring.reward.shared import Int32

NONE = "-"


class MarkedSteps:
    """A conversation whose assistant turn has the step token behind each step."""

    def __init__(self, tokenizer: Any, token: str, system: str) -> None:
        self.tokenizer = tokenizer
        self.marks: tuple[str, ...] = (token,)  # often an added token that is not marked as special
        self._token = token
        self._front = [] if system == NONE else [turn("system", system)]
        try:
            read = int(self.sequence("problem", ["step"])[-1])
        except AlignmentError:
            raise not_one_token(token, "step_token", len(ids_of(tokenizer, token))) from None
        self.facts: dict[str, str | int] = {
            "layout_hash": digest(
                tokenizer.chat_template, token, system, tokenizer.backend_tokenizer.to_str()
            ),
            "read": f"the last {token} of the path",
            "read_token": read,
        }

    def sequence(self, prompt: str, steps: Sequence[str]) -> Int32:
        """See ``Layout``."""
        answer = "".join(f"{step}{self._token}" for step in steps)
        turns = [*self._front, turn("user", prompt), turn("assistant", answer)]
        text = rendered(self.tokenizer, turns)
        return up_to_mark(self.tokenizer, text, self._token, special=False)


def load(_folder: Path, manifest: Manifest, device: str) -> PathScorer:
    """Open a published two-class model with a step token."""
    config: SpecialTokenConfig = config_of(added_kind(manifest["kind"]), manifest)
    published = open_published(config, device)
    layout = MarkedSteps(published.tokenizer(), config.step_token, config.system)
    passes = Passes(published.headed(2), published.device)
    return PathScorer(passes, layout, two_class(config.right), {"commit": published.commit})
