"""In how many directions hidden states spread: effective rank of prefixes, and its velocity.

    ER(n)  = exp(-Σ_i p_i log p_i),  p_i = σ_i / Σ σ   (singular values of the first n states less their mean)
    ERV(m) = ER of the m-th prefix less the mean of those before it;  ERV of the path = their mean

Prefixes of the response are ``stride`` tokens apart (40 in VERL), the whole being the last. Fewer than two
tokens have ER 1, states that are all equal too; the first prefix has no velocity.

Source: VERL, hf618/VERL at 3de68f1, ``metrics_utils.py``; Roy & Vetterli 2007 for the effective rank.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch

from scoring.attribution.signals.base import Measured

if TYPE_CHECKING:
    from torch import Tensor

    from scoring.attribution.signals.reader import Reader

Float64 = npt.NDArray[np.float64]


def effective_rank(hidden: Tensor) -> float:
    """Return the effective rank of states ``(n, H)``."""
    if len(hidden) < 2:
        return 1.0
    states = hidden.double()
    values = torch.linalg.svdvals(states - states.mean(dim=0))
    total = values.sum()
    if not total > 0:
        return 1.0
    p = values / total
    return float(torch.exp(-torch.xlogy(p, p).sum()))


def prefix_ends(length: int, stride: int) -> list[int]:
    """Return the lengths of the prefixes, the whole being the last."""
    return [*range(stride, length, stride), length]


def velocities(ranks: Float64) -> Float64:
    """Return each rank less the mean of those before it; the first has none."""
    if not len(ranks):
        return ranks
    before = np.cumsum(ranks)[:-1] / np.arange(1, len(ranks))
    return np.concatenate(([np.nan], ranks[1:] - before))


@torch.no_grad()
def _ranks(reader: Reader, stride: int) -> tuple[list[int], Float64]:
    states = reader.hidden()[reader.path.first :]
    ends = prefix_ends(len(states), stride)
    return ends, np.array([effective_rank(states[:end]) for end in ends])


def _at_ends(reader: Reader, ends: list[int], values: Float64) -> Float64:
    """Put each prefix's number at its last token."""
    found = np.full(len(reader.path), np.nan)
    found[reader.path.first + np.array(ends) - 1] = values
    return found


def rank_signal(reader: Reader, *, stride: int) -> Measured:
    """Return ER at the end of each prefix."""
    ends, ranks = _ranks(reader, stride)
    return Measured(_at_ends(reader, ends, ranks), figures={"ER": float(ranks[-1])})


def velocity_signal(reader: Reader, *, stride: int) -> Measured:
    """Return ERV at the end of each prefix but the first."""
    ends, ranks = _ranks(reader, stride)
    found = velocities(ranks)
    figures = {"ERV": float(found[1:].mean())} if len(found) > 1 else {}
    return Measured(_at_ends(reader, ends, found), figures=figures)
