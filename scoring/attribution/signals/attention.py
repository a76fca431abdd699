"""Where a decoder looks: distance back of local heads (WAAD), influence ahead of global ones (FAI).

Heads of a few layers in the middle third are sorted by their mean backward distance Σ_s A[t, s] (t - s); the
lowest 30 % are local, the highest 30 % global. Over the maps averaged within each group

    WAAD_t = Σ_s Ā_loc[t, s] min(t - s, W)        FAI_s = mean of Ā_glob[t, s] over s + 10 ≤ t ≤ s + 50

Both are linear in the map, so each layer's map is reduced as it comes and dropped: one map is held at a time.
The last ten tokens have no FAI. Over all layers and heads "per head" leaves open whether heads are sorted within
a layer or together; here together.

Source: arXiv 2510.13554.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from scoring.attribution.signals.base import Measured
from scoring.attribution.subject import numbers
from scoring.errors import AttributionError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scoring.attribution.signals.reader import Reader
    from scoring.reward.network import RewardNetwork

Float64 = npt.NDArray[np.float64]
NEAREST, FARTHEST = 10, 50
"""Tokens ahead between which FAI looks."""


class HeadNumbers(NamedTuple):
    """What is kept of H maps: ``(H,)`` mean distances, ``(H, T)`` WAAD, ``(H, T)`` FAI."""

    distance: Tensor
    waad: Tensor
    fai: Tensor


def reduce_maps(maps: Tensor, reach: int) -> HeadNumbers:
    """Reduce attention maps.

    Args:
        maps: ``(H, T, T)``, rows are queries and add up to 1.
        reach: W, the most that a distance counts.
    """
    maps = maps.float()
    size = maps.shape[-1]
    index = torch.arange(size, device=maps.device)
    back = (index[:, None] - index[None, :]).clamp_min(0).float()  # (T, T)
    distance = (maps * back).sum(dim=-1).mean(dim=-1)
    waad = (maps * back.clamp_max(reach)).sum(dim=-1)
    ahead = index[:, None] - index[None, :]
    seen = (ahead >= NEAREST) & (ahead <= FARTHEST)
    fai = (maps * seen).sum(dim=1) / seen.sum(dim=0)  # 0 / 0 is NaN: nothing lies ahead
    return HeadNumbers(distance, waad, fai)


def groups(distance: Float64, share: float) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the numbers of local and of global heads: a share of all each, at least one."""
    order = np.argsort(distance, kind="stable")
    count = max(1, int(share * len(order)))
    return order[:count], order[-count:]


def middle_layers(layers: int, wanted: int) -> list[int]:
    """Return at most ``wanted`` layers, evenly in the middle third, from 0."""
    low = layers // 3
    high = max(2 * layers // 3 - 1, low)
    return sorted({round(place) for place in np.linspace(low, high, wanted).tolist()})


def jumps(waad: Float64) -> Float64:
    """Return ``|WAAD_t - WAAD_{t+1}|``; the last has none."""
    return np.append(np.abs(np.diff(waad)), np.nan)


def chosen(values: Float64, share: float = 0.4) -> npt.NDArray[np.bool_]:
    """Mark the highest share of the values that are there (the paper takes 40 %)."""
    known = np.flatnonzero(np.isfinite(values))
    count = round(share * len(known))
    marked = np.zeros(len(values), dtype=bool)
    marked[known[np.argsort(-values[known], kind="stable")[:count]]] = True
    return marked


def waad_signal(reader: Reader, *, reach: int, heads: float, layers: int) -> Measured:
    """Return WAAD by token."""
    kept = _forward(reader, reach, layers)
    local, _ = groups(numbers(kept.distance), heads)
    return Measured(numbers(kept.waad)[local].mean(axis=0))


def fai_signal(reader: Reader, *, heads: float, layers: int) -> Measured:
    """Return FAI by token."""
    kept = _forward(reader, 1, layers)
    _, distant = groups(numbers(kept.distance), heads)
    return Measured(numbers(kept.fai)[distant].mean(axis=0))


@torch.no_grad()
def _forward(reader: Reader, reach: int, layers: int) -> HeadNumbers:
    """Run one forward with plain attention and reduce each chosen layer's maps as they come."""
    kept: list[HeadNumbers] = []

    def take(_module: Any, _args: Any, output: Any) -> Any:
        maps = output[1] if isinstance(output, tuple) and len(output) > 1 else None
        if maps is None:
            raise AttributionError(
                "This decoder does not show its attention; WAAD and FAI need it."
            )
        kept.append(reduce_maps(maps[0], reach))
        return (output[0], None, *output[2:])  # nobody downstream keeps the map

    modules = _attentions(reader.network)
    chosen_layers = middle_layers(len(modules), layers)
    with _eager(reader.network):
        hooks = [modules[n].register_forward_hook(take) for n in chosen_layers]
        try:
            reader.network.backbone(input_ids=reader.ids, use_cache=False)
        finally:
            for hook in hooks:
                hook.remove()
    return HeadNumbers(*(torch.cat(parts) for parts in zip(*kept, strict=True)))


def _attentions(network: RewardNetwork) -> list[Any]:
    """Return the attention of each layer, in order."""
    named = network.backbone.named_modules()
    found = [
        m for name, m in named if name.rsplit(".", 1)[-1] in ("self_attn", "attention", "attn")
    ]
    if not found:
        raise AttributionError(
            "This decoder's attention layers have names that are not known here."
        )
    return found


@contextmanager
def _eager(network: RewardNetwork) -> Iterator[None]:
    """Let attention compute its maps inside."""
    before = network.backbone.config._attn_implementation
    network.backbone.set_attn_implementation("eager")
    try:
        yield
    finally:
        network.backbone.set_attn_implementation(before)
