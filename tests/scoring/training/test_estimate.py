"""What a run is said to need before it starts, beside what it then needs."""

from __future__ import annotations

import pytest
import torch
from transformers import LlamaConfig, LlamaModel, Qwen2Config, Qwen2Model, Qwen3Config, Qwen3Model

from scoring.errors import ModelLoadError
from scoring.reward.packing import CostModel
from scoring.reward.shape import base_shape, folder_shape, tiny_shape
from scoring.training.config import RunConfig
from scoring.training.estimate import Amount, Rate, estimate
from scoring.training.estimate_memory import memory_parts, trained_weights
from scoring.training.examples import ExampleMaker, passes
from scoring.training.loop import fit
from scoring.training.losses import Denominators, pass_loss
from scoring.training.objectives.registry import objective
from scoring.training.start import make_model
from tests.scoring.reward_cases import all_labelled, forked_tree, save_base
from tests.scoring.training.data import TRAIN, run

DATA = Amount(40_000, 1_000, 50, 10_000, 12)
BASES = {
    "qwen2": (Qwen2Config, Qwen2Model, {}),
    "llama": (LlamaConfig, LlamaModel, {"tie_word_embeddings": False}),
    "qwen3": (Qwen3Config, Qwen3Model, {"head_dim": 32}),
}


def made(base, settings, folder):
    config = RunConfig.from_settings(settings, base=str(base))
    model = make_model(config, TRAIN, None, out_dir=folder, device=torch.device("cpu"))
    return config, model


@pytest.mark.parametrize("name", sorted(BASES))
def test_weights_are_counted_from_the_headers_alone(tmp_path, name):
    config_class, model_class, more = BASES[name]
    base = save_base(tmp_path / "base", config_class, model_class, **more)
    shape = folder_shape(base)
    module = model_class.from_pretrained(base)
    assert shape.parameters == sum(p.numel() for p in module.parameters())
    embedding = module.get_input_embeddings().weight.numel()
    assert shape.weights == shape.parameters - embedding
    for targets in ("all-linear", "q_proj, down_proj"):
        settings = {"tuning": "lora", "lora_rank": "3", "lora_targets": targets}
        config, model = made(base, settings, tmp_path)
        adapted = [p for n, p in model.network.named_parameters() if "lora_" in n]
        wanted = sum(p.numel() for p in adapted)
        assert trained_weights(config.training, shape) == wanted


def test_the_tiny_base_is_counted_from_its_settings(tmp_path):
    config, model = made("tiny", {"tiny_layers": "2", "tiny_width": "128"}, tmp_path)
    backbone = model.network.backbone
    found = tiny_shape(config.model)
    missing = config.model.tiny_vocabulary + 1 - backbone.config.vocab_size
    wanted = sum(p.numel() for p in backbone.parameters()) + missing * 128
    assert found.parameters == wanted


def test_an_adapter_is_as_large_as_its_base_and_a_hub_id_is_unknown(tmp_path):
    base = save_base(tmp_path / "base")
    settings = {"tuning": "lora", "steps": "1", "step_tokens": "60", "lora_rank": "2"}
    config = RunConfig.from_settings(settings, base=str(base))
    adapter = fit(config, TRAIN, [], out_dir=tmp_path / "run").artefact
    assert base_shape(str(adapter), config.model) == folder_shape(base)
    whole, _ = run(tmp_path / "whole", {"steps": "1"})
    opened = base_shape(str(whole.artefact), config.model)
    assert opened is not None
    assert opened.layers == 1
    assert base_shape("nobody/nothing-here", config.model) is None
    found = estimate(config.training, "nobody/nothing-here", None, DATA)
    assert found.seconds is None
    assert not found.memory
    assert "memory and time are not known" in found.basis[-1]
    (base / "model.safetensors").write_bytes(b"torn")
    with pytest.raises(ModelLoadError, match="no safetensors file"):
        folder_shape(base)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"gradient_checkpointing": "yes"},
        {"tuning": "lora"},
        {"lm_weight": "1"},
        {"precision": "bfloat16"},
    ],
)
@pytest.mark.parametrize("name", ["qwen3", "llama"])
def test_activations_lie_in_the_range_that_was_told(tmp_path, name, settings):
    config_class, model_class, _ = BASES[name]
    size = {"num_hidden_layers": 4, "intermediate_size": 192}
    base = save_base(tmp_path / "base", config_class, model_class, **size)
    config, model = made(base, settings, tmp_path)
    kept, tokens = kept_bytes(model, config)
    if config.training.gradient_checkpointing:  # one layer at a time is computed again
        plain, _ = kept_bytes(made(base, {}, tmp_path)[1], config)
        kept += plain // size["num_hidden_layers"]
    plan = RunConfig.from_settings(
        {**settings, "pass_tokens": str(tokens), "step_tokens": str(tokens)}, base=str(base)
    ).training
    told = memory_parts(plan, folder_shape(base))["activations"]
    assert told.low <= kept <= told.high
    assert told.high < 12 * told.low


def test_longer_steps_and_smaller_rates_take_longer_and_limits_hold():
    shape = tiny_shape(RunConfig.from_settings({}).model)

    def found(settings, **more):
        return estimate(RunConfig.from_settings(settings).training, "tiny", shape, DATA, **more)

    once = found({"steps": "100"})
    twice = found({"steps": "200"})
    assert twice.seconds.low > 1.9 * once.seconds.low
    assert (once.passes.low, once.passes.high) == pytest.approx(
        (100 * 512 / (40_000 / 1.5), 100 * 512 / (40_000 / 4.0))
    )
    known = found({"steps": "100"}, measured=[Rate(1e9, "m v1"), Rate(2e9, "m v2")])
    assert "m v1, m v2" in known.basis[-1]
    assert known.seconds.high / known.seconds.low < once.seconds.high / once.seconds.low
    limited = found({"steps": "1000000", "max_seconds": "60"})
    assert limited.seconds.high < found({"steps": "1000000"}).seconds.high
    assert limited.seconds.low <= 60
    assert (
        found({}, device="NVIDIA H200").seconds.high
        < found({}, device="CPU (2 threads)").seconds.high
    )
    assert set(once.to_dict()["memory"]) == {
        "weights", "gradients", "optimiser", "activations", "process",
    }  # fmt: skip


def kept_bytes(model, config) -> tuple[int, int]:
    """Run one training pass; return what it keeps for its backward pass, and its tokens."""
    learnt = objective(config)
    maker = ExampleMaker(
        model.tokenizer, CostModel(10**9, 64, 2), model.context, config.training.pass_tokens, learnt
    )
    trees = [all_labelled(forked_tree(24, seed=seed), key=f"p{seed}") for seed in range(2)]
    examples = [example for tree in trees for example in maker.make(tree)]
    (group,) = passes(examples, config.training.pass_tokens)
    held: dict[int, int] = {}
    weights = {p.untyped_storage().data_ptr() for p in model.network.parameters()}

    def pack(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            held[storage.data_ptr()] = storage.nbytes()
        return tensor

    model.network.train()
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        pass_loss(
            model.network,
            model.kind,
            group,
            Denominators.of(examples),
            lm_weight=config.training.lm_weight or 0.0,
            device=torch.device("cpu"),
            bfloat16=config.training.precision == "bfloat16",
        )
    return sum(held.values()), max(len(e.row) for e in group) * len(group)
