"""A project with labels and outcomes, and models whose scores follow them more or less."""

from __future__ import annotations

import numpy as np

from annotator.models import Evaluation, Job, RewardModel, Step, StepLabel
from annotator.services import jobs
from annotator.services.evaluations import evaluation_request, has_model_read
from annotator.services.models.scores import step_scores_store
from annotator.services.projects.projects import project_create
from scoring.evaluation import SUITES
from scoring.pipelines import evaluate as pipeline
from scoring.pipelines.context import JobContext
from scoring.samples import arithmetic
from tests.annotator.pipelines.data import filled

# What is measured unless something else is asked for.
STORED = tuple(key for key, row in SUITES.items() if not has_model_read(row))


def measured(owner=None, name="Measured", problems=10):
    """A project of generated arithmetic with the checker's labels."""
    return filled(project_create(name=name, owner=owner), arithmetic(1, problems))


def model_of(project, name="scorer", *, noise=0.3, seed=0, leave=0, **known):
    """A model whose scores follow the labels through noise; ``leave`` steps have none."""
    known = {"kind": "imported", "ready": True, "metrics": {}, **known}
    model = RewardModel.objects.create(project=project, name=name, **known)
    labels = dict(
        StepLabel.objects.filter(step__problem__project=project).values_list("step", "rating")
    )
    rng = np.random.default_rng(seed)
    steps = Step.objects.filter(problem__project=project).order_by("problem", "preorder")
    rows = [
        (pk, float(np.clip(0.5 + 0.3 * (labels.get(pk) or 0) + noise * rng.normal(), 0, 1)))
        for pk in steps.values_list("pk", flat=True)
    ]
    step_scores_store(model=model, rows=rows[: len(rows) - leave])
    return model


def done(job):
    """Do the job here, without the thread that keeps it alive, which sees only what is committed."""
    claimed = jobs.job_claim(job_id=job.pk, worker=None)
    jobs.job_finish(job=claimed, result=pipeline.run(JobContext(claimed)))
    return Job.objects.get(pk=job.pk)


def evaluated(model, **asked):
    """The finished evaluation of a model."""
    job = done(evaluation_request(model=model, user=None, **asked))
    return Evaluation.objects.get(pk=job.result["evaluation"])
