"""The two sides of a comparison: which path, and which numbers on it.

A path is written ``t<id>`` (a whole trace) or ``s<id>`` (down to one step). Numbers are written as in
the workbench's menu, or ``human`` and ``checker`` for ratings.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from annotator.errors import NotFoundError
from annotator.numbers import whole_number
from annotator.queries.credit.choices import USUAL, settings_of
from annotator.queries.trees.compared import (
    ratings_of,
    reward_before,
    steps_down,
    trace_in,
)
from annotator.queries.trees.paths import step_in
from annotator.views.workbench.coloring import Colorings
from scoring.heatmap import Scale, scale

if TYPE_CHECKING:
    from collections.abc import Mapping

    from annotator.models import Problem, Step, Trace
    from annotator.queries.access import Access
    from annotator.queries.blindness import Sight
    from annotator.queries.trees.compared import Ratings, StepsDown
    from scoring.tree import FloatArray

HUMAN, CHECKER = "human", "checker"
RATINGS = "Ratings"
RATING_UNIT = "rating, −1 to +1"
MAPPED = "2 × score − 1"


@dataclass(frozen=True, slots=True)
class Pick:
    """A line of the menu of numbers; ``missing`` says what is lacking here, "" = usable."""

    key: str
    label: str
    missing: str = ""
    family: str = ""


@dataclass(frozen=True, eq=False, slots=True)
class Target:
    """A path of the tree: down to a step, or a whole trace."""

    key: str
    end: Step
    path: StepsDown
    trace: Trace | None = None

    @property
    def name(self) -> str:
        """What people call it."""
        if self.trace is not None:
            return f"Trace {self.trace.number}"
        return f"Step {self.end.depth}"


def target_of(*, problem: Problem, key: str) -> Target:
    """Return the path that a URL names.

    Raises:
        NotFoundError: it names none, or none of this problem.
    """
    pk = whole_number(key[1:])
    if pk is not None and key.startswith("t"):
        trace = trace_in(problem=problem, pk=pk)
        if trace is not None:
            return Target(key, trace.end, steps_down(end=trace.end), trace)
    elif pk is not None and key.startswith("s"):
        step = step_in(problem=problem, pk=pk)
        if step is not None:
            return Target(key, step, steps_down(end=step))
    raise NotFoundError(
        f"This problem has no path '{key[:40]}'. A path is t and the number of a trace, or s and that of a step."
    )


@dataclass(frozen=True, eq=False, slots=True)
class Column:
    """Numbers for every node of the tree, and how they are to be read.

    Attributes:
        values: ``(N,)`` float64, NaN = none.
        additive: the numbers of a path add up to its total; else they are levels.
        probability: 0 to 1, about 0.5.
        model: id of the reward model that said them, None if none did.
        per_trace: numbers of the steps of each trace by the id of its end, where they differ by trace.
    """

    key: str
    label: str
    values: FloatArray
    unit: str
    signed: bool
    probability: bool
    made_by: str
    missing: str = ""
    model: int | None = None
    notes: tuple[str, ...] = ()
    per_trace: Mapping[Any, FloatArray] | None = None

    def along(self, target: Target) -> FloatArray:
        """Return ``(K,)`` numbers of a path's steps: a whole trace's own where the method has them."""
        if target.trace is not None and self.per_trace and target.end.pk in self.per_trace:
            return np.asarray(self.per_trace[target.end.pk], np.float64)
        return np.asarray(self.values[target.path.at], np.float64)

    @property
    def additive(self) -> bool:
        """Credit and ratings are; scores and values are levels."""
        return self.signed

    @property
    def is_rating(self) -> bool:
        """Whether somebody's or something's rating."""
        return self.key in (HUMAN, CHECKER)


class Columns:
    """What the steps of one problem can be compared by; ratings beside the workbench's colours."""

    def __init__(self, problem: Problem, access: Access, sight: Sight) -> None:
        self.problem = problem
        self.access = access
        self.colorings = Colorings(problem, sight, user_id=access.user_id)
        self._ratings: Ratings | None = None

    @property
    def ratings(self) -> Ratings:
        """What people and checkers said, as far as this reader may see it; read once."""
        if self._ratings is None:
            self._ratings = ratings_of(
                problem=self.problem,
                ids=self.colorings.columns.ids,
                user_id=self.access.user_id,
                sight=self.colorings.sight,
            )
        return self._ratings

    def choices(self, *chosen: str) -> list[Pick]:
        """Return the menu: what the workbench offers, then ratings.

        What is ``chosen`` but not offered, such as a method with settings of its own, comes first.
        """
        menu = self.colorings.choices()
        offered = {HUMAN, CHECKER, *(one.key for one in menu)}
        own = [key for key in dict.fromkeys(chosen) if key and key not in offered]
        return [
            *(Pick(key, self._label(key), family="Chosen") for key in own),
            *(Pick(one.key, one.label, one.missing, one.family) for one in menu),
            Pick(
                HUMAN,
                self._human_label(),
                "" if self.ratings.humans else "nobody rated a step",
                RATINGS,
            ),
            Pick(
                CHECKER,
                "Checkers",
                "" if self.ratings.checkers else "none rated a step",
                RATINGS,
            ),
        ]

    def default(self) -> str:
        """Return what the workbench would show."""
        return self.colorings.default()

    def column(self, key: str) -> Column:
        """Return the numbers of one choice.

        Raises:
            NotFoundError: there is no such choice.
        """
        if key in (HUMAN, CHECKER):
            return self._rated(key)
        found = self.colorings.coloring(key)
        source = key.partition("@")[2].partition(".")[0]
        return Column(
            key,
            found.label,
            found.values,
            found.scale.unit,
            found.scale.signed,
            _is_probability(found.scale),
            found.made_by,
            found.missing,
            whole_number(source) if source else None,
            found.notes,
            found.per_trace,
        )

    def _label(self, key: str) -> str:
        """Name a choice that the menu does not have: mostly a method with settings of its own."""
        settings = settings_of(key)
        label = self.column(key).label
        return label if settings == USUAL else f"{label} ({settings})"

    def _human_label(self) -> str:
        return "Human ratings" if self.access.may_review else "Ratings open to you"

    def _rated(self, key: str) -> Column:
        human = key == HUMAN
        label = self._human_label() if human else "Checkers"
        count = self.ratings.humans if human else self.ratings.checkers
        by = "by people and the source's labelers" if human else "by programs"
        return Column(
            key,
            label,
            self.ratings.human if human else self.ratings.checker,
            RATING_UNIT,
            signed=True,
            probability=False,
            made_by=f"{label} · mean of the ratings of a step · {count:,} rating{'' if count == 1 else 's'} {by}, without exams",
            missing="" if count else "Nobody rated a step here, or nothing that is open to you.",
        )

    def offset(self, column: Column, target: Target) -> float:
        """Return the level before the first step of a path: of a model the reward after the prompt."""
        model = self.colorings.models.get(column.model or 0)
        if model is None or column.additive or not target.path.ids or "." in column.key:
            return 0.0
        score = float(column.values[target.path.at[0]])
        if not np.isfinite(score) or column.unit == MAPPED:
            return 0.0
        return reward_before(step_id=target.path.ids[0], model=model, score=score)


