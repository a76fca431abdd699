"""Rankings of a problem, and the criteria of a project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response

from annotator.api.base import BEFORE, KEY, SIZE, ApiView, idempotency_key, optional_id
from annotator.api.serializers.rankings import (
    CriteriaIn,
    CriteriaOut,
    RankingIn,
    RankingList,
    RankingSaved,
)
from annotator.errors import InvalidError
from annotator.queries.access import access_to, problem_for_user, project_for_user
from annotator.queries.rankings.criteria import criteria_rows
from annotator.queries.rankings.places import place_of, rankings_visible
from annotator.services.rankings.answers import Answer, RankingResult, ranking_clear, ranking_set
from annotator.services.rankings.criteria import criteria_set
from scoring.preference.types import LEVELS

if TYPE_CHECKING:
    from rest_framework.request import Request

    from annotator.models import Ranking

LEVEL = OpenApiParameter("level", str, enum=LEVELS)
PARENT = OpenApiParameter("parent", int, description="Step whose children are ranked.")
CRITERION = OpenApiParameter("criterion", str, description="Key; empty: overall.")


class Rankings(ApiView):
    """The rankings of a problem."""

    @extend_schema(
        operation_id="rankings_list",
        parameters=[LEVEL, PARENT, SIZE, BEFORE],
        responses=RankingList,
    )
    def get(self, request: Request, pk: int) -> Response:
        """List rankings: a reviewer sees everybody's, others their own."""
        problem = problem_for_user(user=self.person, pk=pk)
        access = access_to(user=self.person, project=problem.project)
        rows = rankings_visible(problem=problem, access=access)
        level, parent = request.query_params.get("level"), optional_id(request, "parent")
        if level:
            rows = rows.filter(level=_level(level))
        if parent is not None:
            rows = rows.filter(parent=parent)
        return self.page_by_id(rows, ranking_shape)

    @extend_schema(
        operation_id="rankings_set", parameters=[KEY], request=RankingIn, responses=RankingSaved
    )
    def put(self, request: Request, pk: int) -> Response:
        """Set the person's own ranking of a place under one criterion; it is replaced whole."""
        problem = problem_for_user(user=self.person, pk=pk, at_least="annotator")
        said = self.checked(RankingIn)
        place = place_of(problem=problem, level=said["level"], parent_id=said["parent"])
        answer = Answer(**{name: said[name] for name in ("tiers", "aside", "failed", "shown")})
        more = {n: said[n] for n in ("criterion", "note", "milliseconds", "shown_score")}
        key = idempotency_key(request)
        return _saved(
            ranking_set(place=place, user=self.person, answer=answer, idempotency_key=key, **more)
        )

    @extend_schema(
        operation_id="rankings_clear",
        parameters=[KEY, LEVEL, PARENT, CRITERION],
        request=None,
        responses=RankingSaved,
    )
    def delete(self, request: Request, pk: int) -> Response:
        """Take the person's own ranking away; its events stay."""
        problem = problem_for_user(user=self.person, pk=pk, at_least="annotator")
        asked = request.query_params
        place = place_of(
            problem=problem,
            level=_level(asked.get("level", "")),
            parent_id=optional_id(request, "parent"),
        )
        result = ranking_clear(
            place=place,
            user=self.person,
            criterion=asked.get("criterion", "")[:40].replace("\x00", ""),
            idempotency_key=idempotency_key(request),
        )
        return _saved(result)


class Criteria(ApiView):
    """What people of a project rank by."""

    @extend_schema(operation_id="criteria_list", responses=CriteriaOut)
    def get(self, request: Request, name: str) -> Response:
        """List the criteria, the most important first."""
        access = project_for_user(user=self.person, name=name)
        return Response({"criteria": criteria_rows(access.project)})

    @extend_schema(operation_id="criteria_set", request=CriteriaIn, responses=CriteriaOut)
    def put(self, request: Request, name: str) -> Response:
        """Replace the criteria; owners only. One that has rankings can be retired, not left out."""
        access = project_for_user(user=self.person, name=name, at_least="owner")
        said = self.checked(CriteriaIn)
        return Response({"criteria": criteria_set(project=access.project, rows=said["criteria"])})


def ranking_shape(row: Ranking) -> dict[str, Any]:
    """Return a ranking; ``rater`` and ``guideline`` are loaded."""
    same = ("level", "criterion", "tiers", "aside", "failed", "shown", "scores", "note")
    return {
        "id": row.pk,
        **{name: getattr(row, name) for name in same},
        "parent": row.parent_id,
        "rater": {"kind": row.rater.kind, "name": row.rater.name, "version": row.rater.version},
        "milliseconds": row.milliseconds,
        "guideline": row.guideline.number if row.guideline else None,
        "updated": row.updated,
    }


def _level(level: str) -> str:
    if level not in LEVELS:
        reason = f"'level' is one of {', '.join(LEVELS)}, not '{level[:20]}'."
        raise InvalidError(reason, fields={"level": reason})
    return level


def _saved(result: RankingResult) -> Response:
    shape = ranking_shape(result.ranking) if result.ranking else None
    return Response({"ranking": shape, "event": result.event_id, "replayed": result.replayed})
