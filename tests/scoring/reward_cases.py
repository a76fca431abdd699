"""The smallest models and trees that reward and training tests need."""

from __future__ import annotations

import numpy as np
import torch
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2Model

from scoring.reward import artefact
from scoring.reward.backbone import build_tiny, mask_plan
from scoring.reward.model import RewardModel
from scoring.reward.network import RewardNetwork
from scoring.reward.registry import kind
from scoring.reward.tokenizer import StepTokenizer, train_tokenizer
from scoring.training.dataset import TrainingTree
from scoring.tree import Tree

TEXTS = ["Work out 12 + 34.", "Take 12 + 34 = 46, so the answer is 46."]
NASTY = (
    "👩‍👩‍👧 family",
    "日本語のテキスト、12と34",
    "e\u0301 combining \u0928\u093f",
    r"\frac{1}{2}\alpha$x^{2}$",
    "<script>alert('x')</script>",
    "two\n\nlines\r\n",
    "  leading and trailing  ",
    "",
    " ",
    "<|endoftext|> <s> [PAD]",
    "007 1234567 ٣٤ ½ x1y2",
)


def tokenizer(vocabulary: int = 420) -> StepTokenizer:
    return train_tokenizer(TEXTS * 4, vocabulary=vocabulary)


def tiny_model(*, context: int = 512, head: str = "two_class", seed: int = 0) -> RewardModel:
    """Two layers of width 64 with random weights; the head is scaled up so that scores differ."""
    config = kind("prm").make_config(
        {"tiny_layers": "2", "tiny_width": "64", "tiny_context": str(context), "head": head}
    )
    torch.manual_seed(seed)
    backbone = build_tiny(config, tokenizer())
    made = kind("prm").load(config)
    network = RewardNetwork(backbone.module, made.make_head(64), mask_plan(backbone.module.config))
    with torch.no_grad():
        network.head.get_parameter("weight").mul_(5)
    return RewardModel(network, backbone.tokenizer, made)


def forked_tree(n: int = 30, seed: int = 0, text: str | None = None) -> Tree:
    """A random tree of ``n`` nodes whose ids are not their positions."""
    rng = np.random.default_rng(seed)
    records = [{"id": "root", "parent": None, "text": "never read"}]
    for i in range(1, n):
        up = int(rng.integers(0, i))
        records.append(
            {
                "id": f"s{i}",
                "parent": "root" if up == 0 else f"s{up}",
                "text": f"Take {i} + {up} = {i + up}." * int(rng.integers(1, 4))
                if text is None
                else text,
            }
        )
    return Tree.from_records(records)


def chain(n: int, text: str = "go on") -> Tree:
    """A path of depth ``n``."""
    return Tree.from_columns(ids=list(range(n + 1)), depth=np.arange(n + 1), text=["", *[text] * n])


def labelled(number: int, *, steps: int = 3) -> TrainingTree:
    """A sum whose steps are right when their parity is even: learnable in a few steps."""
    rng = np.random.default_rng([3, number])
    records = [{"id": 0, "parent": None, "text": ""}]
    targets = [np.nan]
    for i in range(steps):
        right = bool(rng.random() < 0.5)
        records.append({"id": i + 1, "parent": 0, "text": f"{'yes' if right else 'no'} {i}"})
        targets.append(float(right))
    return TrainingTree(
        f"p{number}", f"Problem {number}", Tree.from_records(records), np.array(targets)
    )


SMALL = {
    "vocab_size": 400,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
}


def saved(folder):
    model = tiny_model()
    row = kind("prm")
    artefact.save(
        folder,
        network=model.network,
        tokenizer=model.tokenizer,
        row=row,
        config=model.kind.config,
        base="tiny",
        details={"seed": 0},
    )
    return folder


def save_base(folder, config_class=Qwen2Config, model_class=Qwen2Model, **more):
    torch.manual_seed(0)
    model_class(config_class(**{**SMALL, **more})).save_pretrained(folder)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer().tokenizer).save_pretrained(folder)
    return folder


def all_labelled(tree, key="p"):
    targets = np.arange(len(tree)) % 2.0
    targets[0] = np.nan
    return TrainingTree(key, "Work out 1 + 1.", tree, targets)
