"""What the tree can be coloured by, and the numbers for it with what made them.

How a choice is written stands in ``choices``. A method's inputs are read when it is chosen, no earlier.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from annotator.errors import NotFoundError
from annotator.queries.blindness import EVERYTHING
from annotator.queries.credit.choices import SEARCH_VALUE, Choice, Said, read_key, write_key
from annotator.queries.credit.colored import (
    Coloring,
    label_of,
    made_by,
    reads_scores,
    searched,
)
from annotator.queries.credit.opening import Opening, opening_of
from annotator.queries.credit.tree_inputs import TreeInputs, reason_missing
from annotator.queries.staleness import staleness
from annotator.queries.trees.columns import tree_columns
from annotator.queries.trees.paths import models_scoring
from scoring.credit.registry import FAMILIES, METHODS, assign
from scoring.errors import ScoringError
from scoring.heatmap import scale
from scoring.reward.scores import DEVIATION, NATS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from annotator.models import Problem
    from annotator.queries.blindness import Sight
    from annotator.queries.credit.choices import Wanted
    from annotator.queries.staleness import Staleness
    from annotator.queries.trees.columns import TreeColumns
    from scoring.credit.base import MethodRow
    from scoring.tree import Tree

DEFAULTS = ("tempo", "leaf_value")
SCORES = "prm_score"
"""The method that shows a model's scores as they are."""
OTHERS = "Search"
EXTREME = "infinite numbers are shown as missing"


