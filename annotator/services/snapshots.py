"""Snapshots: immutable curated selections of a project, with a hash of their content.

Labels and outcomes are copied, steps and traces are frozen by their largest id: later ones get
larger ids, because imports of a project follow one another.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Any

import orjson
from django.db import IntegrityError, connection, transaction
from django.db.models import Max
from django.utils import timezone

from annotator.errors import ConflictError, InvalidError
from annotator.exporters.comparisons import Group, judged_traces, step_groups
from annotator.models import Problem, Rater, Snapshot, StepLabel, StepScore
from annotator.queries.snapshots import snapshot_problems
from annotator.services.requests import rules_check
from annotator.services.splits import SHARES, shares_checked, splits_of
from scoring.types import RATER_KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.contrib.auth.models import User

    from annotator.exporters.records import ExportProblem
    from annotator.models import Project
    from scoring.types import LabelRecord

    OnProgress = Callable[[int, int], None]

NAME_LENGTH = 100
HASHED_RULES = ("aggregate", "neutral", "rank", "rater_kinds", "splits")
AUTOMATIC_RULES = {"include_machine": True}
HUMAN_KINDS = (Rater.Kind.PERSON, Rater.Kind.IMPORTED)

# Grouped, not max() per problem: that would walk the primary key backwards for each of them.
PROBLEMS = """
INSERT INTO annotator_snapshotproblem
    (snapshot_id, problem_id, split, max_step, max_trace, extras)
SELECT %s, chosen.id, chosen.split, coalesce(s.newest, 0), coalesce(t.newest, 0),
       jsonb_build_object('max_record', coalesce(r.newest, 0))
FROM unnest(%s::bigint[], %s::text[]) AS chosen (id, split)
LEFT JOIN (SELECT s.problem_id, max(s.id) AS newest FROM annotator_step s
           JOIN annotator_problem p ON p.id = s.problem_id
           WHERE p.project_id = %s GROUP BY s.problem_id) s ON s.problem_id = chosen.id
LEFT JOIN (SELECT t.problem_id, max(t.id) AS newest FROM annotator_trace t
           JOIN annotator_problem p ON p.id = t.problem_id
           WHERE p.project_id = %s GROUP BY t.problem_id) t ON t.problem_id = chosen.id
LEFT JOIN (SELECT problem_id, max(id) AS newest FROM annotator_sourcerecord
           WHERE project_id = %s GROUP BY problem_id) r ON r.problem_id = chosen.id
"""
# All labels of the chosen kinds; whose vote counts is decided when targets are made (rule "rank"),
# so that a correction does not take the label it corrects out of the data.
LABELS = """
INSERT INTO annotator_snapshotlabel
    (snapshot_id, problem_id, step_id, rater_id, source_id, event_id, rating, unsure, error_type,
     realises_error, note, milliseconds, meta)
SELECT %(snapshot)s, s.problem_id, l.step_id, l.rater_id, l.source_id, l.event_id, l.rating,
       l.unsure, coalesce(e.key, ''), l.realises_error, l.note, l.milliseconds, l.meta
