"""Heads with one number: reward models of whole answers, and process reward models with a value head.

answer   user: problem · assistant: steps so far, in the chat template; r is read at the last token that is
         not padding, as ``…ForSequenceClassification`` pools (Skywork-Reward, Bradley-Terry models)
step     begin · problem · newline · step 1 · separator · step 2 · separator …, r at the separator, each step
         tokenised alone (Skywork-o1-Open-PRM)

    score = 1 / (1 + exp(offset - r))

With offset 0 that is what Skywork's PRM shows. A reward that was learnt from comparisons has no zero: there it
is the probability of being preferred to an answer of reward ``offset`` (PAR with one reference, Fu et al.
2025, arXiv 2502.18770). It rises with r, so every ranking is r's.

Sources: SkyworkAI/Skywork-Reward-V2; SkyworkAI/skywork-o1-prm-inference ``model_utils/io_utils.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from scoring.errors import ModelLoadError
from scoring.reward.adapters.chat import rendered, turn
from scoring.reward.adapters.config import unescaped
from scoring.reward.adapters.opening import open_published
from scoring.reward.adapters.passes import Passes
from scoring.reward.adapters.scorer import LogOdds, PathScorer, digest, ids_of
from scoring.reward.manifest import config_of
from scoring.reward.registry import added_kind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from scoring.reward.adapters.config import ScalarClassifierConfig
    from scoring.reward.adapters.scorer import Layout
    from scoring.reward.manifest import Manifest
    from scoring.reward.shared import Int32


class WholeAnswer:
    """The steps so far as a finished answer."""

    marks: tuple[str, ...] = ()

    def __init__(self, tokenizer: Any, join: str, padding: int | None) -> None:
        self.tokenizer = tokenizer
        self._join = join
        self._padding = padding
        whole = ids_of(tokenizer, self._text("problem", ["step"]))
        self.facts: dict[str, str | int] = {
            "layout_hash": digest(
                tokenizer.chat_template, join, tokenizer.backend_tokenizer.to_str()
            ),
            "read": "the last token that is not padding",
            "read_index": len(self.sequence("problem", ["step"])) - 1 - len(whole),
        }

    def sequence(self, prompt: str, steps: Sequence[str]) -> Int32:
        """See ``Layout``."""
        ids = np.array(ids_of(self.tokenizer, self._text(prompt, steps)), dtype=np.int32)
        real = np.flatnonzero(ids != (-1 if self._padding is None else self._padding))
        return ids[: real[-1] + 1] if len(real) else ids

    def _text(self, prompt: str, steps: Sequence[str]) -> str:
        answer = self._join.join(steps)
        return rendered(self.tokenizer, [turn("user", prompt), turn("assistant", answer)])


class ValuedSteps:
    """Problem and steps tokenised one by one, one separator token behind each step."""

    marks: tuple[str, ...] = ()

    def __init__(self, tokenizer: Any, separator: str) -> None:
        self.tokenizer = tokenizer
        ids = ids_of(tokenizer, separator, special=True)
        if not ids:
            raise ModelLoadError(
                "separator has no token in this model's tokenizer; give another one."
            )
        self._separator = ids[-1]
        self.facts: dict[str, str | int] = {
            "layout_hash": digest("valued", separator, tokenizer.backend_tokenizer.to_str()),
            "read": "the separator behind the step",
            "read_token": self._separator,
        }

    def sequence(self, prompt: str, steps: Sequence[str]) -> Int32:
        """See ``Layout``."""
        front = f"{self.tokenizer.bos_token or ''}{prompt}\n"
        ids = ids_of(self.tokenizer, front, special=True)
        for step in steps:
            ids += [*ids_of(self.tokenizer, step), self._separator]
        return np.array(ids, dtype=np.int32)


def load(_folder: Path, manifest: Manifest, device: str) -> PathScorer:
    """Open a published model whose head gives one number."""
    config: ScalarClassifierConfig = config_of(added_kind(manifest["kind"]), manifest)
    published = open_published(config, device)
    network = published.headed(1)
    padding = getattr(network.backbone.config.get_text_config(), "pad_token_id", None)
    tokenizer = published.tokenizer()
    layout: Layout = (
        WholeAnswer(tokenizer, unescaped(config.join), padding)
        if config.read == "answer"
        else ValuedSteps(tokenizer, unescaped(config.separator))
    )
    readout = LogOdds((1.0,), -config.offset)
    passes = Passes(network, published.device)
    return PathScorer(passes, layout, readout, {"commit": published.commit})
