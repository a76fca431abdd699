"""Rows of a file about traces that another file brought, found by format and key."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from annotator.services.imports.texts import RecordRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from django.db.backends.utils import CursorWrapper

    from annotator.services.imports.report import Counts

TraceName = tuple[str, str]
"""Format and key."""
_CORRECT = "correct"
_Row = TypeVar("_Row")


@dataclass(slots=True)
class RowsWritten(Generic[_Row]):
    """What a batch of rows did; ``refused`` and ``warnings`` say which row and why."""

    counts: Counts
    refused: list[tuple[_Row, str]]
    warnings: list[tuple[_Row, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class NamedTrace:
    """A trace that a row may mean.

    Attributes:
        n_steps: the length of its path.
        correct: its outcome of that name, None where it is not known.
    """

    id: int
    problem_id: int
    n_steps: int
    correct: float | None


def traces_named(
    cursor: CursorWrapper, project_id: int, names: Iterable[TraceName]
) -> Mapping[TraceName, Sequence[NamedTrace]]:
    """Return the project's traces of each name, oldest first; one query for each format."""
    keys: dict[str, set[str]] = defaultdict(set)
    for trace_format, key in names:
        keys[trace_format].add(key)
    found: dict[TraceName, list[NamedTrace]] = defaultdict(list)
    for trace_format, wanted in keys.items():
        cursor.execute(
            """
            SELECT trace.key, trace.id, trace.problem_id, step.depth, outcome.value
            FROM annotator_sourcerecord AS record
            JOIN annotator_trace AS trace ON trace.source_id = record.id
            JOIN annotator_step AS step ON step.id = trace.end_id
            LEFT JOIN annotator_outcome AS outcome
                      ON outcome.trace_id = trace.id AND outcome.name = %s
            WHERE record.project_id = %s AND record.format = %s AND trace.key = ANY(%s)
            ORDER BY trace.id
            """,
            [_CORRECT, project_id, trace_format, list(wanted)],
        )
        for key, *trace in cursor.fetchall():
            found[trace_format, key].append(NamedTrace(*trace))
    return found


def shown(name: TraceName) -> str:
    """Return a name as sentences have it."""
    trace_format, key = name
    return f"'{key}' ({trace_format})"


def there(
    traces: Mapping[TraceName, Sequence[NamedTrace]], name: TraceName, bring: str
) -> Sequence[NamedTrace]:
    """Return the traces of a name, at least one.

    Raises:
        RecordRefusedError: there is none; ``bring`` says what to import before.
    """
    found = traces.get(name)
    if not found:
        raise RecordRefusedError(
            f"no trace {shown(name)} in this project: import the {bring} first"
        )
    return found


def only(found: Sequence[NamedTrace], name: TraceName) -> NamedTrace:
    """Return the one trace of ``found``.

    Raises:
        RecordRefusedError: there are more.
    """
    if len(found) > 1:
        raise RecordRefusedError(
            f"{len(found)} traces of this project are called {shown(name)}: put them into projects "
            "of their own"
        )
    return found[0]
