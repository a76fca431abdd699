"""What a reward model is made of, apart from how it is trained. Torch-free.

A kind's config inherits ``BaseConfig`` (the backbone) and adds what its own head needs; the
registry row names it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from scoring.reward.settings import SettingError, setting, validate


@dataclass(frozen=True, slots=True)
class BaseConfig:
    """The backbone. The ``tiny_*`` fields shape the base called ``tiny`` and no other."""

    tiny_layers: int = setting(3, "Decoder layers of the tiny base.", low=1, high=16)
    tiny_width: int = setting(
        256, "Hidden size of the tiny base, a multiple of 64.", low=64, high=4096
    )
    tiny_vocabulary: int = setting(
        1000,
        "Tokens of the tiny base's tokenizer (256 bytes and 100 whole numbers included).",
        low=400,
        high=32000,
    )
    tiny_context: int = setting(
        4096, "Longest path, in tokens, that the tiny base reads.", low=16, high=131072
    )

    def __post_init__(self) -> None:
        validate(self)
        if self.tiny_width % 64:
            raise SettingError(f"tiny_width must be a multiple of 64, not {self.tiny_width}")


@dataclass(frozen=True, slots=True)
class PrmConfig(BaseConfig):
    """A process reward model: one probability per step."""

    head: Literal["two_class", "scalar"] = setting(
        "two_class",
        "two_class: softmax over wrong and right; scalar: one logit through a sigmoid.",
        choices=("two_class", "scalar"),
    )
    labels: Literal["soft", "hard"] = setting(
        "soft",
        "soft: a target of 0.7 is learnt as 0.7; hard: targets of 0.5 and more become 1.",
        choices=("soft", "hard"),
    )
