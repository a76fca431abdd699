"""Snapshots: immutable curated selections of a project, with a hash of their content.

Labels and outcomes are copied, steps and traces are frozen by their largest id: later ones get
larger ids, because imports of a project follow one another.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, connection, transaction
from django.db.models import Max
from django.utils import timezone

from annotator.errors import ConflictError, InvalidError
from annotator.models import Problem, Rater, Snapshot, StepLabel, StepScore
from annotator.queries.datasets.snapshots import snapshot_problems
from annotator.queries.rankings.criteria import criteria_of
from annotator.services.datasets import copying
from annotator.services.datasets.splits import SHARES, shares_checked, splits_of
from annotator.services.datasets.summary import Summary
from annotator.services.jobs.requests import rules_check
from scoring.training.targets import RANK

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.contrib.auth.models import User

    from annotator.models import Project

    OnProgress = Callable[[int, int], None]

NAME_LENGTH = 100
AUTOMATIC_RULES = {"include_machine": True}
HUMAN_KINDS = (Rater.Kind.PERSON, Rater.Kind.IMPORTED)


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
            ``include_machine``). The stored rules also say ``rank``: a reviewer's final decision
            comes before everybody's judgement; where a person rated a step, imported and checkers'
            labels of it do not vote, nor checkers' where an imported one is. And ``criteria``: the
            project's, in their order of importance, by which rankings become pairs.
        filter: ``problems`` (ids) and ``labelled`` (only problems with a label); default all.
        user: who asked.
        on_progress: called with problems read and problems in all; may raise to stop.

    Raises:
        InvalidError: an unknown rule or filter, or a name that cannot be used.
        ConflictError: the project has a snapshot of that name; snapshots never change.
    """
    checked = _rules(project, rules)
    chosen = _filter(filter or {})
    snapshot = _row(project, _name(name), checked, chosen, user)
    parameters = {
        "snapshot": snapshot.pk,
        "project": project.pk,
        "kinds": checked["rater_kinds"],
    }
    ids, splits = _selection(project, checked, chosen)
    with connection.cursor() as cursor:
        cursor.execute(copying.PROBLEMS, [snapshot.pk, ids, splits, *[project.pk] * 3])
        # The planner has not seen the new rows; without numbers it joins them one by one.
        cursor.execute("ANALYZE annotator_snapshotproblem")
        for statement in copying.STATEMENTS:
            cursor.execute(statement, parameters)
        cursor.execute(copying.IN_EXAMS, parameters)
        (in_exams,) = cursor.fetchone()
    summary = Summary(project.primary_outcome)
    for done, problem in enumerate(snapshot_problems(snapshot=snapshot, with_sources=False), 1):
        summary.add(problem)
        if on_progress is not None:
            on_progress(done, len(ids))
    left_out = StepLabel.objects.filter(rater__project=project).exclude(
        rater__kind__in=checked["rater_kinds"]
    )
    summary.excluded["label of a rater kind that was not chosen"] += left_out.count()
    summary.excluded["answer in an exam"] += in_exams
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
    """Delete a snapshot that no model, no export and no evaluation was made from.

    Raises:
        ConflictError: something was made from it.
    """
    if snapshot.models.exists() or snapshot.exports.exists() or snapshot.evaluations.exists():
        raise ConflictError(
            f"Models, exports or evaluations were made from snapshot '{snapshot.name}'; it stays "
            "with them."
        )
    with connection.cursor() as cursor:  # row by row through the ORM would load a million labels
        for table in ("snapshotlabel", "snapshotoutcome", "snapshotproblem"):
            cursor.execute(
                f"DELETE FROM annotator_{table} WHERE snapshot_id = %s",  # noqa: S608 - fixed names
                [snapshot.pk],
            )
    snapshot.delete()


def _rules(project: Project, rules: Mapping[str, Any]) -> dict[str, Any]:
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
        "rank": list(RANK),
        # Read anew: an import in this process may have added criteria since ``project`` was loaded.
        "criteria": [
            asdict(item) for item in criteria_of(type(project).objects.get(pk=project.pk))
        ],
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
