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
        "Half precision takes half the memory; scores then hold to about two digits.",
        choices={"float32": "full (float32)", "bfloat16": "half (bfloat16)"},
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


_LAYOUTS = {"auto": "chat if it has a template", "chat": "chat", "plain": "plain text"}
_LAYOUT_DOC = (
    "How the problem stands in front: as a user's turn in the model's chat template, or as plain text with "
    "a blank line behind it."
)
_JOIN_DOC = f"What stands behind each step in the text. {ESCAPES}"


@dataclass(frozen=True, slots=True)
class SpecialTokenConfig(PublishedConfig):
    """A two-class head that is read at a token of its own behind each step."""

    step_token: str = setting(
        "<extra_0>", "The token behind each step that the head was trained at."
    )
    system: str = setting(
        "Please reason step by step, and put your final answer within \\boxed{}.",
        "System message in front of the problem; a dash: none.",
    )
    right: int = setting(1, "Number of the class that means right.", low=0, high=1)

    def __post_init__(self) -> None:
        PublishedConfig.__post_init__(self)
        if not self.step_token:
            raise SettingError("step_token must name the token that the head was trained at")


@dataclass(frozen=True, slots=True)
class TokenPairConfig(PublishedConfig):
    """A language model that writes one of two tokens for each step."""

    layout: Literal["step_tag", "chat_turns"] = setting(
        "step_tag",
        "Where the model says what it thinks of a step: at a tag behind it (Math-Shepherd), or as its answer "
        "to the step as a user's turn (RLHFlow).",
        choices={"step_tag": "a tag behind each step", "chat_turns": "turns of a chat"},
    )
    good: str = setting("+", f"The token that means right. {ESCAPES}")
    bad: str = setting("-", f"The token that means wrong. {ESCAPES}")
    step_tag: str = setting("ки", "With a tag behind each step only: the token that it is.")
    number: str = setting(
        r"Step {n}:\s",
        "With a tag only: what stands in front of each step that does not begin so; {n} is its number "
        f"on the path; a dash: nothing. {ESCAPES}",
    )

    def __post_init__(self) -> None:
        PublishedConfig.__post_init__(self)
        if not (self.good and self.bad and self.step_tag) or self.good == self.bad:
            raise SettingError(
                "good, bad and step_tag must be tokens, and good another one than bad"
            )


@dataclass(frozen=True, slots=True)
class ScalarClassifierConfig(PublishedConfig):
    """A head with one number: a reward model of whole answers, or one that is read behind each step."""

    read: Literal["answer", "step"] = setting(
        "answer",
        "Where the number is read: at the end of the steps so far as an assistant's whole answer in the chat "
        "template (Skywork-Reward and other Bradley–Terry models), or at the separator behind each step "
        "(Skywork-o1-Open-PRM).",
        choices={"answer": "at the end of the answer so far", "step": "behind each step"},
    )
    join: str = setting(r"\n\n", f"Of answers only: what stands between steps. {ESCAPES}")
    separator: str = setting(r"\n", f"Behind each step only: what stands there. {ESCAPES}")
    offset: float = setting(
        0.0, "The reward that is shown as 0.5: the score is 1 / (1 + exp(offset - reward))."
    )


@dataclass(frozen=True, slots=True)
class ImplicitPrmConfig(PublishedConfig):
    """A causal language model against the one that it was trained from."""

    reference: str = setting(
        "",
        "Id on the hub or folder of the model that it was trained from; with the same tokenizer.",
        reaches="model",
    )
    beta: float = setting(
        0.05, "Weight of the log-ratio, as it was trained with.", low=1e-6, high=1000.0
    )
    layout: Literal["auto", "chat", "plain"] = setting("auto", _LAYOUT_DOC, choices=_LAYOUTS)
    join: str = setting(r"\n\n", _JOIN_DOC)

    def __post_init__(self) -> None:
        PublishedConfig.__post_init__(self)
        if not self.reference.strip():
            raise SettingError(
                "reference must be the id (owner/name) or folder of the reference model"
            )


@dataclass(frozen=True, slots=True)
class LikelihoodConfig(PublishedConfig):
    """A causal language model that is asked how likely the reference answer is."""

    value: Literal["mean", "whole"] = setting(
        "mean",
        "What the score is of the answer's probability. By token it is taken to the power 1 / tokens, which "
        "compares across lengths.",
        choices={"mean": "by token", "whole": "of the whole answer"},
    )
    lead: str = setting(
        r"The answer is\s", f"What stands between the steps and the answer. {ESCAPES}"
    )
    layout: Literal["auto", "chat", "plain"] = setting("auto", _LAYOUT_DOC, choices=_LAYOUTS)
    join: str = setting(r"\n\n", _JOIN_DOC)
