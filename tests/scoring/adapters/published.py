"""Tiny models of published architectures with random weights, and the folders that hold them."""

from __future__ import annotations

import numpy as np
import torch
from transformers import PreTrainedTokenizerFast, Qwen2Config

from scoring.reward import load
from scoring.reward.manifest import added_manifest, write_manifest
from scoring.reward.registry import added_kind
from scoring.reward.scorer import Item
from scoring.tree import Tree
from tests.scoring.reward_cases import SMALL, tokenizer

PROMPT = "Work out 12 + 34."
REFERENCE = "46"


def saved_model(folder, model_class, config_class=Qwen2Config, *, marks=(), template=None, **more):
    """Save a random model with a tokenizer that knows ``marks``; return both, opened."""
    torch.manual_seed(0)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer().tokenizer, **more.pop("words", {}))
    fast.add_special_tokens({"additional_special_tokens": list(marks)})
    fast.chat_template = template
    shape = {**SMALL, "vocab_size": len(fast) + 3, "initializer_range": 0.2, **more}
    if fast.pad_token_id is not None:
        shape["pad_token_id"] = fast.pad_token_id
    model = model_class(config_class(**shape)).eval()
    with torch.no_grad():
        for name, values in model.named_parameters():
            if "score" in name or "bias" in name:
                values.normal_(std=0.5)
    model.save_pretrained(folder)
    fast.save_pretrained(folder)
    return model, fast


def added(folder, kind, **settings):
    """Open the added model of ``kind`` that reads ``settings``; texts as ``--set`` takes them."""
    row = added_kind(kind)
    folder.mkdir()
    write_manifest(folder, added_manifest(row, row.make_config(settings)))
    return load(folder)


def paths(tree):
    """Yield every step's position and the texts of its path."""
    for position in range(1, len(tree)):
        line, at = [], position
        while at > 0:
            line.append(str(tree.text[at]))
            at = int(tree.parent[at])
        yield position, line[::-1]


def scored(model, tree, prompt=PROMPT, reference=""):
    (scores,) = model.score_many([Item(prompt, tree, reference)])
    return scores


def small_tree():
    """Forks at two depths; equal steps under different parents and one that begins like another."""
    parents = {1: 0, 2: 1, 3: 2, 4: 2, 5: 1, 6: 5, 7: 0, 8: 7}
    texts = {
        1: "Take 12 + 34 = 46.",
        2: "So the answer is 46",
        3: "46",
        4: "46 is right",
        5: "So the answer is 47.",
        6: "46",
        7: "Take 12 + 34",
        8: "\n 46\n",
    }
    records = [{"id": 0, "parent": None, "text": ""}]
    records += [{"id": k, "parent": up, "text": texts[k]} for k, up in parents.items()]
    return Tree.from_records(records)


def one_by_one(tree, of_path):
    """Score every step by ``of_path(steps)``; an array like ``TreeScores.step``."""
    found = np.full(len(tree), np.nan, dtype=np.float32)
    for position, steps in paths(tree):
        found[position] = of_path(steps)
    return found


QWEN = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
QWEN_MARKS = ("<|im_start|>", "<|im_end|>", "<extra_0>")
LLAMA = (
    "{{ '<|begin_of_text|>' }}{{ '<|start_header_id|>system<|end_header_id|>\n\nToday: ' }}"
    "{% if date_string is not defined %}{% set date_string = strftime_now('%d %b %Y %f') %}{% endif %}"
    "{{ date_string }}{{ '<|eot_id|>' }}"
    "{% for m in messages %}{{ '<|start_header_id|>' + m['role'] + '<|end_header_id|>\n\n' }}"
    "{{ m['content'] | trim }}{{ '<|eot_id|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)
LLAMA_MARKS = ("<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")
