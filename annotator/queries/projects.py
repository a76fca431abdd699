"""Guidelines and error taxonomy of a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from annotator.models import ErrorType, GuidelineVersion, Project


def guideline_current(*, project: Project) -> GuidelineVersion | None:
    """Return the newest guidelines of ``project``."""
    return project.guidelines.order_by("-number").first()


def guideline_versions(*, project: Project) -> list[GuidelineVersion]:
    """Return all versions with their authors but without their texts, newest first."""
    return list(project.guidelines.select_related("author").defer("markdown").order_by("-number"))


def error_types_of(*, project: Project) -> list[ErrorType]:
    """Return the error taxonomy in the order the project gave it."""
    return list(project.error_types.order_by("position", "pk"))
