"""The 200-step tree that the packing and training benchmarks share."""

from __future__ import annotations

import datetime
import os
import platform
import sys
from pathlib import Path

import numpy as np
import torch

from scoring.reward.packing import EncodedTree, join_tokens

LEVELS, STEPS, LEAVES, PROMPT = 12, 200, 75, 60


def tree(vocabulary: int, seed: int = 0) -> EncodedTree:
    """12 levels, 200 steps of 20–40 tokens, 75 leaves, a prompt of 60 tokens."""
    rng = np.random.default_rng(seed)
    parents = _shape(rng)
    lengths = [PROMPT, *rng.integers(20, 41, size=STEPS).tolist()]
    tokens = [rng.integers(0, vocabulary, size=n).astype(np.int32) for n in lengths]
    return join_tokens(tokens, np.array(parents, dtype=np.int64))


def leaves(made: EncodedTree) -> list[int]:
    """Positions of the nodes without children."""
    return np.setdiff1d(np.arange(len(made)), made.parent).tolist()


def _shape(rng: np.random.Generator) -> list[int]:
    """Draw trees level by level until one has the wanted number of leaves, then order it."""
    while True:
        per_level = np.ones(LEVELS, dtype=int)
        for level in rng.choice(LEVELS, size=STEPS - LEVELS, p=_weights()):
            per_level[level] += 1
        parent, above, number = [-1], [0], 1
        for count in per_level:
            here = []
            for _ in range(count):
                parent.append(int(rng.choice(above)))
                here.append(number)
                number += 1
            above = here
        if len(set(range(STEPS + 1)) - set(parent)) == LEAVES:
            return _preorder(parent)


def _weights() -> np.ndarray:
    grow = np.minimum(np.arange(1, LEVELS + 1), 6).astype(float)
    return grow / grow.sum()


def _preorder(parent: list[int]) -> list[int]:
    children: dict[int, list[int]] = {}
    for node, up in enumerate(parent):
        children.setdefault(up, []).append(node)
    new, out, stack = {-1: -1}, [], [0]
    while stack:
        node = stack.pop()
        new[node] = len(out)
        out.append(new[parent[node]])
        stack += reversed(children.get(node, []))
    return out


def about(command: str) -> dict[str, object]:
    """What every benchmark says beside its numbers."""
    return {
        "command": f"python -m {command} {' '.join(sys.argv[1:])}".strip(),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "hardware": {
            "machine": platform.machine(),
            "cpu": _cpu(),
            "cores": os.cpu_count(),
            "load": round(os.getloadavg()[0], 2),
            "torch_threads": torch.get_num_threads(),
        },
        "versions": {"torch": torch.__version__, "python": platform.python_version()},
    }


def _cpu() -> str:
    try:
        with Path("/proc/cpuinfo").open() as file:
            return next(
                line.split(":")[1].strip() for line in file if line.startswith("model name")
            )
    except (OSError, StopIteration):
        return platform.processor()
