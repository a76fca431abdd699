"""Run a claimed job and write down how it ended. The only place that catches every exception."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from typing import Any, cast

from django.conf import settings
from django.db import InterfaceError, OperationalError
from psycopg.errors import DiskFull

from annotator.errors import AnnotatorError, FencedOutError
from annotator.log_context import job_id
from annotator.models import Job
from annotator.services import jobs
from annotator.services.artefacts import FULL
from scoring.errors import CancelledError, ProcessLostError, ScoringError
from scoring.pipelines.connection import loss_of, patiently
from scoring.pipelines.context import JobContext
from scoring.registry import load_target

logger = logging.getLogger(__name__)

Run = Callable[[JobContext], dict[str, Any]]

# Text, so that an io worker never loads torch. A run returns the job's result and raises
# CancelledError where ``context.should_stop()`` made it stop early.
RUNS: dict[str, str] = {
    Job.Kind.IMPORT: "scoring.pipelines.io:run_import",
    Job.Kind.EXPORT: "scoring.pipelines.io:run_export",
    Job.Kind.SNAPSHOT: "scoring.pipelines.io:run_snapshot",
    Job.Kind.SAMPLE: "scoring.pipelines.io:run_sample",
    Job.Kind.QUEUE: "scoring.pipelines.io:run_queue",
    Job.Kind.AGREEMENT: "scoring.pipelines.agreement:run",
    Job.Kind.ANSWERS: "scoring.pipelines.io:run_answers",
    Job.Kind.EVALUATE: "scoring.pipelines.evaluate:run",
    Job.Kind.EDITS: "scoring.pipelines.evaluate:run",
    Job.Kind.TRAIN: "scoring.pipelines.train:run",
    Job.Kind.SCORE: "scoring.pipelines.score:run",
    Job.Kind.JUDGE: "scoring.pipelines.judge:run",
    Job.Kind.ATTRIBUTE: "scoring.pipelines.attribute:run",
    Job.Kind.FAITHFUL: "scoring.pipelines.faithful:run",
}


def run_claimed(job: Job, *, stopping: Callable[[], bool] = lambda: False) -> None:
    """Run ``job`` to its end and store result, reason or wish.

    Args:
        job: as ``job_claim`` returned it.
        stopping: says that this process is shutting down; the job then goes back to the queue.
    """
    token = job_id.set(str(job.pk))
    context = JobContext(job, stopping=stopping)
    logger.info("job started", extra={"kind": job.kind, "attempt": job.attempt})
    try:
        outcome = _outcome(context)
        patiently(lambda: _end(context, outcome))
    except FencedOutError as error:
        logger.warning("job taken over", extra={"reason": str(error)})
    except (OperationalError, InterfaceError) as error:
        # Nobody beats for it any more: the reaper queues it again once the database is back.
        logger.error("job left to the reaper", extra={"reason": str(error).strip()})  # noqa: TRY400
    finally:
        job_id.reset(token)


def load_run(kind: str) -> Run:
    """Return the function that does the work of a job kind."""
    return cast("Run", load_target(RUNS[kind]))


def explain(error: Exception) -> tuple[str, str]:
    """Return the stable code and the sentence for the job page.

    What nobody expected is logged with its traceback under a reference that the sentence names.
    """
    if isinstance(error, (ScoringError, AnnotatorError)):
        return error.code, str(error)
    if full := _full_disk(error):
        return "disk_full", f"{full} is full. Make room there, then resume the job."
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return (
            "out_of_memory",
            "There is not enough memory for this job. Use a smaller batch or model, then resume.",
        )
    reference = secrets.token_hex(4)
    logger.error("job failed unexpectedly", exc_info=error, extra={"reference": reference})
    return (
        "internal",
        (
            f"Something went wrong that Tracewood did not expect ({type(error).__name__}). The "
            f"worker's log has the details under reference {reference}."
        ),
    )


def _outcome(context: JobContext) -> dict[str, Any] | Exception:
    """Return the result of the run, or what it raised; an attempt before may have left the result."""
    if context.job.result:
        return context.job.result
    try:
        with context.beating():
            result = load_run(context.job.kind)(context)
            context.flush()
    except FencedOutError:
        raise
    except Exception as error:  # noqa: BLE001 - the edge: every reason goes into the row
        return error
    return result


def _end(context: JobContext, outcome: dict[str, Any] | Exception) -> None:
    """Write the end; done again on a new connection if the one it had is lost, so nothing else."""
    job = context.job
    if isinstance(outcome, dict):
        jobs.job_finish(job=job, result=outcome)
        logger.info("job done", extra={"kind": job.kind})
    elif isinstance(outcome, CancelledError) and context.cancelled:
        jobs.job_cancel(job=job)
        logger.info("job cancelled", extra={"kind": job.kind})
    elif isinstance(outcome, CancelledError):
        jobs.job_release(job=job)
        logger.info("job given back", extra={"kind": job.kind})
    elif isinstance(outcome, ProcessLostError):
        state = jobs.job_lost(job=job, reason=str(outcome), code=outcome.code)
        logger.warning("process lost", extra={"kind": job.kind, "now": state})
    elif reason := loss_of(outcome):
        sentence = f"The connection to the database was lost ({reason})."
        state = jobs.job_lost(job=job, reason=sentence, code="database_lost")
        logger.warning("database lost", extra={"kind": job.kind, "reason": reason, "now": state})
    else:
        code, sentence = explain(outcome)
        jobs.job_fail(job=job, code=code, error=sentence)
        logger.warning("job failed", extra={"kind": job.kind, "code": code})


def _full_disk(error: Exception) -> str:
    """Return which disk is full, if that is the reason, else ""."""
    if isinstance(error.__cause__, DiskFull):
        return "The disk of the database"
    if isinstance(error, OSError) and error.errno in FULL:
        return f"The disk that holds {error.filename or settings.TRACEWOOD_HOME}"
    return ""
