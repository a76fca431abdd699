"""What a number was computed by: numbers compare only where this is equal."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

DIGITS = 16


@dataclass(frozen=True, slots=True)
class Protocol:
    """Suite, version, parameters and data; replicates and seed only widen or move an interval.

    Attributes:
        suite: registry key.
        version: of the suite.
        params: every parameter with the value used.
        data: hash of the ids, problems, groups, splits and labels of the records used.
    """

    suite: str
    version: str
    params: Mapping[str, Any]
    data: str

    @property
    def hash(self) -> str:
        """16 hex digits of all of it."""
        told = [self.suite, self.version, sorted(self.params.items()), self.data]
        return sha256(json.dumps(told).encode()).hexdigest()[:DIGITS]
