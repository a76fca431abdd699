"""The folder that a trained model is: four files, safetensors only.

config.json        the backbone's shape
tokenizer.json     the tokenizer, separator not included
model.safetensors  backbone and head; of an adapter (``scoring/reward/lora.py``) itself and the head
tracewood.json     kind, config, versions, seed, layout, separator, read rule, provenance, metrics; of
                   an adapter also its shape and which base it belongs to
"""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import transformers
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from scoring.errors import ModelLoadError
from scoring.registry import load_target
from scoring.reward import lora
from scoring.reward.backbone import Backbone, from_config, mask_plan, open_base
from scoring.reward.manifest import (
    FORMAT,
    MANIFEST,
    Manifest,
    find_folder,
    read_manifest,
    write_manifest,
)
from scoring.reward.model import RewardModel
from scoring.reward.network import Attention, RewardNetwork
from scoring.reward.registry import kind
from scoring.reward.tokenizer import LAYOUT, StepTokenizer, open_tokenizer

if TYPE_CHECKING:
    from scoring.reward.model_kind import KindRow

WEIGHTS = "model.safetensors"
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
        network: the weights; of one with an adapter only the adapter and the head are written.
        tokenizer: with the separator.
        row: the kind's registry row.
        config: the kind's config.
        base: ``tiny``, a hub id or a folder, as the user gave it.
        details: what the trainer adds (seed, data hash, provenance, metrics).
        fixed: what the trained kind's ``fixed`` holds.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if network.adapter:
        details = {"adapter": asdict(network.adapter), **details}
    manifest = describe(tokenizer, row, config, base, details, fixed)
    network.backbone.config.save_pretrained(folder)
    tokenizer.save(folder)
    weights = folder / WEIGHTS
    try:
        save_file(_tensors(network), str(weights), metadata={"format": "pt"})
    except BaseException:  # half a file is of no use, and on a full disk its room is
        weights.unlink(missing_ok=True)
        raise
    write_manifest(folder, manifest)
    return manifest


def describe(
    tokenizer: StepTokenizer,
    row: KindRow,
    config: Any,
    base: str,
    details: dict[str, Any],
    fixed: dict[str, Any] | None,
) -> Manifest:
    """Return the manifest of a trained model; the arguments are those of ``save``."""
    return {
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


def load(
    path_or_hub_id: str | Path, device: str = "cpu", *, attention: Attention | None = None
) -> RewardModel:
    """Open a model that was trained: its folder, or the hub repository that holds one.

    An adapter is merged into its base, whose weights must be those that it was trained on.

    Args:
        path_or_hub_id: folder or ``owner/name``.
        device: a torch device.
        attention: ``sdpa`` or ``flex``; None takes ``flex`` on CUDA and ``sdpa`` elsewhere.

    Raises:
        ModelLoadError: saying what is missing or wrong and what would be right.
        PackingError: if the backbone cannot be packed.
    """
    folder = find_folder(path_or_hub_id)
    manifest = read_manifest(folder)
    loader = load_target(kind(manifest["kind"]).loader)
    return loader(folder, manifest, device, attention=attention)


def open_trained(
    folder: Path,
    manifest: Manifest,
    device: str = "cpu",
    *,
    attention: Attention | None = None,
) -> RewardModel:
    """Open the artefact in ``folder``; see ``load``."""
    try:
        row = kind(manifest["kind"])
        config = row.load_config()(**manifest["config"])
        made = row.load(config, **manifest.get("fixed", {}))
        separator, prefix = int(manifest["separator"]), manifest.get("prefix", [])
        adapter = lora.Adapter(**manifest["adapter"]) if "adapter" in manifest else None
    except (KeyError, TypeError, ValueError) as error:
        raise ModelLoadError(
            f"{folder / MANIFEST} is not a complete manifest: {error!r}"
        ) from error
    chosen = open_device(device)
    attention = attention or ("flex" if chosen.type == "cuda" else "sdpa")
    backbone = _adapted(manifest["base"], adapter) if adapter else from_config(folder)
    plan = mask_plan(backbone.config, attention)
    network = RewardNetwork(backbone, made.make_head(_width(backbone)), plan)
    _fill(network, folder / WEIGHTS)
    if adapter:
        lora.merge(backbone)
    if attention == "flex":
        backbone.set_attn_implementation("flex_attention")
    tokenizer = open_tokenizer(folder / "tokenizer.json", separator=separator, prefix=prefix)
    return RewardModel(network, tokenizer, made, device=chosen, info=manifest)


def open_decoder(name: str, revision: str | None = None) -> Backbone:
    """Open what a run starts from or an adapter is added to: a causal LM, or a model trained here.

    Raises:
        ModelLoadError, PackingError: it cannot be used.
    """
    if (Path(name) / MANIFEST).is_file():
        trained = load(name, attention="sdpa")
        if not isinstance(trained.network, RewardNetwork):
            raise ModelLoadError(
                f"{name} has several decoders: name the folder of one of its members, such as "
                f"{Path(name) / 'members' / '1'}"
            )
        return Backbone(trained.network.backbone, trained.tokenizer, name)
    return open_base(name, revision)


def versions() -> dict[str, str]:
    """Name the programs that numbers depend on."""
    return {
        "python": ".".join(map(str, sys.version_info[:3])),
        "numpy": np.__version__,
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }


def _tensors(network: RewardNetwork) -> dict[str, torch.Tensor]:
    if network.adapter:
        return lora.trained_state(network)
    return {name: tensor.contiguous() for name, tensor in network.state_dict().items()}


def _adapted(base: str, adapter: lora.Adapter) -> Any:
    """Return the base with the adapter's layers in place, still untrained."""
    backbone = open_decoder(base, adapter.revision).module
    lora.check_base(backbone, base, adapter)
    lora.attach(backbone, adapter)
    return backbone


def _fill(network: RewardNetwork, path: Path) -> None:
    if not path.is_file():
        raise ModelLoadError(f"{path} is missing; weights are read from safetensors only")
    try:
        lora.load_trained(network, load_file(str(path)))
    except (SafetensorError, RuntimeError, OSError) as error:
        raise ModelLoadError(
            f"{path} does not fit the config beside it: {str(error).splitlines()[0]}"
        ) from error


def open_device(name: str) -> torch.device:
    """Return the torch device called ``name``.

    Raises:
        ModelLoadError: there is none.
    """
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ModelLoadError(f"'{name}' is no device; use cpu, cuda or cuda:0") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ModelLoadError(f"'{name}' was asked for and this machine has no CUDA device; use cpu")
    return device


def _width(backbone: Any) -> int:
    return int(backbone.config.get_text_config().hidden_size)
