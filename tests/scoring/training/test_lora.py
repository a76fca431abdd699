"""Adapters: the base stays as it is, little is stored, and merged scores are the trained ones."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import load_file
from transformers import PhiConfig, PhiModel

from scoring.errors import CancelledError, ModelLoadError, TrainingError
from scoring.reward import artefact, load, lora
from scoring.reward.network import collate
from scoring.reward.settings import SettingError
from scoring.reward.shape import base_shape
from scoring.training.config import RunConfig
from scoring.training.loop import fit
from scoring.training.start import make_model
from tests.scoring.reward_cases import all_labelled, forked_tree, save_base
from tests.scoring.training.compared_data import LEARNING, answers
from tests.scoring.training.data import HELD, TRAIN

LORA = {
    "tuning": "lora",
    "lora_rank": "4",
    "lora_alpha": "16",
    "learning_rate": "1e-2",
    "steps": "6",
    "step_tokens": "200",
    "log_every": "1",
    "evaluate_every": "100",
    "checkpoint_every": "2",
}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return save_base(tmp_path_factory.mktemp("base"))


def run(folder, base, settings=(), key="prm", train=TRAIN, held=HELD, **more):
    rows: dict[tuple[int, str], float] = {}

    def keep(step, values):
        rows.update({(step, name): value for name, value in values.items()})

    config = RunConfig.from_settings({**LORA, **dict(settings)}, kind_key=key, base=str(base))
    return fit(config, train, held, out_dir=folder, on_metric=keep, **more), rows


def scores(model, tree):
    return model.score("Work out 12 + 34.", tree).step[1:]


def test_merged_scores_are_those_of_the_trained_adapter(tmp_path, base, monkeypatch):
    result, _ = run(tmp_path / "run", base)
    tree = forked_tree(14)
    merged = load(result.artefact)
    assert not any("lora" in name for name, _ in merged.network.named_parameters())
    with monkeypatch.context() as patch:
        patch.setattr(lora, "merge", lambda _: None)
        apart = load(result.artefact)
    assert any("lora" in name for name, _ in apart.network.named_parameters())
    np.testing.assert_allclose(scores(merged, tree), scores(apart, tree), atol=1e-5)
    without = copy.deepcopy(apart)  # B at zero is the base itself
    with torch.no_grad():
        for name, weight in without.network.named_parameters():
            if "lora_B" in name:
                assert weight.abs().max() > 0, "every adapter was trained"
                weight.zero_()
    assert np.abs(scores(without, tree) - scores(merged, tree)).max() > 1e-3
    np.testing.assert_allclose(
        merged.score_plain("Q", tree).step[1:], merged.score("Q", tree).step[1:], atol=1e-5
    )


def test_only_adapter_and_head_are_stored_and_counted_by_hand(tmp_path, base):
    result, _ = run(tmp_path / "run", base, {"lora_targets": "q_proj, v_proj"})
    held = load_file(str(result.artefact / "model.safetensors"))
    # two layers; A (4, 64) and B (out, 4); q has 64 outputs, v 32 (two heads of 16); head (2, 64) + 2
    assert sum(t.numel() for t in held.values()) == 2 * (4 * 64 + 64 * 4 + 4 * 64 + 32 * 4) + 130
    told = json.loads((result.artefact / "tracewood.json").read_text())
    assert told["base"] == str(base)
    opened = artefact.open_decoder(str(base)).module
    assert told["adapter"] == {
        "rank": 4,
        "alpha": 16.0,
        "targets": "q_proj, v_proj",
        "revision": None,
        "base_hash": lora.weights_hash(opened),
    }


def test_a_base_that_changed_since_is_refused(tmp_path):
    own = save_base(tmp_path / "base")
    result, _ = run(tmp_path / "run", own)
    load(result.artefact)
    save_base(tmp_path / "base", initializer_range=0.03)
    with pytest.raises(ModelLoadError, match="other weights than when this model was trained"):
        load(result.artefact)


def test_a_stopped_run_goes_on_as_if_it_had_not_been_and_saves_no_frozen_weight(tmp_path, base):
    _, wanted = run(tmp_path / "whole", base)
    asked = iter(range(100))
    with pytest.raises(CancelledError):
        run(tmp_path / "cut", base, should_stop=lambda: next(asked) >= 3)
    (saved,) = (tmp_path / "cut" / "checkpoints").glob("step-00000003/tensors.safetensors")
    network = {n for n in load_file(str(saved)) if n.startswith("network.")}
    assert {("lora_" in n or n.startswith("network.head.")) for n in network} == {True}
    _, later = run(tmp_path / "cut", base)
    assert {step for step, _ in later} == {4, 5, 6}
    assert all(later[key] == pytest.approx(wanted[key], abs=1e-6) for key in later)


@pytest.mark.parametrize("key", ["prm", *LEARNING])
def test_every_kind_trains_an_adapter_and_leaves_the_base_alone(tmp_path, base, key):
    before = lora.weights_hash(artefact.open_decoder(str(base)).module)
    train = [answers(i) for i in range(6)]
    if key == "prm":
        train = [all_labelled(forked_tree(6, seed=i), key=f"p{i}") for i in range(6)]
    held = train[:1]
    result, rows = run(tmp_path / "run", base, {"steps": "2"}, key, train, held)
    assert np.isfinite([rows[2, "loss"], rows[2, "gradient_norm"]]).all()
    assert rows[2, "gradient_norm"] > 0
    adapter = load(result.artefact).info["adapter"]
    assert adapter["base_hash"] == before
    item = held[0]
    assert np.isfinite(load(result.artefact).score(item.problem_text, item.tree).step[1:]).all()


def test_a_model_with_an_adapter_is_a_base_too(tmp_path, base):
    first, _ = run(tmp_path / "a", base)
    second, _ = run(tmp_path / "b", first.artefact)
    tree = forked_tree(8)
    assert (
        np.abs(scores(load(second.artefact), tree) - scores(load(first.artefact), tree)).max() > 0
    )
    whole, _ = run(tmp_path / "c", second.artefact, {"tuning": "full", "learning_rate": "1e-3"})
    opened = load(whole.artefact)
    assert "adapter" not in opened.info
    before = dict(load(second.artefact).network.named_parameters())
    assert all((p != before[name]).any() for name, p in opened.network.named_parameters())


def test_checkpointing_computes_again_and_changes_no_number(tmp_path, base):
    for tuning in ("lora", "full"):
        _, plain = run(tmp_path / f"{tuning}-plain", base, {"tuning": tuning})
        _, again = run(
            tmp_path / f"{tuning}-again",
            base,
            {"tuning": tuning, "gradient_checkpointing": "yes"},
        )
        assert plain.keys() == again.keys()
        assert max(abs(plain[key] - again[key]) for key in plain) < 1e-5


def test_checkpointing_keeps_less_for_the_backward_pass(tmp_path, base):
    def kept(setting):
        config = RunConfig.from_settings({"gradient_checkpointing": setting}, base=str(base))
        model = make_model(config, [], None, out_dir=tmp_path, device=torch.device("cpu"))
        return saved_bytes(model)

    assert kept("yes") < 0.5 * kept("no")


def saved_bytes(model) -> int:
    """Count what a training pass keeps for its backward pass, weights left out."""
    held: dict[int, int] = {}
    weights = {p.untyped_storage().data_ptr() for p in model.network.parameters()}

    def pack(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            held[storage.data_ptr()] = storage.nbytes()
        return tensor

    model.network.train()
    encoded = model.encode("Work out 12 + 34.", forked_tree(14)).tree

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        output = model.network(collate(model.rows(encoded)))
    output.head.sum().backward()
    return sum(held.values())


def test_what_cannot_be_adapted_is_refused_with_the_way_out(tmp_path, base):
    with pytest.raises(SettingError, match="tuning must be full for the base tiny"):
        RunConfig.from_settings({"tuning": "lora"})
    with pytest.raises(TrainingError, match=r"no linear layer called query; .*q_proj, k_proj"):
        run(tmp_path / "run", base, {"lora_targets": "q_proj, query"})


def test_layers_of_other_names_are_found(tmp_path):
    own = save_base(tmp_path / "base", PhiConfig, PhiModel)
    result, _ = run(tmp_path / "run", own, {"steps": "1"})
    held = load_file(str(result.artefact / "model.safetensors"))
    assert any(".fc1.lora_A." in name for name in held)


def test_an_adapter_on_a_hub_model_names_its_commit_and_opens_that_commit(tmp_path, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    kept = tmp_path / "models--somebody--small"
    (kept / "refs").mkdir(parents=True)
    first, second = "a" * 40, "b" * 40
    save_base(kept / "snapshots" / first)
    (kept / "refs" / "main").write_text(first)
    result, _ = run(tmp_path / "run", "somebody/small")
    assert load(result.artefact).info["adapter"]["revision"] == first
    wanted = scores(load(result.artefact), forked_tree(8))
    save_base(kept / "snapshots" / second, initializer_range=0.03)  # the repository moves on
    (kept / "refs" / "main").write_text(second)
    np.testing.assert_array_equal(scores(load(result.artefact), forked_tree(8)), wanted)
    assert base_shape("somebody/small", RunConfig.from_settings({}).model) is not None
