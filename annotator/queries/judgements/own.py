"""What a person wrote or said of one place themselves, besides labels and spans."""

from __future__ import annotations

from typing import TYPE_CHECKING

from annotator.models import Alternative, Submission

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from annotator.models import Step, Trace


def alternative_of_user(*, step: Step, user: User) -> Alternative | None:
    """Return what the person wrote in the step's place."""
    return Alternative.objects.filter(replaces=step, rater__user=user, source=None).first()


def submission_of_user(*, trace: Trace, user: User) -> Submission | None:
    """Return how the person ended the trace."""
    return Submission.objects.filter(trace=trace, rater__user=user).first()
