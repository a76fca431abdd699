"""Stored evaluations of models and what has changed since they were made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Max, Q

from annotator.models import Evaluation, EvaluationResult, JudgementEvent
from annotator.queries.agreement.reports import newest_event

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.db.models import QuerySet

    from annotator.models import Project, RewardModel, Snapshot

COUNT_LIMIT = 10_000
# Of which steps there are scores and what they say, in whatever order and rows they are stored: a score that is
# replaced in place changes neither the number of rows nor the newest of them.
SCORES = """
SELECT count(*), COALESCE(max(id), 0), COALESCE(sum(hashfloat8extended(score, step_id)), 0)::text
FROM annotator_stepscore WHERE model_id = %s
"""


def evaluations_of(*, model: RewardModel) -> QuerySet[Evaluation]:
    """Return the finished evaluations of ``model``, also those in which another met it."""
    mine = Evaluation.objects.filter(Q(model=model) | Q(against=model), ready=True)
    return _loaded(mine)


def evaluations_of_project(*, project: Project) -> QuerySet[Evaluation]:
    """Return the finished evaluations of a project, newest first."""
    return _loaded(Evaluation.objects.filter(project=project, ready=True))


def results_of(*, evaluation: Evaluation) -> list[EvaluationResult]:
    """Return what the suites of an evaluation found, in their order."""
    return list(EvaluationResult.objects.filter(evaluation=evaluation).order_by("place"))


def results_of_all(*, evaluations: Iterable[Evaluation]) -> list[EvaluationResult]:
    """Return the results of several evaluations, each in their order."""
    rows = EvaluationResult.objects.filter(evaluation__in=list(evaluations))
    return list(rows.order_by("evaluation", "place"))


def known_now(
    *, project: Project, models: Sequence[RewardModel], snapshot: Snapshot | None
) -> dict[str, Any]:
    """Return what an evaluation of ``models`` would know, for ``Evaluation.known``.

    Args:
        project: of the models.
        models: one, or the two that are compared.
        snapshot: whose labels are used, None = the labels as they are now.
    """
    event = newest_event(project=project)
    if snapshot is not None:
        events = JudgementEvent.objects.filter(project=project, created__lte=snapshot.created)
        event = events.aggregate(newest=Max("pk"))["newest"] or 0
    return {"event": event, "scores": {str(model.pk): _scores_now(model) for model in models}}


def changes_since(
    *, evaluation: Evaluation, counted: dict[int, list[Any]] | None = None
) -> tuple[str, ...]:
    """Say in sentences what has changed since an evaluation; none = its numbers still hold.

    Args:
        evaluation: with its models loaded.
        counted: keeps the count of each model's scores for the next evaluation of a list.
    """
    counted = {} if counted is None else counted
    said = []
    events = JudgementEvent.objects.filter(
        project=evaluation.project_id, pk__gt=evaluation.known.get("event", 0)
    )
    newer = events[: COUNT_LIMIT + 1].count()
    if newer:
        many = f"more than {COUNT_LIMIT:,}" if newer > COUNT_LIMIT else f"{newer:,}"
        changes = "change" if newer == 1 else "changes"
        said.append(f"{many} {changes} of judgements came after the labels that it rests on.")
    for model in filter(None, (evaluation.model, evaluation.against)):
        before = evaluation.known.get("scores", {}).get(str(model.pk))
        now = counted[model.pk] = counted.get(model.pk) or _scores_now(model)
        # Evaluations from before there was a sum of the values know number and newest row only.
        if before is not None and before != now[: len(before)]:
            said.append(
                f"The scores of {model} have changed: {now[0]:,} steps are scored now, "
                f"{before[0]:,} were then."
                if before[0] != now[0]
                else f"The scores of {model} have changed: of {now[0]:,} some were replaced."
            )
    return tuple(said)


def _scores_now(model: RewardModel) -> list[Any]:
    """Return the number of a model's scores, the id of the newest, and a sum over what they say."""
    with connection.cursor() as cursor:
        cursor.execute(SCORES, [model.pk])
        return list(cursor.fetchone() or ())


def _loaded(rows: QuerySet[Evaluation]) -> QuerySet[Evaluation]:
    return rows.select_related(
        "project", "model", "against", "snapshot", "job", "created_by"
    ).order_by("-pk")
