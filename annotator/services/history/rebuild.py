"""Rebuild the current rows of judgements from their events, and say where the two differed.

Works problem by problem, so memory is bounded by one problem's judgements.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.db import models, transaction

from annotator.models import (
    Alternative,
    ErrorType,
    GuidelineVersion,
    JudgementEvent,
    Outcome,
    Problem,
    Project,
    Ranking,
    SpanLabel,
    StepLabel,
    Submission,
)
from annotator.services.history.layout import (
    ALTERNATIVE_DEFAULTS,
    LABEL_DEFAULTS,
    OUTCOME_DEFAULTS,
    RANKING_DEFAULTS,
    SPAN_DEFAULTS,
    SUBMISSION_DEFAULTS,
    Row,
    State,
)
from annotator.services.history.shared_rows import DECISIONS, RESOLUTIONS, SharedRows

Kind = JudgementEvent.Kind
Key = tuple[Hashable, ...]
Rows = dict[Key, State]


@dataclass(frozen=True, slots=True)
class Table:
    """How one kind of row is rebuilt.

    Attributes:
        model: the projection's table.
        rows: name of its list in import events.
        key: columns that identify a row, besides its source.
        problem: lookup from the table to the problem.
        defaults: the state's fields and the values that import rows leave out.
        has_source: rows belong to the source record that brought them.
        has_event: rows name the event they come from.
    """

    model: type[models.Model]
    rows: str
    key: tuple[str, ...]
    problem: str
    defaults: State
    has_source: bool = True
    has_event: bool = True


def _shared(rows: SharedRows, name: str) -> Table:
    """Return how rows are rebuilt of which who wrote them is no part of the key."""
    defaults = {**rows.defaults, "rater": None}
    return Table(rows.model, name, rows.key, "problem", defaults, has_source=False)


TABLES: dict[str, Table] = {
    Kind.STEP_LABEL: Table(StepLabel, "labels", ("step", "rater"), "step__problem", LABEL_DEFAULTS),
    Kind.SPAN_LABEL: Table(
        SpanLabel, "spans", ("first", "last", "rater"), "first__problem", SPAN_DEFAULTS
    ),
    Kind.ALTERNATIVE: Table(
        Alternative,
        "alternatives",
        ("parent", "replaces", "rater"),
        "problem",
        ALTERNATIVE_DEFAULTS,
    ),
    Kind.OUTCOME: Table(
        Outcome,
        "outcomes",
        ("trace", "name"),
        "trace__problem",
        OUTCOME_DEFAULTS,
        has_source=False,
        has_event=False,
    ),
    Kind.SUBMISSION: Table(
        Submission,
        "submissions",
        ("trace", "rater"),
        "problem",
        SUBMISSION_DEFAULTS,
        has_source=False,
    ),
    Kind.RANKING: Table(
        Ranking,
        "rankings",
        ("level", "parent", "criterion", "rater"),
        "problem",
        RANKING_DEFAULTS,
    ),
    Kind.ADJUDICATION: _shared(DECISIONS, "adjudications"),
    Kind.RESOLUTION: _shared(RESOLUTIONS, "resolutions"),
}
# One record may bring several of these for one place; the others are unique within a record.
REPEATED = (Kind.ALTERNATIVE, Kind.RANKING)


@dataclass(slots=True)
class RebuildReport:
    """What a rebuild found: rows that were missing, not backed by an event, or different."""

    problems: int = 0
    rows: int = 0
    missing: int = 0
    extra: int = 0
    different: int = 0

    @property
    def equal(self) -> bool:
        """Say whether every row followed from its events."""
        return not (self.missing or self.extra or self.different)

    def as_dict(self) -> dict[str, int]:
        """Return the counts for JSON."""
        return asdict(self)


def judgements_rebuild(
    *,
    project: Project,
    dry_run: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> RebuildReport:
    """Compare every projection row of ``project`` with its events and repair what differs.

    Each problem is its own transaction; judging may go on meanwhile.

    Args:
        project: whose rows.
        dry_run: only count.
        on_progress: called with problems done and problems in all.
    """
    report = RebuildReport()
    scheme = _Scheme(project)
    ids = list(Problem.objects.filter(project=project).order_by("pk").values_list("pk", flat=True))
    for done, problem_id in enumerate(ids, start=1):
        with transaction.atomic():
            # Nobody imports into the problem while its rows are compared.
            Problem.objects.select_for_update(no_key=True).get(pk=problem_id)
            expected = expected_rows(problem_id)
            for kind in TABLES:
                _table_rebuild(problem_id, kind, expected[kind], scheme, report, dry_run=dry_run)
        report.problems += 1
        if on_progress is not None:
            on_progress(done, len(ids))
    return report


def expected_rows(problem_id: int) -> dict[str, Rows]:
    """Replay a problem's events into the rows that should exist: ``{kind: {key: state}}``.

    A key ends with the source record's id (None for a person's own rows); a state carries the id
    of the ``event`` it comes from, except outcomes, which do not keep theirs.
    """
    rows: dict[str, Rows] = {kind: {} for kind in TABLES}
    for event in JudgementEvent.objects.filter(problem=problem_id).order_by("pk").iterator():
        if event.kind == Kind.IMPORT:
            for kind, key, state in _import_rows(event):
                rows[kind][_free(kind, key, rows[kind])] = state
            continue
        table = TABLES[event.kind]
        given = {
            "step": event.step_id,
            "trace": event.trace_id,
            "rater": event.rater_id,
            **event.payload,
        }
        key = _key(table, given, None)
        if event.payload.get("cleared"):
            rows[event.kind].pop(key, None)
        else:
            rows[event.kind][key] = _state(table, given, event.pk)
    return rows


def _import_rows(event: JudgementEvent) -> Iterator[tuple[str, Key, State]]:
    for kind, table in TABLES.items():
        for row in event.payload.get(table.rows, ()):
            yield kind, _key(table, row, event.source_id), _state(table, row, event.pk)


def _free(kind: str, key: Key, taken: Mapping[Key, Any]) -> Key:
    """Number what one record gives several times for one place; other keys are unique."""
    if kind not in REPEATED or key[-1] is None:
        return key
    number = 0
    while (*key, number) in taken:
        number += 1
    return (*key, number)


def _key(table: Table, row: Mapping[str, Any], source: int | None) -> Key:
    own = tuple(row.get(name) for name in table.key)
    return (*own, source) if table.has_source else own


def _state(table: Table, row: Row, event_id: int) -> State:
    state = {name: row.get(name, default) for name, default in table.defaults.items()}
    return {**state, "event": event_id} if table.has_event else state


def _table_rebuild(
    problem_id: int,
    kind: str,
    wanted: Rows,
    scheme: _Scheme,
    report: RebuildReport,
    *,
    dry_run: bool,
) -> None:
    table = TABLES[kind]
    current = _current_rows(problem_id, kind)
    report.rows += len(wanted)
    missing = wanted.keys() - current.keys()
    extra = current.keys() - wanted.keys()
    different = {key for key in wanted.keys() & current.keys() if wanted[key] != current[key][1]}
    report.missing += len(missing)
    report.extra += len(extra)
    report.different += len(different)
    if dry_run or not (missing or extra or different):
        return
    stale = [current[key][0] for key in extra | different]
    table.model._default_manager.filter(pk__in=stale).delete()
    table.model._default_manager.bulk_create(
        scheme.row(table, problem_id, key, wanted[key])
        for key in sorted(missing | different, key=str)
    )


def _current_rows(problem_id: int, kind: str) -> dict[Key, tuple[int, State]]:
    table = TABLES[kind]
    joined = {"error_type": "error_type__key", "guideline": "guideline__number"}
    fields = [joined.get(name, name) for name in table.defaults]
    own = [*(["source"] if table.has_source else []), *(["event"] if table.has_event else [])]
    columns = [*table.key, *own, *fields]
    rows = (
        table.model._default_manager.filter(**{table.problem: problem_id})
        .order_by("pk")
        .values_list("pk", *columns)
    )
    found: dict[Key, tuple[int, State]] = {}
    for pk, *values in rows:
        row = dict(zip(columns, values, strict=True))
        state = {name: row[joined.get(name, name)] for name in table.defaults}
        if "error_type" in state:
            state["error_type"] = state["error_type"] or ""
        if table.has_event:
            state["event"] = row["event"]
        key = _key(table, row, row.get("source"))
        found[_free(kind, key, found)] = (pk, state)
    return found


class _Scheme:
    """The project's error types and guidelines by what events call them."""

    def __init__(self, project: Project) -> None:
        self.project = project.pk
        self.error_types = dict(ErrorType.objects.filter(project=project).values_list("key", "pk"))
        self.guidelines = dict(
            GuidelineVersion.objects.filter(project=project).values_list("number", "pk")
        )

    def row(self, table: Table, problem_id: int, key: Key, state: State) -> models.Model:
        columns: dict[str, Any] = dict(state)
        ids: dict[str, Any] = dict(zip(table.key, key, strict=False))
        if table.has_source:
            ids["source"] = key[len(table.key)]
        if table.has_event:
            ids["event"] = columns.pop("event")
        if "error_type" in columns:
            ids["error_type"] = self.error_types.get(columns.pop("error_type"))
        if "guideline" in columns:
            ids["guideline"] = self.guidelines.get(columns.pop("guideline"))
        if table.problem == "problem":
            ids["problem"] = problem_id
        if "rater" in table.defaults:
            ids["project"] = self.project
            ids["rater"] = columns.pop("rater")
        attname = {field.name: field.attname for field in table.model._meta.concrete_fields}
        return table.model(**columns, **{attname[name]: value for name, value in ids.items()})