FROM annotator_steplabel l
JOIN annotator_rater r ON r.id = l.rater_id
JOIN annotator_step s ON s.id = l.step_id
JOIN annotator_snapshotproblem p ON p.problem_id = s.problem_id AND p.snapshot_id = %(snapshot)s
LEFT JOIN annotator_errortype e ON e.id = l.error_type_id
WHERE r.project_id = %(project)s AND r.kind = ANY(%(kinds)s) AND s.id <= p.max_step
ORDER BY l.event_id, l.id
"""
OUTCOMES = """
INSERT INTO annotator_snapshotoutcome (snapshot_id, problem_id, trace_id, name, value, source)
SELECT %(snapshot)s, t.problem_id, o.trace_id, o.name, o.value, o.source
FROM annotator_outcome o
JOIN annotator_trace t ON t.id = o.trace_id
JOIN annotator_snapshotproblem p ON p.problem_id = t.problem_id AND p.snapshot_id = %(snapshot)s
WHERE t.id <= p.max_trace
ORDER BY o.id
"""
SPANS = """
UPDATE annotator_snapshotproblem p SET extras = p.extras || jsonb_build_object('spans', found.rows)
FROM (
    SELECT s.problem_id, jsonb_agg(jsonb_build_object(
        'first', l.first_id, 'last', l.last_id, 'rater', l.rater_id, 'source', l.source_id,
        'rating', l.rating, 'error_type', coalesce(e.key, ''), 'note', l.note
    ) ORDER BY l.event_id, l.id) AS rows
    FROM annotator_spanlabel l
    JOIN annotator_rater r ON r.id = l.rater_id
    JOIN annotator_step s ON s.id = l.first_id
    LEFT JOIN annotator_errortype e ON e.id = l.error_type_id
    JOIN annotator_snapshotproblem q
        ON q.problem_id = s.problem_id AND q.snapshot_id = %(snapshot)s
    WHERE r.project_id = %(project)s AND r.kind = ANY(%(kinds)s)
      AND greatest(l.first_id, l.last_id) <= q.max_step
    GROUP BY s.problem_id
) found
WHERE p.snapshot_id = %(snapshot)s AND p.problem_id = found.problem_id
"""
ALTERNATIVES = """
UPDATE annotator_snapshotproblem p
SET extras = p.extras || jsonb_build_object('alternatives', found.rows)
FROM (
    SELECT a.problem_id, jsonb_agg(jsonb_build_object(
        'parent', a.parent_id, 'replaces', a.replaces_id, 'rater', a.rater_id,
        'source', a.source_id, 'text', a.text, 'meta', a.meta
    ) ORDER BY a.event_id, a.id) AS rows
    FROM annotator_alternative a
    JOIN annotator_rater r ON r.id = a.rater_id
    JOIN annotator_snapshotproblem q
        ON q.problem_id = a.problem_id AND q.snapshot_id = %(snapshot)s
    WHERE r.project_id = %(project)s AND r.kind = ANY(%(kinds)s)
      AND coalesce(greatest(a.parent_id, a.replaces_id), 0) <= q.max_step
    GROUP BY a.problem_id
) found
WHERE p.snapshot_id = %(snapshot)s AND p.problem_id = found.problem_id
"""


@transaction.atomic
def snapshot_create(
    *,
    project: Project,
    name: str,
    rules: Mapping[str, Any],
    filter: Mapping[str, Any] | None = None,  # noqa: A002 - the column's name
    user: User | None = None,
    on_progress: OnProgress | None = None,
) -> Snapshot:
    """Freeze what ``project`` holds now.

    Args:
        project: the project.
        name: new in the project.
        rules: ``aggregate``, ``neutral``, ``include_machine`` (see ``rules_check``), and optionally
            ``splits`` ({split: share}, default 80/10/10) and ``rater_kinds`` (instead of
            ``include_machine``). The stored rules also say ``rank``: where a person rated a step,
            imported and checkers' labels of it do not vote, nor checkers' where an imported one is.
        filter: ``problems`` (ids) and ``labelled`` (only problems with a label); default all.
        user: who asked.
        on_progress: called with problems read and problems in all; may raise to stop.

    Raises:
        InvalidError: an unknown rule or filter, or a name that cannot be used.
        ConflictError: the project has a snapshot of that name; snapshots never change.
    """
    checked = _rules(rules)
    chosen = _filter(filter or {})
    snapshot = _row(project, _name(name), checked, chosen, user)
    parameters = {
        "snapshot": snapshot.pk,
        "project": project.pk,
        "kinds": checked["rater_kinds"],
    }
    ids, splits = _selection(project, checked, chosen)
    with connection.cursor() as cursor:
        cursor.execute(PROBLEMS, [snapshot.pk, ids, splits, *[project.pk] * 3])
        # The planner has not seen the new rows; without numbers it joins them one by one.
        cursor.execute("ANALYZE annotator_snapshotproblem")
        for statement in (LABELS, OUTCOMES, SPANS, ALTERNATIVES):
            cursor.execute(statement, parameters)
    summary = _Summary(project.primary_outcome)
    for done, problem in enumerate(snapshot_problems(snapshot=snapshot, with_sources=False), 1):
        summary.add(problem)
        if on_progress is not None:
            on_progress(done, len(ids))
    left_out = StepLabel.objects.filter(rater__project=project).exclude(
        rater__kind__in=checked["rater_kinds"]
    )
    summary.excluded["label of a rater kind that was not chosen"] += left_out.count()
    snapshot.hash = summary.hash(checked)
    snapshot.counts = summary.counts()
    snapshot.save(update_fields=["hash", "counts"])
    return snapshot


def snapshot_automatic(
    *,
    project: Project,
    rules: Mapping[str, Any] | None = None,
    user: User | None = None,
    on_progress: OnProgress | None = None,
) -> Snapshot:
    """Freeze ``project`` for a job that was given no snapshot.

    Training and export share one rule: labels of people, sources and checkers all count, the
    highest of these kinds per step. Leaving checkers out as soon as somebody else labels would make
    the first click of a person shrink the data to one step. Whoever wants people's labels only makes
    a snapshot with that rule. If an earlier snapshot holds the same content under the same rules, it
    is returned instead of another copy.
    """
    with transaction.atomic():
        made = snapshot_create(
            project=project,
            name=_free_name(project),
            rules={**AUTOMATIC_RULES, **(rules or {})},
            user=user,
            on_progress=on_progress,
        )
        same = Snapshot.objects.filter(project=project, hash=made.hash).exclude(pk=made.pk)
        earlier = same.order_by("pk").first()
        if earlier is None:
            return made
        snapshot_delete(snapshot=made)
        return earlier


@transaction.atomic
def snapshot_delete(*, snapshot: Snapshot) -> None:
    """Delete a snapshot that no model and no export was made from.

    Raises:
        ConflictError: something was made from it.
    """
    if snapshot.models.exists() or snapshot.exports.exists():
        raise ConflictError(
            f"Models or exports were made from snapshot '{snapshot.name}'; it stays with them."
        )
    with connection.cursor() as cursor:  # row by row through the ORM would load a million labels
        for table in ("snapshotlabel", "snapshotoutcome", "snapshotproblem"):
            cursor.execute(
                f"DELETE FROM annotator_{table} WHERE snapshot_id = %s",  # noqa: S608 - fixed names
                [snapshot.pk],
            )
    snapshot.delete()


class _Summary:
    """Counts and hashes a snapshot's problems as they are read back."""

    def __init__(self, outcome: str) -> None:
        self.outcome = outcome
        self.numbers: Counter[str] = Counter(problems=0, traces=0, steps=0, labels=0, pairs=0)
        self.excluded: Counter[str] = Counter()
        self.digests: list[bytes] = []

    def add(self, problem: ExportProblem) -> None:
        """Take in one problem."""
        self.digests.append(hashlib.sha256(content_of(problem)).digest())
        self.numbers["problems"] += 1
        self.numbers["traces"] += len(problem.traces)
        self.numbers["steps"] += len(problem.nodes)
        self.numbers["labels"] += len(problem.labels) + len(problem.spans)
        traces = judged_traces(problem, self.outcome)
        self.numbers["pairs"] += sum(map(len, step_groups(problem)))
        if len(traces) > 1:
            self.numbers["pairs"] += len(Group("trace", traces))
        rated: dict[int, set[str]] = {}
        for label in problem.labels:
            rated.setdefault(label.node, set()).add(_state(label))
        for at, states in rated.items():
            if problem.targets[at] is None:
                self.excluded[_reason(states, problem.ratings[at])] += 1

    def hash(self, rules: Mapping[str, Any]) -> str:
        """Return the hash of rules and content; equal content in any order of ids is equal."""
        digest = hashlib.sha256(_canonical({name: rules[name] for name in HASHED_RULES}))
        for item in sorted(self.digests):
            digest.update(item)
        return digest.hexdigest()

    def counts(self) -> dict[str, Any]:
        """Return the counts of §4, reasons of what was left out among them."""
        return {**self.numbers, "excluded": {k: v for k, v in self.excluded.items() if v}}


