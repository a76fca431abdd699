"""Answers to gold."""

from __future__ import annotations

from annotator.models import Assignment
from annotator.services.queues import assignment_submit
from tests.annotator.queue_world import rate, take


def answered(queue, user, *ratings):
    work = take(queue, user)
    rate(work, user, *ratings)
    assignment_submit(assignment=work.assignment, user=user, fence=work.fence)
    return Assignment.objects.select_related("item").get(pk=work.assignment.pk)
