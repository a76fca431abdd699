"""What came into a project and what left it: source files and exports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from annotator.models import Export, Project, RewardModel, SourceFile, StepScore

if TYPE_CHECKING:
    from django.db.models import QuerySet

LISTED = 50


def scored_steps_of(*, model: RewardModel) -> int:
    """Count the steps that ``model`` has scored."""
    return StepScore.objects.filter(model=model).count()


def exports_of(*, project: Project) -> QuerySet[Export]:
    """Return the exports of ``project``, newest first."""
    return (
        Export.objects.filter(project=project)
        .select_related("snapshot", "created_by", "job")
        .order_by("-pk")
    )


def source_files_of(*, project: Project) -> list[SourceFile]:
    """Return the files imported last."""
    return list(SourceFile.objects.filter(project=project).order_by("-pk")[:LISTED])
