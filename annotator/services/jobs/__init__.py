"""The life of a job. Its row is the truth; a message only wakes a worker."""

from annotator.services.jobs.holding import (
    MOST_ATTEMPTS,
    job_advanced,
    job_cancel,
    job_cancel_wanted,
    job_claim,
    job_fail,
    job_finish,
    job_heartbeat,
    job_hold,
    job_keep,
    job_lost,
    job_metrics,
    job_progress,
    job_release,
)
from annotator.services.jobs.queueing import job_cancel_request, job_create, job_resume, job_wake

__all__ = [
    "MOST_ATTEMPTS",
    "job_advanced",
    "job_cancel",
    "job_cancel_request",
    "job_cancel_wanted",
    "job_claim",
    "job_create",
    "job_fail",
    "job_finish",
    "job_heartbeat",
    "job_hold",
    "job_keep",
    "job_lost",
    "job_metrics",
    "job_progress",
    "job_release",
    "job_resume",
    "job_wake",
]
