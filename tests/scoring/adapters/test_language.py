"""Implicit rewards and likelihoods against plain forward passes over whole paths."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

from scoring.errors import ModelLoadError
from tests.scoring.adapters.published import (
    PROMPT,
    QWEN,
    QWEN_MARKS,
    REFERENCE,
    added,
    one_by_one,
    saved_model,
    scored,
    small_tree,
)
from tests.scoring.reward_cases import NASTY

NAMES = {"plain": {}, "chat": {"marks": QWEN_MARKS, "template": QWEN}}


def pair(folder, layout, config=Qwen2Config, model=Qwen2ForCausalLM, **more):
    """Two models of different weights that share a tokenizer; returns both and it."""
    ours, fast = saved_model(folder / "ours", model, config, **NAMES[layout], **more)
    theirs, _ = saved_model(folder / "theirs", model, config, **NAMES[layout], **more)
    with torch.no_grad():
        for values in theirs.parameters():
            values.add_(torch.randn_like(values) * 0.05)
    theirs.save_pretrained(folder / "theirs")
    return ours, theirs, fast


def prompt_ids(fast, layout):
    if layout == "plain":
        return fast(f"{PROMPT}\n\n")["input_ids"]
    turns = [{"role": "user", "content": PROMPT}]
    text = fast.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    return fast(text)["input_ids"]


def path_ids(fast, layout, steps):
    return prompt_ids(fast, layout) + [i for s in steps for i in fast(f"{s}\n\n")["input_ids"]]


def log_probabilities(model, ids):
    """Log-probability of each token after the first, one plain pass."""
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0, :-1]
    return logits.log_softmax(dim=-1)[torch.arange(len(ids) - 1), torch.tensor(ids[1:])]


def implicit(folder, **more):
    names = {"model": str(folder / "ours"), "reference": str(folder / "theirs")}
    return added(folder / "a", "implicit_prm", **names, **more)


def direct_q(ours, theirs, fast, layout, steps, beta):
    ids = path_ids(fast, layout, steps)
    ratio = log_probabilities(ours, ids) - log_probabilities(theirs, ids)
    return beta * ratio[len(prompt_ids(fast, layout)) - 1 :].double()


@pytest.mark.parametrize("layout", NAMES)
def test_a_step_has_the_summed_log_ratio_of_its_path(tmp_path, layout):
    ours, theirs, fast = pair(tmp_path, layout)
    scorer = implicit(tmp_path, beta="0.2")
    assert scorer.facts["layout"] == layout
    tree = small_tree()
    got = scored(scorer, tree)
    want = one_by_one(
        tree,
        lambda steps: torch.sigmoid(direct_q(ours, theirs, fast, layout, steps, 0.2).sum()).item(),
    )
    np.testing.assert_allclose(got.step, want, atol=1e-5)
    assert np.ptp(want[1:]) > 0.01
    assert got.root == 0.5
    so_far = one_by_one(
        tree, lambda steps: direct_q(ours, theirs, fast, layout, steps, 0.2).sum().item()
    )
    before = np.where(tree.parent > 0, so_far[tree.parent], 0.0)
    np.testing.assert_allclose(got.parts["reward so far"].values, so_far, atol=1e-4)
    np.testing.assert_allclose(
        got.parts["reward of the step"].values[1:], (so_far - before)[1:], atol=2e-4
    )


def test_the_running_reward_is_the_sum_so_far_and_ends_in_the_score(tmp_path):
    ours, theirs, fast = pair(tmp_path, "plain")
    tree = small_tree()
    got = scored(implicit(tmp_path, beta="0.2"), tree)
    assert set(got.tokens) == set(range(1, len(tree)))
    for position, tokens in got.tokens.items():
        parent = int(tree.parent[position])
        assert tokens.start == (got.step[parent] if parent else 0.5)
        assert tokens.running[-1] == got.step[position]
        assert tokens.ends[-1] == len(tree.text[position])
        assert (np.diff(tokens.ends) > 0).all()
    q = direct_q(ours, theirs, fast, "plain", [str(tree.text[1])], 0.2).cumsum(0)
    inner = fast(tree.text[1], return_offsets_mapping=True)["offset_mapping"]
    ends = [end for _, end in inner]
    assert got.tokens[1].ends.tolist() == ends
    np.testing.assert_allclose(
        got.tokens[1].running[:-1], torch.sigmoid(q[: len(ends) - 1]), atol=1e-5
    )


def test_a_model_against_itself_rewards_nothing(tmp_path):
    pair(tmp_path, "plain")
    same = str(tmp_path / "ours")
    scorer = added(tmp_path / "a", "implicit_prm", model=same, reference=same)
    np.testing.assert_array_equal(scored(scorer, small_tree()).step[1:], 0.5)


def test_two_tokenizers_are_refused(tmp_path):
    pair(tmp_path, "plain")
    saved_model(tmp_path / "other", Qwen2ForCausalLM, marks=("<|more|>",))
    names = {"model": str(tmp_path / "ours"), "reference": str(tmp_path / "other")}
    with pytest.raises(ModelLoadError, match=r"do not share a tokenizer \(1 tokens differ\)"):
        added(tmp_path / "a", "implicit_prm", **names)


@pytest.mark.parametrize("text", NASTY)
def test_any_text_of_a_step_is_covered_by_its_tokens(tmp_path, text):
    pair(tmp_path, "chat")
    tree = small_tree()
    tree.text[2] = text
    got = scored(implicit(tmp_path), tree)
    assert got.skipped == {}
    tokens = got.tokens[2]
    assert tokens.ends[-1] == len(text)
    np.testing.assert_array_equal(tokens.starts[1:], tokens.ends[:-1])


def direct_likelihood(model, fast, layout, steps, reference, *, mean):
    lead = "The answer is "
    found = fast(f"{lead}{reference}", return_offsets_mapping=True)
    own = sum(1 for _, end in found["offset_mapping"] if end > len(lead))
    ids = path_ids(fast, layout, steps) + found["input_ids"]
    logs = log_probabilities(model, ids)[-own:].double()
    return torch.exp(logs.mean() if mean else logs.sum()).item()


@pytest.mark.parametrize("layout", NAMES)
@pytest.mark.parametrize("value", ["mean", "whole"])
def test_a_step_has_the_likelihood_of_the_answer_after_its_path(tmp_path, layout, value):
    model, fast = saved_model(tmp_path / "m", LlamaForCausalLM, LlamaConfig, **NAMES[layout])
    scorer = added(tmp_path / "a", "likelihood", model=str(tmp_path / "m"), value=value)
    tree = small_tree()

    def whole(steps, reference):
        return direct_likelihood(model, fast, layout, steps, reference, mean=False)

    for reference in (REFERENCE, "46 and 7"):
        got = scored(scorer, tree, reference=f" {reference}\n")

        def direct(steps, reference=reference):
            return direct_likelihood(model, fast, layout, steps, reference, mean=value == "mean")

        np.testing.assert_allclose(got.step, one_by_one(tree, direct), rtol=2e-4)
        assert got.root == pytest.approx(direct([]), rel=2e-4)
        assert np.ptp(np.log(got.step[1:])) > 0.05
        logs = np.log(one_by_one(tree, partial(whole, reference=reference)))
        np.testing.assert_allclose(
            got.parts["log-probability of the answer"].values, logs, atol=2e-3
        )
        before = np.where(tree.parent > 0, logs[tree.parent], np.log(whole([], reference)))
        np.testing.assert_allclose(
            got.parts["its change by the step"].values[1:], (logs - before)[1:], atol=2e-3
        )


def test_a_problem_without_reference_is_skipped_with_the_reason(tmp_path):
    saved_model(tmp_path / "m", LlamaForCausalLM, LlamaConfig)
    got = scored(added(tmp_path / "a", "likelihood", model=str(tmp_path / "m")), small_tree())
    assert set(got.skipped.values()) == {"its problem has no reference answer"}
    assert np.isnan(got.step).all()


@pytest.mark.parametrize(
    "shape",
    [
        {"rope_parameters": {"rope_type": "dynamic", "rope_theta": 1e4, "factor": 2.0}},
        {
            "use_sliding_window": True,
            "sliding_window": 24,
            "layer_types": ["sliding_attention"] * 2,
        },
    ],
    ids=["dynamic rope", "sliding window"],
)
def test_every_kind_of_attention_gives_the_numbers_of_plain_passes(tmp_path, shape):
    model, fast = saved_model(tmp_path / "m", Qwen2ForCausalLM, **shape)
    scorer = added(tmp_path / "a", "likelihood", model=str(tmp_path / "m"))
    assert scorer.passes.packs == ("sliding_window" in shape)
    tree = small_tree()
    want = one_by_one(
        tree, lambda s: direct_likelihood(model, fast, "plain", s, REFERENCE, mean=True)
    )
    np.testing.assert_allclose(scored(scorer, tree, reference=REFERENCE).step, want, rtol=2e-4)


def test_what_does_not_fit_with_the_answer_is_skipped(tmp_path):
    saved_model(tmp_path / "m", Qwen2ForCausalLM)
    scorer = added(tmp_path / "a", "likelihood", model=str(tmp_path / "m"))
    tree = small_tree()
    tree.text[5] = "long " * 200
    got = scored(scorer, tree, reference=REFERENCE)
    assert set(got.skipped) == {5, 6}
    assert "longer than the 256 tokens" in got.skipped[6]
