"""One problem, its tree, and what is said of its steps and traces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response

from annotator.api.base import KEY, ApiView, idempotency_key, optional_id
from annotator.api.serializers.judgements import (
    LabelIn,
    LabelList,
    LabelSaved,
    OutcomeIn,
    OutcomeList,
    OutcomeOut,
)
from annotator.api.serializers.problems import ProblemOut, TreeOut
from annotator.api.shapes.problems import label_shape, outcome_shape, problem_shape
from annotator.errors import ForbiddenError, NotFoundError
from annotator.queries.access import (
    access_to,
    model_for_user,
    problem_for_user,
    step_for_user,
    step_to_label,
    trace_for_user,
)
from annotator.queries.blindness import labels_visible, sight_of
from annotator.queries.trees.columns import outcomes_by_trace
from annotator.queries.trees.problems import problem_rows
from annotator.queries.trees.records import trace_rows, tree_records
from annotator.services.judgements.labels import label_clear, label_set
from annotator.services.judgements.outcomes import outcome_set

if TYPE_CHECKING:
    from rest_framework.request import Request

    from annotator.models import Problem, RewardModel
    from annotator.queries.blindness import Sight
    from annotator.services.judgements.labels import LabelResult


class ProblemDetail(ApiView):
    """One problem."""

    @extend_schema(operation_id="problems_retrieve", responses=ProblemOut)
    def get(self, request: Request, pk: int) -> Response:
        """Show a problem without its steps."""
        problem = problem_for_user(user=self.person, pk=pk)
        access = access_to(user=self.person, project=problem.project)
        rows = problem_rows(access=access, problems=[problem])
        return Response(problem_shape(rows[0], access))


class ProblemTree(ApiView):
    """A problem's tree."""

    @extend_schema(
        operation_id="problems_tree",
        parameters=[
            OpenApiParameter("outcome", str, description="Name; the project's primary one."),
            OpenApiParameter("model", int, description="Id of the model whose scores to add."),
        ],
        responses=TreeOut,
    )
    def get(self, request: Request, pk: int) -> Response:
        """Give every node in pre-order and every trace, as `Tree.from_records` takes them."""
        problem = problem_for_user(user=self.person, pk=pk)
        outcome = request.query_params.get("outcome") or problem.project.primary_outcome
        access = access_to(user=self.person, project=problem.project)
        sight = sight_of(access=access, problem=problem)
        model = self._model(problem, sight, optional_id(request, "model"))
        body = {
            "problem": problem.pk,
            "outcome": outcome,
            "nodes": tree_records(
                problem=problem, outcome=outcome.replace("\x00", ""), model=model, sight=sight
            ),
            "traces": trace_rows(problem=problem, sight=sight),
        }
        return Response(body)

    def _model(self, problem: Problem, sight: Sight, pk: int | None) -> RewardModel | None:
        if pk is None:
            return None
        if not sight.any_scores:
            raise ForbiddenError("Model scores of this problem are hidden from you at present.")
        model = model_for_user(user=self.person, pk=pk)
        if model.project_id != problem.project_id:
            raise NotFoundError(f"There is no model {pk} in the project of this problem.")
        return model


class StepLabels(ApiView):
    """The labels of a step."""

    @extend_schema(operation_id="labels_list", responses=LabelList)
    def get(self, request: Request, pk: int) -> Response:
        """List the labels that the person may see.

        Other people's are open to reviewers, and to annotators who have judged the step.
        """
        step = step_for_user(user=self.person, pk=pk)
        access = access_to(user=self.person, project=step.problem.project)
        labels = labels_visible(step=step, access=access)
        return Response({"results": [label_shape(label) for label in labels]})

    @extend_schema(
        operation_id="labels_set", parameters=[KEY], request=LabelIn, responses=LabelSaved
    )
    def put(self, request: Request, pk: int) -> Response:
        """Set the person's own label; the whole label is replaced."""
        step = step_to_label(user=self.person, pk=pk)
        said = self.checked(LabelIn)
        key = idempotency_key(request)
        return _saved(label_set(step=step, user=self.person, idempotency_key=key, **said))

    @extend_schema(
        operation_id="labels_clear", parameters=[KEY], request=None, responses=LabelSaved
    )
    def delete(self, request: Request, pk: int) -> Response:
        """Take the person's own label away; its events stay."""
        step = step_to_label(user=self.person, pk=pk)
        key = idempotency_key(request)
        return _saved(label_clear(step=step, user=self.person, idempotency_key=key))


class TraceOutcomes(ApiView):
    """The outcomes of a trace."""

    @extend_schema(operation_id="outcomes_list", responses=OutcomeList)
    def get(self, request: Request, pk: int) -> Response:
        """List the outcomes of a trace with who says so."""
        trace = trace_for_user(user=self.person, pk=pk)
        outcomes = outcomes_by_trace(trace_ids=[trace.pk]).get(trace.pk, [])
        return Response({"results": [outcome_shape(outcome) for outcome in outcomes]})

    @extend_schema(
        operation_id="outcomes_set", parameters=[KEY], request=OutcomeIn, responses=OutcomeOut
    )
    def put(self, request: Request, pk: int) -> Response:
        """Correct an outcome; reviewers and owners only."""
        trace = trace_for_user(user=self.person, pk=pk, at_least="reviewer")
        said = self.checked(OutcomeIn)
        key = idempotency_key(request)
        result = outcome_set(trace=trace, user=self.person, idempotency_key=key, **said)
        return Response(outcome_shape(result.outcome))


def _saved(result: LabelResult) -> Response:
    label = label_shape(result.label) if result.label else None
    return Response({"label": label, "event": result.event_id, "replayed": result.replayed})
