"""The numbers of an overview, of one problem or of a project's sample: by depth, first errors, calibration."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from annotator.queries.trees.sampled import (
    column_of,
    sampled_ratings,
    sampled_scores,
    sampled_trees,
)
from scoring.credit.registry import METHODS, assign
from scoring.errors import ScoringError
from scoring.evaluation.intervals import number
from scoring.evaluation.records import Record, Records
from scoring.evaluation.suites.calibration import of_steps
from scoring.overview import bands, first_errors, histogram, shares_right
from scoring.resample import Resampling
from scoring.tree import Tree
from scoring.types import SOLVED_ABOVE

if TYPE_CHECKING:
    from collections.abc import Callable

    from annotator.models import Project, RewardModel
    from annotator.queries.trees.sampled import SampledTree
    from scoring.overview import Band, Histogram
    from scoring.resample import Estimate
    from scoring.tree import FloatArray

SCORE, VALUE = "score", "value"
PEOPLE, CHECKERS = ("person", "imported"), ("machine",)
BINS, REPLICATES = 10, 400


@dataclass(frozen=True, eq=False, slots=True)
class Told:
    """One tree with what the reader may see of it, ``(N,)`` each, NaN = nothing or hidden."""

    tree: SampledTree
    score: FloatArray
    human: FloatArray
    checker: FloatArray


@dataclass(frozen=True, slots=True)
class ByDepth:
    """Quantiles of one choice of numbers by depth.

    Attributes:
        missing: trees that lack what the method needs, and the first reason.
    """

    label: str
    unit: str
    bands: list[Band]
    missing: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Bin:
    """Steps of about one score: mean score, and the share of their traces that end right."""

    score: float
    right: Estimate


@dataclass(frozen=True, slots=True)
class Calibration:
    """Scores against outcomes; ``missing`` says why there is none."""

    bins: list[Bin] = field(default_factory=list)
    brier: Estimate | None = None
    ece: Estimate | None = None
    n: int = 0
    problems: int = 0
    missing: str = ""


def told_of(
    *,
    project: Project,
    ids: tuple[int, ...],
    model: RewardModel | None,
    rated: bool,
    hide: Callable[[Told], Told] | None = None,
) -> list[Told]:
    """Read the problems ``ids`` in at most five statements.

    Args:
        project: of the problems.
        ids: which.
        model: whose scores, None = no scores.
        rated: whether ratings are read.
        hide: takes away what the reader may not see of a tree.
    """
    trees = sampled_trees(ids=ids, outcome=project.primary_outcome)
    nothing = np.empty(0, np.int64), np.empty(0)
    scores = sampled_scores(ids=ids, model=model) if model is not None else nothing
    human, checker = (
        sampled_ratings(project=project, ids=ids, kinds=kinds) if rated else nothing
        for kinds in (PEOPLE, CHECKERS)
    )
    found = [
        Told(tree, *(column_of(part, tree.ids) for part in (scores, human, checker)))
        for tree in trees
    ]
    return [hide(one) for one in found] if hide is not None else found


def by_depth(told: list[Told], by: str) -> ByDepth:
    """Return quantiles by depth of scores, search values, or a method's credit."""
    columns, depths = [], []
    missing, reason = 0, ""
    units: set[str] = set()
    for one in told:
        values, why, in_unit = _values(one, by)
        missing, reason = missing + bool(why), reason or why
        units |= {in_unit} if in_unit else set()
        columns.append(values)
        depths.append(one.tree.depth)
    row = METHODS.get(by)
    found = bands(np.concatenate([[0], *depths]), np.concatenate([[np.nan], *columns]))
    if row is not None:
        return ByDepth(row.label, " or ".join(sorted(units)) or row.unit, found, missing, reason)
    label, unit = ("Step score", "as stored") if by == SCORE else ("Search value", "as imported")
    return ByDepth(label, unit, found)


def _values(one: Told, by: str) -> tuple[FloatArray, str, str]:
    """Return the numbers of one tree, why there are none, and the unit that a method gave them in."""
    if by == SCORE:
        return one.score, "", ""
    if by == VALUE:
        return one.tree.value, "", ""
    tree = one.tree
    known = tree.outcomes if np.isfinite(tree.outcomes).any() else None
    try:
        made = Tree.from_columns(ids=tree.ids, depth=tree.depth, ends=tree.ends, outcomes=known)
        made_of = assign(by, made)
    except ScoringError as error:
        return np.full(len(tree.depth), np.nan), str(error), ""
    return made_of.per_node, "", made_of.unit


def histograms(told: list[Told], cut: float) -> list[tuple[str, Histogram]]:
    """Return where first errors are by people, by checkers, and by the model below ``cut``."""
    deepest = max((int(one.tree.depth.max(initial=0)) for one in told), default=0)
    sources: list[tuple[str, str, float]] = [
        ("People", "human", 0.0),
        ("Checkers", "checker", 0.0),
        (f"Model, score below {cut:g}", "score", cut),
    ]
    found = []
    for name, column, below in sources:
        errors = [
            first_errors(one.tree.depth, one.tree.ends, getattr(one, column), below) for one in told
        ]
        made = histogram(errors, deepest)
        if made.n:
            found.append((name, made))
    return found


def calibration(told: list[Told]) -> Calibration:
    """Hold step scores against the share of right traces through each step.

    The maths is that of the suite ``calibration``: bins of equal mass, intervals over problems.
    """
    rows, n = [], 0
    for one in told:
        tree = one.tree
        shares = shares_right(tree.depth, tree.ends, tree.outcomes, SOLVED_ABOVE)
        both = np.isfinite(shares) & np.isfinite(one.score)
        if both.any():
            n += int(both.sum())
            name = str(tree.problem)
            rows.append(Record(name, name, step_scores=one.score[both], step_labels=shares[both]))
    if not rows:
        return Calibration(missing="No step has both a score and a trace with a known outcome.")
    try:
        measures = of_steps(Records.of(rows), bins=BINS).measures
    except ScoringError as error:
        return Calibration(missing=f"There is none: {error}.")
    resampling = Resampling(replicates=REPLICATES)
    named = {measure.key: measure for measure in measures}
    bins = [
        Bin(float(measure.x or 0.0), number(measure, resampling))
        for measure in measures
        if measure.series == "reliability"
    ]
    brier, ece = (number(named[key], resampling) for key in ("brier", "ece"))
    return Calibration(bins, brier, ece, n, len(rows))


def without(one: Told, **columns: Any) -> Told:
    """Return a tree with some of its columns replaced."""
    return replace(one, **columns)
