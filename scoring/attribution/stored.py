"""An ``Attribution`` as plain JSON and little-endian bytes, and back: what a database row holds."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from scoring.attribution.base import Attribution, Objective, Spent

if TYPE_CHECKING:
    from collections.abc import Mapping

_ARRAYS = {
    "credit": "<f4",
    "step": "<i4",
    "begin": "<i4",
    "end": "<i4",
    "per_step": "<f8",
}
_PLAIN = (
    *("method", "version", "granularity", "unit", "value", "baseline_value", "baseline", "total"),
    *("relative_error", "badge", "n_used", "n_tokens", "read_index", "dtype", "model_hash"),
    "template_hash",
)


def to_stored(found: Attribution) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return what can go into a JSON column, and the arrays as bytes by name."""
    plain: dict[str, Any] = {name: getattr(found, name) for name in _PLAIN}
    plain["params"] = dict(found.params)
    plain["series"] = [list(pair) for pair in found.series]
    plain["spent"] = asdict(found.spent)
    plain["notes"] = list(found.notes)
    plain["objectives"] = {
        name: {"weight": one.weight, "value": one.value} for name, one in found.objectives.items()
    }
    arrays = {name: getattr(found, name).astype(t).tobytes() for name, t in _ARRAYS.items()}
    if found.standard_error is not None:
        arrays["standard_error"] = found.standard_error.astype("<f8").tobytes()
    for name, one in found.objectives.items():
        arrays[f"objective:{name}"] = one.credit.astype("<f4").tobytes()
    return plain, arrays


def from_stored(plain: Mapping[str, Any], arrays: Mapping[str, bytes]) -> Attribution:
    """Read back what ``to_stored`` made."""
    read: dict[str, Any] = {
        name: np.frombuffer(arrays[name], dtype=t) for name, t in _ARRAYS.items()
    }
    spread = arrays.get("standard_error")
    return Attribution(
        **{name: plain[name] for name in _PLAIN},
        **read,
        params=dict(plain["params"]),
        series=tuple((int(n), float(error)) for n, error in plain["series"]),
        spent=Spent(**plain["spent"]),
        notes=tuple(plain["notes"]),
        standard_error=None if spread is None else np.frombuffer(spread, dtype="<f8"),
        objectives={
            name: Objective(
                one["weight"],
                one["value"],
                np.frombuffer(arrays[f"objective:{name}"], dtype="<f4"),
            )
            for name, one in plain["objectives"].items()
        },
    )
