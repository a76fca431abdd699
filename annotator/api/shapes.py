"""Rows as the JSON that ``serializers`` describes; plain dicts, because pages of rows are hot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import reverse

if TYPE_CHECKING:
    from annotator.models import (
        ApiToken,
        Export,
        Job,
        Outcome,
        RewardModel,
        Snapshot,
        StepLabel,
        StepScore,
        Upload,
    )
    from annotator.queries.overview import ProjectRow
    from annotator.queries.problems import ProblemRow


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


def problem_shape(row: ProblemRow, project: str) -> dict[str, Any]:
    """Return a problem of the list."""
    problem = row.problem
    return {
        "id": problem.pk,
        "project": project,
        "prompt": problem.prompt,
        "reference": problem.reference,
        "meta": problem.meta,
        "steps": problem.n_steps,
        "traces": problem.n_traces,
        "depth": problem.max_depth,
        "solved": row.solved,
        "judged": row.judged,
        "labelled": row.labelled,
    }


def label_shape(label: StepLabel) -> dict[str, Any]:
    """Return a label with its rater; ``rater``, ``error_type`` and ``guideline`` are loaded."""
    return {
        "step": label.step_id,
        "rater": {
            "kind": label.rater.kind,
            "name": label.rater.name,
            "version": label.rater.version,
        },
        "rating": label.rating,
        "unsure": label.unsure,
        "error_type": label.error_type.key if label.error_type else "",
        "realises_error": label.realises_error,
        "note": label.note,
        "milliseconds": label.milliseconds,
        "guideline": label.guideline.number if label.guideline else None,
        "updated": label.updated,
    }


def outcome_shape(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome."""
    return {"name": outcome.name, "value": outcome.value, "source": outcome.source}


def job_shape(job: Job) -> dict[str, Any]:
    """Return a job; ``project`` is loaded."""
    failed = {"code": job.error_code, "message": job.error, "fields": {}} if job.error else None
    return {
        "id": job.pk,
        "project": job.project.name,
        "kind": job.kind.removeprefix("scoring."),
        "state": job.state,
        "args": job.args,
        "result": job.result,
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


def upload_shape(upload: Upload) -> dict[str, Any]:
    """Return an upload, without its place in the store."""
    return {"id": upload.pk, "name": upload.name, "size": upload.size, "sha256": upload.sha256}


def model_shape(model: RewardModel) -> dict[str, Any]:
    """Return a reward model; ``project`` is loaded."""
    return {
        "id": model.pk,
        "project": model.project.name,
        "name": model.name,
        "version": model.version,
        "kind": model.kind,
        "base": model.base,
        "ready": model.ready,
        "seed": model.seed,
        "snapshot": model.snapshot_id,
        "job": model.job_id,
        "data_hash": model.data_hash,
        "config": model.config,
        "provenance": model.provenance,
        "metrics": model.metrics,
        "created": model.created,
    }


def score_shape(score: StepScore) -> dict[str, Any]:
    """Return a score; ``step`` is loaded."""
    return {
        "id": score.pk,
        "problem": score.step.problem_id,
        "step": score.step_id,
        "score": score.score,
    }


def snapshot_shape(snapshot: Snapshot) -> dict[str, Any]:
    """Return a snapshot; ``project`` is loaded."""
    return {
        "id": snapshot.pk,
        "project": snapshot.project.name,
        "name": snapshot.name,
        "rules": snapshot.rules,
        "filter": snapshot.filter,
        "hash": snapshot.hash,
        "counts": snapshot.counts,
        "created": snapshot.created,
    }


def export_shape(export: Export) -> dict[str, Any]:
    """Return an export with addresses of its files; ``project`` is loaded."""
    return {
        "id": export.pk,
        "project": export.project.name,
        "format": export.format,
        "snapshot": export.snapshot_id,
        "options": export.options,
        "rows": export.rows,
        "excluded": export.excluded,
        "files": [
            {
                "path": entry["path"],
                "rows": entry.get("rows", 0),
                "sha256": entry["sha256"],
                "url": reverse("api:export-file", args=[export.pk, entry["path"]]),
            }
            for entry in export.files
        ],
        "created": export.created,
    }


def token_shape(token: ApiToken) -> dict[str, Any]:
    """Return a token without its digest."""
    return {
        "id": token.pk,
        "name": token.name,
        "prefix": token.prefix,
        "created": token.created,
        "last_used": token.last_used,
    }
