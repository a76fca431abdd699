"""Spans: runs of consecutive steps of one path that somebody judged as one unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from annotator.models import SpanLabel

if TYPE_CHECKING:
    from collections.abc import Collection

    from django.contrib.auth.models import User
    from django.db.models import QuerySet

    from annotator.models import Problem, Step

MOST = 2_000
SEEN = 3


def spans_of_user(*, problem: Problem, user: User) -> list[SpanLabel]:
    """Return the person's spans of a problem with their steps and types, in tree order."""
    rows = SpanLabel.objects.filter(first__problem=problem, rater__user=user, source=None)
    rows = rows.select_related("first", "last", "error_type", "guideline", "rater")
    return list(rows.order_by("first__preorder", "last__preorder")[:MOST])


def spans_on_path(*, step_ids: Collection[int], user: User) -> list[SpanLabel]:
    """Return the person's spans that lie within the given steps of one path, in its order."""
    rows = SpanLabel.objects.filter(
        first__in=step_ids, last__in=step_ids, rater__user=user, source=None
    )
    return list(rows.select_related("first", "last").order_by("first__preorder", "last__preorder"))


def span_of_user(*, first: Step, last: Step, user: User) -> SpanLabel | None:
    """Return the person's judgement of one run."""
    rows = SpanLabel.objects.filter(first=first, last=last, rater__user=user, source=None)
    return rows.select_related("error_type").first()


def spans_holding(*, first: Step, last: Step) -> QuerySet[SpanLabel]:
    """Return everybody's spans that hold the whole run ``first`` … ``last`` of one path."""
    return SpanLabel.objects.filter(
        first__problem=first.problem_id,
        first__preorder__lte=first.preorder,
        first__subtree_end__gt=first.preorder,
        last__preorder__gte=last.preorder,
        last__preorder__lt=last.subtree_end,
    )


def span_marks(spans: list[SpanLabel]) -> list[tuple[int, int, int]]:
    """Return first and last position and the rating (``SEEN`` = none) of each span."""
    return [
        (span.first.preorder, span.last.preorder, SEEN if span.rating is None else span.rating)
        for span in spans
    ]
