"""Remarks on steps and problems, by the rules of blindness."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response

from annotator.api.base import KEY, ApiView, idempotency_key, optional_id
from annotator.api.serializers.comments import CommentIn, CommentList, CommentOut, CommentPatch
from annotator.queries.access import access_to, problem_for_user, step_for_user
from annotator.queries.judgements.comments import comment_for_user, threads_of
from annotator.services.judgements.comments import comment_add, comment_resolve

if TYPE_CHECKING:
    from rest_framework.request import Request

    from annotator.models import Comment, Problem, Step

STEP = OpenApiParameter("step", int, description="A step; without it, remarks on the problem.")

BEFORE = OpenApiParameter(
    "before", int, description="Only threads begun before this remark: an answer's `earlier`."
)


class Comments(ApiView):
    """What is said about a problem or one of its steps."""

    @extend_schema(operation_id="comments_list", parameters=[STEP, BEFORE], responses=CommentList)
    def get(self, request: Request, pk: int) -> Response:
        """List what the person may read: their own threads, others' once they have judged."""
        problem = problem_for_user(user=self.person, pk=pk, at_least="annotator")
        step = self._step(problem, optional_id(request, "step"))
        access = access_to(user=self.person, project=problem.project)
        before = optional_id(request, "before")
        threads, earlier = threads_of(access=access, problem=problem, step=step, before=before)
        rows = [row for thread in threads for row in (thread.comment, *thread.replies)]
        return Response({"results": [_shape(row) for row in rows], "earlier": earlier})

    @extend_schema(
        operation_id="comments_add",
        parameters=[KEY],
        request=CommentIn,
        responses={201: CommentOut},
    )
    def post(self, request: Request, pk: int) -> Response:
        """Say something, ask about the guidelines, or reply."""
        problem = problem_for_user(user=self.person, pk=pk, at_least="annotator")
        said = self.checked(CommentIn)
        begun = None
        if said["answers"] is not None:
            begun = comment_for_user(user=self.person, pk=said["answers"], problem=problem)
        made = comment_add(
            problem=problem,
            user=self.person,
            step=begun.step if begun is not None else self._step(problem, said["step"]),
            text=said["text"],
            kind=said["kind"],
            answers=begun,
            idempotency_key=idempotency_key(request),
        )
        return Response(_shape(made), status=201)

    def _step(self, problem: Problem, pk: int | None) -> Step | None:
        return None if pk is None else step_for_user(user=self.person, pk=pk, problem=problem.pk)


class CommentDetail(ApiView):
    """One thread."""

    @extend_schema(operation_id="comments_settle", request=CommentPatch, responses=CommentOut)
    def patch(self, request: Request, pk: int, remark: int) -> Response:
        """Close it or open it again: whoever began it, and reviewers."""
        problem = problem_for_user(user=self.person, pk=pk, at_least="annotator")
        chosen = comment_for_user(user=self.person, pk=remark, problem=problem, to_settle=True)
        said = self.checked(CommentPatch)
        return Response(
            _shape(comment_resolve(comment=chosen, user=self.person, resolved=said["resolved"]))
        )


def _shape(row: Comment) -> dict[str, Any]:
    return {
        "id": row.pk,
        "step": row.step_id,
        "rater": {"kind": row.rater.kind, "name": row.rater.name, "version": row.rater.version},
        "kind": row.kind,
        "text": row.text,
        "answers": row.answers_id,
        "resolved": row.resolved,
        "resolution": row.resolution,
        "created": row.created,
    }
