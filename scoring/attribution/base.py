"""What an attribution method takes and gives. Numpy only: pages and jobs read results without torch.

A method is a function ``(subject, path, **params) -> Found``; ``attribute`` in ``registry.py`` checks
its parameters against its row and wraps what it found into an ``Attribution``, which says what made it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scoring.params import Param

Int32 = npt.NDArray[np.int32]
Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

Badge = Literal["ok", "amber", "red", "none"]
OK, AMBER = 0.01, 0.05
"""Largest relative error of a map with the badge ``ok`` and with ``amber``; beyond, it is ``red``."""
FLOOR = 0.05
"""A gap f(x) - f(baseline) counts at least as this share of the spread of rewards."""
SMALLEST = 1e-12
SCORE_SPREAD = 0.25
"""Of scores, where that of the values they are read from is 1: the slope of the logistic function in its middle."""
LOG_ODDS, PROBABILITY = "log-odds", "probability"
CONFIDENCE: Mapping[str, str] = MappingProxyType(
    {
        "CODE": "read in code that computes it",
        "PAPER": "read in the paper",
        "3P": "read in other people's code or notes; the authors' source was not seen",
        "RECONSTRUCTED": "no formula was found; the nearest reading of the abstract",
        "TEXTBOOK": "a standard result",
        "OURS": "a choice of this project",
    }
)
"""How a formula is known, by label."""


class Least(NamedTuple):
    """The least correlation of credits with the truth of a planted task that is asked of a method."""

    task: str
    correlation: float


class Share(NamedTuple):
    """How much of a planted bias a method can show (1 = all) where by its nature that is not all, and why."""

    task: str
    share: float
    why: str


@dataclass(frozen=True, slots=True)
class MethodRow:
    """What menus, docs and tests need to know about a method without loading it.

    Attributes:
        key: stored in URLs and results, never renamed.
        label: what a person reads in the menu.
        target: ``"module:function"``, loaded on first use.
        version: raised whenever the numbers can change.
        needs: names of what the model must have, keys of ``NEEDS`` in ``registry.py``.
        cost: forwards and backwards as a formula in T (tokens), K (steps) and the parameters.
        granularity: ``token`` if tokens have numbers of their own; ``step`` if a step's number is
            spread evenly over its tokens, so that only steps are to be coloured.
        complete: True if the credits must add up to f(x) - f(baseline), which the badge checks.
        confidence: how the formula is known, a key of ``CONFIDENCE``.
        source: where the formula was published.
        summary: one line for the menu.
        preferred: of methods that passed their checks the one with the lowest number is shown first.
        params: its parameters with defaults.
        counts: ``"module:function"`` that says from sizes what a run takes, as ``counts.once`` does; it
            must be loaded without torch.
        judged_by: ``step`` if the truth of planted models is asked by step although tokens have numbers.
        stand_in: the method that is tried on planted models in its place, where they cannot do this one.
        least: what is asked on planted models, by keys of ``TASKS`` in ``faithfulness/hidden.py``, where that is
            not what is asked of every method.
        shares: what it can show of planted biases, by keys of ``BIASED`` there; of a share of 0 nothing is asked.
        free: True for the method whose numbers scoring leaves behind: it is there without a job.
    """

    key: str
    label: str
    target: str
    version: str
    needs: tuple[str, ...]
    cost: str
    granularity: Literal["token", "step"]
    complete: bool
    confidence: str
    source: str
    summary: str
    preferred: int
    params: tuple[Param, ...] = ()
    counts: str = "scoring.attribution.counts:once"
    judged_by: Literal["token", "step"] = "token"
    stand_in: str = ""
    least: tuple[Least, ...] = ()
    shares: tuple[Share, ...] = ()
    free: bool = False

    @property
    def by_step(self) -> bool:
        """Whether its numbers are held against the truth of steps, not of words."""
        return "step" in (self.granularity, self.judged_by)

    @property
    def known_from(self) -> str:
        """How the formula is known, in words behind its label."""
        return f"{self.confidence}: {CONFIDENCE[self.confidence]}"


@dataclass(slots=True)
class Spent:
    """What went through the decoder.

    Attributes:
        forwards: rows (one sequence each, of every member of an ensemble).
        backwards: rows that a gradient went back through.
        calls: of the decoder; a call holds one row or more.
        tokens: tokens of all forward rows.
    """

    forwards: int = 0
    backwards: int = 0
    calls: int = 0
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Objective:
    """What one criterion adds to a combined reward.

    Attributes:
        weight: its share in the combination.
        value: weight times what its head says of the whole path.
        credit: ``(P,)`` float32, its part of each piece's credit.
    """

    weight: float
    value: float
    credit: Float32


@dataclass(frozen=True, eq=False, slots=True)
class Attribution:
    """Credit of every piece of a path, with what made it.

    A piece is a token, or several that share a character. The pieces of a step tile its text: they
    follow each other, the first begins at 0 and the last ends at the text's end. Marks that the layout
    puts behind a step (separator, template) are pieces of it with an empty span.

    Attributes:
        method: registry key.
        version: of the method; results of two versions are never mixed.
        params: every parameter with the value used.
        granularity: see ``MethodRow``.
        credit: ``(P,)`` float32, in ``unit``.
        step: ``(P,)`` int32 number of each piece's step, from 0, rising.
        begin: ``(P,)`` int32 first character within the step's own text.
        end: ``(P,)`` int32 one past its last character.
        per_step: ``(K,)`` float64 sum of each step's credits.
        unit: ``log-odds`` (the raw reward) or ``probability`` (the score).
        value: f(x), what the model says of the whole path.
        baseline_value: f(baseline), or the offset that the credits start from.
        baseline: what the baseline is, in words.
        total: sum of all credits.
        relative_error: ``|total - (f(x) - f(baseline))|`` over ``max(|f(x) - f(baseline)|, 0.05 · spread)``.
        badge: ``ok`` to 1 %, ``amber`` to 5 %, ``red`` beyond; ``none`` for a method that
            does not promise to add up.
        n_used: steps of integration, permutations or whatever an adaptive method chose, None = nothing.
        series: ``(n, relative error)`` of every try of an adaptive method.
        standard_error: ``(K,)`` float64 of each step's credit, None where nothing is drawn.
        objectives: by criterion, for methods that split by it.
        n_tokens: T, tokens of the path with its layout.
        read_index: the token at which f(x) is read, from 0.
        dtype: of the weights ("float32").
        model_hash: names the weights.
        template_hash: names the layout of texts as tokens.
        spent: what it really took.
        notes: sentences the legend must show.
    """

    method: str
    version: str
    params: Mapping[str, Any]
    granularity: str
    credit: Float32
    step: Int32
    begin: Int32
    end: Int32
    per_step: Float64
    unit: str
    value: float
    baseline_value: float
    baseline: str
    total: float
    relative_error: float
    badge: Badge
    n_used: int | None
    series: tuple[tuple[int, float], ...]
    standard_error: Float64 | None
    objectives: Mapping[str, Objective]
    n_tokens: int
    read_index: int
    dtype: str
    model_hash: str
    template_hash: str
    spent: Spent
    notes: tuple[str, ...] = ()

    def spans(self, step: int) -> list[tuple[int, int, float]]:
        """Return ``(begin, end, credit)`` of the pieces of a step that have characters, in order."""
        here = np.flatnonzero((self.step == step) & (self.end > self.begin))
        return [(int(self.begin[i]), int(self.end[i]), float(self.credit[i])) for i in here]


def relative_error(total: float, gap: float, spread: float) -> float:
    """Return how far credits that add up to ``total`` are from ``gap``, f(x) - f(baseline).

    Args:
        total: sum of the credits.
        gap: what they should add up to.
        spread: standard deviation of rewards; a gap near 0 would make any error look large.
    """
    return float(abs(total - gap) / max(abs(gap), FLOOR * spread, SMALLEST))


def badge(error: float, *, complete: bool) -> Badge:
    """Return the badge of a map with this relative error."""
    if not complete:
        return "none"
    if error <= OK:
        return "ok"
    return "amber" if error <= AMBER else "red"


@dataclass(frozen=True, slots=True)
class Estimate:
    """What an attribution will take, before anything is loaded.

    Attributes:
        forwards: rows forward (one sequence each).
        backwards: rows backward.
        tokens: tokens of all forward rows.
        equivalents: cost in forwards over the whole path; a backward counts 1 of them with frozen weights.
        most_equivalents: the same if an adaptive method tries all it may.
        memory_bytes: most that is held beside the weights.
        words: the same in one sentence, for a page.
    """

    forwards: int
    backwards: int
    tokens: int
    equivalents: float
    most_equivalents: float
    memory_bytes: int
    words: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a method returns; ``attribute`` adds where it comes from.

    Attributes:
        credit: ``(T,)`` float64 by token of the path; 0 in front of the first step.
        value: f(x).
        baseline_value: f(baseline), or the offset.
        baseline: what the baseline is, in words.
        n_used: see ``Attribution``.
        series: see ``Attribution``.
        standard_error: see ``Attribution``.
        objectives: name → weight, value and ``(T,)`` credit.
        notes: sentences the legend must show.
    """

    credit: Float64
    value: float
    baseline_value: float
    baseline: str
    n_used: int | None = None
    series: tuple[tuple[int, float], ...] = ()
    standard_error: Float64 | None = None
    objectives: Mapping[str, tuple[float, float, Float64]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
