"""``tracewood.json``: the file that makes a folder a reward model and says of which kind. Torch-free."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from scoring.errors import ModelLoadError, ScoringError

if TYPE_CHECKING:
    from scoring.reward.model_kind import AddedKind

MANIFEST = "tracewood.json"
FORMAT = 1

Manifest: TypeAlias = dict[str, Any]


def find_folder(path_or_hub_id: str | Path) -> Path:
    """Return the artefact's folder, fetched from the hub if it is an id (``owner/name``).

    Raises:
        ModelLoadError: there is neither.
    """
    folder = Path(path_or_hub_id)
    if folder.is_dir():
        return folder
    name = str(path_or_hub_id)
    if folder.is_absolute() or name.count("/") != 1 or name.startswith("."):
        raise ModelLoadError(f"no folder {name}; give an artefact folder or a hub id (owner/name)")
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=["*.json", "*.safetensors"]))
    except (OSError, ValueError) as error:
        raise ModelLoadError(
            f"no folder {name}, and the hub did not answer for that id: {str(error).splitlines()[0]}"
        ) from error


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of an artefact folder.

    Raises:
        ModelLoadError: it is missing, no JSON, or of another format.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise ModelLoadError(
            f"{folder} has no {MANIFEST}, so it is no trained reward model; a plain causal LM "
            f"is a base: train one with --base {folder}"
        )
    try:
        manifest = json.loads(path.read_text())
    except ValueError as error:
        raise ModelLoadError(f"{path} is not JSON: {error}") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ModelLoadError(f"{path} is not of format {FORMAT}; it was made by another version")
    if not isinstance(manifest.get("kind"), str):
        raise ModelLoadError(f"{path} is not a complete manifest: it names no kind")
    return manifest


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write ``manifest`` into ``folder``."""
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")


def added_manifest(row: AddedKind, config: Any) -> Manifest:
    """Return the manifest of a model that is added: its kind and settings are all there is."""
    return {
        "format": FORMAT,
        "kind": row.key,
        "kind_version": row.version,
        "config": asdict(config),
    }


def config_of(row: AddedKind, manifest: Manifest) -> Any:
    """Read an added model's config back.

    Raises:
        ModelLoadError: settings that this version does not know or refuses.
    """
    try:
        return row.load_config()(**manifest["config"])
    except (KeyError, TypeError, ScoringError) as error:
        raise ModelLoadError(f"The settings of this {row.label} cannot be used: {error}.") from None
