"""Randomised weights: a method that says the same of a network without knowledge explains the text alone.

Every weight tensor keeps its numbers in another, random order. The rank correlation of the sizes of credit before
and after, averaged over paths, should be near 0.

Source: Adebayo et al. 2018 (arXiv 1810.03292).
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from scoring.attribution.faithfulness.numbers import spearman
from scoring.attribution.registry import METHODS, attribute
from scoring.attribution.subject import subject_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scoring.attribution.base import Attribution


def rank_correlation(
    model: Any,
    key: str,
    found: Sequence[Attribution],
    paths: Sequence[tuple[str, Sequence[str]]],
    *,
    seed: int = 0,
    **params: Any,
) -> float:
    """Return the mean rank correlation of ``|credit|`` with that of shuffled weights.

    Args:
        model: what ``scoring.reward.load`` opened; its weights come back.
        key: of the method.
        found: what it gave with the trained weights.
        paths: problem and steps of each.
        seed: of the shuffle.
        **params: of the method.
    """
    with shuffled(model, seed):
        others = [attribute(key, model, problem, steps, **params) for problem, steps in paths]
    return float(np.mean([_alike(a, b) for a, b in zip(found, others, strict=True)]))


def _alike(a: Attribution, b: Attribution) -> float:
    if METHODS[a.method].granularity == "step":
        return spearman(np.abs(a.per_step), np.abs(b.per_step))
    text = a.end > a.begin
    return spearman(np.abs(a.credit[text]), np.abs(b.credit[text]))


@contextmanager
def shuffled(model: Any, seed: int) -> Iterator[None]:
    """Put the numbers of every weight tensor into a random order inside; copies are kept in memory."""
    with subject_of(model, "value") as subject:
        networks = list(subject.networks)
    kept = [{k: v.detach().clone() for k, v in n.state_dict().items()} for n in networks]
    source = torch.Generator().manual_seed(seed)
    try:
        with torch.no_grad():
            for network in networks:
                for weight in network.parameters():
                    order = torch.randperm(weight.numel(), generator=source).to(weight.device)
                    weight.copy_(weight.flatten()[order].view_as(weight))
        yield
    finally:
        for network, state in zip(networks, kept, strict=True):
            network.load_state_dict(state)