def _state(label: LabelRecord) -> str:
    if label.unsure:
        return "unsure"
    return "unrated" if label.rating is None else "rated"


def _reason(states: set[str], rating: int | None) -> str:
    """Say why a step with labels in these states has no target."""
    if rating is not None:
        return "neutral step"
    if "rated" in states:
        return "tied step"
    return "unsure step" if "unsure" in states else "unrated step"


def content_of(problem: ExportProblem) -> bytes:
    """Return a problem as canonical JSON: everything frozen, by position, without row ids."""
    return _canonical(
        [
            problem.id,
            problem.split,
            problem.problem,
            problem.nodes,
            problem.traces,
            problem.labels,
            problem.spans,
            problem.alternatives,
            problem.scores,
        ]
    )


def _canonical(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _rules(rules: Mapping[str, Any]) -> dict[str, Any]:
    given = dict(rules)
    shares = shares_checked(given.pop("splits", SHARES))
    kinds = given.pop("rater_kinds", None)
    checked = rules_check(rules=given)
    if kinds is None:
        kinds = [*HUMAN_KINDS, *([Rater.Kind.MACHINE] if checked["include_machine"] else [])]
    if not kinds or not set(kinds) <= set(Rater.Kind.values):
        message = f"Rater kinds are {', '.join(Rater.Kind.values)}; name at least one."
        raise InvalidError(message, fields={"rater_kinds": message})
    checked["include_machine"] = Rater.Kind.MACHINE in kinds
    newest = StepScore.objects.aggregate(newest=Max("pk"))["newest"]
    return {
        **checked,
        "rater_kinds": [str(kind) for kind in Rater.Kind.values if kind in kinds],
        "rank": list(RATER_KINDS),
        "splits": shares,
        "max_score": newest or 0,
    }


def _filter(chosen: Mapping[str, Any]) -> dict[str, Any]:
    unknown = chosen.keys() - {"problems", "labelled"}
    if unknown:
        message = f"There is no filter '{min(unknown)}'; known: problems, labelled."
        raise InvalidError(message, fields={"filter": message})
    return dict(chosen)


def _name(name: str) -> str:
    clean = name.strip()
    if not 0 < len(clean) <= NAME_LENGTH or not clean.isprintable():
        message = f"Give the snapshot a name of 1 to {NAME_LENGTH} printable characters."
        raise InvalidError(message, fields={"name": message})
    return clean


def _row(
    project: Project,
    name: str,
    rules: dict[str, Any],
    chosen: dict[str, Any],
    user: User | None,
) -> Snapshot:
    try:
        with transaction.atomic():
            return Snapshot.objects.create(
                project=project, name=name, rules=rules, filter=chosen, created_by=user
            )
    except IntegrityError:
        message = (
            f"There is already a snapshot '{name}'; snapshots never change. Choose a new name."
        )
        raise ConflictError(message, code="name_taken", fields={"name": message}) from None


def _selection(
    project: Project, rules: Mapping[str, Any], chosen: Mapping[str, Any]
) -> tuple[list[int], list[str]]:
    """Return the ids of the chosen problems and their splits."""
    rows = Problem.objects.filter(project=project)
    if "problems" in chosen:
        rows = rows.filter(pk__in=chosen["problems"])
    if chosen.get("labelled"):
        judged = StepLabel.objects.filter(
            rater__project=project, rater__kind__in=rules["rater_kinds"]
        )
        rows = rows.filter(pk__in=judged.values("step__problem"))
    found = list(rows.order_by("pk").values_list("pk", "key"))
    return [pk for pk, _ in found], splits_of([bytes(key) for _, key in found], rules["splits"])


def _free_name(project: Project) -> str:
    stem = f"auto {timezone.now():%Y-%m-%d %H:%M:%S}"
    taken = set(
        Snapshot.objects.filter(project=project, name__startswith=stem).values_list(
            "name", flat=True
        )
    )
    number = 1
    while (name := stem if number == 1 else f"{stem} ({number})") in taken:
        number += 1
    return name
