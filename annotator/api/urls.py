"""Routes of the JSON API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path, re_path
from drf_spectacular.utils import extend_schema

from annotator.api import account, datasets, jobs, models, problems, projects
from annotator.api.base import ApiView
from annotator.errors import NotFoundError

if TYPE_CHECKING:
    from rest_framework.response import Response


@extend_schema(exclude=True)
class Nothing(ApiView):
    """Every address that is not one of this API: an error in its shape, not a page."""

    def get(self, *_: object, **__: object) -> Response:
        """Say that there is nothing here."""
        raise NotFoundError("There is nothing at this address. See /api/v1/schema/.")

    post = put = patch = delete = get


app_name = "api"
urlpatterns = [
    path("projects/", projects.Projects.as_view(), name="projects"),
    path("projects/<str:name>/", projects.ProjectDetail.as_view(), name="project"),
    path(
        "projects/<str:name>/problems/", projects.ProjectProblems.as_view(), name="project-problems"
    ),
    path("projects/<str:name>/uploads/", projects.ProjectUploads.as_view(), name="project-uploads"),
    path("problems/<int:pk>/", problems.ProblemDetail.as_view(), name="problem"),
    path("problems/<int:pk>/tree/", problems.ProblemTree.as_view(), name="problem-tree"),
    path("steps/<int:pk>/labels/", problems.StepLabels.as_view(), name="step-labels"),
    path("traces/<int:pk>/outcomes/", problems.TraceOutcomes.as_view(), name="trace-outcomes"),
    path("jobs/", jobs.Jobs.as_view(), name="jobs"),
    path("jobs/<int:pk>/", jobs.JobDetail.as_view(), name="job"),
    path("jobs/<int:pk>/metrics/", jobs.JobMetrics.as_view(), name="job-metrics"),
    path("jobs/<int:pk>/cancel/", jobs.JobCancel.as_view(), name="job-cancel"),
    path("jobs/<int:pk>/resume/", jobs.JobResume.as_view(), name="job-resume"),
    path("models/", models.Models.as_view(), name="models"),
    path("models/<int:pk>/", models.ModelDetail.as_view(), name="model"),
    path("scores/", models.Scores.as_view(), name="scores"),
    path("snapshots/", datasets.Snapshots.as_view(), name="snapshots"),
    path("snapshots/<int:pk>/", datasets.SnapshotDetail.as_view(), name="snapshot"),
    path("exports/", datasets.Exports.as_view(), name="exports"),
    path("exports/<int:pk>/", datasets.ExportDetail.as_view(), name="export"),
    path("exports/<int:pk>/files/<path:path>", datasets.ExportFile.as_view(), name="export-file"),
    path("tokens/", account.Tokens.as_view(), name="tokens"),
    path("tokens/<int:pk>/", account.TokenDetail.as_view(), name="token"),
    re_path(r"^.*$", Nothing.as_view(), name="nothing"),
]
