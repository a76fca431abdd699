"""Quality: how annotators work, the gold they are measured by, and stopping somebody."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from annotator.api.base import BEFORE, SIZE, ApiView
from annotator.api.serializers.quality import (
    GoldIn,
    GoldList,
    GoldMade,
    GoldOut,
    GoldPatch,
    PauseIn,
    QualityOut,
)
from annotator.errors import InvalidError
from annotator.queries.access import gold_for_user, project_for_user
from annotator.queries.quality.arms import arm_report
from annotator.queries.quality.gold import golds_of
from annotator.queries.quality.people import people_quality
from annotator.services.people.members import member_pause, member_resume
from annotator.services.quality.gold import gold_import, gold_update
from annotator.services.quality.gold.text import MOST_RECORDS, gold_records

if TYPE_CHECKING:
    from rest_framework.request import Request

    from annotator.models import Gold
    from annotator.queries.quality.arms import Arm
    from annotator.queries.quality.people import PersonQuality
    from scoring.resample import Estimate

SHOWN = ("value", "low", "high", "n", "method", "undefined", "notes")


class Quality(ApiView):
    """How the annotators of a project work."""

    @extend_schema(operation_id="quality_retrieve", responses=QualityOut)
    def get(self, request: Request, name: str) -> Response:
        """Give everybody's figures and the reveal arm to reviewers, annotators their own."""
        access = project_for_user(user=self.person, name=name, at_least="annotator")
        arms: list[Arm] = []
        if access.may_review:
            report = arm_report(project=access.project)
            arms = [report.shown, report.blind, report.effect]
        people = [_person(person) for person in people_quality(access=access)]
        return Response({"results": people, "arms": [_arm(arm) for arm in arms]})


class ProjectGold(ApiView):
    """The gold answers of a project; reviewers and owners only."""

    @extend_schema(operation_id="gold_list", parameters=[BEFORE, SIZE], responses=GoldList)
    def get(self, request: Request, name: str) -> Response:
        """List gold answers, newest first."""
        access = project_for_user(user=self.person, name=name, at_least="reviewer")
        return self.page_by_id(golds_of(project=access.project), _gold)

    @extend_schema(operation_id="gold_create", request=GoldIn, responses=GoldMade)
    def post(self, request: Request, name: str) -> Response:
        """Keep gold answers; each record is taken, or refused with a reason."""
        access = project_for_user(user=self.person, name=name, at_least="reviewer")
        said = self.checked(GoldIn)
        records = said.get("records")
        if records is None:
            records = gold_records(said.get("text", ""))
        elif len(records) > MOST_RECORDS:
            reason = f"At most {MOST_RECORDS:,} records at once, not {len(records):,}."
            raise InvalidError(reason, fields={"records": reason})
        found = gold_import(project=access.project, user=self.person, records=records)
        body = {
            "accepted": len(found.made),
            "rejected": len(found.errors),
            "gold": [gold.pk for gold in found.made],
            "refused": found.errors,
        }
        return Response(body)


class GoldDetail(ApiView):
    """One gold answer; reviewers and owners only."""

    @extend_schema(operation_id="gold_update", request=GoldPatch, responses=GoldOut)
    def patch(self, request: Request, pk: int) -> Response:
        """Retire it, bring it back, or change its note."""
        gold = gold_for_user(user=self.person, pk=pk, at_least="reviewer")
        gold_update(gold=gold, **self.checked(GoldPatch))
        return Response(_gold(golds_of(project=gold.project).get(pk=gold.pk)))


class MemberPause(ApiView):
    """Whether a member is served items; reviewers and owners only."""

    @extend_schema(operation_id="members_pause", request=PauseIn, responses={204: None})
    def put(self, request: Request, name: str, pk: int) -> Response:
        """Serve the member nothing more; what they hold goes back to its queue."""
        access = project_for_user(user=self.person, name=name, at_least="reviewer")
        reason = self.checked(PauseIn)["reason"]
        member_pause(project=access.project, user_id=pk, reason=reason)
        return Response(status=204)

    @extend_schema(operation_id="members_resume", request=None, responses={204: None})
    def delete(self, request: Request, name: str, pk: int) -> Response:
        """Serve the member items again; gold so far no longer counts against them."""
        access = project_for_user(user=self.person, name=name, at_least="reviewer")
        member_resume(project=access.project, user_id=pk)
        return Response(status=204)


def _estimate(estimate: Estimate) -> dict[str, Any]:
    whole = asdict(estimate)
    return {name: whole[name] for name in SHOWN}


def _person(person: PersonQuality) -> dict[str, Any]:
    return {
        "id": person.user_id,
        "username": person.name,
        "role": person.role,
        "paused": person.paused,
        "items": person.items,
        "skipped": person.skipped,
        "labels": person.labels,
        "time": _estimate(person.time),
        "accuracy": _estimate(person.accuracy),
        "parts": _estimate(person.parts),
        "change": _estimate(person.change),
        "ratings": [
            {"rating": row.rating, "count": row.count, "share": _estimate(row.share)}
            for row in person.ratings
        ],
        "accuracy_over_time": person.accuracy_points,
        "pace_over_time": person.pace_points,
    }


def _arm(arm: Arm) -> dict[str, Any]:
    return {
        "name": arm.name,
        "answers": arm.answers,
        "steps": arm.steps,
        "agreement": _estimate(arm.agreement),
        "override": _estimate(arm.override),
        "time": _estimate(arm.time),
        "accuracy": _estimate(arm.accuracy),
    }


def _gold(gold: Gold) -> dict[str, Any]:
    return {
        "id": gold.pk,
        "task": gold.task,
        "problem": gold.problem_id,
        "trace": gold.trace_id,
        "parent": gold.parent_id,
        "answer": gold.answer,
        "note": gold.note,
        "active": gold.active,
        "answers": gold.answers,  # type: ignore[attr-defined]  # annotated by golds_of
        "right": gold.right,  # type: ignore[attr-defined]
        "created": gold.created,
    }
