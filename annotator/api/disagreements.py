"""Where people judged differently."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response

from annotator.api.base import AFTER, DEFAULT_SIZE, MOST, SIZE, ApiView, whole
from annotator.api.serializers.adjudications import DisagreementList
from annotator.errors import InvalidError
from annotator.queries.access import project_for_user
from annotator.queries.adjudication.disagreements import LISTS, SpanDisagreement, StepDisagreement
from annotator.services.adjudication import SPAN

if TYPE_CHECKING:
    from rest_framework.request import Request

    from annotator.queries.adjudication.disagreements import Disagreement

STATES = ("open", "decided")


class Disagreements(ApiView):
    """What people judged differently in a project."""

    @extend_schema(
        operation_id="disagreements_list",
        parameters=[
            OpenApiParameter("kind", str, enum=list(LISTS), description="steps"),
            OpenApiParameter("state", str, enum=STATES, description="open"),
            OpenApiParameter("imported", OpenApiTypes.BOOL, description="Count imported raters."),
            AFTER,
            SIZE,
        ],
        responses=DisagreementList,
    )
    def get(self, request: Request, name: str) -> Response:
        """List it, the worst first; reviewers only."""
        access = project_for_user(user=self.person, name=name, at_least="reviewer")
        query = request.query_params
        state = query.get("state", "open")
        if state not in STATES:
            reason = f"'state' is one of {', '.join(STATES)}, not '{state[:40]}'."
            raise InvalidError(reason, fields={"state": reason})
        asked: dict[str, Any] = {
            "project": access.project,
            "decided": state == "decided",
            "imported": query.get("imported", "") in {"1", "true"},
            "after": query.get("after", ""),
            "size": whole(request, "size", DEFAULT_SIZE, most=MOST),
        }
        kind = query.get("kind", "steps")
        if kind not in LISTS:
            reason = f"'kind' is one of {', '.join(LISTS)}, not '{kind[:40]}'."
            raise InvalidError(reason, fields={"kind": reason})
        found, following = LISTS[kind](**asked)
        return Response({"results": [_about(row) for row in found], "next": following})


def _about(row: Disagreement) -> dict[str, Any]:
    """Return a row as ``DisagreementOut`` describes it; what a kind does not have is null or empty."""
    about: dict[str, Any] = {
        "step": None,
        "first": None,
        "last": None,
        "level": "",
        "parent": None,
        "criterion": "",
        "severity": row.severity,
        "people": row.people,
    }
    if isinstance(row, StepDisagreement):
        return about | {"problem": row.step.problem_id, "step": row.step.pk}
    if isinstance(row, SpanDisagreement):
        ends = {"first": row.first.pk, "last": row.last.pk}
        return about | {"problem": row.first.problem_id, "level": SPAN, **ends}
    return about | {
        "problem": row.problem.pk,
        "level": row.level,
        "parent": row.parent.pk if row.parent else None,
        "criterion": row.criterion,
    }
