"""Celery's entry points: one per job kind, all of three lines.

The io tasks work in this process; the gpu tasks hand the job to a supervised child, so that this
process never loads torch.
"""

from __future__ import annotations

from typing import Any

from celery import shared_task
from celery.signals import worker_init, worker_ready, worker_shutdown
from celery.worker import state as celery_state

from annotator.models import Job, Worker
from annotator.services.background import background_enter
from annotator.services.jobs import job_claim
from scoring import presence
from scoring.pipelines.runner import run_claimed
from scoring.supervisor import Supervisor

_supervisors: list[Supervisor] = []


@shared_task(name=Job.Kind.IMPORT.value)
def import_traces(job_id: int) -> None:
    """Import an uploaded file."""
    _run_here(job_id)


@shared_task(name=Job.Kind.EXPORT.value)
def export_dataset(job_id: int) -> None:
    """Write the files of an export."""
    _run_here(job_id)


@shared_task(name=Job.Kind.SNAPSHOT.value)
def snapshot_dataset(job_id: int) -> None:
    """Freeze the current labels."""
    _run_here(job_id)


@shared_task(name=Job.Kind.SAMPLE.value)
def load_sample(job_id: int) -> None:
    """Fill the sample project."""
    _run_here(job_id)


@shared_task(name=Job.Kind.QUEUE.value)
def build_queue(job_id: int) -> None:
    """Fill a queue in its order."""
    _run_here(job_id)


@shared_task(name=Job.Kind.AGREEMENT.value)
def measure_agreement(job_id: int) -> None:
    """Compute an agreement report."""
    _run_here(job_id)


@shared_task(name=Job.Kind.ANSWERS.value)
def check_answers(job_id: int) -> None:
    """Compare final answers with references."""
    _run_here(job_id)


@shared_task(name=Job.Kind.EVALUATE.value)
def evaluate(job_id: int) -> None:
    """Measure a model's scores by evaluation suites."""
    _run_here(job_id)


@shared_task(name=Job.Kind.EDITS.value)
def evaluate_edits(job_id: int) -> None:
    """Measure a model by what it reads: edited solutions, or its states."""
    _run_supervised(job_id)


@shared_task(name=Job.Kind.TRAIN.value)
def train(job_id: int) -> None:
    """Train a reward model."""
    _run_supervised(job_id)


@shared_task(name=Job.Kind.SCORE.value)
def score(job_id: int) -> None:
    """Score the steps of a project."""
    _run_supervised(job_id)


@shared_task(name=Job.Kind.ATTRIBUTE.value)
def attribute(job_id: int) -> None:
    """Take a path apart with one model and method."""
    _run_supervised(job_id)


@shared_task(name=Job.Kind.FAITHFUL.value)
def check_faithfulness(job_id: int) -> None:
    """Try how far a method can be trusted on a model."""
    _run_supervised(job_id)


@shared_task(name=Job.Kind.JUDGE.value)
def judge(job_id: int) -> None:
    """Have a judge score the steps of a project."""
    _run_here(job_id)


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


worker_init.connect(_step_back)
worker_ready.connect(_arrive)
worker_shutdown.connect(_leave)
