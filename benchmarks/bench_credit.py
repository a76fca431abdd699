"""Every credit method on trees of four shapes, with every column filled.

``python -m benchmarks.bench_credit [--steps 20000] [--traces 1000]`` times ``assign`` with default
parameters: a random tree of 20,000 steps (target 20 ms), 1,000 traces of 30 steps that share
nothing (100 ms), and for the record a chain of 20,000 steps and a caterpillar (one leaf beside each step of a
chain; 2,000 traces of 1,000 steps on average) of 4,000. Medians of several calls, of the clock and of
processor time, which is what the targets are about: one thread, and the clock tells more of a busy
machine. Modules are loaded before. Numbers by trace are computed when looked at and measured apart,
for ten traces.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from typing import Any

import numpy as np

from scoring.credit import METHODS, assign
from scoring.tree import Tree

WORDS = np.array(["the", "door", "hall", "cellar", "opens", "a", "key", "so", "then", "we", "add"])
PLAIN = frozenset({"outcome", "score", "scores", "value", "visits"})
"""Inputs of the methods that the targets are about: outcomes, the shape of the tree, scores."""
REPEATS = 7
BUDGET_S = 3.0  # a method that takes longer is called once


def random_depths(n: int, rng: np.random.Generator) -> np.ndarray:
    """Depths of a tree in pre-order that goes about ten steps deep."""
    depth = np.zeros(n, np.int64)
    for at in range(1, n):
        deepest = min(depth[at - 1] + 1, 12)
        depth[at] = deepest if rng.random() < 0.6 else rng.integers(1, deepest + 1)
    return depth


def shapes(steps: int, traces: int) -> dict[str, tuple[np.ndarray, float | None]]:
    """Depths by name, with the target in ms."""
    rng = np.random.default_rng(0)
    half = np.arange(steps // 10)
    return {
        "tree": (random_depths(steps, rng), 20.0),
        "traces": (np.append(0, np.tile(np.arange(1, 31), traces)), 100.0),
        "chain": (np.arange(steps), None),
        "caterpillar": (np.append(0, np.column_stack([half + 1, half + 2]).ravel()), None),
    }


def filled(depth: np.ndarray) -> Tree:
    """The tree of these depths, each leaf the end of a trace, with every column a method asks for."""
    rng = np.random.default_rng(1)
    n = len(depth)
    leaf = np.append(depth[1:] <= depth[:-1], True)
    ends = np.flatnonzero(leaf)
    tokens = rng.integers(3, 9, n)
    ids = np.arange(n)
    retries = np.where(leaf & (rng.random(n) < 0.3), rng.choice(ends, n), -1)

    def lists(draw) -> list[list[float]]:
        return [row.round(3).tolist() for row in np.split(draw, np.cumsum(tokens)[:-1])]

    def at_ends(cells) -> list[Any]:
        return [cell if end else None for cell, end in zip(cells, leaf, strict=True)]

    def drawn() -> np.ndarray:
        return -rng.exponential(1.0, tokens.sum())

    names = rng.choice(["search", "python", "open"], (n, 2))
    texts = rng.choice(WORDS, (n, 8))
    extra = {
        "step_reward": rng.normal(0, 0.1, n).round(2).tolist(),
        "label": rng.integers(-1, 2, n).tolist(),
        "checks": rng.integers(-1, 2, n).tolist(),
        "attribution": rng.integers(0, 4, n).tolist(),
        "critic": rng.random(n).tolist(),
        "critic_high": rng.random(n).tolist(),
        "logp": lists(drawn()),
        "logp_ref": lists(drawn()),
        "logp_better": lists(drawn()),
        "logp_worse": lists(drawn()),
        "value_tokens": lists(drawn()),
        "answer_logp": (-rng.exponential(1.0, n)).tolist(),
        "scores": rng.random((n, 3)).tolist(),
        "ref_scores": [[0.4, 0.6], *[None] * (n - 1)],
        "kg_path": ["door hall cellar key", *[None] * (n - 1)],
        "calls": [[{"name": a, "parameters": {"q": b}}] for a, b in names.tolist()],
        "gold_calls": [
            [{"name": "search", "parameters": {"q": "open"}}, {"name": "open", "parameters": {}}],
            *[None] * (n - 1),
        ],
        "tests": at_ends((rng.random((n, 5)) < 0.5).tolist()),
        "critiques": at_ends([[[end], [end]] for end in ids.tolist()]),
        "first_error": at_ends(ids.tolist()),
        "budget_scores": at_ends(rng.random((n, 6)).round(2).tolist()),
        "retry_of": [None if name < 0 else name for name in retries.tolist()],
        "plan_id": at_ends(rng.integers(0, 50, n).tolist()),
    }
    return Tree.from_columns(
        ids=ids,
        depth=depth,
        ends=ends,
        outcomes=rng.integers(0, 2, len(ends)).astype(np.float64),
        text=[" ".join(row) for row in texts.tolist()],
        score=rng.random(n),
        value=rng.random(n),
        visits=rng.integers(1, 40, n),
        n_tokens=tokens,
        state=[f"state {at}" for at in rng.integers(0, max(2, n // 4), n)],
        level=rng.choice(["plan", "execute"], n, p=[0.2, 0.8]).tolist(),
        agent=rng.choice(["main", "search", "code"], n).tolist(),
        extra=extra,
    )


def timed(key: str, tree: Tree) -> dict[str, float]:
    """Median milliseconds of the answer, and of the numbers of ten traces."""
    spent, processor, began = [], [], time.perf_counter()
    while len(spent) < REPEATS and (not spent or time.perf_counter() - began < BUDGET_S):
        start, used = time.perf_counter(), time.process_time()
        result = assign(key, tree)
        spent.append(time.perf_counter() - start)
        processor.append(time.process_time() - used)
    looked = 0.0
    if result.per_trace is not None:
        start = time.perf_counter()
        for name in list(result.per_trace)[:10]:
            result.per_trace[name]
        looked = time.perf_counter() - start
    return {
        "ms": round(statistics.median(spent) * 1000, 1),
        "processor_ms": round(statistics.median(processor) * 1000, 1),
        "ten_traces_ms": round(looked * 1000, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_credit", description=__doc__)
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--traces", type=int, default=1000)
    parser.add_argument("--method", action="append", help="only this one (may be repeated)")
    options = parser.parse_args()
    keys = options.method or list(METHODS)
    small = filled(np.array([0, 1, 2, 2, 1]))
    for key in keys:
        assign(key, small)  # loads the module
    for name, (depth, target) in shapes(options.steps, options.traces).items():
        tree = filled(depth)
        found = {key: timed(key, tree) for key in keys}
        slowest = max(keys, key=lambda key: found[key]["processor_ms"])
        plain = [key for key in keys if set(METHODS[key].needs_with({})) <= PLAIN]
        line = {
            "shape": name,
            "nodes": len(tree),
            "traces": len(tree.ends),
            "cells": int(tree.depth[tree.ends].sum()),
            "target_ms": target,
            "slowest_of_outcomes_and_scores_processor_ms": max(
                (found[key]["processor_ms"] for key in plain), default=0.0
            ),
            "slowest": slowest,
            "slowest_ms": found[slowest]["ms"],
            "slowest_processor_ms": found[slowest]["processor_ms"],
            "over_target": [key for key in keys if target and found[key]["processor_ms"] > target],
            "methods": found,
        }
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
