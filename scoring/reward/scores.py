"""What scoring a tree gives: a number per step and a running number per token. Numpy only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Mapping

Int32 = npt.NDArray[np.int32]
Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class StepTokens:
    """The running reward inside one step; spans are characters of the step's exact text.

    Pieces tile the text. The last one is the separator, an empty span at the end of the text: what
    the model adds when it reads that the step is over. ``running[-1]`` is therefore the step's
    score, ``start`` is its parent's, and the credits sum to the difference.

    Attributes:
        start: the running reward before the first piece (the parent's score; for a first step the
            score read at the end of the problem).
        starts: ``(P,)`` int32 first character of each piece.
        ends: ``(P,)`` int32 one past its last character.
        running: ``(P,)`` float32, the running reward after each piece, on the scale of the score.
    """

    start: float
    starts: Int32
    ends: Int32
    running: Float32

    @property
    def credit(self) -> npt.NDArray[np.float64]:
        """``(P,)`` float64 change of the running reward by each piece."""
        return np.diff(self.running.astype(np.float64), prepend=np.float64(np.float32(self.start)))

    def to_bytes(self) -> tuple[bytes, bytes, bytes]:
        """Return ``starts``, ``ends`` and ``running`` little-endian, ready for a binary column."""
        return (
            self.starts.astype("<i4").tobytes(),
            self.ends.astype("<i4").tobytes(),
            self.running.astype("<f4").tobytes(),
        )

    @classmethod
    def from_bytes(cls, start: float, starts: bytes, ends: bytes, running: bytes) -> StepTokens:
        """Read back what ``to_bytes`` made."""
        return cls(
            start=start,
            starts=np.frombuffer(starts, dtype="<i4"),
            ends=np.frombuffer(ends, dtype="<i4"),
            running=np.frombuffer(running, dtype="<f4"),
        )


PROBABILITY = "probability"
DEVIATION = "standard deviation of probabilities"
NATS = "nats"
"""Logarithms of ratios or probabilities; 0 is neutral."""
MEMBER = "member "
"""How the names of parts begin that are scores of an ensemble's members; their number follows."""


class Part(NamedTuple):
    """A further number per step.

    Attributes:
        values: ``(N,)`` float32, NaN at the root and where the step has no score.
        unit: ``PROBABILITY``, ``DEVIATION`` or ``NATS``.
    """

    values: Float32
    unit: str


@dataclass(frozen=True, slots=True)
class TreeScores:
    """Scores of one tree, aligned with ``tree.ids``.

    Attributes:
        step: ``(N,)`` float32 score per step, NaN at the root and where skipped.
        tokens: position → running reward inside that step; skipped steps are absent, and all
            steps of a model that says nothing of tokens.
        root: score read at the end of the problem, before any step (NaN if it was skipped).
        skipped: position → why the step has no score.
        scale: what the numbers are ("probability").
        parts: what else the model says of each step, by name (members' scores, scores by criterion).
            Most kinds have none.
    """

    step: Float32
    tokens: Mapping[int, StepTokens]
    root: float
    skipped: Mapping[int, str]
    scale: str
    parts: Mapping[str, Part] = field(default_factory=dict)
