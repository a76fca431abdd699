"""Reward models and their scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response

from annotator.api.base import (
    BEFORE,
    DEFAULT_SIZE,
    PROJECT,
    SIZE,
    ApiView,
    optional_id,
    whole,
)
from annotator.api.serializers.models import ModelIn, ModelList, ModelOut, ScoreList
from annotator.api.shapes.models import model_shape, score_shape
from annotator.errors import ForbiddenError, InvalidError
from annotator.queries.access import access_to, model_for_user, project_for_user
from annotator.queries.datasets.catalog import scores_after
from annotator.queries.judges import verdicts_of
from annotator.queries.models import reward_models_of
from annotator.queries.staleness import behind
from annotator.services.models.added import reward_model_add

if TYPE_CHECKING:
    from rest_framework.request import Request

    from annotator.models import RewardModel

MOST_SCORES = 1_000


class Models(ApiView):
    """The reward models of a project."""

    @extend_schema(
        operation_id="models_list", parameters=[PROJECT, BEFORE, SIZE], responses=ModelList
    )
    def get(self, request: Request) -> Response:
        """List models, newest first, with metrics and provenance."""
        access = self.project_of_query()
        rows = reward_models_of(project=access.project).select_related("project")
        answer = self.page_by_id(rows, model_shape)
        if access.may_review:
            shown = rows.filter(pk__in=[row["id"] for row in answer.data["results"]])
            told = behind(project=access.project, models=shown)
            for row in answer.data["results"]:
                row["behind"] = told[row["id"]].to_dict() if row["id"] in told else None
        return answer

    @extend_schema(operation_id="models_create", request=ModelIn, responses={201: ModelOut})
    def post(self, request: Request) -> Response:
        """Add a model that scores without being trained here."""
        said = self.checked(ModelIn)
        access = project_for_user(user=self.person, name=said["project"], at_least="reviewer")
        model = reward_model_add(
            project=access.project,
            kind=said["kind"],
            settings=said["settings"],
            name=said["name"],
        )
        return Response(model_shape(model), status=201)


class ModelDetail(ApiView):
    """One reward model."""

    @extend_schema(operation_id="models_retrieve", responses=ModelOut)
    def get(self, request: Request, pk: int) -> Response:
        """Show a model."""
        model = model_for_user(user=self.person, pk=pk)
        shown = model_shape(model)
        if access_to(user=self.person, project=model.project).may_review and model.ready:
            shown["behind"] = behind(project=model.project, models=[model])[pk].to_dict()
        return Response(shown)


class Scores(ApiView):
    """What models said of steps."""

    @extend_schema(
        operation_id="scores_list",
        parameters=[
            OpenApiParameter("model", int, required=True, description="Id of the model."),
            OpenApiParameter("problem", int, description="Only the steps of this problem."),
            OpenApiParameter("after", int, description="The `next` of the page before."),
            OpenApiParameter("size", int, description=f"Rows, at most {MOST_SCORES}."),
        ],
        responses=ScoreList,
    )
    def get(self, request: Request) -> Response:
        """List the scores of a model in the order in which they were stored."""
        pk = optional_id(request, "model")
        if pk is None:
            reason = "Name the model: ?model=ID."
            raise InvalidError(reason, fields={"model": reason})
        model = model_for_user(user=self.person, pk=pk)
        self._gate(model)
        size = whole(request, "size", DEFAULT_SIZE, most=MOST_SCORES)
        found = scores_after(
            model=model,
            problem_id=optional_id(request, "problem"),
            after=optional_id(request, "after") or 0,
            limit=size + 1,
        )
        said = verdicts_of(model=model, step_ids=[score.step_id for score in found[:size]])
        rows = [score_shape(score, model, said.get(score.step_id)) for score in found[:size]]
        return Response({"results": rows, "next": rows[-1]["id"] if len(found) > size else None})

    def _gate(self, model: RewardModel) -> None:
        """Open the list to whoever sees all scores; others read theirs with a problem's tree."""
        if not access_to(user=self.person, project=model.project).may_see_scores:
            raise ForbiddenError(
                "This project hides model scores from annotators. What is open to you of a problem "
                "comes with its tree: problems/ID/tree/?model=ID."
            )
