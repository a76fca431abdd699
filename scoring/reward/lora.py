"""Low-rank adapters (LoRA) on a decoder: attached for training, merged for scoring.

A targeted weight W acts as ``W + alpha / rank · B A`` with A ``(rank, in)`` and B ``(out, rank)``; B
starts at 0, so that training starts from the base itself. Only A, B and the head are learnt and
stored; an artefact names its base and the hash of the weights that it was trained on.

Source: Hu et al. 2021 (arXiv 2106.09685); the layers are those of peft.
"""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from scoring.errors import ModelLoadError, TrainingError

ALL_LINEAR = "all-linear"
HASHERS = 8


@dataclass(frozen=True, slots=True)
class Adapter:
    """An adapter's shape and the weights it belongs to; stored in the manifest.

    Attributes:
        rank: rows of A.
        alpha: the product counts ``alpha / rank``.
        targets: ``all-linear``, or names of linear layers divided by commas.
        revision: commit of a base from the hub, else None.
        base_hash: ``weights_hash`` of the decoder that it is added to.
    """

    rank: int
    alpha: float
    targets: str = ALL_LINEAR
    revision: str | None = None
    base_hash: str = ""


def attach(backbone: Any, adapter: Adapter) -> None:
    """Put fresh adapters beside the targeted layers (seed torch first) and freeze all else.

    Raises:
        TrainingError: no layer has such a name; the message lists the names there are.
    """
    from peft import LoraConfig, inject_adapter_in_model

    names = [name.strip() for name in adapter.targets.split(",") if name.strip()]
    known = linear_names(backbone)
    unknown = [name for name in names if name not in {*known, ALL_LINEAR}]
    if not known:
        raise TrainingError("the base has no linear layers that lora could change; set tuning=full")
    if unknown or not names or (ALL_LINEAR in names and len(names) > 1):
        raise TrainingError(
            f"the base has no linear layer called {', '.join(unknown) or '(nothing)'}; lora_targets "
            f"may be {ALL_LINEAR} or some of: {', '.join(known)}"
        )
    wanted = LoraConfig(
        r=adapter.rank,
        lora_alpha=adapter.alpha,  # type: ignore[arg-type]  # a factor; peft takes any number
        target_modules=known if names == [ALL_LINEAR] else names,
        lora_dropout=0.0,
    )
    inject_adapter_in_model(wanted, backbone)


class HalfLinear(nn.Linear):
    """A frozen linear layer that is held in bfloat16 and computes as if it were held in float32.

    Under autocast the product takes the weight as it lies there; otherwise it is widened for the one
    product, so that evaluations are float32 throughout.
    """

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        """Return ``given`` times the weight, plus the bias."""
        if torch.is_autocast_enabled(given.device.type):
            return super().forward(given)
        own: torch.Tensor | None = self.bias  # torch's annotation leaves None out
        bias = None if own is None else own.to(given.dtype)
        return nn.functional.linear(given, self.weight.to(given.dtype), bias)


def hold_in_half(backbone: nn.Module) -> int:
    """Hold the frozen linear layers in bfloat16 whose weights lose nothing by it; return how many.

    They are those of bases that were published in bfloat16. A weight that would be rounded stays as it
    is: the adapter would be trained, and measured, on another base than the one it is merged into.
    """
    held = 0
    for module in backbone.modules():
        if type(module) is not nn.Linear or any(p.requires_grad for p in module.parameters()):
            continue
        halves = {name: p.detach().bfloat16() for name, p in module.named_parameters()}
        if all(torch.equal(h.float(), getattr(module, name)) for name, h in halves.items()):
            for name, half in halves.items():
                setattr(module, name, nn.Parameter(half, requires_grad=False))
            module.__class__ = HalfLinear
            held += 1
    return held


def merge(backbone: nn.Module) -> None:
    """Add the adapters to the weights beside them, take them out and thaw all weights."""
    from peft.tuners.lora import LoraLayer

    adapted = [(name, m) for name, m in backbone.named_modules() if isinstance(m, LoraLayer)]
    for name, layer in adapted:
        layer.merge()
        backbone.set_submodule(name, layer.get_base_layer())
    if adapted:
        del backbone.peft_config
    backbone.requires_grad_(True)


def linear_names(backbone: nn.Module) -> list[str]:
    """Return the last parts of the names of all linear layers, each once, in order."""
    linear = (name for name, m in backbone.named_modules() if isinstance(m, nn.Linear))
    return list(dict.fromkeys(name.rsplit(".", 1)[-1] for name in linear))


def trained_state(network: nn.Module) -> dict[str, torch.Tensor]:
    """Return what a run changes: parameters that are not frozen, and buffers."""
    frozen = {name for name, p in network.named_parameters() if not p.requires_grad}
    return {k: v.contiguous() for k, v in network.state_dict().items() if k not in frozen}


def load_trained(network: nn.Module, tensors: dict[str, torch.Tensor]) -> None:
    """Fill in what ``trained_state`` returned.

    Raises:
        RuntimeError: other names or shapes.
    """
    wanted = trained_state(network).keys()
    if wanted != tensors.keys():
        odd = sorted(wanted ^ tensors.keys())
        raise RuntimeError(f"{len(odd)} weights are on one side only ({odd[0]} …)")
    network.load_state_dict(tensors, strict=False)


def check_base(backbone: nn.Module, name: str, adapter: Adapter) -> None:
    """Compare the weights of a base with those that the adapter was trained on.

    Raises:
        ModelLoadError: they differ.
    """
    if weights_hash(backbone) != adapter.base_hash:
        raise ModelLoadError(
            f"base '{name}' has other weights than when this model was trained on it (an adapter "
            "fits no other weights). Put the former ones back, or train again"
        )


def weights_hash(module: nn.Module) -> str:
    """Return 16 hex digits that change with any weight, its name or its type.

    Takes about a second per billion weights and core.
    """

    def one(item: tuple[str, torch.Tensor]) -> bytes:
        name, tensor = item
        held = tensor.detach().cpu().contiguous()
        digest = hashlib.sha256(f"{name}:{held.dtype}:{tuple(held.shape)}".encode())
        digest.update(held.reshape(-1).view(torch.uint8).numpy().data)
        return digest.digest()

    with ThreadPoolExecutor(HASHERS) as pool:
        parts = pool.map(one, sorted(module.state_dict().items()))
        return hashlib.sha256(b"".join(parts)).hexdigest()[:16]
