"""Settings of kinds that learn several rewards: by criterion, or by annotator. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from scoring.reward.config import ScalarConfig
from scoring.reward.settings import setting


@dataclass(frozen=True, slots=True)
class MultiHeadConfig(ScalarConfig):
    """One reward per criterion."""

    importance: Literal["rank_order", "equal"] = setting(
        "rank_order",
        "What a criterion counts in the combination. By its place in the project's order of importance these "
        "are rank-order centroids.",
        choices={"rank_order": "by its place", "equal": "all alike"},
    )
    labels: bool = setting(
        True, "Step labels teach the head of the first criterion, beside its comparisons."
    )


@dataclass(frozen=True, slots=True)
class VplConfig(ScalarConfig):
    """A reward by annotator."""

    latent: int = setting(8, "Numbers that tell annotators apart (length of z).", low=1, high=512)
    hidden: int = setting(64, "Width of the network that reads pairs.", low=4, high=4096)
    context: int = setting(
        16, "Pairs of an annotator that are read to tell who they are.", low=1, high=256
    )
    min_pairs: int = setting(
        8,
        "Annotators with fewer pairs in the training problems count as nobody in particular.",
        low=1,
        high=1_000_000,
    )
    kl_weight: float = setting(
        0.01,
        "How strongly annotators are held to what they have in common (β); one over the pairs of an "
        "annotator is the evidence lower bound.",
        low=0.0,
        high=100.0,
    )
    noise: float = setting(
        0.1,
        "How much of its posterior's noise z gets while training; 1 is the evidence lower bound, which "
        "with few annotators often learns to tell nobody apart.",
        low=0.0,
        high=1.0,
    )
    kl_warmup: float = setting(
        0.0, "Share of the run in which that weight rises from 0.", low=0.0, high=1.0
    )
    refresh: int = setting(
        50,
        "Optimiser steps after which the pairs of annotators are drawn and read again.",
        low=1,
        high=1_000_000,
    )
    shown: int = setting(
        8,
        "Annotators whose own scores are stored with every step, those with most pairs first.",
        low=0,
        high=64,
    )
