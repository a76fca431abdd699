"""What lora freezes is held in bfloat16 where no weight changes by it, and no number changes either."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from transformers import Qwen2Model

from scoring.reward import artefact, lora
from scoring.reward.shape import base_shape
from scoring.training import start
from scoring.training.config import RunConfig
from scoring.training.estimate_memory import memory_parts
from scoring.training.loop import fit
from tests.scoring.reward_cases import save_base
from tests.scoring.training.data import HELD, TRAIN

SETTINGS = {
    "tuning": "lora",
    "precision": "bfloat16",
    "lora_rank": "4",
    "lora_targets": "q_proj, v_proj",
    "learning_rate": "1e-2",
    "steps": "2",
    "step_tokens": "200",
    "log_every": "1",
    "evaluate_every": "2",
}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """Save a base as most are published: every weight a bfloat16."""
    folder = save_base(tmp_path_factory.mktemp("base"))
    Qwen2Model.from_pretrained(folder, dtype=torch.bfloat16).save_pretrained(folder)
    return folder


def config(base, settings=()):
    return RunConfig.from_settings({**SETTINGS, **dict(settings)}, base=str(base))


def network(base, tmp_path, settings=()):
    made = config(base, settings)
    return start.make_model(made, [], None, out_dir=tmp_path, device=torch.device("cpu")).network


def held_types(network):
    linear = {n: m for n, m in network.backbone.named_modules() if isinstance(m, nn.Linear)}
    return {
        "frozen": {m.weight.dtype for n, m in linear.items() if "lora_" not in n},
        "adapter": {m.weight.dtype for n, m in linear.items() if "lora_" in n},
        "others": {
            p.dtype for n, p in network.backbone.named_parameters() if "norm" in n or "embed" in n
        },
    }


def test_linear_layers_of_a_frozen_base_are_held_in_half_and_nothing_else_is(tmp_path, base):
    half, single = torch.bfloat16, torch.float32
    found = held_types(network(base, tmp_path))
    assert found == {"frozen": {half}, "adapter": {single}, "others": {single}}
    kept = {"frozen": {single}, "adapter": {single}, "others": {single}}
    assert held_types(network(base, tmp_path, {"precision": "float32"})) == kept
    rounded = save_base(tmp_path / "rounded")  # published in float32
    assert held_types(network(rounded, tmp_path)) == kept
    full = held_types(network(base, tmp_path, {"tuning": "full"}))
    assert (full["frozen"], full["adapter"]) == ({single}, set())


def test_no_number_changes_and_the_model_that_scores_is_the_one_measured(
    tmp_path, base, monkeypatch
):
    rows: dict[str, dict[tuple[int, str], float]] = {"half": {}, "single": {}}

    def run(name):
        def keep(step, values):
            rows[name].update({(step, key): value for key, value in values.items()})

        return fit(config(base), TRAIN[:5], HELD[:3], out_dir=tmp_path / name, on_metric=keep)

    half = run("half")
    with monkeypatch.context() as patch:
        patch.setattr(start, "hold_in_half", lambda _: 0)
        single = run("single")
    assert rows["half"] == rows["single"]
    assert half.metrics == single.metrics
    ours, theirs = (load_file(str(r.artefact / "model.safetensors")) for r in (half, single))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    assert ours.keys() == theirs.keys()
    merged = artefact.load(half.artefact)
    assert {p.dtype for p in merged.network.parameters()} == {torch.float32}
    item = HELD[0]
    scores = merged.score(item.problem_text, item.tree).step[1:]
    assert scores == pytest.approx(
        merged.score_plain(item.problem_text, item.tree).step[1:], abs=1e-5
    )


def test_a_bias_is_held_and_widened_like_its_weight():
    torch.manual_seed(0)
    layer, given = nn.Linear(3, 2), torch.randn(4, 3)
    with torch.no_grad():
        for weight in layer.parameters():
            weight.copy_(weight.bfloat16())
    layer.requires_grad_(False)
    wanted = layer(given)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        wanted_half = layer(given)
    assert lora.hold_in_half(nn.Sequential(layer)) == 1
    assert {p.dtype for p in layer.parameters()} == {torch.bfloat16}
    assert torch.equal(layer(given), wanted)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(layer(given), wanted_half)


def test_the_estimate_knows_that_weights_may_be_half(base):
    shape = base_shape(str(base), config(base).model)
    halves = memory_parts(config(base).training, shape)["weights"]
    single = memory_parts(config(base, {"precision": "float32"}).training, shape)["weights"]
    assert single.low == single.high == halves.high
    assert single.low - halves.low == 2 * shape.weights
