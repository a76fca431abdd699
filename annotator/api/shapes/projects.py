"""Projects, their members and uploads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from annotator.models import Membership, Upload
    from annotator.queries.projects import ProjectRow


def project_shape(row: ProjectRow) -> dict[str, Any]:
    """Return a project with its counts."""
    project = row.project
    return {
        "name": project.name,
        "description": project.description,
        "role": row.role,
        "primary_outcome": project.primary_outcome,
        "show_scores": project.show_scores,
        "problems": row.size.problems,
        "steps": row.size.steps,
        "traces": row.size.traces,
        "labels": row.labels,
        "created": project.created,
    }


def member_shape(row: Membership) -> dict[str, Any]:
    """Return a member of a project."""
    return {
        "id": row.user_id,
        "username": row.user.get_username(),
        "role": row.role,
        "labels": row.n_labels,  # type: ignore[attr-defined]  # annotated by members_counted
        "since": row.created,
    }


def upload_shape(upload: Upload) -> dict[str, Any]:
    """Return an upload, without its place in the store."""
    return {"id": upload.pk, "name": upload.name, "size": upload.size, "sha256": upload.sha256}
