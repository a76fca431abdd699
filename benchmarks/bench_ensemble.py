"""Does an ensemble lower over-optimisation? Generated arithmetic, noisy labels, best of n by the model.

Run as ``python -m benchmarks.bench_ensemble [--seeds 5] [--members 5] [--steps 120] [--problems 300]
[--held-out 40]``; prints one JSON object.

Each seed draws its own training problems (three solutions each), turns a quarter of the checker's step labels
round, and trains k ``prm`` members on them, from random weights, several times over the same data. Candidates are 64
solutions to each held-out problem, the same problems for every seed; a solution's proxy is the lowest score of
its steps, its gold is whether it ends right. Gold at n is exact over all subsets of n (``scoring.evaluation``).
``alone`` is the mean over the members used one at a time: each has the budget of steps that each member of the
ensemble has, so that the ensemble has k times as much computing. ``longer`` is one model with k times the steps.

``drop`` is how far gold at n = 64 lies below its highest over n: over-optimisation if it is above 0. Arms of a
seed are compared in pairs, the interval is Student's over seeds.

Source of the question: Coste et al. 2023 (arXiv 2310.02743), who turn a quarter of the labels round too.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from benchmarks.bench_kinds import HELD_OUT_SEED, HIGHEST, MODEL, paired
from scoring.evaluation.choice import selection
from scoring.reward.artefact import load
from scoring.samples import Style
from scoring.training.config import RunConfig
from scoring.training.generated import ArithmeticStream
from scoring.training.loop import fit

if TYPE_CHECKING:
    from pathlib import Path

    from scoring.reward.model import RewardModel
    from scoring.training.dataset import TrainingTree

CANDIDATES, NOISE = 64, 0.25
SIZES = (1, 2, 4, 8, 16, 32, 64)
COMBINED = ("mean", "worst", "uncertainty")
STYLE = Style(highest=HIGHEST)


def noisy(item: TrainingTree, rng: np.random.Generator) -> TrainingTree:
    """Turn a quarter of the labels round."""
    turned = rng.random(len(item.targets)) < NOISE
    return replace(item, targets=np.where(turned, 1 - item.targets, item.targets))


def trained(kind: str, train: list[TrainingTree], folder: Path | str, **settings: int) -> float:
    """Train in ``folder`` and return the processor seconds."""
    words = {name: str(value) for name, value in settings.items()}
    quiet = {"log_every": "1000000", "evaluate_every": "1000000", "checkpoint_every": "1000000"}
    config = RunConfig.from_settings({**MODEL, **quiet, **words}, kind_key=kind)
    before = time.process_time()
    fit(config, train, [], out_dir=folder)
    return time.process_time() - before


def gold(columns: list[np.ndarray[Any, Any]], trees: list[TrainingTree]) -> list[float]:
    """Return the mean gold of the best of n for every n of ``SIZES``; ``columns``: step scores by tree."""
    sums = np.zeros(len(SIZES))
    for steps, item in zip(columns, trees, strict=True):
        ends = item.tree.ends.tolist()
        proxy = np.array([np.min(steps[item.tree.path(end)]) for end in ends])
        sums += [float(selection(proxy, n) @ item.tree.outcomes) for n in SIZES]
    return (sums / len(trees)).tolist()


def scores(model: RewardModel, trees: list[TrainingTree], part: str = "") -> list[Any]:
    found = [model.score(item.problem_text, item.tree) for item in trees]
    return [(f.parts[part].values if part else f.step).astype(float) for f in found]


def curves(seed: int, trees: list[TrainingTree], asked: argparse.Namespace) -> dict[str, Any]:
    """Train one ensemble and one longer model, and return gold by n for every way of choosing."""
    rng = np.random.default_rng(seed)
    prompts = {item.problem_text for item in trees}
    source = ArithmeticStream(seed, prompts, style=STYLE)
    train = [noisy(source(number), rng) for number in range(asked.problems)]
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as other:
        found["cpu_s"] = trained(
            "ensemble", train, folder, seed=seed, steps=asked.steps, members=asked.members
        )
        model = load(folder)
        said = [model.score(item.problem_text, item.tree) for item in trees]
        names = [f"member {n + 1}" for n in range(asked.members)]
        alone = [gold([s.parts[name].values.astype(float) for s in said], trees) for name in names]
        found["alone"] = np.mean(alone, axis=0).tolist()
        for way in COMBINED:
            model.kind.config = replace(model.kind.config, combine=way)
            found[way] = gold(scores(model, trees), trees)
        trained("prm", train, other, seed=seed, steps=asked.steps * asked.members)
        found["longer"] = gold(scores(load(other), trees), trees)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_ensemble")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--members", type=int, default=5)
    parser.add_argument("--steps", type=int, default=120)
    parser.add_argument("--problems", type=int, default=300)
    parser.add_argument("--held-out", type=int, default=40)
    asked = parser.parse_args()
    torch.set_num_threads(1)  # products this small are not faster on more
    source = ArithmeticStream(HELD_OUT_SEED, traces=CANDIDATES, style=STYLE)
    trees = [source(number) for number in range(asked.held_out)]
    rows = [curves(seed, trees, asked) for seed in range(asked.seeds)]
    arms = ("alone", *COMBINED, "longer")
    at = {arm: np.array([row[arm] for row in rows]) for arm in arms}  # (seeds, sizes)
    drop = {arm: (table.max(axis=1) - table[:, -1]) for arm, table in at.items()}
    told = {
        "claim": "ensemble",
        **vars(asked),
        "gold": {arm: np.round(table.mean(axis=0), 4).tolist() for arm, table in at.items()},
        "sizes": SIZES,
        "gold_at_64": {arm: np.round(table[:, -1], 4).tolist() for arm, table in at.items()},
        "drop": {arm: np.round(values, 4).tolist() for arm, values in drop.items()},
        "against_alone": {
            arm: {
                "gold_at_64": paired((at[arm][:, -1] - at["alone"][:, -1]).tolist()),
                "drop": paired((drop[arm] - drop["alone"]).tolist()),
            }
            for arm in arms[1:]
        },
        "cpu_s": [round(row["cpu_s"], 1) for row in rows],
    }
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
