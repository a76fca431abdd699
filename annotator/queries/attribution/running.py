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

    from numpy.typing import NDArray

    from scoring.tree import FloatArray, IntArray

PERCENTILE = 98.0  # as scoring.heatmap clips


@dataclass(frozen=True, eq=False, slots=True)
class RunningReward:
    """What scoring stored of every token of a path: the attribution that costs nothing.

    Attributes:
        step, begin, end: ``(P,)`` int64 step number and characters of each token.
        running: ``(P,)`` float64 reward after each token; where it is missing, the last one known.
        before: ``(P,)`` float64 reward before it.
        start: reward in front of the first step.
        missing: ``(P,)`` bool tokens for which the model gave no finite number: what they did is in the
            credit of the next one that has a number.
    """

    step: IntArray
    begin: IntArray
    end: IntArray
    running: FloatArray
    before: FloatArray
    start: float
    missing: NDArray[np.bool_]

    @property
    def credit(self) -> FloatArray:
        """``(P,)`` what each token added."""
        return self.running - self.before


def running_reward_of(*, steps: Sequence[Step], model: RewardModel) -> RunningReward | None:
    """Return the running reward over a path, None unless every step with text has its tokens.

    Rows that do not cover a step's text exactly, as after a change of the text, count as missing; so
    does a path without a finite number in front of its first step.
    """
    end = steps[-1]
    on_path = TokenScore.objects.filter(
        model=model,
        step__problem=end.problem_id,
        step__preorder__lte=end.preorder,
        step__subtree_end__gt=end.preorder,
    )
    rows = {
        pk: (start, bytes(ends), bytes(running))
        for pk, start, ends, running in on_path.values_list("step_id", "start", "ends", "running")
    }
    if any(step.text and step.pk not in rows for step in steps):
        return None
    scored = [(k, step.pk, len(step.text)) for k, step in enumerate(steps) if step.pk in rows]
    numbers, lengths = (np.array([one[i] for one in scored], np.int64) for i in (0, 2))
    starts = np.array([rows[pk][0] for _, pk, _ in scored], np.float64)
    ends = [np.frombuffer(rows[pk][1], "<i4") for _, pk, _ in scored]
    running = [np.frombuffer(rows[pk][2], "<f4") for _, pk, _ in scored]
    sizes = np.array([len(one) for one in running], np.int64)
    if not sizes.sum() or [len(one) for one in ends] != sizes.tolist():
        return None
    end_of = np.concatenate(ends).astype(np.int64)
    reward = np.concatenate(running).astype(np.float64)
    filled = sizes > 0
    first = (np.cumsum(sizes) - sizes)[filled]
    last = np.cumsum(sizes)[filled] - 1
    start = float(starts[filled][0])
    if (end_of[last] != lengths[filled]).any() or not np.isfinite(start):
        return None
    missing = ~np.isfinite(reward)
    known = np.maximum.accumulate(np.where(missing, -1, np.arange(len(reward))))
    reward = np.where(known >= 0, reward[known], start)
    before = np.concatenate([[start], reward[:-1]])
    # a step's own start, unless that or the token in front of it has no number
    own = np.isfinite(starts[filled]) & ~np.concatenate([[False], missing[:-1]])[first]
    before[first[own]] = starts[filled][own]
    begin = np.concatenate([[0], end_of[:-1]])
    begin[first] = 0
    return RunningReward(np.repeat(numbers, sizes), begin, end_of, reward, before, start, missing)


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
