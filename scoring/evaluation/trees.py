"""Two models' rewards on the edges of one problem's tree, and what potential shaping cannot change.

Shaping adds ``γ Φ(child) − Φ(parent)`` to the reward of an edge and changes no preference between policies
(Ng et al. 1999) if Φ is 0 where traces end. That condition is needed here: every node of a tree is
entered by one edge, so with free potentials at the leaves any rewards could be shaped into any others.
With it, what is left of step rewards is their total on each trace, up to a constant (γ = 1): a
distance that ignores shaping compares trace totals, and a problem with one trace tells nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scoring.errors import EvaluationError

if TYPE_CHECKING:
    from scoring.evaluation.records import Floats, Ints, Records


@dataclass(frozen=True, eq=False, slots=True)
class RewardTree:
    """A problem's tree with two rewards per edge; a parent comes before its children.

    Attributes:
        problem: position of the problem.
        parent: ``(N,)`` position of each node's parent, -1 at the root, which is position 0.
        first: ``(N,)`` the first model's reward of the edge into the node; 0 at the root.
        second: ``(N,)`` the second model's.
    """

    problem: int
    parent: Ints
    first: Floats
    second: Floats


def trees(first: Records, second: Records, *, signed: bool) -> list[RewardTree]:
    """Join the solutions of every problem into a tree; common prefixes of ``path`` are shared.

    Args:
        first: with all steps scored by the first model.
        second: the same records by the second.
        signed: take ``2p − 1`` as the reward of a step, instead of p.

    Raises:
        EvaluationError: if a step has two scores by one model, or two parents.
    """
    members: dict[int, list[int]] = {}
    for at, problem in enumerate(first.problem):
        members.setdefault(int(problem), []).append(at)
    return [
        _join(problem, first, second, rows, signed) for problem, rows in sorted(members.items())
    ]


def least_canonical(parent: Ints, reward: Floats, gamma: float) -> Floats:
    """Return the shaped reward with the least squares, ``(N,)``, 0 at the root.

    The potentials of inner nodes minimise ``Σ (R − γ Φ(child) + Φ(parent))²``. Each subtree's minimum is a
    quadratic in its root's potential, so one pass upwards and one downwards solve it exactly.
    """
    size = len(parent)
    square, linear = np.zeros(size), np.zeros(size)
    leaf = np.ones(size, dtype=bool)
    leaf[parent[1:]] = False
    for node in range(size - 1, 0, -1):
        r, up = reward[node], parent[node]
        if leaf[node]:
            square[up] += 1.0
            linear[up] += r
            continue
        whole = gamma**2 + square[node]
        square[up] += square[node] / whole
        linear[up] += (r * square[node] + gamma * linear[node]) / whole
    potential = np.zeros(size)
    if size > 1:
        potential[0] = -linear[0] / square[0]
    for node in range(1, size):
        if not leaf[node]:
            pull = gamma * (reward[node] + potential[parent[node]]) - linear[node]
            potential[node] = pull / (gamma**2 + square[node])
    return _shaped(parent, reward, gamma, potential)


def value_canonical(parent: Ints, reward: Floats, gamma: float) -> Floats:
    """Return the reward shaped by the value of choosing children evenly: ``R + γ V(child) − V(parent)``."""
    size = len(parent)
    total, children = np.zeros(size), np.zeros(size)
    value = np.zeros(size)
    for node in range(size - 1, -1, -1):
        if children[node]:
            value[node] = total[node] / children[node]
        if node:
            total[parent[node]] += reward[node] + gamma * value[node]
            children[parent[node]] += 1
    return _shaped(parent, reward, gamma, -value)


def _shaped(parent: Ints, reward: Floats, gamma: float, potential: Floats) -> Floats:
    """Return ``R − γ Φ(child) + Φ(parent)`` of each edge."""
    shaped = reward - gamma * potential
    shaped[1:] += potential[parent[1:]]
    shaped[0] = 0.0
    return np.asarray(shaped, np.float64)


def _join(
    problem: int, first: Records, second: Records, rows: list[int], signed: bool
) -> RewardTree:
    place: dict[str, int] = {}
    parent: list[int] = [-1]
    rewards: list[tuple[float, float]] = [(0.0, 0.0)]
    for at in rows:
        one, two = first.rows[at], second.rows[at]
        names = one.path or tuple(f"{one.id}\0{step}" for step in range(one.n_steps))
        up = 0
        for name, *pair in zip(names, one.step_scores, two.step_scores, strict=True):
            own = (float(pair[0]), float(pair[1]))
            node = place.setdefault(name, len(parent))
            if node == len(parent):
                parent.append(up)
                rewards.append(own)
            elif parent[node] != up or rewards[node] != own:
                raise EvaluationError(
                    f"step '{name}' of '{one.problem}' has two parents or two scores"
                )
            up = node
    both = np.array(rewards)
    if signed:
        both[1:] = 2 * both[1:] - 1
    return RewardTree(problem, np.array(parent, dtype=np.int64), both[:, 0], both[:, 1])
