"""What methods are given of one problem's tree: the columns that they name, and what is lacking in words."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from annotator.queries.credit.stored import LABEL, WRITTEN, StoredInputs
from annotator.queries.trees.columns import score_column, tree_of
from scoring.credit.inputs import INPUTS
from scoring.reward.scores import NATS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from annotator.models import Problem, RewardModel
    from annotator.queries.blindness import Sight
    from annotator.queries.credit.choices import Said
    from annotator.queries.trees.columns import TreeColumns
    from scoring.credit.base import MethodRow
    from scoring.tree import FloatArray, Tree

SCORE, SCORES = "score", "scores"
PLAIN = frozenset({"outcome", "value", "visits"})
# Inputs without a word of the steps: what needs nothing else is given no texts, which are most of a tree.
WORDLESS = PLAIN | {SCORE, SCORES, LABEL, "step_reward", "budget_scores", "retry_of", "plan_id"}
TEXTS = ("text", "kind", "n_tokens")
FIRST_ERROR = "first_error"
LOG_RATIO = ("logp", "logp_ref")
IMPLICIT = "implicit_prm"
BETA = 0.05
WORDS = {
    "outcome": "outcomes",
    "score": "step scores",
    "scores": "scores by several models",
    "state": "environment states",
    "level": "steps marked as plan or execute",
    "agent": "the agent of each step",
    "value": "search values",
    "visits": "visit counts",
    "label": "human labels",
}
WAYS = {
    "scores": "score the project with two models or more",
    "label": "rate steps, or import labels",
    "first_error": "rate steps from the first on, or import records with a field 'first_error'",
    "logp": "import records with 'logp', or score the project with a model of the kind implicit_prm",
    "logp_ref": "import records with 'logp_ref', or score the project with a model of the kind implicit_prm",
}


class TreeInputs:
    """The columns of one problem's tree as one reader may have them.

    Args:
        problem: whose tree.
        columns: its shape, with what the reader may not see left out.
        sight: what the reader may see.
        models: that have scores here which the reader may see some of, newest first.
        user_id: the reader, None = nobody in particular.
    """

    def __init__(
        self,
        problem: Problem,
        columns: TreeColumns,
        sight: Sight,
        *,
        models: tuple[RewardModel, ...],
        user_id: int | None,
    ) -> None:
        self.problem = problem
        self.columns = columns
        self.sight = sight
        self.models = models
        self.stored = StoredInputs(problem=problem, ids=columns.ids, sight=sight, user_id=user_id)
        self._scores: dict[tuple[int, int], FloatArray] = {}

    @cached_property
    def plain(self) -> Tree:
        """The shape with outcomes and search values."""
        return tree_of(problem=self.problem, columns=self.columns, with_text=False)

    def has(self, name: str, *, scored: bool) -> bool:
        """Say whether there is an input; ``scored``: a model's scores are chosen."""
        if name == SCORE:
            return scored
        if name in PLAIN:
            return name in self.plain.given
        if self.stored.has(name):
            return True
        if name == FIRST_ERROR:
            return self.stored.has(LABEL)
        if name in LOG_RATIO:
            return self.implicit is not None
        return name == SCORES and len(self.models) > 1

    @cached_property
    def implicit(self) -> RewardModel | None:
        """The newest model that is a log-ratio of two, None where none has scored here."""
        found = (model for model in self.models if model.kind == IMPLICIT and model.parts)
        return next((model for model in found if model.parts[0][1] == NATS), None)

    def models_of(self, row: MethodRow, params: Mapping[str, Any]) -> tuple[str, ...]:
        """Name the models besides the chosen one whose numbers a method reads, oldest first."""
        needs = set(row.needs_with(params)) - self.stored.fields
        if SCORES in needs:
            return tuple(str(model) for model in self._in_order())
        if needs & set(LOG_RATIO) and self.implicit is not None:
            return (str(self.implicit),)
        return ()

    def scores(self, model: RewardModel, part: int = 0) -> FloatArray:
        """Return ``(N,)`` what a model says of the steps, as far as the reader may see it."""
        key = (model.pk, part)
        if key not in self._scores:
            ids = self.columns.ids
            found = score_column(problem=self.problem, model=model, ids=ids, part=part)
            self._scores[key] = self.sight.scored(ids, found)
        return self._scores[key]

    def tree_for(
        self, row: MethodRow, params: Mapping[str, Any], said: Said | None
    ) -> tuple[Tree, list[str]]:
        """Return the tree with what a method reads, and what the legend must say of it."""
        names = self._names(row, params)
        found: dict[str, Any] = {}
        extra: dict[str, Any] = {}
        notes: list[str] = []
        if said is not None:
            found[SCORE], said_so = self._fitting(row, self.scores(said.model, said.part))
            notes += said_so
        written = self.stored.written(names)
        for name, column in written.items():
            (found if name in COLUMNS else extra)[name] = column
        for name in sorted(set(names) - set(written) - PLAIN - {SCORE}):
            if name == LABEL:
                extra[name] = _cells(self.stored.label)
            elif name in self.stored.fields:
                extra[name], others = self.stored.field(name)
                if others:
                    notes.append(
                        f"of traces with one end the first one's '{name}' counts, {others:,} others do not"
                    )
            elif name in self.makers and self.has(name, scored=False):
                extra[name], said_so = self.makers[name]()
                notes += said_so
        return self._with(found, extra), notes

    def _names(self, row: MethodRow, params: Mapping[str, Any]) -> set[str]:
        names = set(row.needs_with(params)) - {SCORE}
        for param in row.params:
            value = params.get(param.name, param.default)
            if param.word and isinstance(value, str):
                names.add(value)
        wanted = names if names <= WORDLESS else names | set(TEXTS)
        return {name for name in wanted if name not in WRITTEN or self.stored.has(name)}

    def _with(self, found: Mapping[str, Any], extra: Mapping[str, Any]) -> Tree:
        plain = self.plain
        if not found and not extra:
            return plain
        n = len(plain)
        columns = {name: _column(name, column, n) for name, column in found.items()}
        more = {name: np.fromiter(column, object, count=n) for name, column in extra.items()}
        given = plain.given | (columns.keys() - {"text"}) | more.keys()
        return replace(plain, **columns, extra={**plain.extra, **more}, given=frozenset(given))

    def _in_order(self) -> list[RewardModel]:
        return sorted(self.models, key=lambda model: model.pk)

    @cached_property
    def makers(self) -> dict[str, Callable[[], tuple[list[Any], list[str]]]]:
        """What stands in for inputs that the source does not have, by name."""
        return {
            SCORES: self._several,
            FIRST_ERROR: self._first_errors,
            LOG_RATIO[0]: self._log_ratios,
            LOG_RATIO[1]: lambda: ([0.0] * len(self.plain), []),
        }

    def _several(self) -> tuple[list[Any], list[str]]:
        """Return the scores of all models by node, NaN where one has none."""
        columns = np.array([self.scores(model) for model in self._in_order()])  # (models, N)
        some = np.isfinite(columns).any(axis=0).tolist()
        cells = zip(columns.T.tolist(), some, strict=True)
        return [row if known else None for row, known in cells], []

    def _log_ratios(self) -> tuple[list[Any], list[str]]:
        """Return the log-ratio of each step as its implicit reward over β."""
        if self.implicit is None:
            return [None] * len(self.plain), []
        beta = float(self.implicit.config.get("beta", BETA)) or BETA
        reward = self.scores(self.implicit, part=1)
        note = (
            f"log-ratios from {self.implicit}: its {self.implicit.parts[0][0]} over its β {beta:g}"
        )
        return _cells(reward / beta), [note]

    def _first_errors(self) -> tuple[list[Any], list[str]]:
        """Return at each end the id of the first step rated −1, False where all are rated better."""
        tree, label = self.plain, self.stored.label
        cells: list[Any] = [None] * len(tree)
        for end in np.unique(tree.ends).tolist():
            path = tree.path(end)
            wrong = path[label[path] < 0]
            if len(wrong) and np.isfinite(label[path[path < wrong[0]]]).all():
                cells[end] = tree.ids[wrong[0]]
            elif not len(wrong) and np.isfinite(label[path]).all():
                cells[end] = False
        return cells, [
            "the first error is the first step that people rated −1, all before it rated"
        ]

    def _fitting(self, row: MethodRow, scores: FloatArray) -> tuple[FloatArray, list[str]]:
        """Return scores as a method wants them, and a note where they were mapped."""
        known = scores[np.isfinite(scores)]
        if not row.signed_scores or not known.size or known.min() < 0 or known.max() > 1:
            return scores, []
        return 2 * scores - 1, ["scores p from 0 to 1 are read as 2p − 1"]


