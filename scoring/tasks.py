"""Celery's entry points: one task per job kind, called like the kind.

The io tasks work in this process; the gpu tasks, of kinds that read models, hand the job to a supervised
child, so that this process never loads torch.
"""

from __future__ import annotations

from typing import Any

from celery import shared_task
from celery.signals import worker_init, worker_ready, worker_shutdown
from celery.worker import state as celery_state

from annotator.models import Job, Worker
from annotator.models.jobs import READS_MODELS
from annotator.services.background import background_enter
from annotator.services.jobs import job_claim
from scoring import presence
from scoring.pipelines.runner import run_claimed
from scoring.supervisor import Supervisor

_supervisors: list[Supervisor] = []


def _run_here(job_id: int) -> None:
    job = job_claim(job_id=job_id, worker=presence.current(Worker.Kind.IO))
    if job is not None:
        run_claimed(job, stopping=_is_stopping)


def _run_supervised(job_id: int) -> None:
    job = job_claim(job_id=job_id, worker=presence.current(Worker.Kind.GPU))
    if job is not None:
        _supervisor().run(job, stopping=_is_stopping)


def _supervisor() -> Supervisor:
    if not _supervisors:
        _supervisors.append(Supervisor(on_device=_note_device))
    return _supervisors[0]


def _note_device(device: str) -> None:
    worker = presence.current(Worker.Kind.GPU)
    if worker is not None:
        worker.device = device


def _is_stopping() -> bool:
    """Say whether Celery was asked to end; its flags hold an exit status, 0 included."""
    wishes = (celery_state.should_stop, celery_state.should_terminate)
    return any(wish is not None and wish is not False for wish in wishes)


def _step_back(**_: Any) -> None:
    background_enter()


def _arrive(sender: Any, **_: Any) -> None:
    for name in sender.app.amqp.queues.consume_from:
        presence.arrive(Worker.Kind(name))


def _leave(**_: Any) -> None:
    while _supervisors:
        _supervisors.pop().close()
    presence.leave_all()


for _kind in Job.Kind:
    shared_task(name=_kind.value)(_run_supervised if _kind in READS_MODELS else _run_here)

worker_init.connect(_step_back)
worker_ready.connect(_arrive)
worker_shutdown.connect(_leave)
