"""What the tree can be coloured by, and the numbers for it with what made them.

A choice is written ``method``, ``method@model`` for methods that read a model's step scores,
``method@model.3`` for the third number that the model says beside the score, or ``value`` for the values
a search wrote into the tree.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from annotator.errors import NotFoundError
from annotator.numbers import whole_number
from annotator.queries.blindness import EVERYTHING
from annotator.queries.staleness import staleness
from annotator.queries.trees.columns import WORDS, TreeColumns, score_column, tree_columns, tree_of
from annotator.queries.trees.paths import models_scoring
from scoring.credit.registry import METHODS, assign
from scoring.errors import ScoringError
from scoring.heatmap import Scale, number_text, scale
from scoring.reward.scores import DEVIATION, NATS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from annotator.models import Problem, RewardModel
    from annotator.queries.blindness import Sight
    from annotator.queries.staleness import Staleness
    from scoring.credit.base import CreditResult, MethodRow
    from scoring.tree import FloatArray, Tree

SEARCH_VALUE = "value"
DEFAULTS = ("tempo", "leaf_value")


@dataclass(frozen=True, slots=True)
class Choice:
    """A line of the *Colour by* menu; ``missing`` says what a method lacks here, "" = usable."""

    key: str
    label: str
    missing: str = ""


@dataclass(frozen=True, eq=False, slots=True)
class Coloring:
    """Numbers for every node, and what the legend must say of them.

    Attributes:
        values: ``(N,)`` float64, NaN = no value.
        scale: limits of the colours: symmetric about zero if signed, fixed for probabilities.
        made_by: the provenance line.
        source: where the formula was published.
        missing: why there are no numbers, "" = there are.
    """

    key: str
    label: str
    values: FloatArray
    scale: Scale
    made_by: str
    notes: tuple[str, ...] = ()
    missing: str = ""
    source: str = ""

    @property
    def caption(self) -> str:
        """The line below the legend: unit, what the colours hide, and the method's notes."""
        if self.missing:
            return self.missing
        parts = [self.scale.unit or "no unit"]
        if self.scale.two_sided and self.scale.neutral:
            parts.append(f"{number_text(self.scale.neutral, signed=False)} neutral")
        if self.scale.clipped:
            parts.append(f"{self.scale.clipped:,} off the scale")
        if self.scale.missing:
            parts.append(f"{self.scale.missing:,} without a number")
        return " · ".join([*parts, *self.notes])

    @property
    def explained(self) -> str:
        """The same in full sentences, for whoever points at the line."""
        if self.missing:
            return self.missing
        limits = self.scale
        low, high = (number_text(end, signed=limits.signed) for end in (limits.low, limits.high))
        parts = [f"The colours run from {low} to {high}, {limits.unit or 'no unit'}."]
        if limits.two_sided and limits.neutral:
            neutral = number_text(limits.neutral, signed=False)
            parts.append(f"They are the same on every problem; {neutral} has none.")
        if limits.clipped:
            parts.append(
                f"Of {limits.count:,} numbers {limits.clipped:,} beyond these limits show the end "
                "colours, so that a few extremes do not wash out the rest."
            )
        if limits.missing:
            steps = "1 step has" if limits.missing == 1 else f"{limits.missing:,} steps have"
            parts.append(
                f"{steps} no number and no colour: no trace with a known outcome passes there, "
                "or the source gives none."
            )
        return " ".join([*parts, *self.notes])


