"""Scoring a 200-step tree: packed, one trace at a time in sorted batches, one prefix per step.

Run as ``python -m benchmarks.bench_packing [repetitions]``; prints one JSON object. Repetitions
are interleaved; the median of wall time is reported and the minimum of CPU time beside it, which
is the fair figure on a machine that others use too.
"""

from __future__ import annotations

import json
import statistics
import sys
import time

import numpy as np
import torch

from benchmarks.packing_tree import about, leaves, tree
from scoring.reward.backbone import build_tiny, mask_plan
from scoring.reward.config import PrmConfig
from scoring.reward.model import RewardModel
from scoring.reward.network import RewardNetwork
from scoring.reward.packing import EncodedTree, path_row
from scoring.reward.registry import kind
from scoring.reward.tokenizer import train_tokenizer

BATCH = 8


def make_model() -> RewardModel:
    torch.manual_seed(0)
    config = PrmConfig()
    tokenizer = train_tokenizer(["12 + 34 = 46"], vocabulary=config.tiny_vocabulary)
    backbone = build_tiny(config, tokenizer)
    made = kind("prm").load(config)
    network = RewardNetwork(
        backbone.module, made.make_head(config.tiny_width), mask_plan(backbone.module.config)
    )
    return RewardModel(network, tokenizer, made)


def packed(model: RewardModel, made: EncodedTree) -> np.ndarray:
    return model._run_packed(made).running[made.starts[1:] - 1]


@torch.no_grad()
def batched_paths(model: RewardModel, made: EncodedTree) -> np.ndarray:
    """Every leaf's path, sorted by length, right-padded in batches of 8, plain causal attention."""
    scores = np.full(len(made), np.nan, dtype=np.float32)
    paths = sorted((path_row(made, leaf) for leaf in leaves(made)), key=len)
    for at in range(0, len(paths), BATCH):
        group = paths[at : at + BATCH]
        ids = torch.zeros(len(group), max(map(len, group)), dtype=torch.long)
        for index, path in enumerate(group):
            ids[index, : len(path)] = torch.from_numpy(path.ids.astype(np.int64))
        reward = model.kind.reward(model.network.plain(ids).head).numpy()
        for index, path in enumerate(group):
            scores[path.nodes] = reward[index, path.read]
    return scores


@torch.no_grad()
def prefixes(model: RewardModel, made: EncodedTree) -> np.ndarray:
    """One pass per step over everything up to it."""
    scores = np.full(len(made), np.nan, dtype=np.float32)
    for node in range(len(made)):
        path = path_row(made, node)
        output = model.network.plain(torch.from_numpy(path.ids.astype(np.int64))[None])
        scores[node] = model.kind.reward(output.head)[0, -1]
    return scores


def main() -> None:
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    model = make_model()
    made = tree(model.tokenizer.separator)
    model.self_check()
    scorers = {"packed": packed, "batched_paths": batched_paths, "prefixes": prefixes}
    wall: dict[str, list[float]] = {name: [] for name in scorers}
    cpu: dict[str, list[float]] = {name: [] for name in scorers}
    scores = {}
    for turn in range(repetitions + 1):
        for name, scorer in scorers.items():
            began, busy = time.perf_counter(), time.process_time()
            scores[name] = scorer(model, made)
            if turn:  # the first turn warms up
                wall[name].append(time.perf_counter() - began)
                cpu[name].append(time.process_time() - busy)
    middle = {name: statistics.median(times) for name, times in wall.items()}
    least = {name: min(times) for name, times in cpu.items()}
    rows = model.rows(made)
    lengths = made.path_tokens()
    report = {
        **about("benchmarks.bench_packing"),
        "tree": {
            "steps": len(made) - 1,
            "leaves": len(leaves(made)),
            "unique_tokens": len(made.ids),
            "packed_tokens": sum(map(len, rows)),
            "path_tokens": int(lengths[leaves(made)].sum()),
            "prefix_tokens": int(lengths.sum()),
            "rows": [len(row) for row in rows],
        },
        "repetitions": repetitions,
        "median_wall_seconds": {k: round(v, 4) for k, v in middle.items()},
        "least_cpu_seconds": {k: round(v, 4) for k, v in least.items()},
        "times_faster": {
            "than_batched_paths": round(middle["batched_paths"] / middle["packed"], 2),
            "than_prefixes": round(middle["prefixes"] / middle["packed"], 2),
            "than_batched_paths_cpu": round(least["batched_paths"] / least["packed"], 2),
            "than_prefixes_cpu": round(least["prefixes"] / least["packed"], 2),
        },
        "largest_difference": float(
            max(np.abs(scores["packed"] - scores[n]).max() for n in ("batched_paths", "prefixes"))
        ),
        "target": {"than_batched_paths": 2.2, "than_prefixes": 5, "largest_difference": 1e-4},
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
