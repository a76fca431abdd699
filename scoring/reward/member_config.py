"""What an ensemble is made of: members of another kind, and how they are read together. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

from scoring.errors import UnknownNameError
from scoring.reward.config import BaseConfig
from scoring.reward.registry import kind
from scoring.reward.settings import SettingError, from_settings, setting

MEMBERS = (
    "prm",
    "hrm",
    "orm",
    "bradley_terry",
    "bt_ties",
    "plackett_luce",
    "tree_preference",
    "heron",
)
"""Kinds that say one value per place, so that several of them can be read together."""


@dataclass(frozen=True, slots=True)
class EnsembleConfig(BaseConfig):
    """k models of one kind, trained apart."""

    member: Literal[
        "prm", "hrm", "orm", "bradley_terry", "bt_ties", "plackett_luce", "tree_preference", "heron"
    ] = setting(
        "prm",
        "What every member is; it says what is learnt from.",
        choices={key: kind(key).label for key in MEMBERS},
    )
    member_settings: str = setting(
        "", "Settings of the members' kind, as name=value; name=value. Empty: its defaults."
    )
    members: int = setting(
        5,
        "How many are trained, one after another, each with the steps that the run has.",
        low=2,
        high=16,
    )
    combine: Literal["mean", "worst", "uncertainty"] = setting(
        "mean",
        "How one value is made of the members'; the penalty is for differing.",
        choices={
            "mean": "their mean",
            "worst": "the lowest of them",
            "uncertainty": "their mean less a penalty",
        },
    )
    spread: Literal["variance", "deviation"] = setting(
        "variance",
        "What the penalty for differing is taken from.",
        choices={"variance": "the members' variance", "deviation": "their standard deviation"},
    )
    penalty: float = setting(
        0.5, "How many times the spread is subtracted as a penalty.", low=0.0, high=100.0
    )

    def __post_init__(self) -> None:
        # The zero-argument form of super() breaks in a dataclass with slots.
        BaseConfig.__post_init__(self)
        try:
            self.make_member()
        except (SettingError, UnknownNameError) as error:
            raise SettingError(f"member_settings: {error}") from error

    def make_member(self) -> BaseConfig:
        """Return the config of every member: of its kind, on the backbone of the ensemble.

        Raises:
            UnknownNameError: for a setting that the members' kind does not have.
            SettingError: for a value that it cannot have.
        """
        backbone = {field.name: getattr(self, field.name) for field in fields(BaseConfig)}
        given = _parsed(self.member_settings)
        if shared := sorted(backbone.keys() & given.keys()):
            raise SettingError(f"{shared[0]} is set for the ensemble, not for its members")
        return from_settings(kind(self.member).load_config(), given, **backbone)


def _parsed(text: str) -> dict[str, str]:
    """Split ``name=value; name=value``."""
    found: dict[str, str] = {}
    for part in filter(str.strip, text.split(";")):
        name, equals, value = part.partition("=")
        if not equals:
            raise SettingError(f"'{part.strip()}' is not of the form name=value")
        found[name.strip()] = value.strip()
    return found
