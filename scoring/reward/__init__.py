"""Reward models: what they are made of, and scoring with them.

``load`` is the way in; torch is imported when it is called, not when this package is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scoring.reward.manifest import find_folder, read_manifest
from scoring.reward.registry import any_kind

if TYPE_CHECKING:
    from pathlib import Path

    from scoring.reward.scorer import Scorer

__all__ = ["load"]


def load(path_or_hub_id: str | Path, device: str = "cpu") -> Scorer:
    """Open a reward model of any kind from its artefact folder or the hub.

    Raises:
        ModelLoadError: saying what is missing and what would be right.
        PackingError: if the backbone cannot be packed.
    """
    folder = find_folder(path_or_hub_id)
    manifest = read_manifest(folder)
    return any_kind(manifest["kind"]).open(folder, manifest, device)
