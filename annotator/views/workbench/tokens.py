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
        running: ``(K,)`` reward after each token, NaN where the model gave none.
        credit: ``(K,)`` what each token added; sums to ``running[-1] - start``. NaN beside a token
            without a reward.
        start: the reward before the first token, NaN where there is none.
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
    def missing(self) -> int:
        """How many tokens have no credit, since the model gave no finite number there or before."""
        return int(np.isnan(self.credit).sum())

    @property
    def total(self) -> float:
        """The sum of the tokens' credit, NaN if one is missing."""
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
        """Whether the tokens account for the whole change; they do not where one is missing."""
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
        """Return what the endpoint promises; numbers as stored, in full, null where there is none."""
        return {
            "text": self.text,
            "tokens": [
                {"start": int(begin), "end": int(end), "text": text}
                for begin, end, text in zip(self.begins, self.ends, self.pieces(), strict=True)
            ],
            "running": [_number(value) for value in self.running.tolist()],
            "credit": [_number(value) for value in self.credit.tolist()],
            "start": _number(self.start),
            "score": self.score,
            "total": _number(self.total),
            "missing": self.missing,
            "sums": self.sums,
            "tolerance": TOLERANCE,
            "model": {"id": self.model.pk, "name": self.model.name, "version": self.model.version},
        }

    def chart(self) -> dict[str, Any] | None:
        """Return the running reward as the points of small SVG lines, broken where it is missing.

        None where nothing is known.
        """
        levels = np.array([self.start, *self.running])
        known = np.isfinite(levels)
        if not known.any():
            return None
        low, high = float(levels[known].min()), float(levels[known].max())
        span = (high - low) or 1.0
        inner = CHART_HEIGHT - 2 * CHART_PAD
        x = np.linspace(CHART_PAD, CHART_WIDTH - CHART_PAD, len(levels))
        y = CHART_PAD + inner * (1 - (levels - low) / span)
        # One line from gap to gap.
        breaks = np.flatnonzero(np.diff(known.astype(int))) + 1
        runs = [run for run in np.split(np.arange(len(levels)), breaks) if known[run[0]]]
        lines = [" ".join(f"{x[at]:.1f},{y[at]:.1f}" for at in run) for run in runs]
        return {
            "width": int(CHART_WIDTH),
            "height": int(CHART_HEIGHT),
            "lines": lines,
            "low": low,
            "high": high,
            "start_y": f"{y[0]:.1f}" if known[0] else None,
        }


def _known(values: FloatArray) -> FloatArray:
    """Return numbers with NaN in the place of infinities, which rows from outside may hold."""
    return np.where(np.isfinite(values), values, np.nan)


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None


def step_tokens(
    *, text: str, packed: TokenScore, score: float | None, model: RewardModel
) -> StepTokens:
    """Unpack a stored row.

    Raises:
        UnavailableError: the row does not cover the step's text exactly.
    """
    ends = np.frombuffer(bytes(packed.ends), "<i4").astype(np.int64)
    running = _known(np.frombuffer(bytes(packed.running), "<f4").astype(np.float64))
    begins = np.concatenate([[0], ends[:-1]]) if len(ends) else ends
    covers = len(ends) and ends[-1] == len(text) and bool((np.diff(ends) >= 0).all())
    if not covers or len(running) != len(ends):
        raise UnavailableError(
            f"The token scores of {model} do not fit this step's text; score the problem again."
        )
    start = packed.start if np.isfinite(packed.start) else float("nan")
    credit = np.diff(running, prepend=start)
    return StepTokens(
        text=text,
        model=model,
        begins=np.asarray(begins, np.int64),
        ends=ends,
        running=running,
        credit=credit,
        start=start,
        score=score if score is not None and np.isfinite(score) else None,
        scale=scale(credit, signed=True, unit="reward"),
    )
