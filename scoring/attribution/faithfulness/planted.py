"""Planted truth: tiny models trained on a hidden utility, of which every token's share is known.

A decoder of two layers learns the utility of whole answers (``hidden``) from comparisons (Bradley-Terry, soft
preferences) until its reward follows the utility. What a method says of each token is then compared with what
is known. Everything is drawn from a seed; a run takes seconds on one core.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from torch.nn import functional

from scoring.attribution.faithfulness.hidden import (
    ABSENT,
    BIASED,
    TASKS,
    VARIED,
    WORDS,
    Float64,
    Ints,
    Task,
    draw,
    plain_worth,
    worth,
)
from scoring.attribution.faithfulness.numbers import fitted, pearson
from scoring.reward.backbone import mask_plan
from scoring.reward.model import RewardModel
from scoring.reward.network import RewardNetwork
from scoring.reward.registry import kind
from scoring.reward.tokenizer import StepTokenizer

if TYPE_CHECKING:
    from collections.abc import Iterator

PROBLEM = "the problem"
WIDTH, LAYERS, HEADS = 64, 2, 2
BATCH = 64


@dataclass(frozen=True, slots=True)
class Example:
    """An answer and what each of its words is worth.

    Attributes:
        steps: texts of its steps.
        truth: ``(W,)`` worth of every word where it stands, step after step.
        plain: ``(W,)`` what every word would be worth by itself.
    """

    steps: tuple[str, ...]
    truth: Float64
    plain: Float64

    @property
    def lengths(self) -> Ints:
        """``(K,)`` words of every step."""
        return np.array([len(step.split()) for step in self.steps])

    @property
    def step(self) -> Ints:
        """``(W,)`` number of each word's step, from 0."""
        return np.repeat(np.arange(len(self.steps)), self.lengths)

    @property
    def by_step(self) -> Float64:
        """``(K,)`` worth of every step."""
        return self._added(self.truth)

    @property
    def plain_by_step(self) -> Float64:
        """``(K,)`` sum of what the words of every step are worth by themselves."""
        return self._added(self.plain)

    def _added(self, values: Float64) -> Float64:
        found = np.zeros(len(self.steps))
        np.add.at(found, self.step, values)
        return found


@dataclass(frozen=True, slots=True)
class Planted:
    """A model that was trained on a hidden utility.

    Attributes:
        task: which one.
        model: the model.
        examples: answers of three steps that it did not train on.
        fit: correlation of reward and utility on them.
        learnt: how much of the planted bias its own rewards show, 1 being all; NaN where none was planted.
    """

    task: Task
    model: RewardModel
    examples: tuple[Example, ...]
    fit: float
    learnt: float


def plant(task: Task, *, seed: int = 0, updates: int = 200, examples: int | None = None) -> Planted:
    """Train a model for a task; the same seed gives the same model.

    Args:
        task: which utility.
        seed: of weights, training and examples.
        updates: of the training, each from 64 answers.
        examples: how many; None is 32 where steps of different lengths are compared, else 16.
    """
    examples = examples or (32 if task in VARIED else 16)
    rng = np.random.default_rng([seed, TASKS.index(task)])
    with torch.random.fork_rng(devices=[]), _one_thread():
        torch.manual_seed(seed)
        model = _model()
        with torch.enable_grad():
            _train(model, task, rng, updates)
        words = draw(task, examples, rng, whole=True)
        with torch.no_grad():
            rewards = _rewards(model, words).double().numpy()
            learnt = _learnt(model, task, rng) if task in BIASED else float("nan")
    truth, plain = worth(words, task), plain_worth(words)
    held_out = tuple(
        Example(
            tuple(" ".join(WORDS[w] for w in step if w != ABSENT) for step in answer),
            truth[number][answer != ABSENT],
            plain[number][answer != ABSENT],
        )
        for number, answer in enumerate(words)
    )
    return Planted(task, model, held_out, pearson(rewards, truth.sum(axis=(1, 2))), learnt)


def _model() -> RewardModel:
    from transformers import Qwen3Config, Qwen3Model

    words = models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token=WORDS[0])
    tokenizer = Tokenizer(words)
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    row = kind("bradley_terry")
    made = row.load(row.make_config({}))
    shape = Qwen3Config(
        vocab_size=len(WORDS) + 1,
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=HEADS,
        head_dim=WIDTH // HEADS,
        max_position_embeddings=256,
        initializer_range=WIDTH**-0.5,
        attn_implementation="sdpa",
    )
    network = RewardNetwork(Qwen3Model(shape), made.make_head(WIDTH), mask_plan(shape))
    return RewardModel(network, StepTokenizer(tokenizer, separator=len(WORDS)), made)


def _train(model: RewardModel, task: Task, rng: np.random.Generator, updates: int) -> None:
    """Minimise the cross-entropy of soft preferences between pairs of answers."""
    network = model.network.train()
    optimiser = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=0.0)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=updates)
    for _ in range(updates):
        words = draw(task, BATCH, rng)
        rewards = _rewards(model, words)
        utility = torch.from_numpy(worth(words, task).sum(axis=(1, 2))).float()
        # Every answer against every other one: B (B - 1) / 2 comparisons of one pass.
        lead, wanted = rewards[:, None] - rewards, torch.sigmoid(utility[:, None] - utility)
        loss = functional.binary_cross_entropy_with_logits(lead, wanted)
        loss = loss + 1e-3 * rewards.mean() ** 2  # comparisons leave the offset free
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        rate.step()
    network.eval()


def _learnt(model: RewardModel, task: Task, rng: np.random.Generator) -> float:
    """Return how much of the bias is in the rewards of other answers, fitted as ``bias.share_found`` fits credits."""
    words = draw(task, 4 * BATCH, rng, whole=True)
    plain, truth = (one.sum(axis=(1, 2)) for one in (plain_worth(words), worth(words, task)))
    of_worth, of_bias = fitted(_rewards(model, words).double().numpy(), plain, truth - plain)
    return float(of_bias / of_worth) if of_worth else float("nan")


def _rewards(model: RewardModel, words: Ints) -> Any:
    """Return rewards of answers ``(B, STEPS, L)``, laid out as the model's tokenizer lays them out."""
    separator = model.tokenizer.separator
    there = np.where(
        words[:, :, :1] == ABSENT, ABSENT, separator
    )  # a step that is not there has none
    laid = np.concatenate((words, there), axis=2).reshape(len(words), -1)
    # What is absent moves behind the last token, where nothing that is read looks: attention is causal.
    order = np.argsort(laid == ABSENT, axis=1, kind="stable")
    laid = np.take_along_axis(laid, order, axis=1)
    front = model.tokenizer.encode_ids([PROBLEM])[0].astype(np.int64)
    rows = np.concatenate((np.tile(front, (len(words), 1)), laid), axis=1)
    last = torch.from_numpy((rows != ABSENT).sum(axis=1) - 1)
    ids = torch.from_numpy(np.where(rows == ABSENT, separator, rows))
    hidden = model.network.backbone(input_ids=ids, use_cache=False).last_hidden_state
    return model.kind.value(model.network.head(hidden[torch.arange(len(rows)), last]))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Products this small are slower on several cores than on one."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
