"""Linear probes: how much of a property can be read off the states of a model by one direction.

A probe is ridge regression on +1 and -1 in closed form: ``w = (X'X + λI)^-1 X't``, so that one
decomposition serves every λ and every shuffling of the labels. A problem is in one fold only. λ is chosen
for each fold on the others alone, by the AUROC of leaving one of them out in turn.

Wide states are first turned to their main directions, which looks at no label. States are float32 as the
model gives them, the equations are float64.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np

from scoring import areas

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scoring.evaluation.records import Bools, Floats, Ints

FOLDS = 5
SHUFFLES = 5
STRENGTHS = tuple(10.0**power for power in range(-4, 3))
_EXTRA = 16  # more directions than are kept make the kept ones exact
_ROUNDS = 4
_ROWS = 2048


@dataclass(frozen=True, eq=False, slots=True)
class Frame:
    """Coordinates in which states are probed: features at unit scale, turned to main directions.

    Attributes:
        mean: ``(D,)`` of the states.
        spread: ``(D,)`` standard deviations, 1 where a feature is constant.
        axes: ``(D, K)`` orthonormal columns.
    """

    mean: Floats
    spread: Floats
    axes: Floats

    @classmethod
    def of(cls, states: Any, components: int) -> Frame:
        """Return the frame of ``(M, D)`` states with ``components`` directions at most."""
        mean = states.mean(axis=0, dtype=np.float64)
        squares = sum(((block - mean) ** 2).sum(axis=0) for block in _blocks(states))
        spread = np.sqrt(squares / len(states))
        spread[spread == 0] = 1.0
        width = states.shape[1]
        if width <= components:
            return cls(mean, spread, np.eye(width))
        kept = states.dtype  # float32 of wide states, which would fill the memory as float64
        return cls(
            mean,
            spread,
            _main_axes((states - mean.astype(kept)) / spread.astype(kept), components),
        )

    def placed(self, states: Any) -> Floats:
        """Return the ``(M, K)`` coordinates of ``(M, D)`` states."""
        return np.concatenate(
            [((block - self.mean) / self.spread) @ self.axes for block in _blocks(states)]
        )

    def cosine(self, direction: Floats, reading: Floats) -> float:
        """Return the cosine of a probe's direction and a head's, where features have unit scale.

        Args:
            direction: ``(K,)`` in this frame.
            reading: ``(D,)`` of the states as they are.
        """
        scaled = reading * self.spread
        length = float(np.linalg.norm(direction) * np.linalg.norm(scaled))
        return float(direction @ (scaled @ self.axes)) / length if length else 0.0


@dataclass(frozen=True, eq=False, slots=True)
class Examples:
    """What one probe learns.

    Attributes:
        x: ``(M, K)`` coordinates; of a pair those of the preferred one minus those of the other.
        right: ``(M,)`` which have the property; all of them for pairs.
        problem: ``(M,)`` positions of problems.
        fold: ``(M,)`` which fold each problem is in.
        paired: whether they are differences: then there is no constant term.
    """

    x: Floats
    right: Bools
    problem: Ints
    fold: Ints
    paired: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class Probed:
    """What a probe says of its examples, each by a probe that has not seen the problem.

    Attributes:
        margin: ``(M,)`` above 0 = it has the property.
        shuffled: ``(R, M)`` which have the property by shuffled labels.
        control: ``(R, M)`` margins of probes that learnt these.
        direction: ``(K,)`` of a probe of all examples.
        strength: λ of that probe as a share of the mean eigenvalue.
    """

    margin: Floats
    shuffled: Bools
    control: Floats
    direction: Floats
    strength: float


def dealt(names: Iterable[str], count: int = FOLDS) -> dict[str, int]:
    """Return the fold of each problem: as many in each, always the same."""
    ordered = sorted(set(names), key=lambda name: sha256(name.encode()).digest())
    return {name: at % count for at, name in enumerate(ordered)}


def probed(found: Examples) -> Probed:
    """Fit probes fold by fold, and the same on shuffled labels."""
    rng = np.random.default_rng(0)
    n = len(found.right)
    shuffled = np.array(
        [
            rng.random(n) < 0.5 if found.paired else rng.permutation(found.right)
            for _ in range(SHUFFLES)
        ]
    )
    labels = np.vstack([found.right[None], shuffled])  # (1 + R, M)
    margins = np.zeros(labels.shape)
    chosen = []
    for fold in np.unique(found.fold):
        test = found.fold == fold
        chosen.append(_strength(found, ~test))
        margins[:, test] = _margins(found, labels, ~test, test, [chosen[-1]])[:, 0]
    strength = float(np.median(chosen))
    direction = _weights(found.x, _signs(labels[:1]), [strength], found.paired)[0, 0]
    return Probed(margins[0], shuffled, margins[1:], direction, strength)


def _strength(found: Examples, inside: Bools) -> float:
    """Return the λ that ranks best when one fold after the other is left out; of equals the largest."""
    margins = np.zeros((len(STRENGTHS), len(found.right)))
    for fold in np.unique(found.fold[inside]):
        test = inside & (found.fold == fold)
        margins[:, test] = _margins(
            found, found.right[None], inside & ~test, test, list(STRENGTHS)
        )[0]
    ranked = [ranking(margin[inside], found.right[inside], found.paired) for margin in margins]
    best = max(ranked)
    return max(s for s, value in zip(STRENGTHS, ranked, strict=True) if value == best)


def ranking(margin: Floats, right: Bools, paired: bool) -> float:
    """Return the AUROC of margins, 0.5 where there is none."""
    scores, labels = both_ways(margin, right) if paired else (margin, right)
    if labels.all() or not labels.any():
        return 0.5
    order, ends = areas.thresholds(scores)
    return float(areas.auroc(*areas.above(labels[order], np.ones((1, len(order))), ends))[0])


def both_ways(margin: Floats, first: Bools) -> tuple[Floats, Bools]:
    """Return ``(2M,)`` margins and labels of pairs, each seen from both sides."""
    return np.concatenate([margin, -margin]), np.concatenate([first, ~first])


def _margins(
    found: Examples, labels: Bools, fitted: Bools, test: Bools, strengths: list[float]
) -> Floats:
    """Return ``(L, S, T)`` margins of the test rows for L labellings and S strengths.

    0 throughout where the fitted rows have one class only.
    """
    targets = _signs(labels[:, fitted])
    weights = _weights(found.x[fitted], targets, strengths, found.paired)
    if found.paired:
        return weights @ found.x[test].T
    middle = found.x[fitted].mean(axis=0) if fitted.any() else 0.0
    constant = targets.mean(axis=1) if fitted.any() else np.zeros(len(labels))
    margins = weights @ (found.x[test] - middle).T + constant[:, None, None]
    return np.where((np.abs(constant) == 1)[:, None, None], 0.0, margins)


def _weights(x: Floats, targets: Floats, strengths: list[float], paired: bool) -> Floats:
    """Solve for ``(L, S, K)`` weights; without a constant term for pairs."""
    if not len(x):
        return np.zeros((len(targets), len(strengths), x.shape[1]))
    if not paired:
        x = x - x.mean(axis=0)
        targets = targets - targets.mean(axis=1, keepdims=True)
    values, axes = np.linalg.eigh(x.T @ x)
    values = np.maximum(values, 0.0)
    wanted = (targets @ x) @ axes  # (L, K)
    scale = values.mean() or 1.0
    shrunk = [wanted / (values + strength * scale) for strength in strengths]
    return np.stack(shrunk, axis=1) @ axes.T


def _signs(labels: Bools) -> Floats:
    return np.where(labels, 1.0, -1.0)


def _blocks(states: Any) -> list[Any]:
    """Cut rows into blocks that may be copied as float64."""
    return np.array_split(states, max(1, len(states) // _ROWS))


def _main_axes(z: Any, count: int) -> Floats:
    """Return ``(D, count)`` main directions of ``(M, D)`` rows, by a randomised range finder.

    Source: Halko, Martinsson and Tropp 2011, arXiv 0909.4061.
    """
    count = min(count, *z.shape)
    drawn = np.random.default_rng(0).normal(size=(z.shape[1], min(count + _EXTRA, z.shape[1])))
    drawn = drawn.astype(z.dtype)
    basis = np.linalg.qr(z.T @ (z @ drawn))[0]
    for _ in range(_ROUNDS):
        basis = np.linalg.qr(z.T @ (z @ basis))[0]
    _, _, turned = np.linalg.svd(z @ basis, full_matrices=False)
    # Exactly orthonormal in float64, whatever the rows are.
    return np.asarray(np.linalg.qr((basis @ turned[:count].T).astype(np.float64))[0], np.float64)
