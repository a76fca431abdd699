"""Snapshots and exports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from annotator.api.base import BEFORE, PROJECT, SIZE, ApiView
from annotator.api.jobs import chosen_snapshot
from annotator.api.serializers.datasets import (
    ExportIn,
    ExportList,
    ExportOut,
    SnapshotIn,
    SnapshotList,
    SnapshotOut,
)
from annotator.api.serializers.jobs import JobOut
from annotator.api.shapes.datasets import export_shape, snapshot_shape
from annotator.api.shapes.jobs import job_shape
from annotator.downloads import export_file
from annotator.queries.access import (
    access_to,
    export_for_user,
    project_for_user,
    snapshot_for_user,
)
from annotator.queries.datasets.catalog import exports_of
from annotator.queries.datasets.snapshots import snapshots_of
from annotator.services.jobs.requests import export_request, snapshot_request

if TYPE_CHECKING:
    from django.http import StreamingHttpResponse
    from rest_framework.request import Request


class Snapshots(ApiView):
    """The snapshots of a project."""

    @extend_schema(
        operation_id="snapshots_list", parameters=[PROJECT, BEFORE, SIZE], responses=SnapshotList
    )
    def get(self, request: Request) -> Response:
        """List snapshots, newest first."""
        access = self.project_of_query()
        rows = snapshots_of(project=access.project).select_related("project")
        seen = access.may_review
        return self.page_by_id(rows, lambda row: snapshot_shape(row, with_labels=seen))

    @extend_schema(operation_id="snapshots_create", request=SnapshotIn, responses={202: JobOut})
    def post(self, request: Request) -> Response:
        """Queue the freezing of the labels as they are; the job's result names the snapshot."""
        said = self.checked(SnapshotIn)
        access = project_for_user(user=self.person, name=said["project"], at_least="reviewer")
        job = snapshot_request(
            project=access.project,
            user=self.person,
            name=said["name"],
            rules=said.get("rules", {}),
        )
        return Response(job_shape(job), status=202)


class SnapshotDetail(ApiView):
    """One snapshot."""

    @extend_schema(operation_id="snapshots_retrieve", responses=SnapshotOut)
    def get(self, request: Request, pk: int) -> Response:
        """Show a snapshot with its rules, hash and counts."""
        snapshot = snapshot_for_user(user=self.person, pk=pk)
        access = access_to(user=self.person, project=snapshot.project)
        return Response(snapshot_shape(snapshot, with_labels=access.may_review))


class Exports(ApiView):
    """The exports of a project."""

    @extend_schema(
        operation_id="exports_list", parameters=[PROJECT, BEFORE, SIZE], responses=ExportList
    )
    def get(self, request: Request) -> Response:
        """List exports with their manifests, newest first."""
        access = self.project_of_query()
        rows = exports_of(project=access.project).select_related("project")
        seen = access.may_review
        return self.page_by_id(rows, lambda row: export_shape(row, with_excluded=seen))

    @extend_schema(operation_id="exports_create", request=ExportIn, responses={202: JobOut})
    def post(self, request: Request) -> Response:
        """Queue an export; the job's result names it."""
        said = self.checked(ExportIn)
        access = project_for_user(user=self.person, name=said["project"], at_least="reviewer")
        job = export_request(
            project=access.project,
            user=self.person,
            format_key=said["format"],
            options=said["options"],
            snapshot=chosen_snapshot(access, self.person, said["snapshot"]),
        )
        return Response(job_shape(job), status=202)


class ExportDetail(ApiView):
    """One export."""

    @extend_schema(operation_id="exports_retrieve", responses=ExportOut)
    def get(self, request: Request, pk: int) -> Response:
        """Show an export's manifest with addresses of its files."""
        export = export_for_user(user=self.person, pk=pk)
        access = access_to(user=self.person, project=export.project)
        return Response(export_shape(export, with_excluded=access.may_review))


class ExportFile(ApiView):
    """A file of an export."""

    @extend_schema(
        operation_id="exports_file",
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, pk: int, path: str) -> StreamingHttpResponse:
        """Download one file that the manifest lists; reviewers and owners only."""
        export = export_for_user(user=self.person, pk=pk, at_least="reviewer")
        return export_file(export, path)
