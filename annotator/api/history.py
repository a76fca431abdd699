"""The history of a problem; earlier states restored, one's own judgements undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response

from annotator.api.base import (
    AFTER,
    DEFAULT_SIZE,
    KEY,
    MOST,
    SIZE,
    ApiView,
    idempotency_key,
    optional_id,
    whole,
)
from annotator.api.serializers.history import EntryList, RestoreIn, WayBackOut
from annotator.queries.access import access_to, problem_for_user, step_for_user
from annotator.queries.history.timeline import event_for_user, history_of
from annotator.services.history.restore import judgement_restore, judgements_undo_to

if TYPE_CHECKING:
    from rest_framework.request import Request

    from annotator.services.history.restore import WayBack


class History(ApiView):
    """Who did what when in a problem."""

    @extend_schema(
        operation_id="history_list",
        parameters=[OpenApiParameter("step", int), AFTER, SIZE],
        responses=EntryList,
    )
    def get(self, request: Request, pk: int) -> Response:
        """List what the person may see, newest first."""
        problem = problem_for_user(user=self.person, pk=pk)
        access = access_to(user=self.person, project=problem.project)
        wanted = optional_id(request, "step")
        step = (
            step_for_user(user=self.person, pk=wanted, problem=pk) if wanted is not None else None
        )
        found, following = history_of(
            access=access,
            problem=problem,
            step=step,
            after=request.query_params.get("after", ""),
            size=whole(request, "size", DEFAULT_SIZE, most=MOST),
        )
        results = [
            {
                "at": entry.at,
                "entry": entry.source,
                "id": entry.pk,
                "kind": entry.kind,
                "who": entry.who,
                "what": entry.what,
                "note": entry.note,
                "step": entry.step.pk if entry.step else None,
                "undone": entry.undone,
            }
            for entry in found
        ]
        return Response({"results": results, "next": following})


class HistoryRestore(ApiView):
    """An earlier state made current again."""

    @extend_schema(
        operation_id="history_restore",
        parameters=[KEY],
        request=RestoreIn,
        responses=WayBackOut,
    )
    def post(self, request: Request, pk: int, event: int) -> Response:
        """Restore it, as a new event: one's own; reviewers also outcomes and decisions."""
        access, found = event_for_user(user=self.person, pk=event, problem=pk)
        done = judgement_restore(
            event=found,
            user=self.person,
            may_review=access.may_review,
            idempotency_key=idempotency_key(request),
            **self.checked(RestoreIn),
        )
        return _way_back(done)


class HistoryUndo(ApiView):
    """One's own judgements undone back to an event."""

    @extend_schema(operation_id="history_undo", request=None, responses=WayBackOut)
    def post(self, request: Request, pk: int, event: int) -> Response:
        """Undo everything of one's own in the problem down to the event; submits included."""
        _, found = event_for_user(user=self.person, pk=event, problem=pk)
        return _way_back(judgements_undo_to(event=found, user=self.person))


def _way_back(done: WayBack) -> Response:
    body = {"events": list(done.events), "said": list(done.said), "replayed": done.replayed}
    return Response(body)
