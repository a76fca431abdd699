"""Hidden utilities: words of which every one's share in the worth of an answer is known.

additive      each good word is worth +1, each bad one -1, all others 0
interaction   the same, but "not" right before a good word turns its +1 into -1; the truth is the Shapley value
              of the words against neutral text: "not" -1 and the good word 0 where they meet
even          as additive, in answers of one to three steps of one to six words
position      as even, but words count twice in the first step, once in the second and not in the third
length        as even, but every word, a neutral one too, costs 0.4
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Task = Literal["additive", "interaction", "even", "position", "length"]
TASKS: tuple[Task, ...] = ("additive", "interaction", "even", "position", "length")
NEUTRAL = (".", ",", "the", "a", "of", "to", "and", "in", "is", "that", "problem")
GOOD = ("good", "right", "sound", "clear")
BAD = ("bad", "wrong", "odd", "false")
WORDS = ("<unk>", *NEUTRAL, *GOOD, *BAD, "not")
NOT = len(WORDS) - 1
FIRST_GOOD, FIRST_BAD = 1 + len(NEUTRAL), 1 + len(NEUTRAL) + len(GOOD)
ABSENT = -1
"""Stands where a shorter step or answer has no word."""
_PLAIN = (0.6, 0.2, 0.2, 0.0)
SHARES: dict[Task, tuple[float, ...]] = {
    "additive": _PLAIN,
    "interaction": (0.45, 0.25, 0.1, 0.2),
    "even": _PLAIN,
    "position": _PLAIN,
    "length": _PLAIN,
}
"""Of neutral, good and bad words and of "not"."""
STEPS = 3
"""Most steps of an answer."""
VARIED = ("even", "position", "length")
"""Tasks whose answers have one to three steps of one to six words; the others have three of four."""
BIASED = ("position", "length")
"""Tasks in whose truth a bias was planted."""
WEIGHTS = (2.0, 1.0, 0.0)
"""How often a word counts under ``position``, by step."""
COST = 0.4
"""What a word costs under ``length``."""


def longest(task: Task) -> int:
    """Return the most words of a step."""
    return 6 if task in VARIED else 4


def draw(task: Task, count: int, rng: np.random.Generator, *, whole: bool = False) -> Ints:
    """Draw answers as numbers of words, ``(count, STEPS, L)``, ``ABSENT`` where a step ended.

    Args:
        task: whose words; under ``interaction`` a good one often follows "not".
        count: of answers.
        rng: draws them.
        whole: every answer has all steps.
    """
    length = longest(task)
    shape = (count, STEPS * length)
    group = rng.choice(4, size=shape, p=SHARES[task])
    good = rng.integers(FIRST_GOOD, FIRST_BAD, shape)
    bad = rng.integers(FIRST_BAD, NOT, shape)
    neutral = rng.integers(1, FIRST_GOOD, shape)
    words = np.choose(group, [neutral, good, bad, np.full(shape, NOT)])
    meets = (words[:, :-1] == NOT) & (rng.random((count, shape[1] - 1)) < 0.6)
    words[:, 1:][meets] = good[:, 1:][meets]
    answers = words.reshape(count, STEPS, length)
    if task in VARIED:
        lengths = rng.integers(1, length + 1, (count, STEPS))
        if not whole:
            lengths[np.arange(STEPS) >= rng.integers(1, STEPS + 1, (count, 1))] = 0
        answers[np.arange(length) >= lengths[:, :, None]] = ABSENT
    return answers


def worth(words: Ints, task: Task) -> Float64:
    """Return what each word is worth where it stands, ``(N, STEPS, L)``: its Shapley value against neutral text.

    Alone a good word has +1 and "not" 0, together they have -1; over both orders "not" brings -1 and the
    good word 0. Words of different steps do not meet. What a word costs under ``length`` it costs against
    its absence.
    """
    found = plain_worth(words)
    if task == "interaction":
        meets = (words[:, :, :-1] == NOT) & _good(words)[:, :, 1:]
        found[:, :, :-1][meets] = -1.0
        found[:, :, 1:][meets] = 0.0
    if task == "position":
        found *= np.array(WEIGHTS)[:, None]
    if task == "length":
        found[words != ABSENT] -= COST
    return found


def plain_worth(words: Ints) -> Float64:
    """Return what each word is worth by itself, +1, -1 or 0."""
    bad = (words >= FIRST_BAD) & (words < NOT)
    return _good(words).astype(np.float64) - bad


def _good(words: Ints) -> npt.NDArray[np.bool_]:
    return (words >= FIRST_GOOD) & (words < FIRST_BAD)
