"""Integrated gradients on the embeddings of the steps' text.

    A_t = (x_t - b) · Σ_j w_j ∇_{x_t} f(b + a_j (x - b)),   a_j and w_j Gauss-Legendre nodes on [0, 1]

The problem, separators and template stay as they are: only tokens of text go to the baseline, and only they
have credit. f is read at the path's own last token in every call. Steps double from ``start`` until the
credits miss f(x) - f(b) by at most 1 % or ``limit`` is reached; the best try is kept and all are told.

Frozen weights, ``torch.autograd.grad`` by the embeddings alone, float64 sums, a few points of the line at a
time; half as many once if memory runs out.

Source: Sundararajan, Taly & Yan 2017 (arXiv 1703.01365).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from scoring.attribution.base import OK, Found, relative_error
from scoring.attribution.baselines import WORDS, baseline_rows
from scoring.attribution.counts import path_rows, tries
from scoring.attribution.subject import numbers, plain_attention
from scoring.errors import AttributionError, OutOfMemoryError
from scoring.reward.memory import give_back, is_out_of_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from scoring.attribution.path import Path
    from scoring.attribution.subject import Subject

Float64 = npt.NDArray[np.float64]
HALVED = "Memory ran out once; the points of the line were run half as many at a time."


class _Line(NamedTuple):
    """From baseline to input: per network ``(T, H)`` where it starts and how far it goes."""

    start: list[Tensor]
    change: list[Tensor]


class _Together:
    """How many points are run together; half as many once memory ran out.

    Attributes:
        rows: the number.
        notes: what the legend must say of it.
    """

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.notes: tuple[str, ...] = ()

    def run(self, work: Callable[[int], Float64]) -> Float64:
        """Run ``work`` with the number of rows, again with half of it if memory runs out.

        Raises:
            OutOfMemoryError: it ran out with half as many too.
        """
        try:
            return work(self.rows)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        give_back()
        if self.notes or self.rows == 1:
            raise OutOfMemoryError(
                "There is not enough memory for the gradient of this path, with half as many rows either: "
                "use a shorter path, weights in bfloat16, or a method without gradients."
            )
        self.notes = (HALVED,)
        self.rows //= 2
        return self.run(work)


def attribution(
    subject: Subject,
    path: Path,
    _problem: str,
    _steps: Sequence[str],
    *,
    baseline: str,
    start: int,
    limit: int,
    spread: float,
    rows: int,
) -> Found:
    """Return integrated gradients by token."""
    with plain_attention(subject), torch.enable_grad():
        line = _line(subject, path, baseline)
        f_x, f_b = _ends(subject, path, line)
        ns = tries(start, limit)
        together = _Together(path_rows(max(ns), len(path), rows))
        series: list[tuple[int, float]] = []
        best, least, used = np.zeros(len(path)), np.inf, 0
        for done, n in enumerate(ns):
            share = (sum(ns[:done]) / sum(ns), n / sum(ns))
            credit = together.run(partial(_integral, subject, path, line, n, share))
            missed = relative_error(float(credit.sum()), f_x - f_b, spread or subject.spread)
            series.append((n, missed))
            if missed < least:
                best, least, used = credit, missed, n
            if missed <= OK:
                break
    return Found(
        credit=best,
        value=f_x,
        baseline_value=f_b,
        baseline=WORDS[baseline],
        n_used=used,
        series=tuple(series),
        notes=together.notes,
    )


def _line(subject: Subject, path: Path, baseline: str) -> _Line:
    """Return the way from the baseline to the input.

    Raises:
        AttributionError: the baseline is unusable, or is what is there already.
    """
    begin, change = [], []
    for x, row in zip(subject.embed(path.ids), baseline_rows(subject, baseline), strict=True):
        b = x.clone()
        b[torch.from_numpy(path.text).to(x.device)] = row.to(x.dtype)
        begin.append(b)
        change.append(x - b)
    if all(not bool(d.any()) for d in change):
        raise AttributionError(
            "The steps have no text, or are the baseline itself: there is no way to go along."
        )
    return _Line(begin, change)


@torch.no_grad()
def _ends(subject: Subject, path: Path, line: _Line) -> tuple[float, float]:
    """Return f(x) and f(baseline), read at the same token."""
    subject.report(0.0)
    both = [
        torch.stack((b + d, b)) for b, d in zip(line.start, line.change, strict=True)
    ]  # (2, T, H)
    f_x, f_b = numbers(subject.read_embeds(both, path.read)).tolist()
    return f_x, f_b


def _integral(
    subject: Subject, path: Path, line: _Line, n: int, share: tuple[float, float], rows: int
) -> Float64:
    """Return ``(T,)`` credits with ``n`` nodes, ``rows`` of them at a time."""
    gathered = [torch.zeros(d.shape, dtype=torch.float64, device=d.device) for d in line.change]
    for first, nodes, weights in _chunks(n, rows):
        subject.report(share[0] + share[1] * first / n)
        at = [_points(b, d, nodes) for b, d in zip(line.start, line.change, strict=True)]
        said = subject.read_embeds(at, path.read)
        gradients = torch.autograd.grad(said.sum(), at)
        subject.spent.backwards += len(nodes) * len(at)
        for total, gradient in zip(gathered, gradients, strict=True):
            by = torch.from_numpy(weights).to(gradient.device)
            total += torch.einsum("n,nth->th", by, gradient.double())
    credit = sum(
        (total * d.double()).sum(dim=-1) for total, d in zip(gathered, line.change, strict=True)
    )
    assert isinstance(credit, Tensor)  # noqa: S101 - there is one network at least
    return credit.cpu().numpy()


def _points(start: Tensor, change: Tensor, nodes: Float64) -> Tensor:
    """Return the points ``(n, T, H)`` of the line at ``nodes``, ready for a gradient."""
    a = torch.from_numpy(nodes).to(start.device, start.dtype)[:, None, None]
    return (start[None] + a * change[None]).detach().requires_grad_()


def _chunks(n: int, chunk: int) -> Iterator[tuple[int, Float64, Float64]]:
    x, w = np.polynomial.legendre.leggauss(n)
    nodes, weights = (x + 1) / 2, w / 2
    for first in range(0, n, chunk):
        yield first, nodes[first : first + chunk], weights[first : first + chunk]
