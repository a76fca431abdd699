"""The inbox of the guidelines: unsure ratings and questions, and their answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response

from annotator.api.base import BEFORE, DEFAULT_SIZE, MOST, SIZE, ApiView, whole
from annotator.api.serializers.inbox import AnswerIn, QuestionList
from annotator.errors import InvalidError
from annotator.models import Comment
from annotator.queries.access import MAX_ID, project_for_user
from annotator.queries.guidelines.inbox import inbox_page, question_for_user, unsure_for_user
from annotator.services.guidelines.inbox import answer_withdraw, question_answer, unsure_answer

if TYPE_CHECKING:
    from rest_framework.request import Request

    from annotator.queries.guidelines.inbox import Question

ASKED = (Comment.Kind.UNSURE.value, Comment.Kind.FLAG.value)


class Inbox(ApiView):
    """Unsure ratings and questions about the guidelines."""

    @extend_schema(
        operation_id="inbox_list",
        parameters=[
            OpenApiParameter("kind", str, enum=ASKED, description="unsure"),
            OpenApiParameter("state", str, enum=["open", "answered"], description="open"),
            BEFORE,
            SIZE,
        ],
        responses=QuestionList,
    )
    def get(self, request: Request, name: str) -> Response:
        """List them, newest first: reviewers everybody's, annotators their own."""
        access = project_for_user(user=self.person, name=name, at_least="annotator")
        kind = request.query_params.get("kind", ASKED[0])
        if kind not in ASKED:
            reason = f"'kind' is one of {', '.join(ASKED)}, not '{kind[:40]}'."
            raise InvalidError(reason, fields={"kind": reason})
        found, following = inbox_page(
            access=access,
            kind=kind,
            answered=request.query_params.get("state") == "answered",
            before=whole(request, "before", MAX_ID, most=MAX_ID),
            size=whole(request, "size", DEFAULT_SIZE, most=MOST),
        )
        return Response({"results": [_question(row) for row in found], "next": following})


class QuestionAnswer(ApiView):
    """The answer to a question; reviewers only."""

    @extend_schema(operation_id="question_answer", request=AnswerIn, responses={204: None})
    def put(self, request: Request, pk: int) -> Response:
        """Answer, or answer anew."""
        question = question_for_user(user=self.person, pk=pk, at_least="reviewer")
        question_answer(comment=question, user=self.person, **self.checked(AnswerIn))
        return Response(status=204)

    @extend_schema(operation_id="question_reopen", request=None, responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Take the answer back; the question is open again."""
        question = question_for_user(user=self.person, pk=pk, at_least="reviewer")
        answer_withdraw(comment=question)
        return Response(status=204)


class UnsureAnswer(ApiView):
    """The answer to an unsure rating; reviewers only."""

    @extend_schema(operation_id="unsure_answer", request=AnswerIn, responses={204: None})
    def put(self, request: Request, pk: int) -> Response:
        """Answer; the rating stays until its maker changes it."""
        label = unsure_for_user(user=self.person, pk=pk, at_least="reviewer")
        unsure_answer(label=label, user=self.person, **self.checked(AnswerIn))
        return Response(status=204)


def _question(row: Question) -> dict[str, Any]:
    return {
        "comment": row.pk if row.source == "comment" else None,
        "label_id": row.pk if row.source == "label" else None,
        "by": row.who,
        "problem": row.problem.pk,
        "step": row.step.pk if row.step else None,
        "text": row.text,
        "at": row.at,
        "answer": row.answer,
        "answered_by": row.answered_by,
        "guideline": row.guideline,
    }
