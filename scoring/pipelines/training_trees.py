"""Frozen problems as trees to learn from: labels, outcomes, search values and rankings."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from annotator.exporters.comparisons import Ends
from annotator.exporters.ranked import decided_pairs, rater_words, whole_rankings
from scoring.preference.types import OVERALL
from scoring.training.dataset import Ranked, RankedPair, Ranking, SpanTarget, TrainingTree
from scoring.training.targets import span_targets
from scoring.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from annotator.exporters.ranked import Decided, PairKey
    from annotator.exporters.records import ExportProblem
    from scoring.types import TraceRecord

PRIMARY = "correct"


def training_tree(problem: ExportProblem, outcome: str = PRIMARY) -> TrainingTree:
    """Turn a frozen problem into a tree; unlabelled steps have no target.

    Args:
        problem: as a snapshot gives it.
        outcome: which of its traces' outcomes are meant.
    """
    targets = [_known(problem.target(at)) for at in range(len(problem.nodes))]
    values = [_known(node.value) for node in problem.nodes]
    return TrainingTree(
        problem_key=problem.id,
        problem_text=problem.problem.prompt,
        tree=Tree.from_columns(
            ids=range(len(problem.nodes) + 1),
            parent=[-1, *(node.parent + 1 for node in problem.nodes)],
            text=["", *(node.text for node in problem.nodes)],
            value=[np.nan, *values],
            ends=[trace.end + 1 for trace in problem.traces],
            outcomes=[_outcome(trace, outcome) for trace in problem.traces],
        ),
        targets=np.array([np.nan, *targets], np.float64),
        weights=np.array([0.0, *problem.weights]) if problem.weights else None,
        ranked=_ranked(problem),
        spans=tuple(_spans(problem)),
    )


def _known(value: float | None) -> float:
    return np.nan if value is None else value


def _outcome(trace: TraceRecord, name: str) -> float:
    """Return the outcome called ``name``, NaN if it is not known."""
    known = (o.value for o in trace.outcomes if o.name == name and o.value is not None)
    return next(known, np.nan)


def _spans(problem: ExportProblem) -> Iterator[SpanTarget]:
    """Yield the targets of runs of steps, over positions of the tree: the problem is 0."""
    for span in span_targets(problem.spans, problem.rules, problem.adjudications):
        yield replace(span, first=span.first + 1, last=span.last + 1)


def _ranked(problem: ExportProblem) -> Ranked:
    """Return what the rankings say, over positions of the tree: the problem is 0."""
    criteria = tuple(criterion.key for criterion in problem.criteria)
    decided, _ = decided_pairs(problem)
    if not decided:
        return Ranked(criteria=criteria)
    ends = Ends(problem)
    spoken = []
    for level, first, second in decided:
        shift = 0 if level == "trace" else 1
        spoken.append((level, first + shift, second + shift))
    rankings = tuple(
        Ranking(
            tuple(tuple(ends.of(whole.level, i) + 1 for i in tier) for tier in whole.tiers),
            whole.weight,
            whole.level,
        )
        for whole in whole_rankings(problem)
    )
    return Ranked(
        tuple(_pairs(decided, ends)),
        rankings,
        tuple(spoken),
        criteria,
        tuple(_by_criterion(problem, ends)),
        tuple(_by_rater(problem, ends)),
    )


def _pairs(decided: Mapping[PairKey, Decided], ends: Ends, **whose: str) -> Iterator[RankedPair]:
    """Yield the wins and ties as pairs of nodes."""
    for (level, first, second), answer in decided.items():
        if answer.said in ("win", "tie"):
            better, worse = (
                (answer.winner, answer.loser) if answer.said == "win" else (first, second)
            )
            # A gate says that one failed, not by how much.
            by = 1.0 if answer.by is None else answer.by
            yield RankedPair(
                level,
                ends.of(level, better) + 1,
                ends.of(level, worse) + 1,
                tie=answer.said == "tie",
                distance=by if answer.said == "win" else 0.0,
                **whose,
            )


def _by_criterion(problem: ExportProblem, ends: Ends) -> Iterator[RankedPair]:
    """Yield what is said under each criterion alone, by the rules that hold for the whole."""
    for key in (*(criterion.key for criterion in problem.criteria), OVERALL):
        alone = replace(
            problem,
            rankings=[row for row in problem.rankings if row.criterion == key],
            adjudications=[row for row in problem.adjudications if row.criterion == key],
        )
        yield from _pairs(decided_pairs(alone)[0], ends, criterion=key)


def _by_rater(problem: ExportProblem, ends: Ends) -> Iterator[RankedPair]:
    """Yield what each rater says; a decision on all of them is nobody's preference."""
    for name in dict.fromkeys(rater_words(row.rater) for row in problem.rankings):
        alone = replace(
            problem,
            rankings=[row for row in problem.rankings if rater_words(row.rater) == name],
            adjudications=[],
        )
        yield from _pairs(decided_pairs(alone)[0], ends, rater=name)
