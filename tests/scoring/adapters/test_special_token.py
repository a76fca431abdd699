"""Two-class heads at a step token against the published recipe, one forward pass per prefix."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from transformers import Qwen2Model

from scoring.errors import ModelLoadError
from scoring.reward import load
from scoring.tree import Tree
from tests.scoring.adapters.published import (
    PROMPT,
    QWEN,
    QWEN_MARKS,
    added,
    one_by_one,
    paths,
    saved_model,
    scored,
    small_tree,
)

SYSTEM = "Please reason step by step, and put your final answer within \\boxed{}."


def qwen_prm(folder, marks=QWEN_MARKS, template=QWEN, **more):
    """A decoder with a head of two layers, its tensors named and its config written as published."""
    model, fast = saved_model(folder, Qwen2Model, marks=marks, template=template, **more)
    head = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
    tensors = {f"model.{name}": value for name, value in model.state_dict().items()}
    tensors |= {f"score.{name}": value for name, value in head.state_dict().items()}
    save_file(tensors, str(folder / "model.safetensors"), metadata={"format": "pt"})
    config = json.loads((folder / "config.json").read_text())
    own = {"AutoModel": "modeling_qwen2_rm.Qwen2ForProcessRewardModel"}
    config |= {"architectures": ["Qwen2ForProcessRewardModel"], "auto_map": own}
    (folder / "config.json").write_text(json.dumps(config))
    return model, head, fast


def direct(model, head, fast, steps):
    """The recipe of the model card for one prefix."""
    answer = "<extra_0>".join(steps) + "<extra_0>"
    turns = [("system", SYSTEM), ("user", PROMPT), ("assistant", answer)]
    text = fast.apply_chat_template(
        [{"role": role, "content": content} for role, content in turns], tokenize=False
    )
    ids = torch.tensor([fast(text)["input_ids"]])
    with torch.no_grad():
        logits = head(model(ids).last_hidden_state)
    marks = ids[0] == fast.convert_tokens_to_ids("<extra_0>")
    probabilities = torch.softmax(logits[0][marks], dim=-1)[:, 1]
    assert len(probabilities) == len(steps)
    return probabilities[-1].item()


def test_every_step_has_the_probability_of_the_published_recipe(tmp_path):
    model, head, fast = qwen_prm(tmp_path / "m")
    scorer = added(tmp_path / "a", "special_token", model=str(tmp_path / "m"))
    tree = small_tree()
    want = one_by_one(tree, lambda steps: direct(model, head, fast, steps))
    np.testing.assert_allclose(scored(scorer, tree).step, want, atol=2e-6)
    assert np.ptp(want[1:]) > 0.01
    assert scorer.facts["read_token"] == fast.convert_tokens_to_ids("<extra_0>")
    assert scorer.passes.packs


def test_neither_padding_nor_rows_nor_neighbours_change_a_score(tmp_path, monkeypatch):
    qwen_prm(tmp_path / "m")
    tree = small_tree()
    want = scored(added(tmp_path / "a", "special_token", model=str(tmp_path / "m")), tree).step
    config = json.loads((tmp_path / "m" / "tokenizer_config.json").read_text())
    config |= {"padding_side": "left", "model_max_length": 8}
    (tmp_path / "m" / "tokenizer_config.json").write_text(json.dumps(config))
    scorer = added(tmp_path / "b", "special_token", model=str(tmp_path / "m"))
    for budget in (1, 64, 100_000):
        monkeypatch.setattr("scoring.reward.adapters.passes.ROW_BUDGET", budget)
        np.testing.assert_allclose(scored(scorer, tree).step, want, atol=2e-6)
    for position, steps in paths(tree):
        alone = Tree.from_columns(
            ids=list(range(len(steps) + 1)), depth=range(len(steps) + 1), text=["", *steps]
        )
        assert scored(scorer, alone).step[-1] == pytest.approx(want[position], abs=2e-6)


def test_the_tree_runs_its_shared_tokens_once(tmp_path):
    qwen_prm(tmp_path / "m")
    scorer = added(tmp_path / "a", "special_token", model=str(tmp_path / "m"))
    tree = small_tree()
    scored(scorer, tree)
    before = scorer.passes.counter.tokens
    got = scored(scorer, tree).step
    packed = scorer.passes.counter.tokens - before
    scorer.passes.packs = False
    np.testing.assert_allclose(scored(scorer, tree).step, got, atol=2e-6)
    sequences, _ = scorer._sequences(PROMPT, tree)
    assert packed < sum(map(len, sequences.values())) / 2


def test_half_precision_agrees_to_about_two_digits(tmp_path):
    qwen_prm(tmp_path / "m")
    name = str(tmp_path / "m")
    want = scored(added(tmp_path / "a", "special_token", model=name), small_tree()).step
    scorer = added(tmp_path / "b", "special_token", model=name, precision="bfloat16")
    got = scored(scorer, small_tree()).step
    np.testing.assert_allclose(got, want, atol=3e-2)
    assert not np.array_equal(got[1:], want[1:])


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_flex_attention_gives_the_numbers_of_the_cpu(tmp_path):
    qwen_prm(tmp_path / "m")
    tree = small_tree()
    want = scored(added(tmp_path / "a", "special_token", model=str(tmp_path / "m")), tree).step
    got = scored(load(tmp_path / "a", "cuda"), tree).step
    np.testing.assert_allclose(got, want, atol=2e-3)


@pytest.mark.parametrize(
    ("text", "why"),
    [("so <extra_0> it is", "spells '<extra_0>'"), ("long " * 200, "longer than the 256 tokens")],
)
def test_a_step_that_cannot_be_read_is_skipped_with_all_below_it(tmp_path, text, why):
    qwen_prm(tmp_path / "m")
    scorer = added(tmp_path / "a", "special_token", model=str(tmp_path / "m"))
    tree = small_tree()
    plain = scored(scorer, tree).step
    tree.text[5] = text
    got = scored(scorer, tree)
    assert set(got.skipped) == {5, 6}
    assert all(why in reason for reason in got.skipped.values())
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(got.step)), [0, 5, 6])
    rest = [1, 2, 3, 4, 7, 8]
    np.testing.assert_allclose(got.step[rest], plain[rest], atol=2e-6)


def test_a_step_token_that_is_not_marked_as_special_is_a_mark_all_the_same(tmp_path):
    qwen_prm(tmp_path / "m")
    path = tmp_path / "m" / "tokenizer.json"
    said = json.loads(path.read_text())
    for token in said["added_tokens"]:
        token["special"] = token["content"] != "<extra_0>"
    path.write_text(json.dumps(said))
    (tmp_path / "m" / "tokenizer_config.json").unlink()
    (tmp_path / "m" / "chat_template.jinja").write_text(QWEN)
    scorer = added(tmp_path / "a", "special_token", model=str(tmp_path / "m"))
    tree = small_tree()
    tree.text[5] = "so <extra_0> it is"
    assert set(scored(scorer, tree).skipped) == {5, 6}


def test_the_problem_too_is_read_as_text_only(tmp_path):
    qwen_prm(tmp_path / "m")
    scorer = added(tmp_path / "a", "special_token", model=str(tmp_path / "m"))
    got = scored(scorer, small_tree(), prompt="<|im_end|>")
    assert len(got.skipped) == 8
    assert "the problem spells '<|im_end|>'" in got.skipped[1]


def test_a_step_token_that_splits_is_refused_with_the_way_out(tmp_path):
    qwen_prm(tmp_path / "m", marks=QWEN_MARKS[:2])
    with pytest.raises(
        ModelLoadError, match=r"'<extra_0>' is \d+ tokens.*must be exactly one: give"
    ):
        added(tmp_path / "a", "special_token", model=str(tmp_path / "m"))


def test_a_model_without_a_template_or_a_head_is_refused(tmp_path):
    qwen_prm(tmp_path / "m", template=None)
    with pytest.raises(ModelLoadError, match="no chat template"):
        added(tmp_path / "a", "special_token", model=str(tmp_path / "m"))
    saved_model(tmp_path / "n", Qwen2Model, marks=QWEN_MARKS, template=QWEN)
    with pytest.raises(ModelLoadError, match="no head"):
        added(tmp_path / "b", "special_token", model=str(tmp_path / "n"))
