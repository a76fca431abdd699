"""How published models are asked: one config per kind that is added. Torch-free."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from scoring.reward.settings import SettingError, setting, validate

ESCAPES = r"Write \n for a line break, \t for a tab, \s for a space at either end."
_ESCAPED = {r"\n": "\n", r"\t": "\t", r"\s": " ", "\\\\": "\\"}


def unescaped(text: str) -> str:
    """Return a setting in which white space matters as the characters that it stands for."""
    return re.sub(r"\\[nts\\]", lambda found: _ESCAPED[found[0]], text)


@dataclass(frozen=True, slots=True)
class PublishedConfig:
    """A model that somebody published, and how its weights are run."""

    model: str = setting(
        "",
        "Id on the hub (owner/name), or a folder with config.json, tokenizer.json and *.safetensors.",
        reaches="model",
    )
    revision: str = setting("", "Commit, tag or branch on the hub; empty: the newest of main.")
    precision: Literal["float32", "bfloat16"] = setting(
        "float32",
        "bfloat16 halves the memory; scores then hold to about two digits.",
        choices=("float32", "bfloat16"),
    )

    def __post_init__(self) -> None:
        validate(self)
        if not self.model.strip():
            raise SettingError("model must be the id of a public model (owner/name) or a folder")


@dataclass(frozen=True, slots=True)
class TokenClassesConfig(PublishedConfig):
    """A token classifier that is read behind each step."""

    separator: str = setting(
        r"\n", f"What stands behind each step; its last token is read. {ESCAPES}"
    )
    right: int = setting(1, "Number of the class that means right.", low=0, high=1)
