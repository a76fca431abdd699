"""Memory of a gpu worker's child over 200 jobs: scorings, and a training among every five.

``python -m benchmarks.bench_jobs [--jobs 200]`` lets a real supervisor give jobs to one long-lived child
(``scoring.worker``), on an embedded database of a throw-away home. Scorings alternate between two models,
so that each has to open one; their scores are deleted in between, so that each computes. The first jobs
warm up: libraries are loaded, allocators find their sizes. Reported are the child's resident bytes after
every job, and the median of the last ten against that of the ten after the warm-up. Target: 5 % more at
most, in one process to the end.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from typing import TYPE_CHECKING, Any

from benchmarks.home import fresh_home, run_child

if TYPE_CHECKING:
    from annotator.models import Job, Project, RewardModel

WARM_UP = 30
WINDOW = 10
TRAIN_EVERY = 5
PROBLEMS = 12
SETTINGS = {
    "steps": "4",
    "step_tokens": "256",
    "pass_tokens": "512",
    "tiny_layers": "1",
    "tiny_width": "64",
    "tiny_vocabulary": "420",
    "checkpoint_every": "2",
    "evaluate_every": "4",
    "log_every": "1",
}


def filled() -> Project:
    """Make a project of labelled arithmetic."""
    from itertools import islice

    from django.contrib.auth.models import User

    from annotator.models import SourceFile
    from annotator.services.imports.records import import_records
    from annotator.services.projects.projects import project_create
    from scoring.samples import arithmetic_stream
    from scoring.verify import label_record

    user = User.objects.create_user("bench")
    project = project_create(name="bench", owner=user)
    file = SourceFile.objects.create(project=project, format="tracewood", name="generated")
    for record in islice(arithmetic_stream(1, (), traces=3), PROBLEMS):
        record.labels = label_record(record)
        import_records(project=project, format="tracewood", items=[record], file=file)
    return project


def training(project: Project, number: int) -> Job:
    from annotator.services.jobs.requests import train_request

    return train_request(
        project=project, user=None, settings={**SETTINGS, "seed": str(number)}, name="bench"
    )


def scoring(model: RewardModel) -> Job:
    from annotator.models import StepScore
    from annotator.services.jobs.requests import score_request

    StepScore.objects.filter(model=model).delete()
    return score_request(model=model, user=None)


def measure(jobs: int) -> dict[str, Any]:
    """Run the jobs; return the figures."""
    import django

    django.setup()
    from annotator.models import Job, RewardModel
    from annotator.services.jobs import job_claim
    from scoring.supervisor import Supervisor

    project = filled()
    supervisor = Supervisor()
    resident: list[float] = []
    pids: set[int] = set()
    counts = {"trainings": 0, "scorings": 0}
    models: list[RewardModel] = []
    began = time.perf_counter()
    try:
        for number in range(WARM_UP + jobs):
            trains = number < 2 or number % TRAIN_EVERY == 0
            job = training(project, number) if trains else scoring(models[number % 2])
            counts["trainings" if trains else "scorings"] += 1
            claimed = job_claim(job_id=job.pk, worker=None)
            supervisor.run(claimed)
            job = Job.objects.get(pk=job.pk)
            if job.state != Job.State.DONE:
                raise SystemExit(f"job {number + 1} ({job.kind}): {job.state} {job.error}")
            if trains:
                models = [*models, RewardModel.objects.get(job=job)][-2:]
            child = supervisor._child
            pids.add(child.pid)
            resident.append(child.memory() / 2**20)
    finally:
        supervisor.close()
    first = statistics.median(resident[WARM_UP : WARM_UP + WINDOW])
    last = statistics.median(resident[-WINDOW:])
    return {
        "jobs": jobs,
        "warm_up": WARM_UP,
        **counts,
        "processes": len(pids),
        "after_warm_up_mb": round(first, 1),
        "after_all_mb": round(last, 1),
        "growth_percent": round(100 * (last / first - 1), 2),
        "mb_every_ten_jobs": [round(mb, 1) for mb in resident[::10]],
        "seconds": round(time.perf_counter() - began, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(measure(options.jobs)))
        return
    with fresh_home() as (_, env):
        print(json.dumps(run_child(env, "bench_jobs", "--jobs", str(options.jobs))))


if __name__ == "__main__":
    main()
