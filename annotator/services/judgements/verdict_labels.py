"""A judge's verdicts as labels of a rater of kind ``model``, where somebody asked for them.

A score says what a model thinks, a label what is held to be so; nothing becomes a label by itself.
Labels of models count only where a snapshot or a training names that kind of rater.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from django.db import transaction
from django.db.models import Case, F, OuterRef, Q, Subquery, Value, When

from annotator.models import Rater, StepLabel, StepScore
from annotator.services.history.layout import LABEL_DEFAULTS
from annotator.services.jobs import job_hold
from annotator.services.judgements.label_batch import LabelChange, labels_record
from annotator.services.people.raters import rater_get_or_create

if TYPE_CHECKING:
    from annotator.models import Job, RewardModel

BATCH = 2_000
UNDECIDED = 0.5


@transaction.atomic
def verdict_labels_record(*, model: RewardModel, job: Job) -> int:
    """Label the next steps by what ``model`` scored them: +1 above 0.5, -1 below; 0.5 says nothing.

    A label that says so already is left alone, one that says otherwise is replaced, so a run that is
    repeated changes nothing.

    Args:
        model: whose verdicts; each version is a rater of its own.
        job: as its holder knows it.

    Returns:
        How many labels were made or changed, at most ``BATCH``; 0 = all are as they should be.

    Raises:
        FencedOutError: another worker has the job; nothing is recorded.
    """
    job_hold(job=job)
    rater = rater_get_or_create(
        project=model.project, kind=Rater.Kind.MODEL, name=model.name, version=str(model.version)
    )
    labels = StepLabel.objects.filter(step=OuterRef("step"), rater=rater, source=None)
    rows = (
        StepScore.objects.filter(model=model)
        .exclude(score=UNDECIDED)
        .annotate(
            rating=Case(When(score__gt=UNDECIDED, then=Value(1)), default=Value(-1)),
            had=Subquery(labels.values("rating")[:1]),
        )
        .filter(Q(had__isnull=True) | ~Q(had=F("rating")))
        .order_by("step_id")
        .values_list("step_id", "rating")[:BATCH]
    )
    changes = [
        LabelChange(step, rater.pk, {**LABEL_DEFAULTS, "rating": rating}) for step, rating in rows
    ]
    if changes:
        labels_record(changes=changes, user=None, action=uuid4())
    return len(changes)
