"""Planted truth: tiny models trained on a hidden utility, of which every token's share is known.

additive      each good word is worth +1, each bad one -1, all others 0
interaction   the same, but "not" right before a good word turns its +1 into -1; the truth is the Shapley value
              of the words against neutral text: "not" -1 and the good word 0 where they meet

A decoder of two layers learns the utility of whole answers from comparisons (Bradley-Terry, soft preferences)
until its reward follows the utility. What a method says of each token is then compared with what is known.
Everything is drawn from a seed; a run takes seconds on one core.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from torch.nn import functional

from scoring.attribution.faithfulness.numbers import pearson
from scoring.reward.backbone import mask_plan
from scoring.reward.model import RewardModel
from scoring.reward.network import RewardNetwork
from scoring.reward.registry import kind
from scoring.reward.tokenizer import StepTokenizer

if TYPE_CHECKING:
    from collections.abc import Iterator

Float64 = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Task = Literal["additive", "interaction"]
TASKS: tuple[Task, ...] = ("additive", "interaction")
PROBLEM = "the problem"
NEUTRAL = (".", ",", "the", "a", "of", "to", "and", "in", "is", "that", "problem")
GOOD = ("good", "right", "sound", "clear")
BAD = ("bad", "wrong", "odd", "false")
WORDS = ("<unk>", *NEUTRAL, *GOOD, *BAD, "not")
NOT = len(WORDS) - 1
FIRST_GOOD, FIRST_BAD = 1 + len(NEUTRAL), 1 + len(NEUTRAL) + len(GOOD)
SHARES: dict[Task, tuple[float, ...]] = {
    "additive": (0.6, 0.2, 0.2, 0.0),
    "interaction": (0.45, 0.25, 0.1, 0.2),
}
"""Of neutral, good and bad words and of "not"."""
WIDTH, LAYERS, HEADS = 64, 2, 2
STEPS, LENGTH = 3, 4
"""Steps of an answer, and words of a step."""
BATCH = 64


@dataclass(frozen=True, slots=True)
class Example:
    """An answer and what each of its words is worth.

    Attributes:
        steps: texts of its steps.
        truth: ``(W,)`` worth of every word, step after step.
    """

    steps: tuple[str, ...]
    truth: Float64

    @property
    def by_step(self) -> Float64:
        """``(K,)`` worth of every step."""
        return self.truth.reshape(STEPS, LENGTH).sum(axis=1)


@dataclass(frozen=True, slots=True)
class Planted:
    """A model that was trained on a hidden utility.

    Attributes:
        task: which one.
        model: the model.
        examples: answers that it did not train on.
        fit: correlation of reward and utility on them.
    """

    task: Task
    model: RewardModel
    examples: tuple[Example, ...]
    fit: float


def plant(task: Task, *, seed: int = 0, updates: int = 200, examples: int = 16) -> Planted:
    """Train a model for a task; the same seed gives the same model."""
    rng = np.random.default_rng([seed, TASKS.index(task)])
    with torch.random.fork_rng(devices=[]), _one_thread():
        torch.manual_seed(seed)
        model = _model()
        with torch.enable_grad():
            _train(model, task, rng, updates)
        words = draw(task, examples, rng)
        truth = worth(words, task)
        with torch.no_grad():
            rewards = _rewards(model, words).double().numpy()
    held_out = tuple(
        Example(tuple(" ".join(WORDS[w] for w in step) for step in answer), value)
        for answer, value in zip(words.reshape(-1, STEPS, LENGTH), truth, strict=True)
    )
    return Planted(task, model, held_out, pearson(rewards, truth.sum(axis=1)))


def draw(task: Task, count: int, rng: np.random.Generator) -> Ints:
    """Draw answers as numbers of words, ``(count, STEPS · LENGTH)``; a good one often follows "not"."""
    shape = (count, STEPS * LENGTH)
    group = rng.choice(4, size=shape, p=SHARES[task])
    good = rng.integers(FIRST_GOOD, FIRST_BAD, shape)
    bad = rng.integers(FIRST_BAD, NOT, shape)
    neutral = rng.integers(1, FIRST_GOOD, shape)
    words = np.choose(group, [neutral, good, bad, np.full(shape, NOT)])
    meets = (words[:, :-1] == NOT) & (rng.random((count, shape[1] - 1)) < 0.6)
    words[:, 1:][meets] = good[:, 1:][meets]
    return words


def worth(words: Ints, task: Task) -> Float64:
    """Return what each word is worth, ``(N, W)``: its Shapley value against neutral text.

    Alone a good word has +1 and "not" 0, together they have -1; over both orders "not" brings -1 and the
    good word 0. Words of different steps do not meet.
    """
    good = (words >= FIRST_GOOD) & (words < FIRST_BAD)
    bad = (words >= FIRST_BAD) & (words < NOT)
    found = good.astype(np.float64) - bad
    if task == "interaction":
        meets = (words[:, :-1] == NOT) & good[:, 1:]
        meets[:, LENGTH - 1 :: LENGTH] = False
        found[:, :-1][meets] = -1.0
        found[:, 1:][meets] = 0.0
    return found


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
        utility = torch.from_numpy(worth(words, task).sum(axis=1)).float()
        # Every answer against every other one: B (B - 1) / 2 comparisons of one pass.
        lead, wanted = rewards[:, None] - rewards, torch.sigmoid(utility[:, None] - utility)
        loss = functional.binary_cross_entropy_with_logits(lead, wanted)
        loss = loss + 1e-3 * rewards.mean() ** 2  # comparisons leave the offset free
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        rate.step()
    network.eval()


def _rewards(model: RewardModel, words: Ints) -> Any:
    """Return rewards of answers ``(B, W)``, laid out as the model's tokenizer lays them out."""
    separator = model.tokenizer.separator
    steps = np.pad(
        words.reshape(-1, STEPS, LENGTH), ((0, 0), (0, 0), (0, 1)), constant_values=separator
    )
    front = model.tokenizer.encode_ids([PROBLEM])[0].astype(np.int64)
    rows = np.concatenate((np.tile(front, (len(words), 1)), steps.reshape(len(words), -1)), axis=1)
    hidden = model.network.backbone(input_ids=torch.from_numpy(rows), use_cache=False)
    return model.kind.value(model.network.head(hidden.last_hidden_state[:, -1]))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Products this small are slower on several cores than on one."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