class Colorings:
    """Colours one problem's tree; inputs are read once and only when needed."""

    def __init__(
        self, problem: Problem, sight: Sight = EVERYTHING, *, user_id: int | None = None
    ) -> None:
        """Keep whose tree, what the reader may see, and who they are: own labels are always open."""
        self.problem = problem
        self.sight = sight
        found = models_scoring(problem=problem) if sight.any_scores else []
        self.models = {model.pk: model for model in found}
        self._user_id = user_id
        self._columns: TreeColumns | None = None
        self._inputs: TreeInputs | None = None
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
    def inputs(self) -> TreeInputs:
        """What methods can be given."""
        if self._inputs is None:
            self._inputs = TreeInputs(
                self.problem,
                self.columns,
                self.sight,
                models=tuple(self.models.values()),
                user_id=self._user_id,
            )
        return self._inputs

    @property
    def tree(self) -> Tree:
        """Steps and traces with outcomes and search values, and nothing else."""
        return self.inputs.plain

    def choices(self) -> list[Choice]:
        """Return the menu: every method, with the models it can read, and the search's values."""
        family = {row.key: name for name, rows in FAMILIES.items() for row in rows}
        found = []
        for row, said in self._combinations(METHODS.values()):
            params, missing = self.ready(row, said)
            key = write_key(row, params, said)
            found.append(Choice(key, label_of(row, said), missing, family[row.key]))
        if np.isfinite(self.columns.value).any():
            found.append(Choice(SEARCH_VALUE, "Search value", family=OTHERS))
        return found

    @cached_property
    def opening(self) -> Opening:
        """What the problem opens with where an address names nothing, and why."""
        return opening_of(self)

    def default(self) -> str:
        """Return the key of what the problem opens with."""
        return self.opening.key

    def known_or_default(self, key: str) -> tuple[Coloring, str]:
        """Return the numbers that a URL asks for, or others and a sentence that says why.

        Raises:
            NotFoundError: there is no such method or parameter.
        """
        if not key:
            return self.coloring(self.default()), ""
        wanted = None if key == SEARCH_VALUE else read_key(key)
        if wanted is not None and wanted.model is not None and wanted.model not in self.models:
            instead = self._instead(wanted)
            gone = (
                f"Model {wanted.model}, which this link names, was deleted or has no scores here that "
                "are open to you."
            )
            return instead, f"{gone} Shown instead: {instead.label}."
        return self.coloring(key), ""

    def _has_model(self, wanted: Wanted) -> bool:
        if wanted.model is None:
            return True
        model = self.models.get(wanted.model)
        return model is not None and wanted.part <= len(model.parts)

    def _instead(self, wanted: Wanted) -> Coloring:
        """Return the same method by the newest model, else what is shown where nothing was chosen."""
        for model in self.models.values():
            found = self.coloring(write_key(wanted.row, wanted.params, Said(model, 0)))
            if not found.missing:
                return found
        return self.coloring(self.default())

    def coloring(self, key: str) -> Coloring:
        """Return the numbers of one choice.

        Raises:
            NotFoundError: there is no such method, parameter or value, or no such model here.
        """
        if key not in self._known:
            self._known[key] = self._computed(key)
        return self._known[key]

    def _computed(self, key: str) -> Coloring:
        if key == SEARCH_VALUE:
            return searched(self.columns.value)
        wanted = read_key(key)
        if not self._has_model(wanted):
            raise NotFoundError(
                f"Nothing here is called '{key[:80]}': the model has no scores of this problem that are "
                "open to you."
            )
        row = wanted.row
        said = None if wanted.model is None else Said(self.models[wanted.model], wanted.part)
        if said is None and "score" in row.needs_with(wanted.params) and self.models:
            said = Said(next(iter(self.models.values())), 0)  # the newest
        unit = said.unit if said is not None and said.part and row.parts else row.unit
        signed = row.signed or unit == NATS
        label = label_of(row, said)
        key = write_key(row, wanted.params, said)
        empty = Coloring(
            key,
            label,
            values := np.full(len(self.columns), np.nan),
            scale(values, signed=signed, unit=unit),
            "",
            source=row.source,
            row=row,
            params={param.name: param.default for param in row.params} | dict(wanted.params),
            said=said,
        )
        if missing := self.missing(row, said, wanted.params):
            return replace(
                empty, missing=f"{label} {missing}.", instead=self._with_what_is_there(row, said)
            )
        tree, notes = self.inputs.tree_for(row, wanted.params, said)
        try:
            result = assign(row.key, tree, **wanted.params)
        except ScoringError as error:
            return replace(empty, missing=str(error))
        unit = result.unit if unit == row.unit else unit
        values = np.where(np.isfinite(result.per_node), result.per_node, np.nan)
        infinite = int(np.isinf(result.per_node).sum())
        probability = row.probability and unit not in {DEVIATION, NATS}
        used = self.inputs.models_of(row, result.params)
        said_of = made_by(row, result, said, used, self.problem.project.primary_outcome)
        extreme = (f"{infinite:,} {EXTREME}",) if infinite else ()
        return replace(
            empty,
            values=values,
            scale=scale(values[1:], signed=signed, unit=unit, probability=probability),
            made_by=said_of,
            notes=(*result.notes, *notes, *extreme, *self._behind(said)),
            per_trace=result.per_trace,
            infinite=infinite,
            params=result.params,
            used=used,
            low=result.low,
            high=result.high,
        )

    def missing(
        self, row: MethodRow, said: Said | None, params: Mapping[str, Any] | None = None
    ) -> str:
        """Say what a method lacks here and how to get it, "" = nothing."""
        if len(self.columns) < 2:
            return ""
        needs = row.needs_with(params or {})
        lacking = [name for name in needs if not self.inputs.has(name, scored=said is not None)]
        return reason_missing(lacking, self.sight) if lacking else ""

    def ready(self, row: MethodRow, said: Said | None) -> tuple[dict[str, Any], str]:
        """Return settings under which a method has what it needs, the fewest changed; else what it lacks."""
        by_score = {one.param: one.value for one in row.also if "score" in one.needs}
        if said is not None and "score" not in row.needs:
            return by_score, self.missing(row, said, by_score)
        lacking = self.missing(row, said)
        if not lacking:
            return {}, ""
        choices = {param.name: param.choices for param in row.params}
        others = [{one.param: value} for one in row.also for value in choices[one.param]]
        return next(
            ((one, "") for one in others if not self.missing(row, said, one)), ({}, lacking)
        )

    def _with_what_is_there(self, row: MethodRow, said: Said | None) -> str:
        """Return the key of the method under settings for which nothing is lacking, "" = none."""
        params, lacking = self.ready(row, said)
        return "" if lacking else write_key(row, params, said)

    def _behind(self, said: Said | None) -> list[str]:
        """Return how far the model is behind its project, for whoever may know of others' work."""
        if said is None or self.sight is not EVERYTHING:
            return []
        self._stale = self._stale or staleness(models=self.models.values())
        return [one.words] if (one := self._stale.get(said.model.pk)) and one.words else []

    def plain_methods(self) -> Iterator[Coloring]:
        """Yield what costs little: the defaults, the search's values and every model's scores."""
        for key in DEFAULTS:
            yield self.coloring(key)
        if np.isfinite(self.columns.value).any():
            yield self.coloring(SEARCH_VALUE)
        yield from self.said_by_models()

    def said_by_models(self) -> Iterator[Coloring]:
        """Yield what each model says of the steps, as it says it."""
        for row, said in self._combinations((METHODS[SCORES],)):
            if said is not None:
                yield self.coloring(write_key(row, {}, said))

    def every_method(self) -> Iterator[Coloring]:
        """Yield the numbers of every method by every model it can read, and the search's values."""
        for row, said in self._combinations(METHODS.values()):
            params, missing = self.ready(row, said)
            if not missing:
                yield self.coloring(write_key(row, params, said))
        if np.isfinite(self.columns.value).any():
            yield self.coloring(SEARCH_VALUE)

    def sources(self, row: MethodRow) -> list[Said]:
        """Return what a method can read scores from: models, for some also what these say besides."""
        # Beside the score itself, what the model says besides; methods make nothing of it.
        return [
            Said(model, part)
            for model in self.models.values()
            for part in range(len(model.parts) + 1 if row.parts else 1)
        ]

    def _combinations(self, rows: Any) -> Iterator[tuple[MethodRow, Said | None]]:
        for row in rows:
            if "score" not in row.needs:
                yield row, None
            if reads_scores(row) and self.models:
                yield from ((row, said) for said in self.sources(row))
            elif "score" in row.needs:
                yield row, None
