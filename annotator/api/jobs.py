"""Jobs: queue, watch, cancel, resume."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from annotator.api.base import BEFORE, PROJECT, SIZE, ApiView
from annotator.api.serializers.jobs import JobIn, JobList, JobOut, MetricList
from annotator.api.shapes.jobs import job_shape
from annotator.errors import InvalidError, NotFoundError
from annotator.models import Upload
from annotator.queries.access import (
    Access,
    access_to,
    job_for_user,
    model_for_user,
    project_for_user,
    snapshot_for_user,
)
from annotator.queries.jobs import jobs_of_project, metrics_of_job
from annotator.services.jobs import job_cancel_request, job_resume
from annotator.services.jobs.requests import (
    export_request,
    import_request,
    score_request,
    snapshot_request,
    train_request,
)
from annotator.services.judgements.answers import answers_request
from annotator.services.models.retraining import retrain_request

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from rest_framework.request import Request

    from annotator.models import Job, Snapshot

Said = dict[str, Any]


class Jobs(ApiView):
    """The jobs of a project."""

    @extend_schema(operation_id="jobs_list", parameters=[PROJECT, BEFORE, SIZE], responses=JobList)
    def get(self, request: Request) -> Response:
        """List jobs, newest first."""
        access = self.project_of_query()
        rows = jobs_of_project(project=access.project).select_related("project")
        return self.page_by_id(rows, lambda job: job_shape(job, with_result=access.may_review))

    @extend_schema(operation_id="jobs_create", request=JobIn, responses={202: JobOut})
    def post(self, request: Request) -> Response:
        """Queue work for a worker."""
        said = self.checked(JobIn)
        access = project_for_user(user=self.person, name=said["project"], at_least="reviewer")
        job = STARTERS[said["kind"]](access, self.person, said)
        return Response(job_shape(job), status=202)


class JobDetail(ApiView):
    """One job."""

    @extend_schema(operation_id="jobs_retrieve", responses=JobOut)
    def get(self, request: Request, pk: int) -> Response:
        """Show state and progress, and for reviewers the result."""
        job = job_for_user(user=self.person, pk=pk)
        access = access_to(user=self.person, project=job.project)
        return Response(job_shape(job, with_result=access.may_review))


class JobMetrics(ApiView):
    """The curves of a job."""

    @extend_schema(operation_id="jobs_metrics", responses=MetricList)
    def get(self, request: Request, pk: int) -> Response:
        """Give every curve as [step, value] pairs."""
        curves = metrics_of_job(job=job_for_user(user=self.person, pk=pk))
        rows = [{"name": name, "points": points} for name, points in curves.items()]
        return Response({"results": rows})


class JobCancel(ApiView):
    """Stopping a job."""

    @extend_schema(operation_id="jobs_cancel", request=None, responses=JobOut)
    def post(self, request: Request, pk: int) -> Response:
        """Ask a job to stop."""
        job = job_for_user(user=self.person, pk=pk, at_least="reviewer")
        return Response(job_shape(job_cancel_request(job=job)))


class JobResume(ApiView):
    """Going on with a job."""

    @extend_schema(operation_id="jobs_resume", request=None, responses=JobOut)
    def post(self, request: Request, pk: int) -> Response:
        """Queue a failed or cancelled job again; it goes on from its last checkpoint."""
        job = job_for_user(user=self.person, pk=pk, at_least="reviewer")
        return Response(job_shape(job_resume(job=job)))


def _import(access: Access, user: User, said: Said) -> Job:
    pk = _needed(said, "upload")
    upload = Upload.objects.filter(project=access.project, pk=pk).first()
    if upload is None:
        raise NotFoundError(f"There is no upload {pk} in this project. Send the file first.")
    return import_request(
        upload=upload, user=user, format_key=said["format"], dry_run=said["dry_run"]
    )


def _train(access: Access, user: User, said: Said) -> Job:
    return train_request(
        project=access.project,
        user=user,
        settings=said["settings"],
        kind=said["reward_model_kind"],
        base=said["base"],
        name=said["name"],
        snapshot=chosen_snapshot(access, user, said["snapshot"]),
    )


def _retrain(access: Access, user: User, said: Said) -> Job:
    model = model_for_user(
        user=user, pk=_needed(said, "model"), at_least="reviewer", project=access.project.name
    )
    return retrain_request(model=model, user=user)


def _score(access: Access, user: User, said: Said) -> Job:
    model = model_for_user(
        user=user, pk=_needed(said, "model"), at_least="reviewer", project=access.project.name
    )
    return score_request(model=model, user=user, labels=said["labels"])


def _snapshot(access: Access, user: User, said: Said) -> Job:
    return snapshot_request(
        project=access.project, user=user, name=said["name"], rules=said.get("rules", {})
    )


def _export(access: Access, user: User, said: Said) -> Job:
    return export_request(
        project=access.project,
        user=user,
        format_key=said["format"],
        options=said["options"],
        snapshot=chosen_snapshot(access, user, said["snapshot"]),
    )


def _answers(access: Access, user: User, said: Said) -> Job:
    return answers_request(
        project=access.project, user=user, name=said["outcome"], replace=said["replace"]
    )


STARTERS: dict[str, Callable[[Access, User, Said], Job]] = {
    "import": _import,
    "train": _train,
    "retrain": _retrain,
    "score": _score,
    "snapshot": _snapshot,
    "export": _export,
    "answers": _answers,
}


def chosen_snapshot(access: Access, user: User, pk: int | None) -> Snapshot | None:
    """Return the snapshot that was named, gated and of this project."""
    if pk is None:
        return None
    return snapshot_for_user(user=user, pk=pk, project=access.project.name)


def _needed(said: Said, name: str) -> int:
    if name not in said:
        reason = f"This kind of job needs '{name}'."
        raise InvalidError(reason, fields={name: reason})
    return int(said[name])
