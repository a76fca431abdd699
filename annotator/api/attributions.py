"""Attributions and signals of the path that ends at a step: what is stored, and asking for more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response

from annotator.api.base import BEFORE, SIZE, ApiView, optional_id
from annotator.api.serializers.attributions import AttributionIn, AttributionList
from annotator.api.serializers.jobs import JobOut
from annotator.api.shapes.jobs import job_shape
from annotator.queries.access import access_to, model_for_user, step_for_user
from annotator.queries.attribution.told import attribution_told, attributions_of, path_opened
from annotator.services.models.attributions import attribution_request
from scoring.attribution.choices import choice

if TYPE_CHECKING:
    from rest_framework.request import Request


class StepAttributions(ApiView):
    """What was found of one path."""

    @extend_schema(
        operation_id="steps_attributions",
        parameters=[
            OpenApiParameter("model", int, description="Only of this model, by id."),
            OpenApiParameter("method", str, description="Only of this method, or `signal:KEY`."),
            OpenApiParameter("tokens", bool, description="1: the number of every token too."),
            BEFORE,
            SIZE,
        ],
        responses=AttributionList,
    )
    def get(self, request: Request, pk: int) -> Response:
        """List attributions and signals of the path to the step, newest first, by step or by token."""
        end = step_for_user(user=self.person, pk=pk)
        access = access_to(user=self.person, project=end.problem.project)
        path = path_opened(access=access, problem=end.problem, end=end)
        rows = attributions_of(end=end)
        if (model := optional_id(request, "model")) is not None:
            name = end.problem.project.name
            rows = rows.filter(model=model_for_user(user=self.person, pk=model, project=name))
        if method := request.query_params.get("method", ""):
            rows = rows.filter(method=choice(method).key)
        tokens = request.query_params.get("tokens", "") in {"1", "true"}
        return self.page_by_id(rows, lambda row: attribution_told(row, path, tokens=tokens))

    @extend_schema(
        operation_id="steps_attributions_create", request=AttributionIn, responses={202: JobOut}
    )
    def post(self, request: Request, pk: int) -> Response:
        """Queue a method or signal on the path to the step; the job's result names what it stored."""
        end = step_for_user(user=self.person, pk=pk, at_least="reviewer")
        said = self.checked(AttributionIn)
        name = end.problem.project.name
        job = attribution_request(
            model=model_for_user(
                user=self.person, pk=said["model"], project=name, at_least="reviewer"
            ),
            end=end,
            method=said["method"],
            params=said["params"],
            user=self.person,
        )
        return Response(job_shape(job), status=202)
