"""Evaluations of reward models: list, start, read; for reviewers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response

from annotator.api.base import BEFORE, PROJECT, SIZE, ApiView, optional_id
from annotator.api.jobs import chosen_snapshot
from annotator.api.serializers.evaluations import EvaluationIn, EvaluationList, EvaluationOut
from annotator.api.serializers.jobs import JobOut
from annotator.api.shapes.jobs import job_shape
from annotator.queries.access import access_to, evaluation_for_user, model_for_user
from annotator.queries.evaluations.stored import evaluations_of, evaluations_of_project
from annotator.queries.evaluations.told import evaluation_told, evaluation_told_whole
from annotator.services.evaluations import evaluation_request

if TYPE_CHECKING:
    from rest_framework.request import Request


MODEL = OpenApiParameter("model", int, description="Only evaluations of this model, by id.")


class Evaluations(ApiView):
    """The evaluations of a project's models."""

    @extend_schema(
        operation_id="evaluations_list",
        parameters=[PROJECT, MODEL, BEFORE, SIZE],
        responses=EvaluationList,
    )
    def get(self, request: Request) -> Response:
        """List evaluations without their numbers, newest first."""
        access = self.project_of_query(at_least="reviewer")
        rows = evaluations_of_project(project=access.project)
        if (pk := optional_id(request, "model")) is not None:
            name = access.project.name
            rows = evaluations_of(model=model_for_user(user=self.person, pk=pk, project=name))
        return self.page_by_id(rows, evaluation_told)


class ModelEvaluations(ApiView):
    """Evaluating a model."""

    @extend_schema(operation_id="evaluations_create", request=EvaluationIn, responses={202: JobOut})
    def post(self, request: Request, pk: int) -> Response:
        """Queue the evaluation of what a model has scored; the job's result names it."""
        model = model_for_user(user=self.person, pk=pk, at_least="reviewer")
        said = self.checked(EvaluationIn)
        access, other = access_to(user=self.person, project=model.project), said["against"]
        job = evaluation_request(
            model=model,
            user=self.person,
            suites=said["suites"],
            settings=said["settings"],
            against=None
            if other is None
            else model_for_user(user=self.person, pk=other, project=model.project.name),
            snapshot=chosen_snapshot(access, self.person, said["snapshot"]),
            part=said["part"],
        )
        return Response(job_shape(job), status=202)


class EvaluationDetail(ApiView):
    """One evaluation."""

    @extend_schema(operation_id="evaluations_retrieve", responses=EvaluationOut)
    def get(self, request: Request, pk: int) -> Response:
        """Show an evaluation with all numbers; nothing is computed."""
        evaluation = evaluation_for_user(user=self.person, pk=pk, at_least="reviewer")
        return Response(evaluation_told_whole(evaluation))
