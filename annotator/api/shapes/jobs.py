"""Jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from annotator.models import Job


def job_shape(job: Job, *, with_result: bool = True) -> dict[str, Any]:
    """Return a job; ``project`` is loaded. Results count what everybody did: they are for reviewers."""
    failed = {"code": job.error_code, "message": job.error, "fields": {}} if job.error else None
    return {
        "id": job.pk,
        "project": job.project.name,
        "kind": job.kind.removeprefix("scoring."),
        "state": job.state,
        "args": job.args,
        "result": job.result if with_result else {},
        "attempt": job.attempt,
        "done": job.done,
        "total": job.total,
        "message": job.message,
        "cancel_requested": job.cancel_requested,
        "error": failed,
        "created": job.created,
        "started": job.started,
        "finished": job.finished,
    }
