"""Attribution: what each method spends, what packing and caches save, our integral against Captum's.

``python -m benchmarks.bench_attribution [TOKENS …]``: lengths of the path (512 and 1024). A decoder of four
layers and width 128 with random weights; what is counted is exact, wall time is the best of three.
"""

from __future__ import annotations

import json
import sys
import time
import warnings

import numpy as np
import torch

from scoring.attribution import attribute, estimate
from scoring.attribution.subject import subject_of
from scoring.reward.backbone import build_tiny, mask_plan
from scoring.reward.model import RewardModel
from scoring.reward.network import RewardNetwork
from scoring.reward.registry import kind
from scoring.reward.shape import tiny_shape
from scoring.reward.tokenizer import train_tokenizer

PROBLEM = "Work out 12 + 34."
STEP = "Take 12 + 34 = 46 and go on with it, "
N = 32
ONCE = {"integrated_gradients": {"start": N, "limit": N}, "step_shapley": {"permutations": 4}}
KEYS = (
    *("running_reward", "closed_prefix", "integrated_gradients", "leave_one_step_out"),
    "step_shapley",
)


def model_of() -> RewardModel:
    row = kind("bradley_terry")
    config = row.make_config({"tiny_layers": "4", "tiny_width": "128", "tiny_context": "4096"})
    torch.manual_seed(0)
    backbone = build_tiny(config, train_tokenizer([PROBLEM, STEP] * 4, vocabulary=420))
    made = row.load(config)
    network = RewardNetwork(backbone.module, made.make_head(128), mask_plan(backbone.module.config))
    with torch.no_grad():
        network.head.weight.mul_(20)
    return RewardModel(network, backbone.tokenizer, made)


def steps_for(model: RewardModel, tokens: int, count: int = 12) -> list[str]:
    """Return ``count`` steps that make the path about ``tokens`` long."""
    each = len(model.tokenizer.encode([STEP])[0].ids)
    times = max(1, round(tokens / count / each))
    return [f"{STEP * times}{k}" for k in range(count)]


def best_of(*works, times: int = 3) -> list[tuple[float, float]]:
    """Return the least wall and processor seconds of each, run in turns."""
    found: list[list[tuple[float, float]]] = [[] for _ in works]
    for _ in range(times):
        for own, work in zip(found, works, strict=True):
            wall, cpu = time.perf_counter(), time.process_time()
            work()
            own.append((time.perf_counter() - wall, time.process_time() - cpu))
    return [tuple(min(column) for column in zip(*own, strict=True)) for own in found]


def spent(model: RewardModel, steps: list[str]) -> dict[str, object]:
    """Count forwards, backwards and tokens of every method, and compare with the estimate."""
    rows = {}
    for key in KEYS:
        params = ONCE.get(key, {})
        found = attribute(key, model, PROBLEM, steps, **params)
        guess = estimate(key, tiny_shape(model.kind.config), found.n_tokens, len(steps), **params)
        one = found.spent
        rows[key] = {
            "calls": one.calls,
            "forwards": one.forwards,
            "backwards": one.backwards,
            "tokens_in_F": round(one.tokens / found.n_tokens, 3),
            "estimate_in_F": round(guess.equivalents, 3),
            "truth_in_F": round(one.tokens / found.n_tokens + one.backwards, 3),
            "relative_error": float(f"{found.relative_error:.3g}"),
            "badge": found.badge,
        }
    return rows


def left_out(model: RewardModel, steps: list[str]) -> float:
    """Return tokens with the cache over tokens of running every variant and the whole anew."""
    found = attribute("leave_one_step_out", model, PROBLEM, steps)
    with subject_of(model, "value") as subject:
        variants = [[*steps[:k], *steps[k + 1 :]] for k in range(len(steps))]
        anew = sum(len(subject.layout.sequence(PROBLEM, one)) for one in [steps, *variants])
    return found.spent.tokens / anew


def against_captum(model: RewardModel, steps: list[str]) -> dict[str, float]:
    """Compare wall time and numbers at the same nodes, baseline row and read place."""
    import captum.attr

    row = 7
    model.network.backbone.config.pad_token_id = row
    params = {"baseline": "pad_row", "start": N, "limit": N, "rows": 8}
    ours = attribute("integrated_gradients", model, PROBLEM, steps, **params)
    with subject_of(model, "value") as subject:
        path = subject.layout.lay(PROBLEM, steps)
        ids = torch.from_numpy(path.ids.astype(np.int64))[None]
        text = torch.from_numpy(path.text)[None]

        def f(rows):
            hidden = model.network.backbone(input_ids=rows, use_cache=False).last_hidden_state
            return model.kind.value(model.network.head(hidden[:, path.read]).float())

        method = captum.attr.LayerIntegratedGradients(f, model.network.backbone.embed_tokens)

        def theirs():
            return method.attribute(
                ids,
                torch.where(text, torch.full_like(ids, row), ids),
                n_steps=N,
                method="gausslegendre",
                internal_batch_size=8,
            )

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = theirs().sum(dim=-1)[0].detach().numpy().astype(np.float64)
            own, other = best_of(
                lambda: attribute("integrated_gradients", model, PROBLEM, steps, **params), theirs
            )
    return {
        "ours_s": round(own[0], 3),
        "captum_s": round(other[0], 3),
        "ours_cpu_s": round(own[1], 3),
        "captum_cpu_s": round(other[1], 3),
        "cpu_over_captum": round(own[1] / other[1], 3),
        "largest_difference": float(np.abs(path.by_piece(found) - ours.credit).max()),
    }


def memory(model: RewardModel, steps: list[str]) -> dict[str, float]:
    """Compare the estimate with the bytes that autograd keeps for one chunk of rows."""
    rows = 4
    with subject_of(model, "value") as subject:
        path = subject.layout.lay(PROBLEM, steps)
        own = {p.untyped_storage().data_ptr() for p in model.network.parameters()}
        held = {}

        def pack(tensor):
            storage = tensor.untyped_storage()
            if storage.data_ptr() not in own:
                held[storage.data_ptr()] = storage.nbytes()
            return tensor

        at = torch.stack([subject.embed(path.ids)[0]] * rows).requires_grad_()
        with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
            kept = subject.read_embeds([at], path.read)
        truth = sum(held.values())
        del kept
    guess = estimate(
        "integrated_gradients",
        tiny_shape(model.kind.config),
        len(path),
        len(steps),
        start=8,
        limit=8,
        rows=rows,
    ).memory_bytes
    mib = 2**20
    return {
        "estimate_mib": round(guess / mib, 1),
        "truth_mib": round(truth / mib, 1),
        "estimate_over_truth": round(guess / truth, 3),
    }


def main() -> None:
    model = model_of()
    for tokens in [int(one) for one in sys.argv[1:]] or [512, 1024]:
        steps = steps_for(model, tokens)
        attribute("closed_prefix", model, PROBLEM, steps)  # checks packing, once
        n_tokens = attribute("running_reward", model, PROBLEM, steps).n_tokens
        line = {
            "tokens": n_tokens,
            "steps": len(steps),
            "spent": spent(model, steps),
            "left_out_tokens_over_anew": round(left_out(model, steps), 3),
            "captum": against_captum(model, steps),
            "memory": memory(model, steps),
        }
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
