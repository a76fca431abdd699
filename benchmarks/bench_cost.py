"""Is packed scoring as fast as its cost model says, and are the rows those that the model would choose?

``python -m benchmarks.bench_cost [--repetitions 5]``; one JSON object. Forward operations, with n weights
outside the embedding, d the width of attention, L layers, P the tokens of all traces, l a trace's tokens
and T those of a row, repeated ancestors included:

* one trace at a time, plain causal: ``C_p = 2nP + 2dL Σ l²``;
* packed rows: ``C_t = 2n ΣT + 4dL Σ T²`` (a masked product computes all pairs).

``S = C_p / C_t`` is the gain that the rows in use should bring. Measured is the time of one trace at a time
over that of packed rows, by the clock and in processor time; turns are interleaved and the least of each
counts. One thread computes: threads that wait for one another spin, and on a machine that others use that
would be measured too. Target: 90 % of S. The rows come from the
dynamic programme of ``scoring/reward/packing.py``, so no length has to be chosen; rows of fixed
budgets are measured beside it, with the gain that the formula gives them.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import TYPE_CHECKING

import numpy as np
import torch

from benchmarks.bench_packing import make_model
from benchmarks.packing_tree import about, leaves, tree
from scoring.reward.network import collate
from scoring.reward.packing import CostModel, path_row, row, rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.reward.model import RewardModel
    from scoring.reward.packing import EncodedTree, Row

FIXED = (600, 1500, 3000)
"""Own tokens of rows that are filled up as far as they go."""
WHOLE = 10**6


def filled_up(made: EncodedTree, budget: int) -> list[Row]:
    """Cut without a cost model: every row takes steps while they fit."""
    found, first = [], 0
    while first < len(made):
        reach = int(np.searchsorted(made.starts, made.starts[first] + budget, side="right")) - 1
        stop = min(max(reach, first + 1), len(made))
        found.append(row(made, first, stop))
        first = stop
    return found


def gain(paths: Sequence[Row], laid: Sequence[Row], cost: CostModel) -> float:
    """Return S: operations of plain traces over those of rows."""
    length = np.array([len(path) for path in paths], dtype=float)
    packed = np.array([len(one) for one in laid], dtype=float)
    plain = 2.0 * cost.weights * length.sum() + 2.0 * cost.width * cost.layers * (length**2).sum()
    masked = 2.0 * cost.weights * packed.sum() + 4.0 * cost.width * cost.layers * (packed**2).sum()
    return float(plain / masked)


@torch.no_grad()
def run_rows(model: RewardModel, laid: Sequence[Row]) -> None:
    for one in laid:
        model.kind.reward(model.network(collate([one])).head)


@torch.no_grad()
def run_paths(model: RewardModel, paths: Sequence[Row]) -> None:
    for path in paths:
        ids = torch.from_numpy(path.ids.astype(np.int64))[None]
        model.kind.reward(model.network.plain(ids).head)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    model = make_model()
    made = tree(model.tokenizer.separator)
    model.self_check()
    paths = [path_row(made, leaf) for leaf in leaves(made)]
    chosen = {"chosen": rows(made, model.cost, budget=model.budget)}
    fixed = {f"filled to {budget}": filled_up(made, budget) for budget in FIXED}
    whole = {"one row": filled_up(made, WHOLE)}
    cuts = chosen | fixed | whole
    wall: dict[str, list[float]] = {name: [] for name in ("paths", *cuts)}
    cpu: dict[str, list[float]] = {name: [] for name in ("paths", *cuts)}
    for turn in range(options.repetitions + 1):
        for name in wall:
            began, busy = time.perf_counter(), time.process_time()
            if name == "paths":
                run_paths(model, paths)
            else:
                run_rows(model, cuts[name])
            if turn:  # the first turn warms up
                wall[name].append(time.perf_counter() - began)
                cpu[name].append(time.process_time() - busy)
    told = {}
    for name, laid in cuts.items():
        expected = gain(paths, laid, model.cost)
        by_clock = min(wall["paths"]) / min(wall[name])
        by_processor = min(cpu["paths"]) / min(cpu[name])
        told[name] = {
            "rows": len(laid),
            "tokens": sum(map(len, laid)),
            "longest": max(map(len, laid)),
            "expected": round(expected, 2),
            "measured": round(by_processor, 2),
            "measured_by_clock": round(by_clock, 2),
            "share_of_expected": round(by_processor / expected, 3),
            "share_by_clock": round(by_clock / expected, 3),
        }
    best = min(min(cpu[name]) for name in cuts)
    report = {
        **about("benchmarks.bench_cost"),
        "weights": model.cost.weights,
        "density": model.cost.density,
        "path_tokens": sum(map(len, paths)),
        "unique_tokens": len(made.ids),
        "repetitions": options.repetitions,
        "cuts": told,
        "chosen_against_the_fastest": round(best / min(cpu["chosen"]), 3),
        "least_cpu_seconds": {name: round(min(times), 4) for name, times in cpu.items()},
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
