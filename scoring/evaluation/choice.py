"""Choosing among solutions: groups of competing ones, ties, and the best of n drawn from them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from scoring.errors import EvaluationError, UndefinedError

if TYPE_CHECKING:
    from scoring.evaluation.records import Bools, Floats, Ints, Records


@dataclass(frozen=True, eq=False, slots=True)
class Group:
    """Solutions that compete.

    Attributes:
        problem: position of their problem.
        name: of the group.
        split: of its records.
        members: ``(M,)`` positions of the records.
        scores: ``(M,)`` by the model.
        right: ``(M,)`` which are right.
    """

    problem: int
    name: str
    split: str
    members: Ints
    scores: Floats
    right: Bools


def groups(records: Records, scores: Floats) -> list[Group]:
    """Return the groups of records in the order of problems and names.

    Raises:
        EvaluationError: if the records of a group are in two splits.
    """
    right = np.array([row.correct is True for row in records])
    found = []
    for (problem, name), members in sorted(records.groups().items()):
        splits = {records.rows[at].split for at in members}
        if len(splits) > 1:
            raise EvaluationError(f"the solutions of '{name or problem}' are in two splits")
        at = int(records.problem[members[0]])
        found.append(Group(at, name, splits.pop(), members, scores[members], right[members]))
    return found


def one_right(group: Group, suite: str) -> Group:
    """Return the group if exactly one solution is right and another is wrong.

    Raises:
        EvaluationError: if not.
    """
    if group.right.sum() != 1 or len(group.right) < 2:
        where = f"group '{group.name}'" if group.name else "a problem"
        raise EvaluationError(
            f"'{suite}' needs one right solution among wrong ones; {where} has "
            f"{group.right.sum()} right ones of {len(group.right)}"
        )
    return group


def selection(scores: Floats, n: int) -> Floats:
    """Return the probability of each solution to be chosen as the best of ``n``.

    ``n`` of the M solutions are drawn without replacement, all subsets being as likely, and the one
    with the highest score is chosen, a tie by lot. With ``b`` solutions below a score and ``t``
    having it, the best score of the subset is that one with probability
    ``[C(b + t, n) − C(b, n)] / C(M, n)``, and by symmetry each of the ``t`` is chosen alike. Averages
    with these weights are the unbiased estimate over all subsets, without drawing any.

    Args:
        scores: ``(M,)``.
        n: 1 to M.

    Returns:
        ``(M,)``, its sum is 1.
    """
    total = len(scores)
    _, level, tied = np.unique(scores, return_inverse=True, return_counts=True)
    up_to = np.cumsum(tied)
    shares = _shares(total, n)
    return ((shares[up_to] - shares[up_to - tied]) / tied)[level]


def any_of(right: Bools, n: int) -> float:
    """Return the probability that a subset of ``n`` has a right solution: pass@n, unbiased.

    ``1 − C(wrong, n) / C(M, n)``, Chen et al. 2021, arXiv 2107.03374.
    """
    return float(1 - _shares(len(right), n)[int((~right).sum())])


def sizes(pools: list[int], max_n: int) -> tuple[int, ...]:
    """Return 1, 2, 4, … up to ``max_n``, by default up to the smallest pool."""
    top = max_n or min(pools)
    powers = [2**k for k in range(top.bit_length()) if 2**k <= top]
    return tuple(powers if powers[-1] == top else [*powers, top])


@lru_cache(maxsize=256)
def _shares(total: int, n: int) -> Floats:
    """Return ``C(b, n) / C(total, n)`` for b = 0 … total, as a product so that nothing overflows."""
    below = np.arange(total + 1)
    share = np.ones(total + 1)
    for k in range(n):
        share *= np.maximum(below - k, 0) / (total - k)
    return share


def large_enough(pools: list[Group], n: int) -> tuple[list[Group], tuple[str, ...]]:
    """Return the pools with ``n`` solutions at least, and what was left out in words.

    Raises:
        UndefinedError: if there is none.
    """
    kept = [pool for pool in pools if len(pool.right) >= n]
    if not kept:
        raise UndefinedError(f"no problem has {n} solutions to choose from")
    left = len(pools) - len(kept)
    return kept, (f"{left} problems with fewer than {n} solutions left out",) if left else ()
