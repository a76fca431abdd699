"""What came into a project and what left it: source files and exports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from annotator.models import Export, Project, RewardModel, SourceFile, StepScore

if TYPE_CHECKING:
    from django.db.models import QuerySet


def scored_steps_of(*, model: RewardModel) -> int:
    """Count the steps that ``model`` has scored."""
    return StepScore.objects.filter(model=model).count()


def scores_after(
    *, model: RewardModel, problem_id: int | None, after: int, limit: int
) -> list[StepScore]:
    """Return scores of ``model`` with ids above ``after``, in the order of their ids."""
    rows = StepScore.objects.filter(model=model, pk__gt=after).select_related("step")
    if problem_id is not None:
        rows = rows.filter(step__problem_id=problem_id)
    return list(rows.defer("step__text", "step__meta").order_by("pk")[:limit])


def exports_of(*, project: Project) -> QuerySet[Export]:
    """Return the exports of ``project``, newest first."""
    return (
        Export.objects.filter(project=project)
        .select_related("snapshot", "created_by", "job")
        .order_by("-pk")
    )


def source_files_of(*, project: Project) -> QuerySet[SourceFile]:
    """Return the files that were imported into ``project``, newest first."""
    return SourceFile.objects.filter(project=project).order_by("-pk")
