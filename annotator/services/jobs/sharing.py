"""Jobs that help another one: the same work, taken piece by piece by whoever is free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from annotator.models import Worker
from annotator.queries.jobs import OPEN_STATES, idle_workers, score_helpers
from annotator.services.jobs.queueing import job_create

if TYPE_CHECKING:
    from annotator.models import Job

PART_OF = "part_of"
"""Name of the argument that holds the id of the job that is helped."""


@transaction.atomic
def helpers_create(*, job: Job) -> list[Job]:
    """Queue one helper of ``job`` for every idle gpu worker, unless it has some that are not done."""
    if score_helpers(job=job).filter(state__in=OPEN_STATES).exists():
        return []
    name = f"{job.args.get('name', '')} (helps job {job.pk})"
    return [
        job_create(
            project=job.project,
            kind=type(job).Kind(job.kind),
            args={**job.args, "name": name, PART_OF: job.pk},
            user=job.created_by,
        )
        for _ in idle_workers(Worker.Kind.GPU)
    ]
