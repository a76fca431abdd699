"""All answers to a problem one after another, in several orders: a reading in which answers see others.

    problem · sep · answer 1 · sep · sep · answer 2 · sep · sep · answer 3 · sep

Every step ends in its separator, an answer is over at a second one. An answer is read behind all those
in front of it, so what is said of it depends on the order. Each order is a branch below the problem, and
what is said of a step is the mean over all places where it is read.

The answers are taken by their text, never in the order in which they come, and the orders are drawn
from those texts: the same answers give the same orders. Up to so many that all can be read, all are.
Numpy only.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from hashlib import blake2b
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from scoring.reward.reading import NO_STEP, Reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.tree import Tree

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sequences:
    """C answers in O orders.

    Attributes:
        reading: O chains below the problem.
        answers: ``(C,)`` positions in the tree where the answers end, by their text.
        ends: ``(O, C)`` pieces of the reading where they are over, order by order.
    """

    reading: Reading
    answers: Ints
    ends: Ints


def sequences(tree: Tree, orders: int) -> Sequences:
    """Lay out the traces and the unfinished branches of a tree.

    Args:
        tree: N nodes.
        orders: how many are drawn, at least 1; all, if there are no more.
    """
    ends = np.union1d(tree.ends, tree.leaves)
    paths = {int(end): tree.path(int(end)).tolist() for end in ends if end > 0}
    said = {end: [str(tree.text[step]) for step in path] for end, path in paths.items()}
    answers = sorted(paths, key=lambda end: said[end])
    chains = drawn_orders(len(answers), orders, repr([said[end] for end in answers]))
    parent, text, origin, again = [-1], [""], [0], [True]
    seen: set[int] = set()
    over = np.zeros((len(chains), len(answers)), dtype=np.int64)
    for row, chain in enumerate(chains):
        at = 0
        for place, number in enumerate(chain):
            steps = paths[answers[number]]
            for step in [NO_STEP, *steps] if place else steps:
                parent.append(at)
                at = len(parent) - 1
                text.append("" if step == NO_STEP else str(tree.text[step]))
                origin.append(step)
                again.append(step == NO_STEP or step in seen)
                seen.add(step)
            over[row, number] = at
    reading = Reading(
        parent=np.array(parent, dtype=np.int64),
        text=text,
        origin=np.array(origin, dtype=np.int64),
        ends=np.ones(len(parent), dtype=bool),
        again=np.array(again, dtype=bool),
    )
    return Sequences(reading, np.array(answers, dtype=np.int64), over)


def drawn_orders(n: int, most: int, key: str) -> Sequence[Sequence[int]]:
    """Return all orders of ``n`` things, or ``most`` that are drawn by ``key`` if there are more."""
    if n < 10 and math.factorial(n) <= most:
        return list(permutations(range(n)))
    digest = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    rng = random.Random(int.from_bytes(digest))  # noqa: S311 - repeatable, not secret
    return [rng.sample(range(n), n) for _ in range(most)]
