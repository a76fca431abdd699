"""Gold of records, each taken or refused whole; their text form is read by ``gold.text``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from annotator.errors import InvalidError, NotFoundError
from annotator.models import Problem, Queue, Trace
from annotator.queries.queues.gates import RATING_TASKS
from annotator.services.quality.gold.answers import (
    WRONG,
    GoldTarget,
    gold_rank,
    gold_rate,
    is_task,
    wrong,
)
from annotator.services.quality.gold.sources import SOURCES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.contrib.auth.models import User

    from annotator.models import Gold, Project


@dataclass(frozen=True, slots=True)
class GoldImport:
    """What became of the records of an import: gold made, and a reason for every other record."""

    made: list[Gold]
    errors: list[dict[str, Any]]


def gold_import(
    *, project: Project, user: User | None, records: Sequence[Mapping[str, Any]]
) -> GoldImport:
    """Make gold of records; each is taken or refused whole, and says why; empty ones are skipped.

    A record names ``task`` and ``trace`` with ``ratings`` (list) or ``first_error`` (the step's
    number from 1, null = none), or ``problem`` and ``parent`` (null = its first steps) with
    ``tiers``. Instead of an answer, ``from`` takes one that is there: ``own``, what ``user`` said, or
    ``decision``, the final one on a ranking.
    """
    found = GoldImport([], [])
    for number, record in enumerate(records, start=1):
        if not record:
            continue
        try:
            found.made.append(_import_one(project, user, record))
        except (InvalidError, NotFoundError) as error:
            found.errors.append({"record": number, "reason": error.message})
    return found


def _import_one(project: Project, user: User | None, record: Mapping[str, Any]) -> Gold:
    task, note = str(record.get("task", "")), str(record.get("note") or "")
    if not is_task(task):
        raise wrong("task", f"A task is one of {', '.join(Queue.Task.values)}, not '{task}'.")
    target = _target(project, task, record)
    if (source := record.get("from")) is not None:
        make = SOURCES.get(str(source))
        if make is None or user is None:
            raise wrong("from", f"'from' is one of {', '.join(SOURCES)}, not {source!r}.")
        return make(target=target, user=user, note=note)
    if target.trace is not None:
        said = _ratings(record, target.trace)
        return gold_rate(target=target, user=user, ratings=said, note=note)
    tiers = record.get("tiers")
    if not isinstance(tiers, list) or not all(
        isinstance(tier, list) and all(type(item) is int for item in tier) for tier in tiers
    ):
        raise wrong("tiers", "'tiers' is a list of lists of ids, best first.")
    return gold_rank(target=target, user=user, tiers=tiers, note=note)


def _target(project: Project, task: str, record: Mapping[str, Any]) -> GoldTarget:
    """Return what the record is about."""
    if task in RATING_TASKS:
        traces = Trace.objects.filter(problem__project=project).select_related("problem", "end")
        trace = traces.filter(pk=_id(record, "trace")).first()
        if trace is None:
            raise NotFoundError(f"There is no trace {record.get('trace')} in this project.")
        trace.problem.project = project
        return GoldTarget(trace.problem, task, trace=trace)
    problem = Problem.objects.filter(project=project, pk=_id(record, "problem")).first()
    if problem is None:
        raise NotFoundError(f"There is no problem {record.get('problem')} in this project.")
    problem.project = project
    parent = None if record.get("parent") is None else _id(record, "parent")
    return GoldTarget(problem, task, parent_id=parent)


def _ratings(record: Mapping[str, Any], trace: Trace) -> list[int | None]:
    said = record.get("ratings")
    if said is not None:
        if not isinstance(said, list):
            raise wrong("ratings", "'ratings' is a list with a rating for each step.")
        return said
    if "first_error" not in record:
        raise wrong("ratings", "Give 'ratings', or 'first_error' (null = no step is wrong).")
    first, length = record["first_error"], trace.end.depth
    if first is None:
        return [1] * length
    if isinstance(first, bool) or not isinstance(first, int) or not 1 <= first <= length:
        raise wrong("first_error", f"'first_error' is a step from 1 to {length}, or null.")
    if record["task"] == Queue.Task.ALL_STEPS and first < length:
        raise wrong("ratings", "Rating every step needs 'ratings', not only the first error.")
    return [*[1] * (first - 1), WRONG]


def _id(record: Mapping[str, Any], name: str) -> int:
    value = record.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**63:
        raise wrong(name, f"'{name}' is an id, not {value!r}.")
    return value
