"""Language models with two verdict tokens against the published recipes, one forward pass per prefix."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    PreTrainedTokenizerFast,
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


def sentencepiece_like(*, tag=True):
    """Words behind a lower one eighth block, as Mistral's tokenizer has them, BOS in front."""
    words = ["Work", "out", "Take", "So", "the", "answer", "is", "right", "Step", "step"]
    signs = [*"0123456789+-=.:", *words]
    marks = ["ки"] if tag else ["к", "и"]  # as in Mistral, with no space in front
    pieces = [(word, -1.0) for word in ("<unk>", "<s>", "</s>", "▁", "\n", *signs, *marks)]
    pieces += [(f"▁{sign}", -1.5) for sign in signs]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=0, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Split("\n", "isolated")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", 1)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    )


def shepherd(folder, fast=None):
    model, _ = saved_model(folder, MistralForCausalLM, MistralConfig, sliding_window=None)
    fast = fast or sentencepiece_like()
    fast.save_pretrained(folder)
    return model, fast


def direct_tagged(model, fast, steps):
    """The recipe of Math-Shepherd's model card."""
    output = "\n".join(f"Step {k}: {step} ки" for k, step in enumerate(steps, start=1))
    ids = torch.tensor([fast.encode(f"{PROMPT} {output}")])
    candidates = fast.encode("+ -")[1:]
    tag = fast.encode("ки")[-1]
    assert len(candidates) == 2
    with torch.no_grad():
        logits = model(ids).logits[:, :, candidates]
    scores = logits.softmax(dim=-1)[:, :, 0]
    found = scores[ids == tag]
    assert len(found) == len(steps)
    return found[-1].item()


def test_tagged_steps_have_the_probability_of_the_published_recipe(tmp_path):
    model, fast = shepherd(tmp_path / "m")
    scorer = added(tmp_path / "a", "token_pair", model=str(tmp_path / "m"))
    tree = small_tree()
    want = one_by_one(tree, lambda steps: direct_tagged(model, fast, steps))
    np.testing.assert_allclose(scored(scorer, tree).step, want, atol=2e-6)
    assert np.ptp(want[1:]) > 0.01
    assert scorer.facts["read_token"] == fast.encode("ки")[-1]


def test_a_step_that_brings_its_number_is_not_numbered_again(tmp_path):
    shepherd(tmp_path / "m")
    scorer = added(tmp_path / "a", "token_pair", model=str(tmp_path / "m"))
    tree = small_tree()
    bare = scored(scorer, tree).step
    tree.text[1] = f"Step 1: {tree.text[1]}"
    np.testing.assert_array_equal(scored(scorer, tree).step, bare)


def test_a_tag_of_two_tokens_is_refused_with_the_way_out(tmp_path):
    shepherd(tmp_path / "m", sentencepiece_like(tag=False))
    with pytest.raises(ModelLoadError, match=r"'ки' is \d tokens .* must be exactly one: give"):
        added(tmp_path / "a", "token_pair", model=str(tmp_path / "m"))


def rlhflow(folder):
    return saved_model(folder, LlamaForCausalLM, LlamaConfig, marks=LLAMA_MARKS, template=LLAMA)


def direct_turns(model, fast, steps):
    """The recipe of RLHFlow's README: every verdict so far is +, the place is the third from the end."""
    turns = []
    for k, step in enumerate(steps):
        turns.append({"role": "user", "content": f"{PROMPT} {step}" if k == 0 else step})
        turns.append({"role": "assistant", "content": "+"})
    text = fast.apply_chat_template(turns, tokenize=False, date_string="26 Jul 2024")
    ids = torch.tensor([fast(text)["input_ids"]])
    candidates = [fast.encode("+")[-1], fast.encode("-")[-1]]
    with torch.no_grad():
        logits = model(ids).logits[:, -3, candidates]
    return logits.softmax(dim=-1)[0, 0].item()


def test_turns_have_the_probability_of_the_published_recipe(tmp_path):
    model, fast = rlhflow(tmp_path / "m")
    scorer = added(tmp_path / "a", "token_pair", model=str(tmp_path / "m"), layout="chat_turns")
    tree = small_tree()
    want = one_by_one(tree, lambda steps: direct_turns(model, fast, steps))
    np.testing.assert_allclose(scored(scorer, tree).step, want, atol=2e-6)
    assert np.ptp(want[1:]) > 0.01
    assert scorer.facts["read_index"] == -3


def test_swapping_the_verdicts_turns_the_scores_over(tmp_path):
    shepherd(tmp_path / "m")
    plus, minus = (
        scored(
            added(tmp_path / good, "token_pair", model=str(tmp_path / "m"), good=good, bad=bad),
            small_tree(),
        ).step[1:]
        for good, bad in ("+-", "-+")
    )
    np.testing.assert_allclose(plus + minus, 1, atol=1e-6)


def test_a_template_that_writes_between_header_and_verdict_is_refused(tmp_path):
    between = LLAMA.replace("{{ m['content'] | trim }}", "{{ 'Verdict: ' + m['content'] }}")
    saved_model(tmp_path / "m", LlamaForCausalLM, LlamaConfig, marks=LLAMA_MARKS, template=between)
    with pytest.raises(ModelLoadError, match="does not put the verdict"):
        added(tmp_path / "a", "token_pair", model=str(tmp_path / "m"), layout="chat_turns")
