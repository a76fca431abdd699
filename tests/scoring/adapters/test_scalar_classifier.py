"""Heads with one number against the published recipes, one forward pass per prefix."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import (
    LlamaConfig,
    LlamaForSequenceClassification,
    Qwen2ForCausalLM,
    Qwen2ForTokenClassification,
)

from scoring.errors import ModelLoadError
from tests.scoring.adapters.published import (
    LLAMA,
    LLAMA_MARKS,
    PROMPT,
    added,
    one_by_one,
    saved_model,
    scored,
    small_tree,
)


def answers(folder, **more):
    return saved_model(
        folder,
        LlamaForSequenceClassification,
        LlamaConfig,
        marks=LLAMA_MARKS,
        template=LLAMA,
        num_labels=1,
        **more,
    )


def direct_answer(model, fast, steps, side="right"):
    """The class's own pooling, in a padded batch with a longer conversation."""
    turns = [{"role": "user", "content": PROMPT}]
    texts = [
        fast.apply_chat_template(
            [*turns, {"role": "assistant", "content": "\n\n".join(said)}],
            tokenize=False,
            date_string="26 Jul 2024",
        )
        for said in (steps, [*steps, "and so on and on"])
    ]
    fast.padding_side = side
    batch = fast(texts, return_tensors="pt", padding=True, add_special_tokens=False)
    with torch.no_grad():
        logits = model(batch["input_ids"], attention_mask=batch["attention_mask"]).logits
    return torch.sigmoid(logits[0, 0] - 0.25).item()


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("padding", ["<|eot_id|>", "<|begin_of_text|>"])
def test_an_answer_is_read_where_the_class_pools(tmp_path, side, padding):
    model, fast = answers(tmp_path / "m", words={"pad_token": padding})
    scorer = added(tmp_path / "a", "scalar_classifier", model=str(tmp_path / "m"), offset="0.25")
    tree = small_tree()
    want = one_by_one(tree, lambda steps: direct_answer(model, fast, steps, side))
    np.testing.assert_allclose(scored(scorer, tree).step, want, atol=5e-6)
    assert np.ptp(want[1:]) > 0.01
    assert scorer.facts["read_index"] == (-2 if "eot" in padding else -1)


def valued(folder):
    """A causal language model with a value head beside it, as Skywork-o1-Open-PRM is saved."""
    model, fast = saved_model(folder, Qwen2ForCausalLM, words={"bos_token": "<|endoftext|>"})
    head = nn.Linear(64, 1)
    tensors = load_file(str(folder / "model.safetensors"))
    tensors |= {f"v_head.summary.{name}": value for name, value in head.state_dict().items()}
    save_file(tensors, str(folder / "model.safetensors"), metadata={"format": "pt"})
    return model, head, fast


def direct_step(model, head, fast, steps):
    """``prepare_input`` of Skywork's repository for one prefix, and the sigmoid of the last flag."""
    ids = fast.encode(fast.bos_token + PROMPT + "\n")
    for step in steps:
        ids = ids + fast.encode(step) + [fast.encode("\n")[-1]]
    with torch.no_grad():
        hidden = model.model(torch.tensor([ids])).last_hidden_state
    return torch.sigmoid(head(hidden)[0, -1, 0]).item()


def test_a_value_head_is_read_at_the_separator(tmp_path):
    model, head, fast = valued(tmp_path / "m")
    scorer = added(tmp_path / "a", "scalar_classifier", model=str(tmp_path / "m"), read="step")
    tree = small_tree()
    want = one_by_one(tree, lambda steps: direct_step(model, head, fast, steps))
    np.testing.assert_allclose(scored(scorer, tree).step, want, atol=2e-6)
    assert np.ptp(want[1:]) > 0.01


def test_a_head_with_two_numbers_is_refused(tmp_path):
    saved_model(tmp_path / "m", Qwen2ForTokenClassification, num_labels=2)
    with pytest.raises(ModelLoadError, match="gives 2 numbers at a token and this kind reads 1"):
        added(tmp_path / "a", "scalar_classifier", model=str(tmp_path / "m"))
