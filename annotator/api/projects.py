"""Projects, their uploads and problems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.parsers import BaseParser, JSONParser
from rest_framework.response import Response

from annotator.api.base import MOST, SIZE, ApiView, whole
from annotator.api.serializers.problems import ProblemList
from annotator.api.serializers.projects import (
    ProjectIn,
    ProjectList,
    ProjectOut,
    ProjectPatch,
    UploadOut,
)
from annotator.api.shapes.problems import problem_shape
from annotator.api.shapes.projects import project_shape, upload_shape
from annotator.errors import InvalidError
from annotator.forms import ProblemFilterForm
from annotator.queries.access import project_for_user
from annotator.queries.paging import PAGE_SIZE
from annotator.queries.projects import project_row, project_rows
from annotator.queries.trees.problems import LABEL_STATES, OUTCOME_STATES, SORTS, problem_page
from annotator.services.artefacts import CHUNK
from annotator.services.imports.uploads import upload_store
from annotator.services.projects.projects import project_create, project_update, projects_adopt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import IO

    from rest_framework.request import Request

UPDATABLE = ("description", "primary_outcome", "show_scores", "pause_below", "pause_after")
FILTERS = [
    OpenApiParameter("q", str, description="Text in the problem or its answer."),
    OpenApiParameter("labels", str, enum=[key for key in LABEL_STATES if key]),
    OpenApiParameter("outcome", str, enum=[key for key in OUTCOME_STATES if key]),
    OpenApiParameter("min_steps", int),
    OpenApiParameter("max_steps", int),
    OpenApiParameter("sort", str, enum=list(SORTS)),
    OpenApiParameter("after", str, description="The `next` of the page before."),
    OpenApiParameter("before", str, description="The `previous` of the page after."),
    SIZE,
]


class Projects(ApiView):
    """The projects of the person."""

    @extend_schema(operation_id="projects_list", responses=ProjectList)
    def get(self, request: Request) -> Response:
        """List the person's projects; those without members become theirs."""
        projects_adopt(user=self.person)
        return Response({"results": [project_shape(row) for row in project_rows(user=self.person)]})

    @extend_schema(operation_id="projects_create", request=ProjectIn, responses={201: ProjectOut})
    def post(self, request: Request) -> Response:
        """Create a project and own it."""
        project = project_create(owner=self.person, **self.checked(ProjectIn))
        row = project_row(user=self.person, project=project)
        return Response(project_shape(row), status=201)


class ProjectDetail(ApiView):
    """One project."""

    @extend_schema(operation_id="projects_retrieve", responses=ProjectOut)
    def get(self, request: Request, name: str) -> Response:
        """Show a project."""
        access = project_for_user(user=self.person, name=name)
        return Response(project_shape(project_row(user=self.person, project=access.project)))

    @extend_schema(operation_id="projects_update", request=ProjectPatch, responses=ProjectOut)
    def patch(self, request: Request, name: str) -> Response:
        """Change settings; owners only."""
        access = project_for_user(user=self.person, name=name, at_least="owner")
        now = {key: getattr(access.project, key) for key in UPDATABLE}
        project = project_update(project=access.project, **(now | self.checked(ProjectPatch)))
        return Response(project_shape(project_row(user=self.person, project=project)))


class ProjectProblems(ApiView):
    """The problem list."""

    @extend_schema(operation_id="problems_list", parameters=FILTERS, responses=ProblemList)
    def get(self, request: Request, name: str) -> Response:
        """List problems by filter, page by page."""
        access = project_for_user(user=self.person, name=name)
        form = ProblemFilterForm(request.query_params)
        if not form.is_valid():
            fields = {key: str(messages[0]) for key, messages in form.errors.items()}
            raise InvalidError(" ".join(fields.values()), fields=fields)
        found = problem_page(
            access=access,
            wanted=form.wanted(),
            after=request.query_params.get("after", ""),
            before=request.query_params.get("before", ""),
            size=whole(request, "size", PAGE_SIZE, most=MOST),
        )
        rows = [problem_shape(row, access) for row in found.rows]
        body = {"results": rows, "next": found.next or None, "previous": found.previous or None}
        return Response(body)


class RawParser(BaseParser):
    """Hands the body over unread: the view streams it."""

    media_type = "application/octet-stream"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, IO[bytes]]:
        """Return the stream as the only field."""
        return {"stream": stream}


class ProjectUploads(ApiView):
    """Files to import."""

    parser_classes = (RawParser, JSONParser)

    @extend_schema(
        operation_id="uploads_create",
        parameters=[OpenApiParameter("name", str, required=True, description="The file's name.")],
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses={201: UploadOut},
    )
    def post(self, request: Request, name: str) -> Response:
        """Store the body as a file; then queue an import job with its id."""
        access = project_for_user(user=self.person, name=name, at_least="reviewer")
        shown = request.query_params.get("name", "")
        body = request.data.get("stream") if isinstance(request.data, dict) else None
        if not shown or body is None or not hasattr(body, "read"):
            reason = "Send the file as the body (application/octet-stream) and ?name=FILE."
            raise InvalidError(reason, fields={"name": reason})
        upload = upload_store(
            project=access.project, user=self.person, name=shown, chunks=_pieces(body)
        )
        return Response(upload_shape(upload), status=201)


def _pieces(stream: IO[bytes]) -> Iterator[bytes]:
    while piece := stream.read(CHUNK):
        yield piece
