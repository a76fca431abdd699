"""The smallest records that the suites' tests need."""

from __future__ import annotations

import numpy as np

from scoring.evaluation import Record
from scoring.evaluation.edits import EDITS
from scoring.evaluation.records import Preferred, States
from scoring.resample import Resampling

QUICK = Resampling(replicates=200)
NONE = Resampling(replicates=0)


def solution(name, *scores, problem=None, **known):
    """A solution with step scores; the problem is the first word of its name."""
    known = {
        key: np.array(value) if key == "step_labels" else value for key, value in known.items()
    }
    return Record(
        id=name,
        problem=problem or name.split("/")[0],
        step_scores=np.array(scores, dtype=np.float64),
        **known,
    )


def pool(problem, scores, right, **known):
    """Solutions of one problem with a score each."""
    return [
        Record(id=f"{problem}/{at:03d}", problem=problem, score=float(s), correct=bool(r), **known)
        for at, (s, r) in enumerate(zip(scores, right, strict=True))
    ]


def preferences(problem):
    """The end of a problem's first solution is preferred to those of the others, to the last by clarity."""
    whole = [Preferred("", 3, f"{problem}/{other}", 3) for other in (1, 2)]
    return (
        *whole,
        Preferred("", 3, f"{problem}/3", 3, tie=True),
        *(Preferred("clarity", 3, f"{problem}/{other}", 3) for other in (2, 3)),
        *(Preferred("rigour", 2, f"{problem}/{other}", 3) for other in (2, 3)),
    )


def held_of(labels, scores, rng):
    """Five numbers for each step: its score, its label through noise, and nothing in the others."""
    held = rng.normal(size=(len(labels), 5))
    held[:, 0] = scores
    held[:, 1] = labels + 0.3 * held[:, 1]
    return held.astype(np.float32)


def worded(n_problems=12, n_solutions=4, seed=0, noise=0.3):
    """Solutions with everything known of them; scores follow the labels through noise."""
    rng = np.random.default_rng(seed)
    rows = []
    for problem in range(n_problems):
        for at in range(n_solutions):
            labels = (np.random.default_rng(97 * problem + at).random(4) < 0.7).astype(float)
            wrong = np.flatnonzero(labels == 0)
            scores = np.clip(0.25 + 0.5 * labels + noise * rng.normal(size=4), 0, 1)
            right = at == 0
            rows.append(
                Record(
                    id=f"p{problem:02d}/{at}",
                    problem=f"p{problem:02d}",
                    split="gsm8k" if problem % 2 else "math",
                    step_scores=scores,
                    score=float(np.clip(0.3 + 0.4 * right + noise * rng.normal(), 0, 1)),
                    step_labels=labels,
                    first_error=int(wrong[0]) if len(wrong) else -1,
                    correct=right,
                    edited={
                        key: np.clip(scores + 0.1 * number * rng.normal(size=4), 0, 1)
                        for number, key in enumerate(EDITS)
                    },
                    preferred=preferences(f"p{problem:02d}") if right else (),
                    states=States(held_of(labels, scores, rng), np.eye(5)[0]),
                    steps=tuple(f"Step {k + 1}: {'x' * (3 + k)} = {at}." for k in range(4)),
                )
            )
    return rows
