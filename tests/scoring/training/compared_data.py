"""Small trees whose better answers say "yes": comparisons of every source are learnable in seconds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from scoring.training.config import RunConfig
from scoring.training.dataset import Ranked, RankedPair, Ranking, TrainingTree
from scoring.training.examples import ExampleMaker
from scoring.training.objectives.registry import objective
from scoring.tree import Tree

RUN = {
    "steps": "60",
    "step_tokens": "300",
    "tiny_layers": "1",
    "tiny_width": "64",
    "tiny_vocabulary": "400",
    "lm_weight": "0",
    "log_every": "20",
    "evaluate_every": "60",
    "checkpoint_every": "20",
}
LEARNING = (
    "orm",
    "bradley_terry",
    "bt_ties",
    "plackett_luce",
    "listwise",
    "tree_preference",
    "heron",
)


def answers(number: int, *, leaves: int = 4) -> TrainingTree:
    """A step, then ``leaves`` answers; the good ones say yes, came out right and are ranked higher."""
    rng = np.random.default_rng([7, number])
    good = [True, False, *(bool(x) for x in rng.random(leaves - 2) < 0.5)]
    rng.shuffle(good)
    records: list[dict[str, Any]] = [
        {"id": 0, "parent": None, "text": "", "outcome": []},
        {"id": 1, "parent": 0, "text": f"Start {number}.", "outcome": []},
    ]
    records += [
        {
            "id": 2 + i,
            "parent": 1,
            "text": f"{'yes' if right else 'not'} {i}",
            "outcome": [float(right)],
            "value": 0.9 if right else 0.2,
        }
        for i, right in enumerate(good)
    ]
    nodes = range(2, 2 + leaves)
    tiers = tuple(tuple(n for n in nodes if good[n - 2] is right) for right in (True, False))
    pairs = [RankedPair("trace", a, b) for a in tiers[0] for b in tiers[1]]
    pairs += [RankedPair("trace", a, b, True, 0.0) for t in tiers for a in t for b in t if a < b]
    spoken = tuple(("trace", min(p.better, p.worse) - 2, max(p.better, p.worse) - 2) for p in pairs)
    return TrainingTree(
        f"p{number}",
        f"Problem {number}",
        Tree.from_records(records),
        np.full(2 + leaves, np.nan),
        ranked=Ranked(tuple(pairs), (Ranking(tiers),), spoken),
    )


def everything(number):
    """A tree with all that any kind learns from: labels, outcomes, values and rankings."""
    item = answers(number)
    good = np.array([str(text).startswith("yes") for text in item.tree.text])
    ranked = replace(
        item.ranked,
        criteria=("correctness", "clarity"),
        by_criterion=tuple(
            replace(pair, criterion=key)
            for key in ("correctness", "clarity", "")
            for pair in item.ranked.pairs
        ),
        by_rater=tuple(
            replace(pair, rater=name) for name in ("ann", "bob") for pair in item.ranked.pairs
        ),
    )
    targets = np.where(np.arange(len(good)) > 1, good.astype(float), np.nan)
    return replace(item, targets=targets, ranked=ranked)


def config(kind: str, **settings) -> RunConfig:
    return RunConfig.from_settings({**RUN, **settings}, kind_key=kind)


def maker(model, run, trees=(), *, budget=4096, context=None) -> ExampleMaker:
    return ExampleMaker(
        model.tokenizer, model.cost, context or model.context, budget, objective(run, trees)
    )
