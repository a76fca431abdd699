"""What credit methods read of a tree besides its shape: each column only when a method names it.

Three sources, in this order: columns of a step (``state``, ``level``, …), what people said (``label``),
and the source's own fields in ``meta``: those of a step stand at the step, those of a trace at its end,
those of the problem at the root. What a source wrote may repeat a verdict, so its fields are as open
to a reader as labels are.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from django.db import connection
from django.db.models import F
from django.db.models.fields.json import KeyTransform

from annotator.models import Problem, Step, Trace
from annotator.queries.agreement.asides import COUNTS, EXAMINED
from annotator.queries.packed import packed_columns
from annotator.queries.trees.columns import positions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from annotator.queries.blindness import Sight
    from scoring.tree import FloatArray, IntArray

# Columns of a step by the name that methods use, and what stands for "none".
WRITTEN: dict[str, tuple[str, str | None]] = {
    "text": ("text", ""),
    "kind": ("kind", ""),
    "state": ("state_before", None),
    "state_after": ("state_after", None),
    "level": ("level", ""),
    "agent": ("agent", ""),
    "n_tokens": ("n_tokens", None),
}
# Columns that every step has, so that nothing is lacking where a method names them.
ALWAYS = frozenset({"text", "kind"})
LABEL = "label"
RETRY_OF = "retry_of"  # names another trace: by its key in a source, by the id of its end in a tree
NOBODY = 0
UNDECIDED = 2  # a final decision that the step has no rating
PRESENT = """
SELECT bool_or(state_before IS NOT NULL), bool_or(state_after IS NOT NULL), bool_or(level <> ''),
       bool_or(agent <> ''), bool_or(n_tokens IS NOT NULL)
FROM annotator_step WHERE problem_id = %(problem)s
"""
MAYBE = ("state", "state_after", "level", "agent", "n_tokens")
FIELDS = """
SELECT DISTINCT k FROM annotator_step s CROSS JOIN LATERAL jsonb_object_keys(s.meta) k
WHERE s.problem_id = %(problem)s AND jsonb_typeof(s.meta) = 'object'
UNION
SELECT DISTINCT k FROM annotator_trace t CROSS JOIN LATERAL jsonb_object_keys(t.meta) k
WHERE t.problem_id = %(problem)s AND jsonb_typeof(t.meta) = 'object'
UNION
SELECT k FROM annotator_problem p CROSS JOIN LATERAL jsonb_object_keys(p.meta) k
WHERE p.id = %(problem)s AND jsonb_typeof(p.meta) = 'object'
"""
# What people and the source's labelers said; a person who rated a step outvotes labelers of it, and
# a final decision outvotes everybody. Exam answers test a person, not the step.
SAID = f"""
WITH aside AS MATERIALIZED ({EXAMINED})
SELECT l.step_id, l.rating, CASE WHEN r.kind = 'person' THEN 1 ELSE 0 END AS level,
       (r.user_id IS NOT DISTINCT FROM %(user)s)::int AS mine
