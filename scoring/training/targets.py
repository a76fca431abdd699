"""From judgements to one target per step: the rules that trainer and exporters share. Numpy only.

A rater counts once per step, with their last judgement. An unsure or unrated one is no judgement.
Raters are ranked: where a person rated a step, imported, checkers' and models' ratings of it do not
vote, so a correction replaces what it corrects instead of standing against it; an imported rating
silences checkers and models in the same way. Before all of them comes a reviewer's final decision
(``adjudicated``): where there is one nobody else votes, and a decision that a step has no rating leaves
it without a target. Among the raters of the highest kind that rated:

    latest      the last judgement of all (records are in time order)
    majority    the rating most raters gave; a tie is no target, and is counted as one
    per_rater   each rater for themselves: the target is the mean of their targets and weighs as
                many as there are, which for a cross-entropy loss is one row per rater exactly

The neutral policy then says what a 0 becomes: 1 (``positive``, as OpenAI and Qwen read PRM800K),
0 (``negative``, as TRL's example does), nothing (``drop``, as HRM does) or 0.5 (``soft``). Since the
field's conventions contradict each other the default takes no side: ``drop``. Forms, commands, API
and exporters take their defaults from here.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from scoring.errors import UnknownNameError
from scoring.training.dataset import SpanTarget
from scoring.types import RATER_KINDS, LabelRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from scoring.types import AdjudicationRecord, SpanLabelRecord

ADJUDICATED = "adjudicated"
RANK = (ADJUDICATED, *RATER_KINDS)
AGGREGATES = ("majority", "latest", "per_rater")
NEUTRALS: Mapping[str, float | None] = {"positive": 1.0, "negative": 0.0, "drop": None, "soft": 0.5}
DEFAULT_AGGREGATE: Literal["majority"] = "majority"
DEFAULT_NEUTRAL: Literal["drop"] = "drop"
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rules:
    """How judgements become targets; stored with every snapshot and model.

    Attributes:
        aggregate: how several raters become one.
        neutral: what a rating of 0 means.
        rater_kinds: whose judgements count.
        rank: kinds from the one that decides first; only the first of them that rated a step votes
            on it, and a kind that is not named comes last. Empty: all kinds vote alike. With
            ``adjudicated`` final decisions stand before what others of their kind say, those of
            persons before everything.
    """

    aggregate: Literal["majority", "latest", "per_rater"] = DEFAULT_AGGREGATE
    neutral: Literal["positive", "negative", "drop", "soft"] = DEFAULT_NEUTRAL
    rater_kinds: tuple[str, ...] = ("person", "imported")
    rank: tuple[str, ...] = RANK

    def __post_init__(self) -> None:
        if self.aggregate not in AGGREGATES:
            raise UnknownNameError("aggregation", self.aggregate, AGGREGATES)
        if self.neutral not in NEUTRALS:
            raise UnknownNameError("neutral policy", self.neutral, NEUTRALS)
        for name in self.rater_kinds:
            if name not in RATER_KINDS:
                raise UnknownNameError("rater kind", name, RATER_KINDS)
        for name in self.rank:
            if name not in RANK:
                raise UnknownNameError("rank", name, RANK)

    def target(self, rating: int) -> float | None:
        """Return what one rating stands for, None = no target."""
        return NEUTRALS[self.neutral] if rating == 0 else float(rating > 0)


@dataclass(frozen=True, slots=True)
class Targets:
    """Targets of one tree's N nodes.

    Attributes:
        rating: ``(N,)`` −1, 0 or 1 after aggregation, NaN = none or, for ``per_rater``, not
            all the same.
        value: ``(N,)`` in [0, 1], NaN = no target.
        weight: ``(N,)`` how much the step counts; 0 where there is no target.
        excluded: judged steps without a target, by reason: ``rater_kind`` (only by kinds that do
            not count), ``unsure``, ``unrated`` (seen, not rated, nobody unsure), ``tie``,
            ``neutral`` (dropped by the policy).
    """

    rating: Floats
    value: Floats
    weight: Floats
    excluded: Mapping[str, int] = field(default_factory=dict)


def targets(labels: Iterable[LabelRecord], n_nodes: int, rules: Rules | None = None) -> Targets:
    """Aggregate judgements to one target per node.

    Args:
        labels: in time order; ``node`` is a position below ``n_nodes`` (−1, the problem, is not a
            step and is passed over).
        n_nodes: N.
        rules: defaults to ``Rules()``: majority of people and imported labelers, neutrals left out.
    """
    rules = rules or Rules()
    rating = np.full(n_nodes, np.nan)
    value = np.full(n_nodes, np.nan)
    weight = np.zeros(n_nodes)
    excluded: Counter[str] = Counter()
    for node, votes in _by_node(labels).items():
        chosen, reason = _aggregate(votes, rules)
        if reason:
            excluded[reason] += 1
            continue
        if len(set(chosen)) == 1:  # the mean of a right and a wrong is no neutral rating
            rating[node] = chosen[0]
        goals = [goal for goal in map(rules.target, chosen) if goal is not None]
        if not goals:
            excluded["neutral"] += 1
            continue
        value[node], weight[node] = float(np.mean(goals)), float(len(goals))
    return Targets(rating, value, weight, dict(excluded))


def span_targets(
    spans: Iterable[SpanLabelRecord],
    rules: Rules | None = None,
    decisions: Iterable[AdjudicationRecord] = (),
) -> tuple[SpanTarget, ...]:
    """Aggregate judgements of runs of two steps or more, each run by the rules of a step.

    Args:
        spans: in time order.
        rules: as for ``targets``.
        decisions: final ones; those that are not on a run are passed over.
    """
    runs: dict[tuple[int, int], int] = {}
    labels = [
        LabelRecord(runs.setdefault((x.first, x.last), len(runs)), x.rater, x.rating)
        for x in spans
        if x.first != x.last
    ]
    labels += [
        LabelRecord(
            runs.setdefault(x.run, len(runs)),
            x.rater,
            x.decision.get("rating"),
            unsure=bool(x.decision.get("unsure")),
            adjudicated=True,
        )
        for x in decisions
        if x.run is not None and x.run[0] != x.run[1]
    ]
    found = targets(labels, len(runs), rules)
    return tuple(
        SpanTarget(first, last, float(found.value[at]), float(found.weight[at]))
        for (first, last), at in runs.items()
        if not np.isnan(found.value[at])
    )


def deciding_labels(
    labels: Iterable[LabelRecord], rules: Rules | None = None
) -> dict[int, list[LabelRecord]]:
    """Return per rated node the judgements that vote on its target.

    Args:
        labels: as for ``targets``.
        rules: as for ``targets``.
    """
    rules = rules or Rules()
    rated = {node: _rated(_last_of_each(votes, rules)) for node, votes in _by_node(labels).items()}
    return {node: _of_the_highest(votes, rules.rank) for node, votes in rated.items() if votes}


def deciding_kinds(
    labels: Iterable[LabelRecord], rules: Rules | None = None
) -> dict[int, tuple[str, ...]]:
    """Return per rated node the kinds of rater that vote on it; one unless kinds are not ranked."""
    return {
        node: tuple(kind for kind in RATER_KINDS if any(x.rater.kind == kind for x in votes))
        for node, votes in deciding_labels(labels, rules).items()
    }


def _by_node(labels: Iterable[LabelRecord]) -> dict[int, list[LabelRecord]]:
    grouped: dict[int, list[LabelRecord]] = {}
    for label in labels:
        if label.node >= 0:
            grouped.setdefault(label.node, []).append(label)
    return grouped


def _aggregate(labels: Sequence[LabelRecord], rules: Rules) -> tuple[list[int], str]:
    """Return the ratings that stand, or why there are none."""
    last = _last_of_each(labels, rules)
    if not last:
        return [], "rater_kind"
    rated = _rated(last)
    if not rated:
        return [], "unsure" if any(label.unsure for label in last) else "unrated"
    ratings = [x.rating for x in _of_the_highest(rated, rules.rank) if x.rating is not None]
    if rules.aggregate == "latest":
        return [ratings[-1]], ""
    if rules.aggregate == "per_rater":
        return ratings, ""
    ranked = Counter(ratings).most_common(2)
    if len(ranked) > 1 and ranked[0][1] == ranked[1][1]:
        return [], "tie"
    return [ranked[0][0]], ""


def _last_of_each(labels: Iterable[LabelRecord], rules: Rules) -> list[LabelRecord]:
    """Return the last judgement of each rater that counts, in time order; a final one alone."""
    last: dict[tuple[str, str, str], LabelRecord] = {}
    for label in labels:
        if label.rater.kind in rules.rater_kinds:
            # A later judgement replaces the earlier one and moves to its time.
            who = (label.rater.kind, label.rater.name, label.rater.version)
            last.pop(who, None)
            last[who] = label
    found = list(last.values())
    if ADJUDICATED not in rules.rank:
        return found
    return [x for x in found if x.adjudicated and x.rater.kind == "person"] or found


def _rated(labels: Iterable[LabelRecord]) -> list[LabelRecord]:
    return [label for label in labels if label.rating is not None and not label.unsure]


def _of_the_highest(rated: Sequence[LabelRecord], rank: Sequence[str]) -> list[LabelRecord]:
    """Return the judgements of the highest kind among ``rated``."""
    places = [
        (
            rank.index(x.rater.kind) if x.rater.kind in rank else len(rank),
            ADJUDICATED in rank and not x.adjudicated,
        )
        for x in rated
    ]
    highest = min(places)
    return [x for x, place in zip(rated, places, strict=True) if place == highest]
