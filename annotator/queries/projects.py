"""Guidelines and error taxonomy of a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from annotator.errors import NotFoundError

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from annotator.models import ErrorType, GuidelineVersion, Project


def guideline_current(*, project: Project) -> GuidelineVersion | None:
    """Return the newest guidelines of ``project``."""
    return project.guidelines.order_by("-number").first()


def guideline_versions(*, project: Project) -> list[GuidelineVersion]:
    """Return all versions with their authors but without their texts, newest first."""
    return list(guidelines_of(project=project))


def guidelines_of(*, project: Project) -> QuerySet[GuidelineVersion]:
    """Return the versions of the guidelines with their authors, texts not loaded, newest first."""
    return project.guidelines.select_related("author").defer("markdown").order_by("-number")


def guideline_numbered(*, project: Project, number: int) -> GuidelineVersion:
    """Return version ``number`` of the guidelines with its author.

    Raises:
        NotFoundError: there is none.
    """
    found = project.guidelines.select_related("author").filter(number=number).first()
    if found is None:
        raise NotFoundError(f"These guidelines have no version {number}.")
    return found


def error_types_of(*, project: Project) -> list[ErrorType]:
    """Return the error taxonomy in the order the project gave it."""
    return list(project.error_types.order_by("position", "pk"))