def _is_probability(limits: Scale) -> bool:
    return not limits.signed and limits.neutral == 0.5 and (limits.low, limits.high) == (0.0, 1.0)


def comparable(first: Column, second: Column) -> tuple[Column, Column, str]:
    """Return both columns on one footing, and why their numbers cannot be subtracted ("" = they can).

    Beside a rating of −1 to +1 a probability p stands as 2p − 1, so that 0.5 says nothing, as 0 does.
    """
    if first.is_rating != second.is_rating:
        first, second = (_as_rating(column) for column in (first, second))
    if first.missing or second.missing:
        return first, second, first.missing or second.missing
    if first.unit != second.unit or first.additive != second.additive:
        words = f"{first.unit or 'no unit'} and {second.unit or 'no unit'}"
        return first, second, f"undefined because the two are in different units: {words}"
    return first, second, ""


def _as_rating(column: Column) -> Column:
    if not column.probability:
        return column
    return replace(
        column,
        values=2 * column.values - 1,
        per_trace=None,
        unit=RATING_UNIT,
        signed=True,
        probability=False,
        notes=(*column.notes, f"shown as {MAPPED}"),
    )


def told_apart(first: Column, second: Column) -> tuple[Column, Column]:
    """Return both with names that differ: of one method under two settings with those settings."""
    if first.key == second.key or first.label != second.label:
        return first, second
    named = (replace(one, label=f"{one.label} ({settings_of(one.key)})") for one in (first, second))
    return next(named), next(named)


def shared_scale(first: Column, second: Column) -> Scale:
    """Return one scale for both: symmetric about zero if either is signed."""
    columns = (first,) if first.key == second.key else (first, second)
    return scale(
        *(column.values[1:] for column in columns),
        signed=first.signed or second.signed,
        unit=first.unit if first.unit == second.unit else "two units",
        probability=first.probability and second.probability,
    )


def own_scale(column: Column) -> Scale:
    """Return the scale of one column over the whole tree, as the workbench has it."""
    return scale(
        column.values[1:],
        signed=column.signed,
        unit=column.unit,
        probability=column.probability,
    )
