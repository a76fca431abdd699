"""Deletion and insertion: does taking away what has the most credit lower the reward more than chance does?

Tokens of text are replaced by the neutral embedding in falling order of credit, 5, 10, 20, 30 and 50 % of them;
the mean fall of f is the area. Insertion starts from neutral text and puts the same tokens back. Both are
compared with 20 random orders, as a z score. The replacement is the default baseline of integrated gradients,
which favours methods that use the same one.

Source: Petsiuk, Das & Saenko 2018 (arXiv 1806.07421) for both curves; the comparison with random orders is ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from scoring.attribution.baselines import baseline_rows
from scoring.attribution.faithfulness.numbers import z_score
from scoring.attribution.subject import numbers, plain_attention, subject_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from scoring.attribution.base import Attribution
    from scoring.attribution.path import Path
    from scoring.attribution.subject import Subject

Float64 = npt.NDArray[np.float64]
SHARES = (0.05, 0.1, 0.2, 0.3, 0.5)
ORDERS = 20
TOKENS_AT_ONCE = 4096


class Curves(NamedTuple):
    """Areas of a method's order and their z scores against random orders."""

    deletion: float
    insertion: float
    deletion_z: float
    insertion_z: float


def curves(
    model: Any,
    found: Sequence[Attribution],
    paths: Sequence[tuple[str, Sequence[str]]],
    *,
    seed: int = 0,
) -> Curves:
    """Delete and insert by the credit of each path and by random orders, and average over paths.

    Args:
        model: what ``scoring.reward.load`` opened.
        found: what ``attribute`` returned for each path.
        paths: problem and steps of each.
        seed: of the random orders.
    """
    rng = np.random.default_rng(seed)
    with subject_of(model, "value") as subject, plain_attention(subject), torch.no_grad():
        areas = [
            _areas(subject, subject.layout.lay(problem, steps), one, rng)
            for one, (problem, steps) in zip(found, paths, strict=True)
        ]
    mean = np.mean(areas, axis=0)  # (2, 1 + ORDERS)
    return Curves(
        float(mean[0, 0]),
        float(mean[1, 0]),
        z_score(float(mean[0, 0]), mean[0, 1:]),
        z_score(float(mean[1, 0]), mean[1, 1:]),
    )


def _areas(subject: Subject, path: Path, found: Attribution, rng: np.random.Generator) -> Float64:
    """Return the areas ``(2, 1 + ORDERS)`` of deletion and insertion, the method's order first."""
    text = np.flatnonzero(path.text)
    by_token = found.credit[path.piece[text]]
    orders = [text[np.argsort(-by_token, kind="stable")]]
    orders += [rng.permutation(text) for _ in range(ORDERS)]
    counts = [max(1, round(share * len(text))) for share in SHARES]
    rows = []
    for order in orders:
        for count in counts:
            gone = np.zeros(len(path), dtype=bool)
            gone[order[:count]] = True
            rows += [gone, path.text & ~gone]
    values = _values(subject, path, np.array([np.zeros(len(path), bool), path.text, *rows]))
    shape = (len(orders), len(counts), 2)
    changed = values[2:].reshape(shape)
    fall = (values[0] - changed[..., 0]).mean(axis=1)
    rise = (changed[..., 1] - values[1]).mean(axis=1)
    return np.stack((fall, rise))


def _values(subject: Subject, path: Path, gone: npt.NDArray[np.bool_]) -> Float64:
    """Return f of the path with tokens ``gone`` ``(R, T)`` replaced by the neutral embedding, ``(R,)``."""
    there = subject.embed(path.ids)
    neutral = baseline_rows(subject, "neutral_token_mean")
    chunk = max(1, TOKENS_AT_ONCE // len(path))
    found = []
    for first in range(0, len(gone), chunk):
        mask = torch.from_numpy(gone[first : first + chunk, :, None]).to(subject.device)
        rows = [
            torch.where(mask, row.to(x.dtype), x[None])
            for x, row in zip(there, neutral, strict=True)
        ]
        found.append(numbers(subject.read_embeds(rows, path.read)))
    return np.concatenate(found)
