"""Language models that say of each step one of two tokens: softmax over the two logits.

step_tag     problem · "Step 1: …" ки · "Step 2: …" ки …, the logits at the tag (Math-Shepherd, OpenRLHF)
chat_turns   user: problem and step 1 · assistant: + · user: step 2 · assistant: + …, the logits before
             the last verdict (RLHFlow); earlier verdicts are the good one, whatever the model said of them

Sources: model card of peiyi9979/math-shepherd-mistral-7b-prm (Wang et al. 2023, arXiv 2312.08935);
RLHFlow/RLHF-Reward-Modeling ``math-rm`` at fc39179f, whose place -3 counted from the end is the last token
of the header in front of the verdict in Llama 3's template, found here by opening the assistant's turn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from scoring.errors import AlignmentError, ModelLoadError
from scoring.reward.adapters.chat import not_one_token, one_id, rendered, turn, up_to_mark
from scoring.reward.adapters.config import unescaped
from scoring.reward.adapters.opening import open_published
from scoring.reward.adapters.passes import Passes
from scoring.reward.adapters.scorer import PathScorer, digest, ids_of, two_class
from scoring.reward.manifest import config_of
from scoring.reward.registry import added_kind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from scoring.reward.adapters.config import TokenPairConfig
    from scoring.reward.adapters.opening import Published
    from scoring.reward.adapters.scorer import Layout
    from scoring.reward.manifest import Manifest
    from scoring.reward.shared import Int32

NONE = "-"


class TaggedSteps:
    """One text with a tag behind each step, line by line."""

    marks: tuple[str, ...] = ()

    def __init__(self, tokenizer: Any, tag: str, number: str) -> None:
        self.tokenizer = tokenizer
        self._tag = tag
        self._number = "" if number == NONE else number
        try:
            read = int(self.sequence("problem", ["step"])[-1])
        except AlignmentError:
            raise not_one_token(tag, "step_tag", len(ids_of(tokenizer, tag))) from None
        self.facts: dict[str, str | int] = {
            "layout_hash": digest("tagged", tag, number, tokenizer.backend_tokenizer.to_str()),
            "read": f"the last {tag} of the path",
            "read_token": read,
        }

    def sequence(self, prompt: str, steps: Sequence[str]) -> Int32:
        """See ``Layout``."""
        lines = (f"{self._named(k, step)} {self._tag}" for k, step in enumerate(steps, start=1))
        text = f"{prompt} " + "\n".join(lines)
        return up_to_mark(self.tokenizer, text, self._tag, special=True)

    def _named(self, number: int, step: str) -> str:
        front = self._number.replace("{n}", str(number))
        return step if step.startswith(front) else front + step


class VerdictTurns:
    """A conversation in which each step is answered with the good verdict, the last one still open."""

    marks: tuple[str, ...] = ()

    def __init__(self, tokenizer: Any, good: str, good_id: int) -> None:
        self.tokenizer = tokenizer
        self._good = good
        opened = self.sequence("problem", ["step"]).tolist()
        whole = ids_of(tokenizer, rendered(tokenizer, self._turns("problem", ["step"])))
        if whole[: len(opened) + 1] != [*opened, good_id]:
            raise ModelLoadError(
                f"The chat template does not put the verdict '{good}' right behind what opens an "
                "assistant's turn, so this model cannot be read as RLHFlow's are."
            )
        self.facts: dict[str, str | int] = {
            "layout_hash": digest(
                tokenizer.chat_template, good, tokenizer.backend_tokenizer.to_str()
            ),
            "read": "the token before the last verdict",
            "read_index": len(opened) - 1 - len(whole),
        }

    def sequence(self, prompt: str, steps: Sequence[str]) -> Int32:
        """See ``Layout``."""
        turns = self._turns(prompt, steps)[:-1]
        return np.array(
            ids_of(self.tokenizer, rendered(self.tokenizer, turns, asks=True)), dtype=np.int32
        )

    def _turns(self, prompt: str, steps: Sequence[str]) -> list[dict[str, str]]:
        asked = [f"{prompt} {steps[0]}", *steps[1:]]
        return [t for text in asked for t in (turn("user", text), turn("assistant", self._good))]


def load(_folder: Path, manifest: Manifest, device: str) -> PathScorer:
    """Open a published language model that was trained to write verdicts."""
    config: TokenPairConfig = config_of(added_kind(manifest["kind"]), manifest)
    published = open_published(config, device)
    tokenizer = published.tokenizer()
    good = one_id(tokenizer, unescaped(config.good), "good")
    bad = one_id(tokenizer, unescaped(config.bad), "bad")
    layout: Layout = (
        TaggedSteps(tokenizer, config.step_tag, unescaped(config.number))
        if config.layout == "step_tag"
        else VerdictTurns(tokenizer, unescaped(config.good), good)
    )
    passes = Passes(published.network(*_pair(published, [bad, good])), published.device)
    facts: dict[str, str | int] = {"commit": published.commit, "good_token": good, "bad_token": bad}
    return PathScorer(passes, layout, two_class(1), facts)


def _pair(published: Published, ids: list[int]) -> tuple[Any, nn.Module]:
    """Return the decoder, and the rows of its output matrix that belong to ``ids``."""
    decoder, out = published.language_model()
    head = nn.Linear(out.in_features, len(ids), bias=out.bias is not None, dtype=published.dtype)
    with torch.no_grad():
        head.weight.copy_(out.weight[ids])
        if out.bias is not None:
            head.bias.copy_(out.bias[ids])
    return decoder, head
