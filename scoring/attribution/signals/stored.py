"""A ``Signal`` as plain JSON and little-endian bytes, and back: what a database row holds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from scoring.attribution.signals.base import Signal

if TYPE_CHECKING:
    from collections.abc import Mapping

_ARRAYS = {
    "values": "<f4",
    "step": "<i4",
    "begin": "<i4",
    "end": "<i4",
    "per_step": "<f8",
}
_PLAIN = ("key", "version", "unit", "n_tokens", "dtype", "model_hash", "template_hash")


def signal_to_stored(found: Signal) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return what can go into a JSON column, and the arrays as bytes by name; NaN stays in the bytes."""
    plain: dict[str, Any] = {name: getattr(found, name) for name in _PLAIN}
    plain["params"] = dict(found.params)
    plain["notes"] = list(found.notes)
    plain["figures"] = {name: n for name, n in found.figures.items() if math.isfinite(n)}
    return plain, {name: getattr(found, name).astype(t).tobytes() for name, t in _ARRAYS.items()}


def signal_from_stored(plain: Mapping[str, Any], arrays: Mapping[str, bytes]) -> Signal:
    """Read back what ``signal_to_stored`` made."""
    read: dict[str, Any] = {name: plain[name] for name in _PLAIN}
    read |= {name: np.frombuffer(arrays[name], dtype=t) for name, t in _ARRAYS.items()}
    return Signal(
        **read,
        params=dict(plain["params"]),
        figures=dict(plain["figures"]),
        notes=tuple(plain["notes"]),
    )
