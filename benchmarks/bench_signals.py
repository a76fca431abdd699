"""Token signals: the memory that is estimated beforehand against the peak of a process that measures one.

``python -m benchmarks.bench_signals [TOKENS …]``: lengths of the path (1024 and 2048). Six layers of width 256, four
heads of 64, random weights; entropies and the log-ratio are of language models with 32,000 tokens, the others of a
reward model on such a decoder. A child process measures a short path first, so that what is loaded once does not
count, then notes its resident bytes, sets its peak back to them and measures; memory is what the peak rose by.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from scoring.attribution.choices import PREFIX, estimate
from scoring.attribution.signals import SIGNALS, signal
from scoring.reward.shape import folder_shape

LENGTHS = (1024, 2048)
VOCABULARY = 32_000
SHAPE = {
    "hidden_size": 256,
    "intermediate_size": 704,
    "num_hidden_layers": 6,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "head_dim": 64,
    "max_position_embeddings": 8192,
}
PROBLEM = "one two"
MEBIBYTE = 2**20
SETTLED = {"OMP_NUM_THREADS": "1", "MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_ARENA_MAX": "1"}
"""One thread and freed blocks given back at once: else a peak holds what was freed before it."""


def saved(folder: Path) -> None:
    """Save two language models, one a little changed, and a decoder with a reward head."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import (
        PreTrainedTokenizerFast,
        Qwen3Config,
        Qwen3ForCausalLM,
        Qwen3ForTokenClassification,
    )

    numbers = [f"w{number}" for number in range(VOCABULARY - 4)]
    words = {word: place for place, word in enumerate(["<unk>", "one", "two", "and", *numbers])}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer)
    torch.manual_seed(0)
    config = Qwen3Config(**SHAPE, vocab_size=VOCABULARY, num_labels=2)
    for name, made in (
        ("ours", Qwen3ForCausalLM),
        ("theirs", Qwen3ForCausalLM),
        ("reward", Qwen3ForTokenClassification),
    ):
        made(config).save_pretrained(folder / name)
        fast.save_pretrained(folder / name)


def opened(key: str, folder: Path):
    """Open the model that a signal is measured on."""
    from scoring.reward import load
    from scoring.reward.manifest import added_manifest, write_manifest
    from scoring.reward.registry import added_kind

    language = {"logits", "reference"} & set(SIGNALS[key].needs)
    kind = added_kind("implicit_prm" if language else "token_classes")
    settings = {"model": str(folder / "reward"), "separator": r"\sand\s"}
    if language:
        settings = {"model": str(folder / "ours"), "reference": str(folder / "theirs")}
    artefact = folder / f"of {key}"
    artefact.mkdir(exist_ok=True)
    write_manifest(artefact, added_manifest(kind, kind.make_config(settings)))
    return load(artefact)


def steps_of(tokens: int, count: int = 8) -> list[str]:
    return [" ".join(["one", "two"] * (tokens // count // 2)) for _ in range(count)]


def resident(field: str) -> int:
    """Return a field of this process's status in bytes."""
    text = Path("/proc/self/status").read_text()
    return int(text.split(f"{field}:")[1].split()[0]) * 1024


def measured(key: str, tokens: int, folder: Path) -> dict[str, object]:
    """Measure one signal in this process."""
    model = opened(key, folder)
    signal(key, model, PROBLEM, steps_of(64))
    before = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    found = signal(key, model, PROBLEM, steps_of(tokens))
    return {"peak": resident("VmHWM") - before, "tokens": found.n_tokens}


def main() -> None:
    if sys.argv[1:2] == ["--child"]:
        print(json.dumps(measured(sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))))
        return
    lengths = [int(one) for one in sys.argv[1:]] or LENGTHS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        saved(folder)
        shape = folder_shape(folder / "ours")
        for tokens in lengths:
            rows = {}
            for key in SIGNALS:
                command = ["-m", "benchmarks.bench_signals", "--child", key, str(tokens), name]
                done = subprocess.run(
                    [sys.executable, *command],
                    stdout=subprocess.PIPE,
                    text=True,
                    check=True,
                    env={**os.environ, **SETTLED},
                )
                child = json.loads(done.stdout.splitlines()[-1])
                guess = estimate(f"{PREFIX}{key}", shape, child["tokens"], 8, {}).memory_bytes
                rows[key] = {
                    "estimate_mib": round(guess / MEBIBYTE, 1),
                    "peak_mib": round(child["peak"] / MEBIBYTE, 1),
                    "estimate_over_peak": round(guess / child["peak"], 2),
                }
            ratios = [row["estimate_over_peak"] for row in rows.values()]
            line = {
                "tokens": tokens,
                "signals": rows,
                "least_ratio": min(ratios),
                "most_ratio": max(ratios),
            }
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