FROM annotator_steplabel l
JOIN annotator_step s ON s.id = l.step_id AND s.problem_id = %(problem)s
JOIN annotator_rater r ON r.id = l.rater_id AND r.project_id = %(project)s
WHERE l.rating IS NOT NULL AND r.kind IN ('person', 'imported') AND {COUNTS}
UNION ALL
SELECT a.step_id, coalesce((a.decision ->> 'rating')::int, 2), 2, 0
FROM annotator_adjudication a
WHERE a.problem_id = %(problem)s AND a.step_id IS NOT NULL AND a.level = ''
"""  # noqa: S608 - own text


class StoredInputs:
    """The named inputs of one problem's tree, as one reader may have them; read when asked for.

    Args:
        problem: whose tree.
        ids: ``(N,)`` of its nodes, 0 for the problem.
        sight: what the reader may see.
        user_id: the reader, whose own labels are always open to them; None = nobody's.
    """

    def __init__(
        self, *, problem: Problem, ids: IntArray, sight: Sight, user_id: int | None = None
    ) -> None:
        self.problem = problem
        self.ids = ids
        self.sight = sight
        self.user_id = user_id
        self._fields: dict[str, tuple[list[Any], int]] = {}

    @cached_property
    def columns(self) -> frozenset[str]:
        """Names of the columns of steps that some step has something in."""
        with connection.cursor() as cursor:
            cursor.execute(PRESENT, {"problem": self.problem.pk})
            found = cursor.fetchone() or ()
        there = {name for name, present in zip(MAYBE, found, strict=True) if present}
        return ALWAYS | there

    @cached_property
    def fields(self) -> frozenset[str]:
        """Names of the source's own fields somewhere in the problem, where the reader may see any."""
        if self.sight.labels is not None and not self.sight.labels:
            return frozenset()
        with connection.cursor() as cursor:
            cursor.execute(FIELDS, {"problem": self.problem.pk})
            return frozenset(name for (name,) in cursor.fetchall())

    @cached_property
    def label(self) -> FloatArray:
        """``(N,)`` ratings −1, 0 or 1 that most people gave, NaN = none or a tie."""
        step_ids, rating, level, mine = packed_columns(
            SAID,
            {
                "problem": self.problem.pk,
                "project": self.problem.project_id,
                "user": self.user_id or NOBODY,
            },
            step_id="int",
            rating="int",
            level="int",
            mine="int",
        )
        at = positions(self.ids, step_ids)
        if self.sight.labels is not None:
            given = (level == 0) & self.sight.labelled(self.ids)[at]
            at, rating, level = (column[(mine > 0) | given] for column in (at, rating, level))
        return majority(at, rating, level, len(self.ids))

    def has(self, name: str) -> bool:
        """Say whether the reader can have an input of this name for at least one node."""
        if name == LABEL:
            return bool(np.isfinite(self.label).any())
        return name in self.columns or name in self.fields

    def written(self, names: Iterable[str]) -> dict[str, list[Any]]:
        """Return columns of steps by name, each ``(N,)``, the problem first."""
        wanted = [name for name in names if name in WRITTEN]
        if not wanted:
            return {}
        rows = Step.objects.filter(problem=self.problem).order_by("preorder")
        cells = list(rows.values_list(*(WRITTEN[name][0] for name in wanted)))
        columns = zip(*cells, strict=True) if cells else ((),) * len(wanted)
        found = {
            name: [WRITTEN[name][1], *column] for name, column in zip(wanted, columns, strict=True)
        }
        if "text" in found:
            found["text"][0] = self.problem.prompt
        return found

    def field(self, name: str) -> tuple[list[Any], int]:
        """Return the source's field ``name`` as ``(N,)`` values, None = missing.

        Returns:
            The column, and how many traces had another value than the first that ends where they do.
        """
        if name not in self._fields:
            self._fields[name] = self._read(name)
        return self._fields[name]

    def _read(self, name: str) -> tuple[list[Any], int]:
        key = KeyTransform(name, "meta")
        column: list[Any] = [None] * len(self.ids)
        ends_by_key = self._ends_by_key() if name == RETRY_OF else {}
        everywhere = self.sight.labels is None
        if everywhere and isinstance(self.problem.meta, dict):
            column[0] = self.problem.meta.get(name)
        steps = Step.objects.filter(problem=self.problem, meta__has_key=name)
        traces = Trace.objects.filter(problem=self.problem, meta__has_key=name)
        own = steps.annotate(found=key).values_list("pk", "preorder", "found")
        ends = traces.annotate(found=key, at=F("end__preorder")).order_by("ordinal")
        for pk, at, value in own:
            if self.sight.sees_labels(pk):
                column[at] = value
        others = 0
        filled = set()
        for pk, at, written in ends.values_list("end_id", "at", "found"):
            if not self.sight.sees_labels(pk):
                continue
            value = ends_by_key.get(written, written) if isinstance(written, str) else written
            if at in filled:
                others += value != column[at]
            else:
                filled.add(at)
                column[at] = value
        return column, others

    def _ends_by_key(self) -> dict[str, int]:
        """Return where the traces end by the keys that their source calls them."""
        rows = Trace.objects.filter(problem=self.problem).exclude(key="")
        return dict(rows.values_list("key", "end_id"))


def majority(at: IntArray, rating: IntArray, level: IntArray, size: int) -> FloatArray:
    """Return ``(size,)`` the rating that most of the highest level gave each position.

    Args:
        at: ``(R,)`` positions.
        rating: ``(R,)`` −1, 0, 1 or ``UNDECIDED``.
        level: ``(R,)``; at each position only the highest votes.
        size: N.

    A tie is NaN, as is a position that nobody rated.
    """
    highest = np.full(size, -1, np.int64)
    np.maximum.at(highest, at, level)
    votes = level == highest[at]
    counts = np.zeros((size, UNDECIDED + 2))
    np.add.at(counts, (at[votes], rating[votes] + 1), 1)
    most = counts.max(axis=1)
    clear = (counts == most[:, None]).sum(axis=1) == 1
    said = counts.argmax(axis=1) - 1.0
    return np.where((most > 0) & clear & (said < UNDECIDED), said, np.nan)
