"""What a person says beside labels: spans, alternatives, and how they ended a trace. Own ones only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response

from annotator.api.base import KEY, ApiView, idempotency_key, optional_id
from annotator.api.serializers.judging import (
    AlternativeIn,
    AlternativeOne,
    AlternativeSaved,
    SpanIn,
    SpanList,
    SpanSaved,
    SubmissionIn,
    SubmissionOne,
    SubmissionSaved,
)
from annotator.errors import InvalidError
from annotator.queries.access import problem_for_user, step_for_user, trace_for_user
from annotator.queries.judgements.own import alternative_of_user, submission_of_user
from annotator.queries.judgements.spans import spans_of_user
from annotator.queries.trees.paths import step_in
from annotator.services.judgements.alternatives import alternative_clear, alternative_set
from annotator.services.judgements.spans import span_label_clear, span_label_set
from annotator.services.judgements.submissions import submission_clear, submission_set

if TYPE_CHECKING:
    from rest_framework.request import Request

    from annotator.models import Alternative, Problem, SpanLabel, Step, Submission
    from annotator.services.judgements.alternatives import AlternativeResult
    from annotator.services.judgements.spans import SpanResult
    from annotator.services.judgements.submissions import SubmissionResult

ENDS = [
    OpenApiParameter("first", int, required=True, description="The span's first step."),
    OpenApiParameter("last", int, required=True, description="Its last step."),
]


class Spans(ApiView):
    """The person's spans of a problem."""

    @extend_schema(operation_id="spans_list", responses=SpanList)
    def get(self, request: Request, pk: int) -> Response:
        """List the person's own spans in tree order."""
        problem = problem_for_user(user=self.person, pk=pk)
        rows = spans_of_user(problem=problem, user=self.person)
        return Response({"results": [_span(row) for row in rows]})

    @extend_schema(operation_id="spans_set", parameters=[KEY], request=SpanIn, responses=SpanSaved)
    def put(self, request: Request, pk: int) -> Response:
        """Judge a run of consecutive steps of one path; the whole judgement is replaced."""
        problem = problem_for_user(user=self.person, pk=pk, at_least="annotator")
        said = self.checked(SpanIn)
        first, last = (_step(problem, name, said.pop(name)) for name in ("first", "last"))
        key = idempotency_key(request)
        return _span_saved(
            span_label_set(first=first, last=last, user=self.person, idempotency_key=key, **said)
        )

    @extend_schema(
        operation_id="spans_clear", parameters=[*ENDS, KEY], request=None, responses=SpanSaved
    )
    def delete(self, request: Request, pk: int) -> Response:
        """Take a span's judgement away; its events stay."""
        problem = problem_for_user(user=self.person, pk=pk, at_least="annotator")
        first, last = (
            _step(problem, name, optional_id(request, name)) for name in ("first", "last")
        )
        key = idempotency_key(request)
        return _span_saved(
            span_label_clear(first=first, last=last, user=self.person, idempotency_key=key)
        )


class StepAlternative(ApiView):
    """What the person would have written in a step's place."""

    @extend_schema(operation_id="alternatives_retrieve", responses=AlternativeOne)
    def get(self, request: Request, pk: int) -> Response:
        """Show the person's own alternative."""
        step = step_for_user(user=self.person, pk=pk)
        own = alternative_of_user(step=step, user=self.person)
        return Response({"alternative": _alternative(own)})

    @extend_schema(
        operation_id="alternatives_set",
        parameters=[KEY],
        request=AlternativeIn,
        responses=AlternativeSaved,
    )
    def put(self, request: Request, pk: int) -> Response:
        """Write or rewrite it."""
        step = step_for_user(user=self.person, pk=pk, at_least="annotator")
        said, key = self.checked(AlternativeIn), idempotency_key(request)
        return _alternative_saved(
            alternative_set(
                problem=step.problem,
                parent=step.parent,
                replaces=step,
                user=self.person,
                idempotency_key=key,
                **said,
            )
        )

    @extend_schema(
        operation_id="alternatives_clear",
        parameters=[KEY],
        request=None,
        responses=AlternativeSaved,
    )
    def delete(self, request: Request, pk: int) -> Response:
        """Take it back; its events stay."""
        step = step_for_user(user=self.person, pk=pk, at_least="annotator")
        return _alternative_saved(
            alternative_clear(
                problem=step.problem,
                parent=step.parent,
                replaces=step,
                user=self.person,
                idempotency_key=idempotency_key(request),
            )
        )


class TraceSubmission(ApiView):
    """How the person ended a trace."""

    @extend_schema(operation_id="submissions_retrieve", responses=SubmissionOne)
    def get(self, request: Request, pk: int) -> Response:
        """Show the person's own submission."""
        trace = trace_for_user(user=self.person, pk=pk)
        own = submission_of_user(trace=trace, user=self.person)
        return Response({"submission": _submission(own)})

    @extend_schema(
        operation_id="submissions_set",
        parameters=[KEY],
        request=SubmissionIn,
        responses=SubmissionSaved,
    )
    def put(self, request: Request, pk: int) -> Response:
        """Say how it ended. Items of a queue are submitted through their assignment as well."""
        trace = trace_for_user(user=self.person, pk=pk, at_least="annotator")
        said, key = self.checked(SubmissionIn), idempotency_key(request)
        return _submission_saved(
            submission_set(
                problem=trace.problem, trace=trace, user=self.person, idempotency_key=key, **said
            )
        )

    @extend_schema(
        operation_id="submissions_clear",
        parameters=[KEY],
        request=None,
        responses=SubmissionSaved,
    )
    def delete(self, request: Request, pk: int) -> Response:
        """Take it back; its events stay."""
        trace = trace_for_user(user=self.person, pk=pk, at_least="annotator")
        key = idempotency_key(request)
        return _submission_saved(
            submission_clear(
                problem=trace.problem, trace=trace, user=self.person, idempotency_key=key
            )
        )


def _step(problem: Problem, name: str, pk: int | None) -> Step:
    """Return the step of ``problem`` that the field ``name`` of a request names."""
    step = step_in(problem=problem, pk=pk)
    if step is None:
        reason = f"'{name}' is the id of a step of problem {problem.pk}, not {pk}."
        raise InvalidError(reason, fields={name: reason})
    return step


def _span(span: SpanLabel) -> dict[str, Any]:
    return {
        "first": span.first_id,
        "last": span.last_id,
        "rating": span.rating,
        "error_type": span.error_type.key if span.error_type else "",
        "note": span.note,
        "milliseconds": span.milliseconds,
        "guideline": span.guideline.number if span.guideline else None,
        "updated": span.updated,
    }


def _span_saved(result: SpanResult) -> Response:
    span = _span(result.span) if result.span else None
    return Response({"span": span, "event": result.event_id, "replayed": result.replayed})


def _alternative(row: Alternative | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {
        "replaces": row.replaces_id,
        "parent": row.parent_id,
        "text": row.text,
        "updated": row.updated,
    }


def _alternative_saved(result: AlternativeResult) -> Response:
    body = {"alternative": _alternative(result.alternative)}
    return Response({**body, "event": result.event_id, "replayed": result.replayed})


def _submission(row: Submission | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {
        "trace": row.trace_id,
        "reason": row.reason,
        "note": row.note,
        "milliseconds": row.milliseconds,
        "updated": row.updated,
    }


def _submission_saved(result: SubmissionResult) -> Response:
    body = {"submission": _submission(result.submission)}
    return Response({**body, "event": result.event_id, "replayed": result.replayed})
