"""Contradictions between the judgements of a problem."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response

from annotator.api.base import KEY, ApiView, idempotency_key
from annotator.api.serializers.contradictions import (
    ContradictionList,
    ResolutionIn,
    ResolutionSaved,
)
from annotator.queries.access import access_to, problem_for_user
from annotator.queries.rankings.questions import questions_of
from annotator.services.rankings.contradictions import (
    ResolutionResult,
    contradiction_reopen,
    contradiction_resolve,
)

if TYPE_CHECKING:
    from rest_framework.request import Request

    from annotator.models import Problem, Resolution

STATE = OpenApiParameter("state", str, enum=["open", "resolved"], description="open")
NAME = OpenApiParameter("contradiction", str, required=True, description="Its name.")


class Contradictions(ApiView):
    """What contradicts itself in a problem."""

    @extend_schema(
        operation_id="contradictions_list", parameters=[STATE], responses=ContradictionList
    )
    def get(self, request: Request, pk: int) -> Response:
        """List it: reviewers among all judgements, others among their own."""
        problem = problem_for_user(user=self.person, pk=pk)
        access = access_to(user=self.person, project=problem.project)
        resolved = request.query_params.get("state") == "resolved"
        found = questions_of(problems=[problem], access=access, resolved=resolved)
        results = [
            {
                "contradiction": question.name,
                **{n: getattr(question, n) for n in ("kind", "level", "criterion", "sentence")},
                "items": list(question.items),
                "sides": list(question.sides),
                "resolution": _shape(question.resolution),
            }
            for question in found.get(pk, [])
        ]
        return Response({"results": results})

    @extend_schema(
        operation_id="contradictions_resolve",
        parameters=[KEY],
        request=ResolutionIn,
        responses=ResolutionSaved,
    )
    def put(self, request: Request, pk: int) -> Response:
        """Say which side holds, or that both are meant so; reviewers only."""
        problem = self._problem(pk)
        said = self.checked(ResolutionIn)
        key = idempotency_key(request)
        return _saved(
            contradiction_resolve(problem=problem, user=self.person, idempotency_key=key, **said)
        )

    @extend_schema(
        operation_id="contradictions_reopen",
        parameters=[KEY, NAME],
        request=None,
        responses=ResolutionSaved,
    )
    def delete(self, request: Request, pk: int) -> Response:
        """Take back what was said of one; its events stay."""
        name = request.query_params.get("contradiction", "").replace("\x00", "")
        key = idempotency_key(request)
        problem = self._problem(pk)
        return _saved(
            contradiction_reopen(
                problem=problem, contradiction=name, user=self.person, idempotency_key=key
            )
        )

    def _problem(self, pk: int) -> Problem:
        return problem_for_user(user=self.person, pk=pk, at_least="reviewer")


def _shape(row: Resolution | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {"kept": row.kept, "reason": row.reason, "by": row.rater.name, "updated": row.updated}


def _saved(result: ResolutionResult) -> Response:
    resolution = _shape(result.resolution)
    return Response(
        {"resolution": resolution, "event": result.event_id, "replayed": result.replayed}
    )