class Colorings:
    """Colours one problem's tree; the shape and the traces are read once and only when needed."""

    def __init__(self, problem: Problem, sight: Sight = EVERYTHING) -> None:
        self.problem = problem
        self.sight = sight
        found = models_scoring(problem=problem) if sight.any_scores else []
        self.models = {model.pk: model for model in found}
        self._columns: TreeColumns | None = None
        self._tree: Tree | None = None
        self._known: dict[str, Coloring] = {}
        self._stale: dict[int, Staleness] = {}

    @property
    def columns(self) -> TreeColumns:
        """The shape of the tree; search values only where the reader may see scores."""
        if self._columns is None:
            found = tree_columns(problem=self.problem)
            self._columns = replace(
                found,
                value=self.sight.scored(found.ids, found.value),
                visits=self.sight.scored(found.ids, found.visits),
            )
        return self._columns

    @property
    def tree(self) -> Tree:
        """Steps and traces; words such as agents only where a registered method reads them."""
        if self._tree is None:
            words = any(not WORDS.isdisjoint(row.needs) for row in METHODS.values())
            self._tree = tree_of(problem=self.problem, columns=self.columns, with_text=words)
        return self._tree

    def choices(self) -> list[Choice]:
        """Return the menu: every method, with the models it can read, and the search's values."""
        found = [
            Choice(_key(row, said), _label(row, said), self._missing(row, said))
            for row, said in self._combinations()
        ]
        if np.isfinite(self.columns.value).any():
            found.append(Choice(SEARCH_VALUE, "Search value"))
        return found

    def default(self) -> str:
        """Return the first choice that tells most steps apart: TEMPO, leaf value, values, scores.

        A search prunes most branches before any trace ends there; its own values then say more.
        """
        usable = [choice.key for choice in self.choices() if not choice.missing]
        ordered = [key for key in (*DEFAULTS, SEARCH_VALUE, *usable) if key in usable]
        full = (key for key in ordered if self._covers_most(key))
        return next(full, next(iter(ordered), DEFAULTS[0]))

    def _covers_most(self, key: str) -> bool:
        limits = self.coloring(key).scale
        return limits.count > limits.missing and not limits.flat

    def coloring(self, key: str) -> Coloring:
        """Return the numbers of one choice.

        Raises:
            NotFoundError: there is no such method, or no such model here.
        """
        if key not in self._known:
            self._known[key] = self._computed(key)
        return self._known[key]

    def _computed(self, key: str) -> Coloring:
        if key == SEARCH_VALUE:
            return self._search_value()
        row, said = self._parse(key)
        unit = said.unit if said is not None and said.part and row.probability else row.unit
        signed = row.signed or unit == NATS
        try:
            result = assign(row.key, self._with_scores(said))
        except ScoringError as error:
            empty = np.full(len(self.columns), np.nan)
            limits = scale(empty, signed=signed, unit=unit)
            return Coloring(key, _label(row, said), empty, limits, "", missing=str(error))
        return Coloring(
            key=key,
            label=_label(row, said),
            values=result.per_node,
            scale=scale(
                result.per_node[1:],
                signed=signed,
                unit=unit,
                probability=row.probability and unit not in {DEVIATION, NATS},
            ),
            made_by=_made_by(row, result, said, self.problem.project.primary_outcome),
            source=row.source,
            notes=(*result.notes, *self._behind(said)),
        )

    def _behind(self, said: _Said | None) -> list[str]:
        """Return how far the model is behind its project, for whoever may know of others' work."""
        if said is None or self.sight is not EVERYTHING:
            return []
        self._stale = self._stale or staleness(models=self.models.values())
        return [one.words] if (one := self._stale.get(said.model.pk)) and one.words else []

    def every_method(self) -> Iterator[Coloring]:
        """Yield the numbers of every method by every model it can read, and the search's values."""
        for row, said in self._combinations():
            yield self.coloring(_key(row, said))
        if np.isfinite(self.columns.value).any():
            yield self.coloring(SEARCH_VALUE)

    def _combinations(self) -> Iterator[tuple[MethodRow, _Said | None]]:
        for row in METHODS.values():
            if "score" in row.needs and self.models:
                for model in self.models.values():
                    # Beside the score itself, what the model says besides; methods make nothing of it.
                    parts = range(len(model.parts) + 1 if row.probability else 1)
                    yield from ((row, _Said(model, part)) for part in parts)
            else:
                yield row, None

    def _missing(self, row: MethodRow, said: _Said | None) -> str:
        given = self.tree.given | ({"score"} if said else set())
        lacking = [name for name in row.needs if name not in given]
        return f"needs {', '.join(lacking)}" if lacking and len(self.columns) > 1 else ""

    def _parse(self, key: str) -> tuple[MethodRow, _Said | None]:
        method, _, source = key.partition("@")
        number, point, place = source.partition(".")
        row = METHODS.get(method)
        model = self.models.get(whole_number(number) or 0)
        part = whole_number(place) if point else 0
        known_part = model is not None and part is not None and part <= len(model.parts)
        if row is None or (source and not known_part):
            known = ", ".join((*METHODS, SEARCH_VALUE))
            raise NotFoundError(
                f"Nothing here is called '{key}'; known: {known}, and method@model for step scores."
            )
        return row, None if model is None else _Said(model, part or 0)

    def _with_scores(self, said: _Said | None) -> Tree:
        if said is None:
            return self.tree
        ids = self.columns.ids
        scores = score_column(problem=self.problem, model=said.model, ids=ids, part=said.part)
        scores = self.sight.scored(ids, scores)
        return replace(self.tree, score=scores, given=self.tree.given | {"score"})

    def _search_value(self) -> Coloring:
        values = self.columns.value
        signed = bool((values < 0).any())
        return Coloring(
            key=SEARCH_VALUE,
            label="Search value",
            values=values,
            scale=scale(values[1:], signed=signed, unit="as imported"),
            made_by=f"search values · {int(np.isfinite(values).sum()):,} steps · as imported",
            missing="" if np.isfinite(values).any() else "The source has no search values.",
        )


class _Said(NamedTuple):
    """What a model says of steps: its score (part 0), or the part of that number beside it."""

    model: RewardModel
    part: int

    @property
    def unit(self) -> str:
        return str(self.model.parts[self.part - 1][1])

    def __str__(self) -> str:
        part = f" · {self.model.parts[self.part - 1][0]}" if self.part else ""
        return f"{self.model}{part}"


def _key(row: MethodRow, said: _Said | None) -> str:
    part = f".{said.part}" if said is not None and said.part else ""
    return row.key if said is None else f"{row.key}@{said.model.pk}{part}"


def _label(row: MethodRow, said: _Said | None) -> str:
    return f"{row.label} · {said}" if said is not None else row.label


def _made_by(row: MethodRow, result: CreditResult, said: _Said | None, outcome: str) -> str:
    """Say what made the numbers: method, version, all parameters, data, model, how it is known."""
    parts = [f"{row.label} {result.version}"]
    parts += [f"{name} {value}" for name, value in result.params.items()]
    if "outcome" in row.needs:
        number = f"{result.n_outcomes:,} outcome{'' if result.n_outcomes == 1 else 's'}"
        parts.append(f"{number} called {outcome}")
    if said is not None:
        parts.append(str(said))
    return " · ".join([*parts, "computed now", row.known_from])
