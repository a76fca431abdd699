"""Tiny models of every kind, a path with nasty text, and independent ways to count and to compute."""

from __future__ import annotations

from contextlib import contextmanager

import torch
from transformers import Qwen2ForTokenClassification

from scoring.reward.backbone import build_tiny, mask_plan
from scoring.reward.members import Members
from scoring.reward.model import RewardModel
from scoring.reward.network import RewardNetwork
from scoring.reward.registry import kind
from tests.scoring.adapters.published import added, saved_model
from tests.scoring.adapters.test_scalar_classifier import answers, valued
from tests.scoring.adapters.test_special_token import qwen_prm
from tests.scoring.adapters.test_token_pair import rlhflow, shepherd
from tests.scoring.reward_cases import tokenizer

PROBLEM = "Work out 12 + 34."
STEPS = ("Take 12 + 34 = 46.", "So the answer is 46.", "46 is right", "so 46")
NASTY_STEPS = (
    "👩‍👩‍👧 family 日本語、12と34",
    "e\u0301 \u0928\u093f \\frac{1}{2}$x^{2}$",
    "<script>alert('x')</script>\n\n  two ",
    "",
    " ",
)
FIXED = {"multi_head": {"heads": ("correctness", "clarity", "brevity")}}
SCALAR = ("prm", "hrm", "orm", "bradley_terry", "bt_ties", "plackett_luce", "listwise")
TRAINED = (*SCALAR, "tree_preference", "heron", "multi_head", "vpl")


def trained(key="prm", *, seed=0, layers=2, context=2048, **settings):
    """A model of a kind with random weights whose rewards differ by about one."""
    row = kind(key)
    shape = {"tiny_layers": str(layers), "tiny_width": "64", "tiny_context": str(context)}
    config = row.make_config({**shape, **settings})
    torch.manual_seed(seed)
    backbone = build_tiny(config, tokenizer())
    made = row.load(config, **FIXED.get(key, {}))
    network = RewardNetwork(
        backbone.module, made.make_head(config.tiny_width), mask_plan(backbone.module.config)
    )
    with torch.no_grad():
        for name, values in network.head.named_parameters():
            if "weight" in name:
                values.normal_(std=0.3)
    return RewardModel(network, backbone.tokenizer, made)


def ensemble():
    """Two members of the kind prm."""
    row = kind("ensemble")
    config = row.make_config({"members": "2", "member": "prm"})
    members = [trained("prm", seed=seed) for seed in (1, 2)]
    return RewardModel(
        Members([m.network for m in members]), members[0].tokenizer, row.load(config)
    )


def _token_classes(folder):
    saved_model(folder / "m", Qwen2ForTokenClassification, num_labels=2)
    return added(folder / "a", "token_classes", model=str(folder / "m"), separator=r"\sso\n\n")


def _special_token(folder):
    qwen_prm(folder / "m")
    return added(folder / "a", "special_token", model=str(folder / "m"))


def _answer(folder):
    answers(folder / "m", words={"pad_token": "<|begin_of_text|>"})
    return added(folder / "a", "scalar_classifier", model=str(folder / "m"), offset="0.25")


def _value_head(folder):
    valued(folder / "m")
    return added(folder / "a", "scalar_classifier", model=str(folder / "m"), read="step")


def _step_tag(folder):
    shepherd(folder / "m")
    return added(folder / "a", "token_pair", model=str(folder / "m"))


def _chat_turns(folder):
    rlhflow(folder / "m")
    return added(folder / "a", "token_pair", model=str(folder / "m"), layout="chat_turns")


PUBLISHED = {
    "token_classes": _token_classes,
    "special_token": _special_token,
    "answer": _answer,
    "value_head": _value_head,
    "step_tag": _step_tag,
    "chat_turns": _chat_turns,
}


@contextmanager
def passes(network):
    """Collect ``(rows, tokens per row)`` of every call of a network's decoder, by a hook of our own."""
    seen = []

    def note(_module, args, given):
        ids = given.get("input_ids", args[0] if args else None)
        seen.append(tuple((given["inputs_embeds"] if ids is None else ids).shape[:2]))

    hook = network.backbone.register_forward_pre_hook(note, with_kwargs=True)
    yield seen
    hook.remove()


def by_hand(model, problem, steps):
    """Return f of a trained model at every token of a path, without any of the code under test."""
    ids = list(model.tokenizer.prefix)
    for text in (problem, *steps):
        ids += [*model.tokenizer.tokenizer.encode(text).ids, model.tokenizer.separator]
    with torch.no_grad():
        hidden = model.network.backbone(input_ids=torch.tensor([ids]), use_cache=False)
        return ids, model.kind.value(
            model.network.head(hidden.last_hidden_state)[0]
        ).double().numpy()
