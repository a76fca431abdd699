"""Guidelines, version after version, and labels to be judged again under new ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from annotator.api.base import BEFORE, SIZE, ApiView
from annotator.api.serializers.guidelines import (
    GuidelinesIn,
    GuidelinesList,
    GuidelinesOut,
    RelabelIn,
    RelabelOut,
)
from annotator.queries.access import project_for_user
from annotator.queries.guidelines.versions import (
    Selection,
    affected_count,
    guideline_numbered,
    guidelines_of,
)
from annotator.services.guidelines.versions import guideline_set, relabel_request

if TYPE_CHECKING:
    from rest_framework.request import Request

    from annotator.models import GuidelineVersion


class Guidelines(ApiView):
    """The versions of a project's guidelines."""

    @extend_schema(
        operation_id="guidelines_list", parameters=[BEFORE, SIZE], responses=GuidelinesList
    )
    def get(self, request: Request, name: str) -> Response:
        """List the versions, newest first: who changed what when. Each has its text at its address."""
        access = project_for_user(user=self.person, name=name)
        return self.page_by_id(guidelines_of(project=access.project), _row, order=("-number",))

    @extend_schema(
        operation_id="guidelines_add", request=GuidelinesIn, responses={201: GuidelinesOut}
    )
    def post(self, request: Request, name: str) -> Response:
        """Save a version; owners only. What is unchanged gives the current one."""
        access = project_for_user(user=self.person, name=name, at_least="owner")
        said = self.checked(GuidelinesIn)
        saved = guideline_set(project=access.project, author=self.person, **said)
        return Response(_version(saved), status=201)


class GuidelinesVersion(ApiView):
    """One version."""

    @extend_schema(operation_id="guidelines_retrieve", responses=GuidelinesOut)
    def get(self, request: Request, name: str, number: int) -> Response:
        """Show a version with its text and examples."""
        access = project_for_user(user=self.person, name=name)
        return Response(_version(guideline_numbered(project=access.project, number=number)))


class GuidelinesAgain(ApiView):
    """Labels made under older guidelines, to be judged again."""

    @extend_schema(operation_id="guidelines_again", request=RelabelIn, responses={202: RelabelOut})
    def post(self, request: Request, name: str) -> Response:
        """Make a queue of the fewest traces that hold the chosen labels."""
        access = project_for_user(user=self.person, name=name, at_least="reviewer")
        said = self.checked(RelabelIn)
        lists = {key: tuple(said[key]) for key in ("versions", "ratings", "error_types")}
        selection = Selection(**lists, unsure=said["unsure"])
        queue, job = relabel_request(
            project=access.project,
            user=self.person,
            name=said["name"],
            overlap=said["overlap"],
            selection=selection,
        )
        labels = affected_count(project=access.project, selection=selection).labels
        return Response({"queue": queue.pk, "job": job.pk, "labels": labels}, status=202)


def _row(row: GuidelineVersion) -> dict[str, Any]:
    return {
        "number": row.number,
        "change": row.change,
        "author": row.author.get_username() if row.author else None,
        "created": row.created,
    }


def _version(row: GuidelineVersion) -> dict[str, Any]:
    return {**_row(row), "markdown": row.markdown, "examples": row.examples}
