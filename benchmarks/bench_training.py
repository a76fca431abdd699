"""One pass over a 200-step tree's labels: packed training against TRL's PRMTrainer.

Run as ``python -m benchmarks.bench_training [repetitions]``; prints one JSON object. The peer is
installed aside (requirements-bench.txt) into ``var/bench`` or the folder named by
``TRACEWOOD_BENCH_SITE``.

Both sides train the same decoder config from the same random state on the same tokens and labels,
with AdamW and no auxiliary loss. TRL gets what its format asks for: one row per leaf, batches of 8.
Ours sees every step once, one optimiser step per packed row, so not fewer updates than TRL's; the
``per_leaf`` row has TRL's weighting of shared steps. The figure is passes over the supervision per
second; learning curves are not compared.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from transformers import PreTrainedTokenizerFast, Qwen3ForTokenClassification

from benchmarks.bench_packing import make_model
from benchmarks.packing_tree import about, leaves, tree
from scoring.reward.packing import EncodedTree, path_row
from scoring.training.examples import Example
from scoring.training.losses import Denominators, pass_loss
from scoring.training.objectives.units import StepUnits

if TYPE_CHECKING:
    from collections.abc import Callable

WORDS = 300
# PRMTrainer runs in bfloat16 unless told otherwise; each precision is compared with its own.
PAIRS = (
    ("trl_defaults", "ours_bfloat16"),
    ("trl_no_checkpointing", "ours_bfloat16"),
    ("trl_defaults_float32", "ours_per_node"),
    ("trl_no_checkpointing_float32", "ours_per_node"),
)


def site() -> Path:
    return Path(os.environ.get("TRACEWOOD_BENCH_SITE", "var/bench"))


def labels_of(made: EncodedTree) -> np.ndarray:
    return np.random.default_rng(1).random(len(made)) < 0.5


def leaf_counts(made: EncodedTree) -> np.ndarray:
    counts = np.zeros(len(made))
    for leaf in leaves(made):
        node = leaf
        while node >= 0:
            counts[node] += 1
            node = int(made.parent[node])
    return counts


def ours(made: EncodedTree, weighting: str, *, bfloat16: bool = False) -> Callable[[], int]:
    """Return a function that passes over the tree once and says how many tokens that took."""
    model = make_model()
    labels = labels_of(made).astype(float)
    weights = leaf_counts(made) if weighting == "per_leaf" else np.ones(len(made))
    examples = []
    for row in model.rows(made):
        own = row.nodes > 0
        nodes = row.nodes[own]
        none = np.zeros(0, dtype=np.int64)
        units = StepUnits(np.arange(len(nodes)), labels[nodes], weights[nodes])
        examples.append(Example(row, row.read[own], units, none))
    network = model.network
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-5, fused=True)

    def once() -> int:
        network.train()
        for example in examples:
            optimizer.zero_grad(set_to_none=True)
            parts = pass_loss(
                network,
                model.kind,
                [example],
                Denominators.of([example]),
                lm_weight=0.0,
                device=torch.device("cpu"),
                bfloat16=bfloat16,
            )
            parts.total.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
        return sum(len(example.row) for example in examples)

    return once


def word_tokenizer() -> PreTrainedTokenizerFast:
    """One token per word ``w17``, so that text round-trips to the tree's very ids."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    vocabulary = {f"w{i}": i for i in range(WORDS)} | {
        "sep": WORDS,
        "pad": WORDS + 1,
        "end": WORDS + 2,
    }
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="pad"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="pad", eos_token="end")


def rows_for_trl(made: EncodedTree) -> list[dict[str, object]]:
    labels = labels_of(made)
    text = [
        " ".join(f"w{i}" for i in made.ids[made.starts[n] : made.starts[n + 1] - 1])
        for n in range(len(made))
    ]
    rows = []
    for leaf in leaves(made):
        path = path_row(made, leaf).nodes.tolist()
        steps = path[1:]
        rows.append(
            {
                "prompt": text[0],
                "completions": [text[n] for n in steps],
                "labels": [bool(labels[n]) for n in steps],
            }
        )
    return rows


