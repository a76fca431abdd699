"""The running reward of a path that was scored already: no model, no forward, no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.attribution.base import (
    PROBABILITY,
    SCORE_SPREAD,
    Attribution,
    Spent,
    badge,
    relative_error,
)
from scoring.attribution.registry import METHODS
from scoring.errors import AttributionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.reward.scores import StepTokens


def from_scores(
    tokens: Sequence[StepTokens], *, model_hash: str = "", template_hash: str = "", dtype: str = ""
) -> Attribution:
    """Return what ``attribute("running_reward", …, output="score")`` would, from stored scores.

    Args:
        tokens: of the steps of one path, from the first (``TreeScores.tokens``).
        model_hash: of the model that scored, if it is known.
        template_hash: of its layout.
        dtype: of its weights.

    Raises:
        AttributionError: a step has no running reward, or there is no step.
    """
    if not tokens or any(not len(one.running) for one in tokens):
        raise AttributionError(
            "A step of this path has no running reward: score the project again."
        )
    row = METHODS["running_reward"]
    credit = [one.credit for one in tokens]
    per_step = np.array([float(one.sum()) for one in credit])
    value, start = float(tokens[-1].running[-1]), float(np.float32(tokens[0].start))
    total = float(per_step.sum())
    error = relative_error(total, value - start, SCORE_SPREAD)
    count = sum(len(one) for one in credit)
    return Attribution(
        method=row.key,
        version=row.version,
        params={"output": "score"},
        granularity=row.granularity,
        credit=np.concatenate(credit).astype(np.float32),
        step=np.repeat(np.arange(len(tokens)), [len(one) for one in credit]).astype(np.int32),
        begin=np.concatenate([one.starts for one in tokens]).astype(np.int32),
        end=np.concatenate([one.ends for one in tokens]).astype(np.int32),
        per_step=per_step,
        unit=PROBABILITY,
        value=value,
        baseline_value=start,
        baseline="the running reward at the end of the problem",
        total=total,
        relative_error=error,
        badge=badge(error, complete=True),
        n_used=None,
        series=(),
        standard_error=None,
        objectives={},
        n_tokens=count,
        read_index=count - 1,
        dtype=dtype,
        model_hash=model_hash,
        template_hash=template_hash,
        spent=Spent(),
        notes=("From the scores that are stored; tokens are counted from the first step.",),
    )
