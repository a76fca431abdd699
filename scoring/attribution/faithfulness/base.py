"""What the checks of a method on a model found. Numpy only."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

CARD_VERSION = 2
"""Raised whenever a card of the same method on the same model could come out otherwise; older cards do not count."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    Attributes:
        key: ``completeness``, ``deletion``, ``insertion``, ``randomised``, ``planted_additive``,
            ``planted_sign``, ``planted_interaction``, ``trend_position``, ``trend_length``, ``planted_position``,
            ``planted_length``.
        value: what was measured.
        limit: what it is compared with; where ``passed`` is None, with nothing.
        passed: whether it holds; None for a number that is shown only.
        words: what it means, in one sentence.
    """

    key: str
    value: float
    limit: float
    passed: bool | None
    words: str


@dataclass(frozen=True, slots=True)
class FaithfulnessCard:
    """The checks of one method on one model.

    Attributes:
        method: registry key.
        version: of the method.
        model_hash: names the weights.
        paths: how many paths of the model the checks ran on.
        params: the settings that the method had, all of them.
        checks: all of them.
    """

    method: str
    version: str
    model_hash: str
    paths: int
    params: dict[str, Any]
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """True if no check failed; a method that failed one cannot be the default."""
        return all(check.passed is not False for check in self.checks)

    @property
    def failed(self) -> tuple[str, ...]:
        """Keys of the checks that failed."""
        return tuple(check.key for check in self.checks if check.passed is False)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {**asdict(self), "checks": [asdict(c) for c in self.checks], "passed": self.passed}
