"""Queues: make, watch and steer them; be served an item and answer it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from annotator.api.base import (
    AFTER,
    BEFORE,
    KEY,
    MOST,
    PROJECT,
    SIZE,
    ApiView,
    idempotency_key,
    whole,
)
from annotator.api.serializers.queues import (
    AssignIn,
    AssignmentOut,
    AssignmentSaved,
    DraftIn,
    FenceIn,
    ItemList,
    ItemOut,
    NextOut,
    QueueChange,
    QueueIn,
    QueueList,
    QueueMade,
    QueueOut,
    SkipIn,
    SubmitIn,
)
from annotator.api.shapes.jobs import job_shape
from annotator.api.shapes.queues import assignment_shape, item_shape, queue_shape
from annotator.errors import InvalidError, NotFoundError
from annotator.models import Assignment
from annotator.queries.access import access_to, model_for_user, project_for_user
from annotator.queries.people.members import members_of
from annotator.queries.queues.gates import assignment_for_user, item_for_user, queue_for_user
from annotator.queries.queues.progress import ITEM_PAGE, items_after, queues_of
from annotator.services.queues import (
    QueueWish,
    assignment_heartbeat,
    assignment_retake,
    assignment_return,
    assignment_skip,
    assignment_submit,
    draft_save,
    item_assign,
    item_next,
    queue_create,
    queue_delete,
    queue_state_set,
)

if TYPE_CHECKING:
    from rest_framework.request import Request

    from annotator.services.queues.answers import AnswerResult


class Queues(ApiView):
    """The queues of a project."""

    @extend_schema(
        operation_id="queues_list", parameters=[PROJECT, BEFORE, SIZE], responses=QueueList
    )
    def get(self, request: Request) -> Response:
        """List queues, newest first."""
        access = self.project_of_query()
        rows = queues_of(project=access.project)
        return self.page_by_id(rows, lambda queue: queue_shape(queue, access))

    @extend_schema(operation_id="queues_create", request=QueueIn, responses={202: QueueMade})
    def post(self, request: Request) -> Response:
        """Make a queue; a job fills it, and it serves nothing until that is done."""
        said = self.checked(QueueIn)
        access = project_for_user(user=self.person, name=said.pop("project"), at_least="reviewer")
        model, exam = said.pop("model"), said.pop("exam")
        wish = QueueWish(
            **said,
            model=model_for_user(user=self.person, pk=model) if model is not None else None,
            exam=queue_for_user(user=self.person, pk=exam) if exam is not None else None,
        )
        queue, job = queue_create(project=access.project, user=self.person, wish=wish)
        body = {"queue": queue_shape(queue, access), "job": job_shape(job)}
        return Response(body, status=202)


class QueueDetail(ApiView):
    """One queue."""

    @extend_schema(operation_id="queues_retrieve", responses=QueueOut)
    def get(self, request: Request, pk: int) -> Response:
        """Show a queue; reviewers also see its order, progress and people."""
        queue = queue_for_user(user=self.person, pk=pk)
        access = access_to(user=self.person, project=queue.project)
        return Response(queue_shape(queue, access, people=True))

    @extend_schema(operation_id="queues_update", request=QueueChange, responses=QueueOut)
    def patch(self, request: Request, pk: int) -> Response:
        """Open, pause or close a queue."""
        queue = queue_for_user(user=self.person, pk=pk, at_least="reviewer")
        queue = queue_state_set(queue=queue, state=self.checked(QueueChange)["state"])
        return Response(queue_shape(queue, access_to(user=self.person, project=queue.project)))

    @extend_schema(operation_id="queues_delete", request=None, responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Delete a queue that nobody has worked in."""
        queue_delete(queue=queue_for_user(user=self.person, pk=pk, at_least="reviewer"))
        return Response(status=204)


class QueueNext(ApiView):
    """The person's next item of a queue."""

    @extend_schema(operation_id="queues_next", request=None, responses=NextOut)
    def post(self, request: Request, pk: int) -> Response:
        """Lease the next item; asking again gives the same one until it is answered."""
        queue = queue_for_user(user=self.person, pk=pk, at_least="annotator")
        served = item_next(queue=queue, user=self.person)
        work = (
            assignment_for_user(user=self.person, pk=served.assignment_id)
            if served.assignment_id is not None
            else None
        )
        body = {
            "outcome": served.outcome,
            "reason": served.reason,
            "assignment": assignment_shape(work.assignment) if work is not None else None,
        }
        return Response(body)


class QueueItems(ApiView):
    """The items of a queue, for reviewers."""

    @extend_schema(operation_id="queues_items", parameters=[AFTER, SIZE], responses=ItemList)
    def get(self, request: Request, pk: int) -> Response:
        """List items in the queue's order with how they came there and who had them."""
        queue = queue_for_user(user=self.person, pk=pk, at_least="reviewer")
        size = whole(request, "size", ITEM_PAGE, most=MOST)
        after = _after(request.query_params.get("after", ""))
        items = items_after(queue=queue, after=after, size=size + 1)
        last = items[size - 1] if len(items) > size else None
        return Response(
            {
                "results": [item_shape(item) for item in items[:size]],
                "next": f"{last.position!r}:{last.pk}" if last is not None else None,
            }
        )


