"""The running reward as a curve: what the head says at every token of one forward."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scoring.attribution.signals.base import Measured
from scoring.errors import AttributionError

if TYPE_CHECKING:
    from scoring.attribution.signals.reader import Reader


def measure(reader: Reader) -> Measured:
    """Return r(t); a step has what is read at its end."""
    if reader.subject is None:
        raise AttributionError("A language model has no head that is read at every token.")
    r = reader.subject.values(reader.path.ids)
    return Measured(r, per_step=r[reader.path.ends])