def theirs(made: EncodedTree, folder: str, **options: object) -> Callable[[], int]:
    from datasets import Dataset
    from trl.experimental.prm import PRMConfig, PRMTrainer

    torch.manual_seed(0)
    config = make_model().network.backbone.config
    config.pad_token_id = WORDS + 1
    config.vocab_size = WORDS + 3
    config.num_labels = 2
    model = Qwen3ForTokenClassification(config)
    trainer = PRMTrainer(
        model=model,
        args=PRMConfig(
            output_dir=folder,
            num_train_epochs=1,
            report_to="none",
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=True,
            step_separator="sep",
            use_cpu=True,
            **options,
        ),
        train_dataset=Dataset.from_list(rows_for_trl(made)),
        processing_class=word_tokenizer(),
    )
    tokens: list[int] = []
    model.get_input_embeddings().register_forward_pre_hook(
        lambda _module, inputs: tokens.append(inputs[0].numel())
    )

    def once() -> int:
        tokens.clear()
        trainer.train()
        return sum(tokens)

    return once


def with_peers() -> None:
    """Start again with the peers on the path: transformers looks for accelerate when imported."""
    path = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if str(site()) in path:
        return
    more = {"PYTHONPATH": os.pathsep.join([str(site()), *filter(None, path)])}
    more["TRL_EXPERIMENTAL_SILENCE"] = "1"
    command = [sys.executable, "-m", "benchmarks.bench_training", *sys.argv[1:]]
    os.execve(sys.executable, command, {**os.environ, **more})


def main() -> None:
    with_peers()
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    warnings.simplefilter("ignore")
    made = tree(WORDS)
    runs: dict[str, Callable[[], int]] = {
        "ours_per_node": ours(made, "per_node"),
        "ours_per_leaf": ours(made, "per_leaf"),
        "ours_bfloat16": ours(made, "per_node", bfloat16=True),
    }
    report: dict[str, object] = about("benchmarks.bench_training")
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(sys.stderr):
        try:
            runs |= {
                "trl_defaults": theirs(made, folder),
                "trl_no_checkpointing": theirs(made, folder, gradient_checkpointing=False),
                "trl_defaults_float32": theirs(made, folder, bf16=False),
                "trl_no_checkpointing_float32": theirs(
                    made, folder, bf16=False, gradient_checkpointing=False
                ),
            }
        except ImportError as error:
            report["peer_missing"] = f"{error}; see requirements-bench.txt ({site()})"
        wall, cpu, tokens = measure(runs, repetitions)
    middle = {name: statistics.median(times) for name, times in wall.items()}
    least = {name: min(times) for name, times in cpu.items()}
    report |= {
        "repetitions": repetitions,
        "tree": {"steps": len(made) - 1, "leaves": len(leaves(made)), "tokens": len(made.ids)},
        "tokens_per_pass": tokens,
        "median_wall_seconds": {k: round(v, 3) for k, v in middle.items()},
        "least_cpu_seconds": {k: round(v, 3) for k, v in least.items()},
        "times_faster": {
            f"{name} vs {mine}": {
                "wall": round(middle[name] / middle[mine], 2),
                "cpu": round(least[name] / least[mine], 2),
            }
            for name, mine in PAIRS
            if name in runs
        },
        "target": {"trl_defaults": 4, "trl_no_checkpointing": 3.3},
    }
    print(json.dumps(report))


def measure(
    runs: dict[str, Callable[[], int]], repetitions: int
) -> tuple[dict[str, list[float]], dict[str, list[float]], dict[str, int]]:
    """Interleave the runs; the first turn warms up."""
    wall: dict[str, list[float]] = {name: [] for name in runs}
    cpu: dict[str, list[float]] = {name: [] for name in runs}
    tokens: dict[str, int] = {}
    for turn in range(repetitions + 1):
        for name, once in runs.items():
            began, busy = time.perf_counter(), time.process_time()
            tokens[name] = once()
            if turn:
                wall[name].append(time.perf_counter() - began)
                cpu[name].append(time.process_time() - busy)
    return wall, cpu, tokens


if __name__ == "__main__":
    main()
