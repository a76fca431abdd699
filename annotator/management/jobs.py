"""What the commands that start a job have in common: telling how far it is and how it ended."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

from annotator.management.output import NOTHING, Answer
from annotator.models import Job

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.management.base import BaseCommand

TELL_EVERY_S = 5.0


def told(command: BaseCommand, options: dict[str, Any]) -> Callable[[Job], None] | None:
    """Return a callback that writes a job's progress to stderr now and then; None with ``--json``."""
    if options["json"] or options["verbosity"] < 1:
        return None
    last = monotonic()

    def tell(job: Job) -> None:
        nonlocal last
        if job.message and monotonic() - last >= TELL_EVERY_S:
            last = monotonic()
            command.stderr.write(f"job {job.pk}: {job.message}", command.style.NOTICE)

    return tell


def ended(job: Job, data: dict[str, Any], lines: list[str]) -> Answer:
    """Return the answer for a job: its id and state before ``data``, its reason if it failed.

    A job of which no worker could be told carries a ``warning``; stderr has it as a log line.
    """
    answer = Answer(
        {"job": job.pk, "state": str(job.state), **data}, [f"Job {job.pk} is {job.state}.", *lines]
    )
    if job.unwoken and job.state == Job.State.QUEUED:
        answer.data["warning"] = job.unwoken
    if job.state == Job.State.FAILED:
        answer.status, answer.code, answer.message = NOTHING, job.error_code, job.error
    elif job.state == Job.State.CANCELLED:
        answer.status, answer.code = NOTHING, "cancelled"
        answer.message = f"Job {job.pk} was cancelled; resume it on the jobs page."
    return answer
