"""Reads of jobs and workers. The gate ``job_for_user`` is in ``queries.access``."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Exists, OuterRef, QuerySet
from django.db.models.functions import Now

from annotator.models import Job, JobMetric, Project, RewardModel, Worker

# Workers beat every 5 s; one that missed five beats is not counted on.
LIVE_WITHIN = timedelta(seconds=30)
OPEN_STATES = (Job.State.QUEUED, Job.State.RUNNING)

WAITING = {
    Worker.Kind.IO: "imports, exports, checks and judges",
    Worker.Kind.GPU: "training, scoring, evaluation by reading and attribution",
}


@dataclass(frozen=True, slots=True)
class WorkerHealth:
    """One queue at a glance. ``problem`` is empty while somebody reads it."""

    kind: Worker.Kind
    workers: tuple[Worker, ...]
    queued: int
    running: int
    problem: str


def jobs_of_project(*, project: Project) -> QuerySet[Job]:
    """Return the jobs of ``project``, newest first, with worker and creator loaded."""
    return (
        Job.objects.filter(project=project).select_related("worker", "created_by").order_by("-id")
    )


def open_score_job(*, model: RewardModel) -> Job | None:
    """Return the job that scores the project with ``model``, or waits to."""
    jobs = Job.objects.filter(
        project=model.project_id, kind__in=[Job.Kind.SCORE, Job.Kind.JUDGE], args__model=model.pk
    )
    jobs = jobs.exclude(args__has_key="part_of")  # a helper ends with the job that it helps
    return jobs.filter(state__in=OPEN_STATES).order_by("pk").first()


def score_helpers(*, job: Job) -> QuerySet[Job]:
    """Return the jobs that help ``job``, in whatever state."""
    return Job.objects.filter(project=job.project_id, kind=job.kind, args__part_of=job.pk)


def job_waits_behind(*, job: Job) -> bool:
    """Say whether another job waits for the workers of the queue that ``job`` is of."""
    kinds = [kind for kind in Job.Kind if kind.queue == job.queue]
    waiting = Job.objects.filter(kind__in=kinds, state=Job.State.QUEUED)
    return waiting.exclude(pk=job.pk).exists()


def metrics_of_job(*, job: Job) -> dict[str, list[tuple[int, float]]]:
    """Return the curves of ``job``: points ``(step, value)`` in order, by name."""
    curves: dict[str, list[tuple[int, float]]] = {}
    rows = JobMetric.objects.filter(job=job).order_by("name", "step")
    for name, step, value in rows.values_list("name", "step", "value"):
        curves.setdefault(name, []).append((step, value))
    return curves


def live_workers(kind: Worker.Kind) -> QuerySet[Worker]:
    """Return the workers of ``kind`` whose heart beats."""
    return Worker.objects.filter(kind=kind, heartbeat__gte=Now() - LIVE_WITHIN).order_by("started")


def idle_workers(kind: Worker.Kind) -> QuerySet[Worker]:
    """Return the live workers of ``kind`` that hold no job."""
    busy = Job.objects.filter(worker=OuterRef("pk"), state=Job.State.RUNNING)
    return live_workers(kind).filter(~Exists(busy))


def worker_health() -> list[WorkerHealth]:
    """Return the state of every queue; a missing worker is a sentence, not an endless spinner."""
    counts: Counter[tuple[Worker.Kind, str]] = Counter()
    rows = Job.objects.filter(state__in=OPEN_STATES).values_list("kind", "state")
    for kind, state, n in rows.annotate(n=Count("pk")):
        counts[Job.Kind(kind).queue, state] += n
    live = Worker.objects.filter(heartbeat__gte=Now() - LIVE_WITHIN).order_by("started")
    by_kind = {kind: tuple(row for row in live if row.kind == kind) for kind in Worker.Kind}
    return [
        WorkerHealth(
            kind=kind,
            workers=workers,
            queued=counts[kind, Job.State.QUEUED],
            running=counts[kind, Job.State.RUNNING],
            problem="" if workers else missing_worker(kind),
        )
        for kind, workers in by_kind.items()
    ]


def missing_worker(kind: Worker.Kind, job: Job | None = None) -> str:
    """Return the sentence for a queue that nobody reads; a page about one ``job`` names that."""
    what = f"{WAITING[kind]} wait"
    if job is not None:
        what = f"job {job.pk} ({Job.Kind(job.kind).label.lower()}) waits"
    return f"No {kind.value} worker is running, so {what}. Start it with `make up`."
