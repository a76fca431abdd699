"""How undecided a language model was: entropies of its next-token distributions, in nats.

The entropy of token t is that of the distribution it was drawn from, given what stands before it; the very
first token of a path has none. The window entropy at t is the mean over t and the w - 1 tokens behind it, undefined
where fewer are left (ARES uses w = 4 for triggers and 8 for its threshold). With ``top`` = k the k likeliest
tokens are taken and all others count as one, as ARES does from stored log-probabilities.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch

from scoring.attribution.signals.base import Measured
from scoring.attribution.signals.holds import LOGITS_AT_ONCE
from scoring.attribution.subject import numbers

if TYPE_CHECKING:
    from torch import Tensor

    from scoring.attribution.signals.reader import Reader

Float64 = npt.NDArray[np.float64]


def entropies(logits: Tensor, top: int = 0) -> Tensor:
    """Return ``(n,)`` entropies in nats of logits ``(n, V)``.

    Args:
        logits: any real numbers.
        top: keep so many of the likeliest and put the others into one; 0 = all.
    """
    log_p = logits.double().log_softmax(dim=-1)
    if 0 < top < log_p.shape[-1]:
        kept = log_p.topk(top, dim=-1).values
        rest = (1 - kept.exp().sum(dim=-1, keepdim=True)).clamp_min(0)
        p = torch.cat((kept.exp(), rest), dim=-1)
    else:
        p = log_p.exp()
    return -torch.xlogy(p, p).sum(dim=-1)


def windows(entropy: Float64, width: int) -> Float64:
    """Return the mean of each number and the ``width - 1`` behind it, NaN where fewer are left."""
    found = np.full(len(entropy), np.nan)
    if len(entropy) >= width:
        found[: len(entropy) - width + 1] = np.convolve(
            entropy, np.full(width, 1 / width), mode="valid"
        )
    return found


@torch.no_grad()
def _of(reader: Reader, top: int) -> Float64:
    """Return ``(T,)`` entropies, NaN for the first token."""
    logits = reader.need_logits()
    hidden = reader.hidden()[:-1]
    parts = [
        numbers(entropies(logits(hidden[first : first + LOGITS_AT_ONCE]).float(), top))
        for first in range(0, len(hidden), LOGITS_AT_ONCE)
    ]
    return np.concatenate(([np.nan], *parts))


def token(reader: Reader, *, top: int) -> Measured:
    """Return the entropy of each token; a step has their mean."""
    return Measured(_of(reader, top), notes=reader.notes)


def window(reader: Reader, *, top: int, window: int) -> Measured:
    """Return window entropies."""
    entropy = _of(reader, top)
    found = np.full(len(entropy), np.nan)
    found[reader.path.first :] = windows(entropy[reader.path.first :], window)
    return Measured(found, notes=reader.notes)


def first_token(reader: Reader, *, top: int) -> Measured:
    """Return the entropy of each step's first token of text; the other tokens have none."""
    entropy = _of(reader, top)
    path = reader.path
    found = np.full(len(path), np.nan)
    for k in range(path.n_steps):
        own = np.flatnonzero((path.step == k) & path.text)
        if len(own):
            found[own[0]] = entropy[own[0]]
    return Measured(found, notes=reader.notes)
