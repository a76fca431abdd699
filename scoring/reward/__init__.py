"""Reward models: what they are made of, and scoring with them.

``load`` is the way in; torch is imported when it is called, not when this package is.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from scoring.reward.model import RewardModel

__all__ = ["load"]


def load(path_or_hub_id: str | Path, device: str = "cpu") -> RewardModel:
    """Open a trained reward model from its artefact folder or the hub.

    Raises:
        ModelLoadError: saying what is missing and what would be right.
        PackingError: if the backbone cannot be packed.
    """
    model: RewardModel = importlib.import_module("scoring.reward.artefact").load(
        path_or_hub_id, device
    )
    return model
