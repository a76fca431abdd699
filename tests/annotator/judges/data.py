"""Judges of small projects, and their jobs."""

from __future__ import annotations

from annotator.models import Job, StepScore
from annotator.services import jobs
from annotator.services.jobs.requests import score_request
from annotator.services.models.added import reward_model_add
from scoring.pipelines import runner

# Texts of what one problem's tree holds; the server finds wrong whatever has an x.
SHAPES = (["a", ["b", ["c"], ["dx"]], ["e"]], ["f"])
"""Three questions: a b c, then dx after a b, then e after a; and f: four leaves."""


def judge_at(address, project, *, name="judge", **settings):
    """Add a judge; more settings as in ``--set``."""
    texts = {"endpoint": address, "model": "m", **settings}
    return reward_model_add(
        project=project,
        kind="judge",
        settings={key: str(value) for key, value in texts.items()},
        name=name,
    )


def run(job, **options):
    """Run a queued job in this process."""
    runner.run_claimed(jobs.job_claim(job_id=job.pk, worker=options.pop("worker", None)), **options)
    return Job.objects.get(pk=job.pk)


def scored(model, **options):
    """Score the project in this process."""
    return run(score_request(model=model, user=None), **options)


def scores_of(model):
    """Return text → score of the steps of the first problem."""
    rows = StepScore.objects.filter(model=model)
    return dict(rows.values_list("step__text", "score"))
