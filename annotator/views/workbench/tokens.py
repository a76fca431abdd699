"""The running reward inside a step, unpacked: one row per token, with what it added."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from annotator.errors import UnavailableError
from scoring.heatmap import Scale, scale

if TYPE_CHECKING:
    from annotator.models import RewardModel, TokenScore
    from scoring.tree import FloatArray, IntArray

TOLERANCE = 1e-5
CHART_WIDTH, CHART_HEIGHT, CHART_PAD = 320.0, 92.0, 6.0


@dataclass(frozen=True, eq=False, slots=True)
class StepTokens:
    """K tokens of a step's text.

    Attributes:
        text: the step's exact text; the tokens rejoin to it.
        begins, ends: ``(K,)`` character positions, half open.
        running: ``(K,)`` reward after each token.
        credit: ``(K,)`` what each token added; sums to ``running[-1] - start``.
        start: the reward before the first token.
        score: the step's stored score, None where there is none.
        scale: limits of the colours, symmetric about zero.
    """

    text: str
    model: RewardModel
    begins: IntArray
    ends: IntArray
    running: FloatArray
    credit: FloatArray
    start: float
    score: float | None
    scale: Scale

    @property
    def total(self) -> float:
        """The sum of the tokens' credit."""
        return float(self.credit.sum())

    @property
    def change(self) -> float:
        """What the step changed: its stored score, or else its last running reward, minus start."""
        end = self.score if self.score is not None else float(self.running[-1])
        return end - self.start

    @property
    def error(self) -> float:
        """How far the tokens' credit is from the step's change."""
        return abs(self.total - self.change)

    @property
    def sums(self) -> bool:
        """Whether the tokens account for the whole change."""
        return self.error <= TOLERANCE

    @property
    def tolerance(self) -> str:
        """The largest difference that counts as none, as a person writes it."""
        return f"{TOLERANCE:.5f}"

    def pieces(self) -> list[str]:
        """Return the tokens' texts."""
        return [self.text[begin:end] for begin, end in zip(self.begins, self.ends, strict=True)]

    def rows(self) -> list[dict[str, Any]]:
        """Return one mapping per token for the table and the spans of the text."""
        columns = zip(self.pieces(), self.credit, self.running, strict=True)
        return [
            {"index": at, "text": text, "credit": float(credit), "running": float(running)}
            for at, (text, credit, running) in enumerate(columns)
        ]

    def as_json(self) -> dict[str, Any]:
        """Return what the endpoint promises; numbers as stored, in full."""
        return {
            "text": self.text,
            "tokens": [
                {"start": int(begin), "end": int(end), "text": text}
                for begin, end, text in zip(self.begins, self.ends, self.pieces(), strict=True)
            ],
            "running": self.running.tolist(),
            "credit": self.credit.tolist(),
            "start": self.start,
            "score": self.score,
            "total": self.total,
            "sums": self.sums,
            "tolerance": TOLERANCE,
            "model": {"id": self.model.pk, "name": self.model.name, "version": self.model.version},
        }

    def chart(self) -> dict[str, Any]:
        """Return the running reward as the points of a small SVG line."""
        levels = np.array([self.start, *self.running])
        low, high = float(levels.min()), float(levels.max())
        span = (high - low) or 1.0
        inner = CHART_HEIGHT - 2 * CHART_PAD
        x = np.linspace(CHART_PAD, CHART_WIDTH - CHART_PAD, len(levels))
        y = CHART_PAD + inner * (1 - (levels - low) / span)
        line = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
        return {
            "width": int(CHART_WIDTH),
            "height": int(CHART_HEIGHT),
            "line": line,
            "low": low,
            "high": high,
            "start_y": f"{y[0]:.1f}",
            "end_x": f"{x[-1]:.1f}",
            "end_y": f"{y[-1]:.1f}",
        }


def step_tokens(
    *, text: str, packed: TokenScore, score: float | None, model: RewardModel
) -> StepTokens:
    """Unpack a stored row.

    Raises:
        UnavailableError: the row does not cover the step's text exactly.
    """
    ends = np.frombuffer(bytes(packed.ends), "<i4").astype(np.int64)
    running = np.frombuffer(bytes(packed.running), "<f4").astype(np.float64)
    begins = np.concatenate([[0], ends[:-1]]) if len(ends) else ends
    covers = len(ends) and ends[-1] == len(text) and bool((np.diff(ends) >= 0).all())
    if not covers or len(running) != len(ends):
        raise UnavailableError(
            f"The token scores of {model} do not fit this step's text; score the problem again."
        )
    credit = np.diff(running, prepend=packed.start)
    return StepTokens(
        text=text,
        model=model,
        begins=np.asarray(begins, np.int64),
        ends=ends,
        running=running,
        credit=credit,
        start=packed.start,
        score=score,
        scale=scale(credit, signed=True, unit="reward"),
    )
