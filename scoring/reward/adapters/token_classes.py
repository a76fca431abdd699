"""Token classifiers: two classes at every token, read at the last token of each step's separator.

    problem · step 1 · separator · step 2 · separator · …      p = softmax(z)[right]

Every part is tokenised alone, and the problem has no separator: so TRL's PRMTrainer (to 1.13) and PURE,
which trains with it, lay out their data. A tokenizer with a beginning-of-text token puts it in front.

Sources: TRL 1.13.0 ``trl/experimental/prm/prm_trainer.py``; CJReinforce/PURE at 41f9363b. TRL's own
documentation joins problem and first step with the separator when it scores; its training does not.
PURE shows p(right) - p(wrong); that is 2 p - 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from scoring.errors import ModelLoadError
from scoring.reward.adapters.config import unescaped
from scoring.reward.adapters.opening import open_published
from scoring.reward.adapters.passes import Passes
from scoring.reward.adapters.scorer import PathScorer, digest, ids_of, two_class
from scoring.reward.manifest import config_of
from scoring.reward.registry import added_kind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from scoring.reward.adapters.config import TokenClassesConfig
    from scoring.reward.manifest import Manifest
    from scoring.reward.shared import Int32


class SeparatedParts:
    """Problem and steps tokenised one by one, a separator behind each step."""

    marks: tuple[str, ...] = ()

    def __init__(self, tokenizer: Any, separator: str) -> None:
        self.tokenizer = tokenizer
        self._separator = ids_of(tokenizer, separator)
        if not self._separator:
            raise ModelLoadError(
                "separator has no token in this model's tokenizer; give another one."
            )
        begins = tokenizer.bos_token_id
        self._begin = [] if begins is None else [int(begins)]
        self.facts: dict[str, str | int] = {
            "layout_hash": digest(
                "parts", separator, self._begin, tokenizer.backend_tokenizer.to_str()
            ),
            "read": "last token of the separator",
            "read_token": self._separator[-1],
        }

    def sequence(self, prompt: str, steps: Sequence[str]) -> Int32:
        """See ``Layout``."""
        ids = [*self._begin, *ids_of(self.tokenizer, prompt)]
        for step in steps:
            ids += [*ids_of(self.tokenizer, step), *self._separator]
        return np.array(ids, dtype=np.int32)


def load(_folder: Path, manifest: Manifest, device: str) -> PathScorer:
    """Open a published token classifier."""
    config: TokenClassesConfig = config_of(added_kind(manifest["kind"]), manifest)
    published = open_published(config, device)
    layout = SeparatedParts(published.tokenizer(), unescaped(config.separator))
    passes = Passes(published.headed(2), published.device)
    return PathScorer(passes, layout, two_class(config.right), {"commit": published.commit})
