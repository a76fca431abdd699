"""Two claims about kinds of reward models, each over several seeds, whatever comes out.

Run as ``python -m benchmarks.bench_kinds [--seeds 5] [--steps 80] [--problems 0] [--held-out 80]
[--claim NAME …]``; prints one JSON object per claim, and every run on the error stream:

* ``hierarchical``: ``hrm`` against ``prm`` on traces with self-correction (after an error the solver looks
  back before four of five steps), with the exact checker's labels.
* ``targets``: ``prm`` with soft, hard and "any" targets where the labels are Monte Carlo fractions of four
  rollouts per step (by a solver that looks back before every third step after an error), measured against the
  exact checker's labels.

Every run starts from random weights and draws its own endless problems with its seed; the held-out problems
are the same for all and excluded from the draws. The budget is optimiser steps of 512 tokens, repeats
included: a kind that reads a step twice sees fewer problems. With ``--problems`` the budget is problems instead:
each arm has as many steps as it takes to see about so many, by what it saw in a short trial. Arms of one seed are compared in pairs; the
interval is Student's over seeds. ``after_error`` are the steps at or after the first error of their path:
carried errors, repairs, repairs that fail, and what follows.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import tempfile
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from scoring.reward.artefact import load
from scoring.reward.metrics import auroc
from scoring.samples import Style
from scoring.training.config import RunConfig
from scoring.training.generated import ArithmeticStream
from scoring.training.loop import fit

if TYPE_CHECKING:
    from scoring.training.dataset import TrainingTree

MODEL = {"tiny_layers": "2", "tiny_width": "128", "tiny_vocabulary": "400", "tiny_context": "256"}
HIGHEST = 12  # of right results: few enough number facts to be learnt within a minute
CORRECTIONS, ROLLOUTS = 0.8, 4
TRIAL = 20  # optimiser steps that say how many problems an arm sees per step
HELD_OUT_SEED = 999
# 97.5 % quantile of Student's t by degrees of freedom.
STUDENT = {
    1: 12.706,
    2: 4.303,
    3: 3.182,
    4: 2.776,
    5: 2.571,
    6: 2.447,
    7: 2.365,
    8: 2.306,
    9: 2.262,
}
CLAIMS: dict[str, tuple[Style, dict[str, tuple[str, dict[str, str]]]]] = {
    "hierarchical": (
        Style(corrections=CORRECTIONS, highest=HIGHEST),
        {"hrm": ("hrm", {}), "prm": ("prm", {})},
    ),
    "targets": (
        Style(highest=HIGHEST, rollouts=ROLLOUTS),
        {
            labels: ("prm", {"grade": "value", "labels": labels})
            for labels in ("soft", "hard", "any")
        },
    ),
}
"""Claim → how problems are, and its arms (the first is compared with each other one)."""


def measured(
    kind: str,
    settings: dict[str, str],
    style: Style,
    held_out: list[TrainingTree],
    *,
    seed: int,
    steps: int,
) -> dict[str, float]:
    """Train one model and return what it reaches on labels of held-out steps."""
    config = RunConfig.from_settings(
        {
            **MODEL,
            **settings,
            "seed": str(seed),
            "steps": str(steps),
            "log_every": str(steps),
            "evaluate_every": "1000000",
            "checkpoint_every": "1000000",
        },
        kind_key=kind,
    )
    stream = ArithmeticStream(seed, {item.problem_text for item in held_out}, style=style)
    before = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        result = fit(config, [], [], out_dir=folder, stream=stream)
        seconds = time.process_time() - before
        model = load(folder)
        scores, labels, after = [], [], []
        for item in held_out:
            step = model.score(item.problem_text, item.tree).step
            scores.append(step[item.labelled])
            labels.append(item.targets[item.labelled] > 0.5)
            after.append(after_error(item)[item.labelled])
    s, y, late = np.concatenate(scores).astype(float), np.concatenate(labels), np.concatenate(after)
    return {
        "auroc": auroc(s, y),
        "after_error": auroc(s[late], y[late]),
        "steps": len(y),
        "steps_after_error": int(late.sum()),
        "generated_problems": result.provenance["generated_traces"],
        "cpu_s": seconds,
    }


def after_error(item: TrainingTree) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return ``(N,)`` whether a step or one before it on its path is labelled wrong."""
    wrong = item.targets < 0.5
    for node in range(1, len(item.tree)):
        wrong[node] |= wrong[item.tree.parent[node]]
    return wrong


def claim(name: str, *, seeds: int, steps: int, held_out: int, problems: int = 0) -> dict[str, Any]:
    """Measure every arm with every seed; arms take turns, so that load falls on all alike."""
    style, arms = CLAIMS[name]
    source = ArithmeticStream(HELD_OUT_SEED, style=style)
    trees = [source(number) for number in range(held_out)]
    found: dict[str, list[dict[str, float]]] = {arm: [] for arm in arms}
    needed = dict.fromkeys(arms, steps)
    if problems:
        for arm, (kind, settings) in arms.items():
            trial = measured(kind, settings, style, trees[:1], seed=0, steps=TRIAL)
            needed[arm] = round(problems * TRIAL / trial["generated_problems"])
    for seed in range(seeds):
        for arm, (kind, settings) in arms.items():
            one = measured(kind, settings, style, trees, seed=seed, steps=needed[arm])
            found[arm].append(one)
            print(json.dumps({"claim": name, "seed": seed, "arm": arm, **one}), file=sys.stderr)
            sys.stderr.flush()
    first, *others = arms
    return {
        "claim": name,
        "seeds": seeds,
        "optimiser_steps": needed,
        "held_out_problems": held_out,
        "arms": {
            arm: {key: [round(row[key], 4) for row in rows] for key in rows[0]}
            for arm, rows in found.items()
        },
        "differences": {
            f"{first} - {other}": {
                key: paired(
                    [a[key] - b[key] for a, b in zip(found[first], found[other], strict=True)]
                )
                for key in ("auroc", "after_error")
            }
            for other in others
        },
    }


def paired(differences: list[float]) -> dict[str, float | None]:
    """Return the mean over seeds and its 95 % interval; none for one seed."""
    n, mean = len(differences), statistics.fmean(differences)
    if n < 2:
        return {"mean": round(mean, 4), "low": None, "high": None}
    half = STUDENT[min(n - 1, max(STUDENT))] * statistics.stdev(differences) / math.sqrt(n)
    return {"mean": round(mean, 4), "low": round(mean - half, 4), "high": round(mean + half, 4)}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_kinds")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=80)
    parser.add_argument("--problems", type=int, default=0)
    parser.add_argument("--held-out", type=int, default=80)
    parser.add_argument("--claim", action="append", choices=list(CLAIMS), default=[])
    options = parser.parse_args()
    torch.set_num_threads(1)  # products this small are not faster on more
    for name in options.claim or CLAIMS:
        told = claim(
            name,
            seeds=options.seeds,
            steps=options.steps,
            held_out=options.held_out,
            problems=options.problems,
        )
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
