"""The final decisions of reviewers on steps, spans and rankings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response

from annotator.api.base import KEY, ApiView, idempotency_key, whole
from annotator.api.rankings import CRITERION, LEVEL, PARENT
from annotator.api.serializers.adjudications import (
    DecisionFound,
    DecisionSaved,
    RankingDecisionIn,
    SpanDecisionIn,
    StepDecisionIn,
)
from annotator.errors import InvalidError
from annotator.numbers import whole_number
from annotator.queries.access import MAX_ID, problem_for_user, step_for_user
from annotator.queries.adjudication.cases import ranking_decision, span_decision, step_decision
from annotator.queries.rankings.places import place_of
from annotator.services.adjudication import (
    AdjudicationResult,
    Rating,
    ranking_decide,
    ranking_decision_withdraw,
    span_decide,
    span_decision_withdraw,
    step_decide,
    step_decision_withdraw,
)
from annotator.services.judgements.spans import span_check
from annotator.services.rankings.answers import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rest_framework.request import Request

    from annotator.models import Adjudication, Step
    from annotator.queries.rankings.places import Place

ENDS = [
    OpenApiParameter("first", int, required=True, description="First step of the span."),
    OpenApiParameter("last", int, required=True, description="Last step of the span."),
]


class StepDecision(ApiView):
    """The final decision on a step; reviewers only."""

    @extend_schema(operation_id="step_decision_retrieve", responses=DecisionFound)
    def get(self, request: Request, pk: int) -> Response:
        """Show the decision."""
        step = step_for_user(user=self.person, pk=pk, at_least="reviewer")
        return _found(step_decision(step=step))

    @extend_schema(
        operation_id="step_decision_set",
        parameters=[KEY],
        request=StepDecisionIn,
        responses=DecisionSaved,
    )
    def put(self, request: Request, pk: int) -> Response:
        """Decide, or decide again; the judgements stay."""
        step = step_for_user(user=self.person, pk=pk, at_least="reviewer")
        said = self.checked(StepDecisionIn)
        result = step_decide(
            step=step,
            user=self.person,
            decision=Rating(**said["decision"]),
            blind=Rating(**said["blind"]) if said["blind"] is not None else None,
            reason=said["reason"],
            own_said=said["own"],
            idempotency_key=idempotency_key(request),
        )
        return _saved(result)

    @extend_schema(
        operation_id="step_decision_withdraw",
        parameters=[KEY],
        request=None,
        responses=DecisionSaved,
    )
    def delete(self, request: Request, pk: int) -> Response:
        """Withdraw the decision; its events stay."""
        step = step_for_user(user=self.person, pk=pk, at_least="reviewer")
        key = idempotency_key(request)
        return _saved(step_decision_withdraw(step=step, user=self.person, idempotency_key=key))


class SpanDecision(ApiView):
    """The final decision on a run of steps as one unit; reviewers only."""

    @extend_schema(operation_id="span_decision_retrieve", parameters=ENDS, responses=DecisionFound)
    def get(self, request: Request, pk: int) -> Response:
        """Show the decision."""
        first, last = self._ends(pk, request.query_params)
        return _found(span_decision(first=first, last=last))

    @extend_schema(
        operation_id="span_decision_set",
        parameters=[KEY],
        request=SpanDecisionIn,
        responses=DecisionSaved,
    )
    def put(self, request: Request, pk: int) -> Response:
        """Decide, or decide again; the judgements stay."""
        problem_for_user(user=self.person, pk=pk, at_least="reviewer")
        first, last = self._ends(pk, said := self.checked(SpanDecisionIn))
        result = span_decide(
            first=first,
            last=last,
            user=self.person,
            decision=Rating(**said["decision"]),
            blind=Rating(**said["blind"]) if said["blind"] is not None else None,
            reason=said["reason"],
            own_said=said["own"],
            idempotency_key=idempotency_key(request),
        )
        return _saved(result)

    @extend_schema(
        operation_id="span_decision_withdraw",
        parameters=[KEY, *ENDS],
        request=None,
        responses=DecisionSaved,
    )
    def delete(self, request: Request, pk: int) -> Response:
        """Withdraw the decision; its events stay."""
        first, last = self._ends(pk, request.query_params)
        key = idempotency_key(request)
        result = span_decision_withdraw(
            first=first, last=last, user=self.person, idempotency_key=key
        )
        return _saved(result)

    def _ends(self, pk: int, said: Mapping[str, Any]) -> tuple[Step, Step]:
        problem_for_user(user=self.person, pk=pk, at_least="reviewer")
        ends = {name: whole_number(str(said.get(name, ""))) for name in ("first", "last")}
        unsaid = {name: "The id of a step." for name, end in ends.items() if end is None}
        if unsaid:
            raise InvalidError("Name the first and the last step of the run.", fields=unsaid)
        first, last = (
            step_for_user(user=self.person, pk=end or 0, problem=pk, at_least="reviewer")
            for end in ends.values()
        )
        span_check(first=first, last=last)
        return first, last


class RankingDecision(ApiView):
    """The final decision on the order at a place of a problem; reviewers only."""

    @extend_schema(
        operation_id="ranking_decision_retrieve",
        parameters=[LEVEL, PARENT, CRITERION],
        responses=DecisionFound,
    )
    def get(self, request: Request, pk: int) -> Response:
        """Show the decision."""
        place, criterion = self._asked(request, pk)
        return _found(ranking_decision(place=place, criterion=criterion))

    @extend_schema(
        operation_id="ranking_decision_set",
        parameters=[KEY],
        request=RankingDecisionIn,
        responses=DecisionSaved,
    )
    def put(self, request: Request, pk: int) -> Response:
        """Decide, or decide again; the rankings stay."""
        problem = problem_for_user(user=self.person, pk=pk, at_least="reviewer")
        said = self.checked(RankingDecisionIn)
        place = place_of(problem=problem, level=said["level"], parent_id=said["parent"])
        shown = list(place.chosen)
        blind = said["blind"]
        result = ranking_decide(
            place=place,
            criterion=said["criterion"],
            user=self.person,
            decision=Answer(**said["decision"], shown=shown),
            blind=Answer(**blind, shown=shown) if blind is not None else None,
            reason=said["reason"],
            own_said=said["own"],
            idempotency_key=idempotency_key(request),
        )
        return _saved(result)

    @extend_schema(
        operation_id="ranking_decision_withdraw",
        parameters=[KEY, LEVEL, PARENT, CRITERION],
        request=None,
        responses=DecisionSaved,
    )
    def delete(self, request: Request, pk: int) -> Response:
        """Withdraw the decision; its events stay."""
        place, criterion = self._asked(request, pk)
        key = idempotency_key(request)
        result = ranking_decision_withdraw(
            place=place, criterion=criterion, user=self.person, idempotency_key=key
        )
        return _saved(result)

    def _asked(self, request: Request, pk: int) -> tuple[Place, str]:
        problem = problem_for_user(user=self.person, pk=pk, at_least="reviewer")
        parent = whole(request, "parent", 0, most=MAX_ID) or None
        level = request.query_params.get("level", "step")
        place = place_of(problem=problem, level=level, parent_id=parent)
        return place, request.query_params.get("criterion", "").replace("\x00", "")


def _shape(row: Adjudication | None) -> dict[str, Any] | None:
    """Return a decision as ``DecisionOut`` describes it, None where nothing is decided."""
    if row is None:
        return None
    return {
        "step": row.step_id,
        "first": row.first_id,
        "last": row.last_id,
        "level": row.level,
        "parent": row.parent_id,
        "criterion": row.criterion,
        "decision": row.decision,
        "blind": row.blind,
        "reason": row.reason,
        "by": row.rater.name,
        "updated": row.updated,
    }


def _found(row: Adjudication | None) -> Response:
    return Response({"decision": _shape(row)})


def _saved(result: AdjudicationResult) -> Response:
    decision = _shape(result.adjudication)
    return Response({"decision": decision, "event": result.event_id, "replayed": result.replayed})
