"""Rankings, submissions, comments and final decisions of a ``tracewood`` line.

Shapes are checked here; whether a ranking names every item once is checked before it is stored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotator.importers.fields import (
    FieldError,
    array,
    check_depth,
    fail,
    finite,
    index,
    mapping,
    member,
    objects,
    optional_object,
    optional_text,
    text,
)
from annotator.importers.judgements import milliseconds_at, rater_at
from scoring.types import (
    ROOT,
    AdjudicationRecord,
    CommentRecord,
    RankingRecord,
    RaterRecord,
    SubmissionRecord,
    TreeRecord,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

_FIELDS = {
    "rankings": (
        "level", "parent", "criterion", "rater", "tiers", "aside", "failed", "shown", "scores",
        "note", "milliseconds", "meta",
    ),
    "submissions": ("trace", "rater", "reason", "note", "milliseconds"),
    "comments": (
        "kind", "text", "rater", "step", "trace", "answers", "created", "resolved", "resolution",
    ),
    "adjudications": (
        "step", "level", "first", "last", "parent", "criterion", "rater", "decision", "blind",
        "reason",
        "dissent", "agreeing",  # they follow from the labels and rankings of the line
    ),
}  # fmt: skip
_LEVELS = ("step", "branch", "trace")
_SPAN = "span"
_LISTS = ("aside", "failed", "shown")

Row = dict[str, Any]


def add_verdicts(tree: TreeRecord, record: Row, raters: Sequence[RaterRecord]) -> None:
    """Put what the line says beside its labels into ``tree``.

    Args:
        tree: its nodes and traces are known.
        record: the line.
        raters: of the line.

    Raises:
        FieldError: naming the field.
    """
    rows = {name: list(objects(record, name, known)) for name, known in _FIELDS.items()}
    reader = _Reader(tree, raters)
    tree.rankings = [reader.ranking(row, path) for row, path in rows["rankings"]]
    tree.submissions = [reader.submission(row, path) for row, path in rows["submissions"]]
    tree.comments = [
        reader.comment(row, path, at) for at, (row, path) in enumerate(rows["comments"])
    ]
    tree.adjudications = [reader.adjudication(row, path) for row, path in rows["adjudications"]]


class _Reader:
    def __init__(self, tree: TreeRecord, raters: Sequence[RaterRecord]) -> None:
        self._n_steps, self._n_traces = len(tree.nodes), len(tree.traces)
        self._raters = raters

    def ranking(self, row: Row, path: str) -> RankingRecord:
        level = self._level(row, path)
        return RankingRecord(
            level=level,
            rater=rater_at(row, path, self._raters),
            parent=self._parent(row, path),
            criterion=optional_text(row, "criterion", path),
            note=optional_text(row, "note", path),
            milliseconds=milliseconds_at(row, path),
            meta=optional_object(row, "meta", path),
            **{"tiers": [], **self._order(row, level, path)},
        )

    def submission(self, row: Row, path: str) -> SubmissionRecord:
        return SubmissionRecord(
            self._optional(row, "trace", path, self._n_traces),
            rater_at(row, path, self._raters),
            text(row, "reason", path),
            optional_text(row, "note", path),
            milliseconds_at(row, path),
        )

    def comment(self, row: Row, path: str, position: int) -> CommentRecord:
        return CommentRecord(
            kind=text(row, "kind", path),
            text=optional_text(row, "text", path),
            rater=rater_at(row, path, self._raters),
            node=self._optional(row, "step", path, self._n_steps),
            trace=self._optional(row, "trace", path, self._n_traces),
            answers=self._optional(row, "answers", path, position),
            created=optional_text(row, "created", path) or None,
            resolved=optional_text(row, "resolved", path) or None,
            resolution=optional_text(row, "resolution", path),
        )

    def adjudication(self, row: Row, path: str) -> AdjudicationRecord:
        node = self._optional(row, "step", path, self._n_steps)
        level = "" if node is not None else self._decided(row, path)
        if node is not None and row.get("level"):
            raise FieldError(f"field '{path}level' stands beside 'step': a decision is about one")
        return AdjudicationRecord(
            rater=rater_at(row, path, self._raters),
            decision=self._state(member(row, "decision", path), level, f"{path}decision."),
            reason=optional_text(row, "reason", path),
            node=node,
            run=self._run(row, path) if level == _SPAN else None,
            level=level,
            parent=self._parent(row, path),
            criterion=optional_text(row, "criterion", path),
            blind=None
            if row.get("blind") is None
            else self._state(row["blind"], level, f"{path}blind."),
        )

    def _state(self, value: object, level: str, path: str) -> Row:
        """Return the state of a decision, with the items of a ranking checked."""
        state = mapping(value, path[:-1])
        check_depth(state, path[:-1])
        ranked = level in _LEVELS
        return {**state, **self._order(state, level, path)} if ranked else dict(state)

    def _decided(self, row: Row, path: str) -> str:
        return _SPAN if row.get("level") == _SPAN else self._level(row, path)

    def _run(self, row: Row, path: str) -> tuple[int, int]:
        first, last = (
            index(member(row, name, path), path + name, 0, self._n_steps - 1)
            for name in ("first", "last")
        )
        return first, last

    def _order(self, row: Row, level: str, path: str) -> Row:
        """Return ``tiers``, ``aside``, ``failed``, ``shown`` and ``scores`` as far as they are there."""
        most = self._n_traces if level == "trace" else self._n_steps
        found: Row = {}
        if "tiers" in row:
            found["tiers"] = [
                _positions(tier, f"{path}tiers[{i}]", most)
                for i, tier in enumerate(array(row, "tiers", path))
            ]
        for name in _LISTS:
            if name in row:
                found[name] = _positions(row[name], path + name, most)
        if row.get("scores") is not None:
            found["scores"] = dict(
                _score(pair, f"{path}scores[{i}]", most)
                for i, pair in enumerate(array(row, "scores", path))
            )
        return found

    def _level(self, row: Row, path: str) -> str:
        level = text(row, "level", path)
        if level not in _LEVELS:
            fail(f"{path}level", " or ".join(_LEVELS), level)
        return level

    def _parent(self, row: Row, path: str) -> int:
        return index(row.get("parent", ROOT), f"{path}parent", ROOT, self._n_steps - 1)

    def _optional(self, row: Row, name: str, path: str, n: int) -> int | None:
        value = row.get(name)
        return None if value is None else index(value, path + name, 0, n - 1)


def _positions(value: object, path: str, n: int) -> list[int]:
    if not isinstance(value, list):
        fail(path, "an array of positions", value)
    return [index(item, f"{path}[{i}]", 0, n - 1) for i, item in enumerate(value)]


def _score(value: object, path: str, n: int) -> tuple[int, float]:
    if not isinstance(value, list) or len(value) != 2:
        fail(path, "a position and a number", value)
    return index(value[0], f"{path}[0]", 0, n - 1), finite(value[1], f"{path}[1]")