class QueueAssign(ApiView):
    """Whom an item is kept for."""

    @extend_schema(operation_id="queues_assign", request=AssignIn, responses=ItemOut)
    def post(self, request: Request, pk: int, item: int) -> Response:
        """Keep an item for a member, instead of whoever holds it if that lease is named."""
        chosen = item_for_user(user=self.person, pk=item, at_least="reviewer")
        if chosen.queue_id != pk:
            raise NotFoundError(f"There is no item {item} in queue {pk}.")
        said = self.checked(AssignIn)
        member = members_of(project=chosen.queue.project).filter(user__username=said["user"])
        found = member.first()
        if found is None:
            reason = f"'{said['user']}' is not a member of this project."
            raise InvalidError(reason, fields={"user": reason})
        held = Assignment.objects.filter(item=chosen, pk=said["instead_of"] or 0).first()
        return Response(item_shape(item_assign(item=chosen, to=found.user, instead_of=held)))


class OwnView(ApiView):
    """A view of an item that is, or was, in the person's own hands; nobody else's exists."""

    def own(self, pk: int) -> Assignment:
        """Return the person's assignment."""
        return assignment_for_user(user=self.person, pk=pk).assignment


class AssignmentDetail(OwnView):
    """One assignment."""

    @extend_schema(operation_id="assignments_retrieve", responses=AssignmentOut)
    def get(self, request: Request, pk: int) -> Response:
        """Show the item, its lease and the draft."""
        return Response(assignment_shape(self.own(pk)))


class AssignmentHeartbeat(OwnView):
    """The lease of an item."""

    @extend_schema(operation_id="assignments_heartbeat", request=FenceIn, responses=AssignmentOut)
    def post(self, request: Request, pk: int) -> Response:
        """Keep the lease: it lasts the queue's lease time from now; 409 `lease_lost` if it ended."""
        own, fence = self.own(pk), self.checked(FenceIn)["fence"]
        kept = assignment_heartbeat(assignment=own, user=self.person, fence=fence)
        return Response(assignment_shape(kept))


class AssignmentDraft(OwnView):
    """The draft of an item."""

    @extend_schema(operation_id="assignments_draft", request=DraftIn, responses={204: None})
    def put(self, request: Request, pk: int) -> Response:
        """Keep any JSON; it survives the lease."""
        draft = self.checked(DraftIn)["draft"]
        draft_save(assignment=self.own(pk), user=self.person, draft=draft)
        return Response(status=204)


class AssignmentSubmit(OwnView):
    """The answer to an item."""

    @extend_schema(
        operation_id="assignments_submit",
        parameters=[KEY],
        request=SubmitIn,
        responses=AssignmentSaved,
    )
    def post(self, request: Request, pk: int) -> Response:
        """Count the answer; the judgements are stored already. Twice under one fence is one."""
        said = self.checked(SubmitIn)
        result = assignment_submit(
            assignment=self.own(pk),
            user=self.person,
            idempotency_key=idempotency_key(request),
            **said,
        )
        return _saved(result)


class AssignmentSkip(OwnView):
    """An item left to others."""

    @extend_schema(operation_id="assignments_skip", request=SkipIn, responses=AssignmentSaved)
    def post(self, request: Request, pk: int) -> Response:
        """Skip with a reason; the same person is not served it again."""
        said = self.checked(SkipIn)
        return _saved(assignment_skip(assignment=self.own(pk), user=self.person, **said))


class AssignmentReturn(OwnView):
    """An item put back."""

    @extend_schema(operation_id="assignments_return", request=FenceIn, responses=AssignmentSaved)
    def post(self, request: Request, pk: int) -> Response:
        """Put it back; the same person gets it again when nothing else is left."""
        said = self.checked(FenceIn)
        return _saved(assignment_return(assignment=self.own(pk), user=self.person, **said))


class AssignmentRetake(OwnView):
    """An item taken again."""

    @extend_schema(operation_id="assignments_retake", request=None, responses=AssignmentOut)
    def post(self, request: Request, pk: int) -> Response:
        """Lease an item again whose lease ended, if nobody else has taken it."""
        taken = assignment_retake(assignment=self.own(pk), user=self.person)
        return Response(assignment_shape(taken))


def _saved(result: AnswerResult) -> Response:
    body: dict[str, Any] = {
        "assignment": assignment_shape(result.assignment),
        "replayed": result.replayed,
    }
    return Response(body)


def _after(text: str) -> tuple[float, int] | None:
    """Read a cursor of the item list.

    Raises:
        InvalidError: this list did not make it.
    """
    if not text:
        return None
    position, _, pk = text[:60].partition(":")
    try:
        found = float(position), int(pk)
    except ValueError:
        found = None
    if found is None or not 0 < found[1] < 2**63:
        reason = "'after' is the `next` of the page before."
        raise InvalidError(reason, fields={"after": reason})
    return found
