"""The kinds of reward models: one file in ``kinds/`` and one row here each. Torch-free.

Menus, the command line, the docs test and the contract tests read these rows; only ``load``
imports a kind.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scoring.errors import UnknownNameError
from scoring.reward.settings import FieldSpec, describe, from_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scoring.reward.config import BaseConfig


@dataclass(frozen=True, slots=True)
class KindRow:
    """One kind of reward model.

    Attributes:
        key: stored in the database and in artefacts, never renamed.
        label: what a person reads in the menu.
        target: ``module:class`` with ``make_head``, ``reward`` and ``losses`` (see ``kinds/prm.py``).
        config: ``module:class`` of its torch-free config.
        version: raised when scores of the same weights would change.
        needs: what it learns from.
        signed: True if scores have a sign; False for probabilities.
        description: one sentence for the menu.
    """

    key: str
    label: str
    target: str
    config: str
    version: str
    needs: tuple[str, ...]
    signed: bool
    description: str

    def load_config(self) -> type[BaseConfig]:
        """Return the config class."""
        return _resolve(self.config)

    def settings(self) -> tuple[FieldSpec, ...]:
        """Return the settings that this kind adds to the trainer's."""
        return describe(self.load_config())

    def make_config(self, settings: Mapping[str, str]) -> BaseConfig:
        """Build the config from ``--set`` texts."""
        return from_settings(self.load_config(), settings)

    def load(self, config: BaseConfig) -> Any:
        """Import the kind (and torch with it) and bind it to ``config``."""
        return _resolve(self.target)(config)


KINDS: dict[str, KindRow] = {
    row.key: row
    for row in (
        KindRow(
            key="prm",
            label="Process reward model",
            target="scoring.reward.kinds.prm:ProcessRewardModel",
            config="scoring.reward.config:PrmConfig",
            version="1",
            needs=("step labels",),
            signed=False,
            description="Learns the probability that a step is right from ratings of single steps.",
        ),
    )
}


def kind(key: str) -> KindRow:
    """Return the row called ``key``.

    Raises:
        UnknownNameError: naming the known kinds.
    """
    try:
        return KINDS[key]
    except KeyError:
        raise UnknownNameError("reward-model kind", key, KINDS) from None


def _resolve(target: str) -> Any:
    module, name = target.split(":")
    return getattr(importlib.import_module(module), name)