COLUMNS = frozenset({"text", "state", "level", "agent", "n_tokens", "score"})
"""Names that are columns of every tree; all others are extra."""
FLOATS = frozenset({"n_tokens", "score"})


def _column(name: str, column: Any, n: int) -> Any:
    if name in FLOATS:
        return np.array([np.nan if cell is None else cell for cell in column], np.float64)
    return np.fromiter(column, object, count=n)


def _cells(values: FloatArray) -> list[float | None]:
    return [None if np.isnan(value) else value for value in values.tolist()]


def reason_missing(lacking: Iterable[str], sight: Sight) -> str:
    """Say what a method lacks and how to get it, for "… <method> needs …"."""
    names = list(lacking)
    words = " and ".join(WORDS.get(name, f"the field {name}") for name in names)
    ways = list(dict.fromkeys(_way(name) for name in names))
    if sight.labels is not None and any(_is_field(name) for name in names):
        ways.append("what a source says of steps opens to you with their labels")
    return f"needs {words}: {'; '.join(ways)}"


def _way(name: str) -> str:
    return WAYS.get(name) or INPUTS.get(name) or f"import records with a field '{name}'"


def _is_field(name: str) -> bool:
    return name not in PLAIN | WRITTEN.keys() | WAYS.keys() | {SCORE}
