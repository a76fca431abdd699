"""The running reward that scoring left of every token of a path, and the colours that paths share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from annotator.models import (
    Attribution,
    RewardModel,
    Step,
    TokenScore,
)
from annotator.queries.attribution.stored import found_of, is_signal, measured_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.tree import FloatArray, IntArray

PERCENTILE = 98.0  # as scoring.heatmap clips


@dataclass(frozen=True, eq=False, slots=True)
class RunningReward:
    """What scoring stored of every token of a path: the attribution that costs nothing.

    Attributes:
        step, begin, end: ``(P,)`` int64 step number and characters of each token.
        running: ``(P,)`` float64 reward after each token.
        before: ``(P,)`` float64 reward before it.
        start: reward in front of the first step.
    """

    step: IntArray
    begin: IntArray
    end: IntArray
    running: FloatArray
    before: FloatArray
    start: float

    @property
    def credit(self) -> FloatArray:
        """``(P,)`` what each token added."""
        return self.running - self.before


def running_reward_of(*, steps: Sequence[Step], model: RewardModel) -> RunningReward | None:
    """Return the running reward over a path, None unless every step with text has its tokens.

    Rows that do not cover a step's text exactly, as after a change of the text, and rows with what is
    not a finite number count as missing.
    """
    rows = {
        row.step_id: row
        for row in TokenScore.objects.filter(model=model, step__in=[step.pk for step in steps])
    }
    columns: list[tuple[IntArray, IntArray, IntArray, FloatArray, FloatArray]] = []
    start = None
    for number, step in enumerate(steps):
        row = rows.get(step.pk)
        if row is None:
            if step.text:
                return None
            continue
        ends = np.frombuffer(bytes(row.ends), "<i4").astype(np.int64)
        running = np.frombuffer(bytes(row.running), "<f4").astype(np.float64)
        if len(ends) != len(running) or (len(ends) and ends[-1] != len(step.text)):
            return None
        if not np.isfinite(row.start) or not np.isfinite(running).all():
            return None
        if not len(ends):
            continue
        start = row.start if start is None else start
        begins = np.concatenate([[0], ends[:-1]])
        before = np.concatenate([[row.start], running[:-1]])
        columns.append((np.full(len(ends), number), begins, ends, running, before))
    if start is None:
        return None
    step_of, begin, end, running, before = (
        np.concatenate([c[i] for c in columns]) for i in range(5)
    )
    return RunningReward(
        np.asarray(step_of, np.int64),
        np.asarray(begin, np.int64),
        np.asarray(end, np.int64),
        np.asarray(running, np.float64),
        np.asarray(before, np.float64),
        float(start),
    )


def shared_limit(*, end: Step, model: RewardModel, method: str, digest: str | None) -> float | None:
    """Return the end of a colour scale that all paths of the problem share, None if there is none.

    It is the 98th percentile of the sizes of the tokens' numbers: of the running reward over all steps
    that the model scored, of what a job found over all paths where it ran with the same parameters.
    """
    if digest is None:
        sizes = [
            np.abs(np.diff(np.frombuffer(bytes(running), "<f4").astype(float), prepend=start))
            for start, running in TokenScore.objects.filter(
                model=model, step__problem=end.problem_id
            ).values_list("start", "running")
        ]
    else:
        rows = Attribution.objects.filter(
            model=model, end__problem=end.problem_id, method=method, digest=digest
        )
        sizes = [
            np.abs(
                measured_of(stored=row).values if is_signal(row) else found_of(stored=row).credit
            )
            for row in rows
        ]
    every = np.concatenate(sizes) if sizes else np.zeros(0)
    every = every[np.isfinite(every)]
    return float(np.percentile(every, PERCENTILE)) or None if len(every) else None
