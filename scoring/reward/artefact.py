"""The folder that a trained model is: four files, safetensors only.

config.json        the backbone's shape
tokenizer.json     the tokenizer, separator not included
model.safetensors  backbone and head
tracewood.json     kind, config, versions, seed, layout, separator, read rule, provenance, metrics
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from scoring.errors import ModelLoadError
from scoring.reward.backbone import from_config, mask_plan
from scoring.reward.model import RewardModel
from scoring.reward.network import Attention, RewardNetwork
from scoring.reward.registry import KindRow, kind
from scoring.reward.tokenizer import LAYOUT, StepTokenizer, open_tokenizer

MANIFEST = "tracewood.json"
WEIGHTS = "model.safetensors"
FORMAT = 1
READ_RULE = "last token of the step (its separator)"


def save(
    folder: Path,
    *,
    network: RewardNetwork,
    tokenizer: StepTokenizer,
    row: KindRow,
    config: Any,
    base: str,
    details: dict[str, Any],
    fixed: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Write the artefact and return its manifest.

    Args:
        folder: made if it is not there; equal names in it are overwritten.
        network: the weights.
        tokenizer: with the separator.
        row: the kind's registry row.
        config: the kind's config.
        base: ``tiny``, a hub id or a folder, as the user gave it.
        details: what the trainer adds (seed, data hash, provenance, metrics).
        fixed: what the trained kind's ``fixed`` holds.
    """
    folder.mkdir(parents=True, exist_ok=True)
    manifest = {
        "format": FORMAT,
        "kind": row.key,
        "kind_version": row.version,
        "config": asdict(config),
        "fixed": fixed or {},
        "base": base,
        "separator": tokenizer.separator,
        "prefix": list(tokenizer.prefix),
        "layout": LAYOUT,
        "layout_hash": tokenizer.layout_hash,
        "read_rule": READ_RULE,
        "versions": versions(),
        **details,
    }
    network.backbone.config.save_pretrained(folder)
    tokenizer.save(folder)
    weights = folder / WEIGHTS
    try:
        save_file(_tensors(network), str(weights), metadata={"format": "pt"})
    except BaseException:  # half a file is of no use, and on a full disk its room is
        weights.unlink(missing_ok=True)
        raise
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
    return manifest


def load(
    path_or_hub_id: str | Path, device: str = "cpu", *, attention: Attention | None = None
) -> RewardModel:
    """Open an artefact folder, or the hub repository that holds one.

    Args:
        path_or_hub_id: folder or ``owner/name``.
        device: a torch device.
        attention: ``sdpa`` or ``flex``; None takes ``flex`` on CUDA and ``sdpa`` elsewhere.

    Raises:
        ModelLoadError: saying what is missing or wrong and what would be right.
        PackingError: if the backbone cannot be packed.
    """
    folder = _folder(path_or_hub_id)
    manifest = _manifest(folder)
    try:
        row = kind(manifest["kind"])
        config = row.load_config()(**manifest["config"])
        made = row.load(config, **manifest.get("fixed", {}))
        separator, prefix = int(manifest["separator"]), manifest.get("prefix", [])
    except (KeyError, TypeError, ValueError) as error:
        raise ModelLoadError(
            f"{folder / MANIFEST} is not a complete manifest: {error!r}"
        ) from error
    chosen = _device(device)
    attention = attention or ("flex" if chosen.type == "cuda" else "sdpa")
    backbone = from_config(folder)
    if attention == "flex":
        backbone.set_attn_implementation("flex_attention")
    plan = mask_plan(backbone.config, attention)
    network = RewardNetwork(backbone, made.make_head(_width(backbone)), plan)
    _fill(network, folder / WEIGHTS)
    tokenizer = open_tokenizer(folder / "tokenizer.json", separator=separator, prefix=prefix)
    return RewardModel(network, tokenizer, made, device=chosen, info=manifest)


def versions() -> dict[str, str]:
    """Name the programs that numbers depend on."""
    return {
        "python": ".".join(map(str, sys.version_info[:3])),
        "numpy": np.__version__,
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }


def _tensors(network: RewardNetwork) -> dict[str, torch.Tensor]:
    return {name: tensor.contiguous() for name, tensor in network.state_dict().items()}


def _folder(path_or_hub_id: str | Path) -> Path:
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


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    if not path.is_file():
        raise ModelLoadError(
            f"{folder} has no {MANIFEST}, so it is no trained reward model; a plain causal LM is a "
            f"base: train one with --base {folder}"
        )
    try:
        manifest = json.loads(path.read_text())
    except ValueError as error:
        raise ModelLoadError(f"{path} is not JSON: {error}") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ModelLoadError(f"{path} is not of format {FORMAT}; it was made by another version")
    return manifest


def _fill(network: RewardNetwork, path: Path) -> None:
    if not path.is_file():
        raise ModelLoadError(f"{path} is missing; weights are read from safetensors only")
    try:
        network.load_state_dict(load_file(str(path)))
    except (SafetensorError, RuntimeError, OSError) as error:
        raise ModelLoadError(
            f"{path} does not fit the config beside it: {str(error).splitlines()[0]}"
        ) from error


def _device(name: str) -> torch.device:
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ModelLoadError(f"'{name}' is no device; use cpu, cuda or cuda:0") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ModelLoadError(f"'{name}' was asked for and this machine has no CUDA device; use cpu")
    return device


def _width(backbone: Any) -> int:
    return int(backbone.config.get_text_config().hidden_size)
