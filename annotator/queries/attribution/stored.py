"""Stored attributions and signals of a path, and what names them."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from annotator.models import (
    Attribution,
    RewardModel,
    Step,
)
from scoring.attribution.choices import PREFIX
from scoring.attribution.signals.stored import signal_from_stored
from scoring.attribution.stored import from_stored

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scoring.attribution.base import Attribution as Found
    from scoring.attribution.signals.base import Signal


def digest_of(*, method: str, version: str, params: Mapping[str, Any]) -> str:
    """Return what names a method with its version and all its parameters."""
    said = json.dumps([method, version, dict(params)], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()


def attributions_at(*, end: Step, model: RewardModel) -> list[Attribution]:
    """Return what is stored of a path by a model, the newest of each method first; without arrays."""
    rows = Attribution.objects.filter(end=end, model=model).defer("arrays").order_by("-created")
    return list(rows)


def found_of(*, stored: Attribution) -> Found:
    """Return the attribution that a row holds; of a signal ``measured_of`` does."""
    return from_stored(*_parts(stored))


def measured_of(*, stored: Attribution) -> Signal:
    """Return the signal that a row holds."""
    return signal_from_stored(*_parts(stored))


def is_signal(stored: Attribution) -> bool:
    """Say whether a row holds a signal and not credit."""
    return stored.method.startswith(PREFIX)


def _parts(stored: Attribution) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return the facts of a row, and its arrays by name."""
    data = bytes(stored.arrays)
    facts = dict(stored.facts)
    places = facts.pop("places")
    return facts, {name: data[at : at + size] for name, (at, size) in places.items()}
