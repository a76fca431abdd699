"""Artefacts and bases: what opens, what is refused, and the sentence it is refused with."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    LlamaConfig,
    LlamaModel,
    MambaConfig,
    MistralConfig,
    MistralModel,
    Qwen2Config,
    Qwen2Model,
)

from scoring.errors import ModelLoadError, PackingError, UnknownNameError
from scoring.reward import load
from scoring.reward.backbone import _read, mask_plan, open_base, refuse_unpackable
from scoring.reward.base import known_architectures
from scoring.reward.model import RewardModel
from scoring.reward.network import RewardNetwork
from scoring.reward.registry import KINDS, kind
from tests.scoring.reward_cases import NASTY, SMALL, forked_tree, save_base, saved, tiny_model

PROMPT = "Work out 12 + 34."


def model_on(folder):
    base = open_base(str(folder))
    made = kind("prm").load(kind("prm").make_config({}))
    network = RewardNetwork(base.module, made.make_head(64), mask_plan(base.module.config))
    return RewardModel(network, base.tokenizer, made)


def test_a_saved_model_opens_with_the_same_scores(tmp_path):
    tree = forked_tree(12)
    want = tiny_model().score(PROMPT, tree)
    model = load(saved(tmp_path))
    np.testing.assert_array_equal(model.score(PROMPT, tree).step, want.step)
    assert model.info["kind"] == "prm"
    assert model.info["layout_hash"] == model.tokenizer.layout_hash
    assert model.info["separator"] == model.tokenizer.separator
    assert set(model.info["versions"]) >= {"torch", "transformers"}


def test_an_artefact_is_four_files_without_pickle(tmp_path):
    names = sorted(p.name for p in saved(tmp_path).iterdir())
    assert names == ["config.json", "model.safetensors", "tokenizer.json", "tracewood.json"]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("tracewood.json", "no trained reward model"),
        ("model.safetensors", "read from safetensors only"),
        ("tokenizer.json", "no tokenizer.json"),
        ("config.json", "cannot be opened"),
    ],
)
def test_a_missing_file_is_named(tmp_path, name, sentence):
    (saved(tmp_path) / name).unlink()
    with pytest.raises(ModelLoadError, match=sentence):
        load(tmp_path)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "is not JSON"),
        ("[]", "not of format 1"),
        ('{"format": 2}', "not of format 1"),
        ('{"format": 1}', "not a complete manifest"),
    ],
)
def test_a_broken_manifest_is_named(tmp_path, text, sentence):
    (saved(tmp_path) / "tracewood.json").write_text(text)
    with pytest.raises(ModelLoadError, match=sentence):
        load(tmp_path)


def test_an_artefact_of_an_unknown_kind_names_the_known_ones(tmp_path):
    path = saved(tmp_path) / "tracewood.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "kind": "nope"}))
    with pytest.raises(UnknownNameError, match="known: prm"):
        load(tmp_path)


def test_a_manifest_that_fixes_what_its_kind_does_not_know_is_refused(tmp_path):
    path = saved(tmp_path) / "tracewood.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({**manifest, "fixed": {"colour": 1}}))
    with pytest.raises(ModelLoadError, match="not a complete manifest"):
        load(tmp_path)
    manifest.pop("fixed")  # as written before there was anything to fix
    path.write_text(json.dumps(manifest))
    assert load(tmp_path).kind.fixed == {}


def test_weights_that_do_not_fit_the_config_are_refused(tmp_path):
    path = saved(tmp_path) / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "intermediate_size": 32}))
    with pytest.raises(ModelLoadError, match="does not fit the config"):
        load(tmp_path)


def test_truncated_weights_are_refused(tmp_path):
    path = saved(tmp_path) / "model.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ModelLoadError, match="does not fit"):
        load(tmp_path)


def test_a_missing_folder_and_a_missing_device_are_named(tmp_path):
    with pytest.raises(ModelLoadError, match="no folder"):
        load(tmp_path / "absent")
    with pytest.raises(ModelLoadError, match="use cpu"):
        load(saved(tmp_path / "a"), device="toaster")


def test_a_local_causal_lm_is_a_base_and_gets_a_separator_of_its_own(tmp_path):
    base = open_base(str(save_base(tmp_path)))
    assert base.tokenizer.separator >= base.tokenizer.tokenizer.get_vocab_size()
    rows = base.module.get_input_embeddings().weight
    assert rows.shape[0] > base.tokenizer.separator
    torch.testing.assert_close(
        rows[base.tokenizer.separator], rows[: base.tokenizer.separator].mean(dim=0)
    )


@pytest.mark.parametrize(
    ("config_class", "model_class", "more"),
    [
        (Qwen2Config, Qwen2Model, {}),
        (LlamaConfig, LlamaModel, {}),
        (
            LlamaConfig,
            LlamaModel,
            {"rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 1e4}},
        ),
        (MistralConfig, MistralModel, {"sliding_window": 12}),
        (
            Qwen2Config,
            Qwen2Model,
            {"use_sliding_window": True, "sliding_window": 12, "max_window_layers": 1},
        ),
    ],
    ids=["qwen2", "llama", "llama-linear-rope", "mistral-window", "qwen2-window"],
)
def test_packed_equals_plain_on_other_decoders(tmp_path, config_class, model_class, more):
    model = model_on(save_base(tmp_path, config_class, model_class, **more))
    tree = forked_tree(25)
    packed, plain = model.score(PROMPT, tree), model.score_plain(PROMPT, tree)
    np.testing.assert_allclose(packed.step, plain.step, atol=1e-4)
    longest = model.encode(PROMPT, tree).tree.path_tokens().max()
    assert longest > 12 * 2  # paths reach past the window
    for position, tokens in packed.tokens.items():
        np.testing.assert_allclose(tokens.running, plain.tokens[position].running, atol=1e-4)


def test_a_window_that_counts_places_in_the_row_is_refused(tmp_path, monkeypatch):
    model = model_on(save_base(tmp_path, MistralConfig, MistralModel, sliding_window=5))

    def by_place(position, window):
        index = torch.arange(position.shape[1])
        return (index[:, None] - index[None, :] < window)[None, None]

    monkeypatch.setattr("scoring.reward.network.window_mask", by_place)
    with pytest.raises(PackingError):
        model.score(PROMPT, forked_tree(25))


@pytest.mark.parametrize("kind_of_rope", ["dynamic", "longrope"])
def test_rope_that_depends_on_the_longest_path_is_refused(kind_of_rope):
    config = LlamaConfig(**SMALL)
    config.rope_parameters = {"rope_type": kind_of_rope, "factor": 2.0, "rope_theta": 1e4}
    with pytest.raises(PackingError, match=f"{kind_of_rope} rope"):
        refuse_unpackable(config)


def test_state_space_and_linear_attention_models_are_refused():
    with pytest.raises(PackingError, match="mamba"):
        refuse_unpackable(MambaConfig())
    config = Qwen2Config(**SMALL)
    config.layer_types = ["linear_attention", "full_attention"]
    with pytest.raises(PackingError, match="linear_attention"):
        refuse_unpackable(config)


def test_a_pickle_checkpoint_is_refused_with_the_way_out(tmp_path):
    save_base(tmp_path)
    (tmp_path / "model.safetensors").rename(tmp_path / "pytorch_model.bin")
    with pytest.raises(ModelLoadError, match="Convert it to safetensors"):
        open_base(str(tmp_path))


def test_a_base_whose_weights_do_not_fit_its_config_is_refused(tmp_path):
    save_base(tmp_path)
    path = tmp_path / "model.safetensors"
    tensors = load_file(path)
    save_file({f"other.{name}": tensor for name, tensor in tensors.items()}, path)
    with pytest.raises(ModelLoadError, match=r"lacks \d+ of its weights .* would be random"):
        open_base(str(tmp_path))


def test_the_table_of_architectures_is_found_without_importing_it():
    assert {"qwen3", "llama", "gemma3_text"} <= known_architectures()


def test_a_base_that_is_not_there_says_what_a_base_is(tmp_path):
    with pytest.raises(ModelLoadError, match="Give 'tiny', a folder"):
        open_base(str(tmp_path / "absent"))


def test_a_base_whose_code_would_have_to_run_is_refused(tmp_path):
    save_base(tmp_path)
    path = tmp_path / "config.json"
    config = json.loads(path.read_text())
    config |= {"model_type": "homemade", "auto_map": {"AutoConfig": "evil.Config"}}
    path.write_text(json.dumps(config))
    (tmp_path / "evil.py").write_text("raise SystemExit('code of a model was run')")
    with pytest.raises(ModelLoadError, match="code of its own, which would have to run"):
        open_base(str(tmp_path))


def test_a_reason_that_ends_in_a_full_stop_gets_no_second_one():
    class Source:
        def from_pretrained(self, name, **_):
            raise OSError("There is nothing here.")

    with pytest.raises(ModelLoadError, match=r"nothing here\. Give 'tiny'"):
        _read(Source(), "nowhere")


@pytest.mark.parametrize("row", [pytest.param(r, id=r.key) for r in KINDS.values()])
class TestEveryKind:
    def test_its_row_loads_and_its_reward_fits_its_scale(self, row):
        config = row.load_config()()
        made = row.load(config)
        hidden, members = torch.randn(3, 5, 16), getattr(config, "members", 1)
        one = made.member if members > 1 else made
        head = torch.cat([one.make_head(16)(hidden) for _ in range(members)], dim=-1)
        rewards = made.reward(head)
        assert rewards.shape == (3, 5)
        if made.parts:
            assert made.part_values(head).shape == (3, 5, len(made.parts))
        assert torch.isfinite(rewards).all()
        if made.scale == "probability":
            assert rewards.min() >= 0
            assert rewards.max() <= 1

    def test_its_settings_have_words(self, row):
        assert row.description.endswith(".")
        assert all(spec.doc.endswith(".") for spec in row.settings())


def test_an_unknown_kind_names_the_known_ones():
    with pytest.raises(UnknownNameError, match="no reward-model kind called 'x'; known: prm"):
        kind("x")


def test_soft_and_hard_losses_are_the_written_formulas():
    head = torch.tensor([[0.3, -0.4], [1.0, 2.0]])
    targets = torch.tensor([0.7, 0.2])
    p = torch.softmax(head, dim=-1)
    soft = kind("prm").load(kind("prm").make_config({"labels": "soft"})).losses(head, targets)
    want = -(1 - targets) * p[:, 0].log() - targets * p[:, 1].log()
    torch.testing.assert_close(soft, want)
    hard = kind("prm").load(kind("prm").make_config({"labels": "hard"})).losses(head, targets)
    torch.testing.assert_close(hard, torch.stack([-p[0, 1].log(), -p[1, 0].log()]))
    scalar = kind("prm").load(kind("prm").make_config({"head": "scalar"}))
    z = torch.tensor([[0.5], [-1.0]])
    want = -targets * torch.sigmoid(z[:, 0]).log() - (1 - targets) * torch.sigmoid(-z[:, 0]).log()
    torch.testing.assert_close(scalar.losses(z, targets), want)


def test_nasty_texts_survive_a_round_trip_through_the_artefact(tmp_path):
    model = load(saved(tmp_path))
    for text in NASTY:
        tree = forked_tree(3, text=text)
        tokens = model.score(PROMPT, tree).tokens[1]
        assert "".join(text[a:b] for a, b in zip(tokens.starts, tokens.ends, strict=True)) == text
