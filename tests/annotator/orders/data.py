"""Scores and labels to order by."""

from __future__ import annotations

from math import log

import numpy as np

from annotator.models import (
    JudgementEvent,
    Outcome,
    QueueItem,
    Rater,
    RewardModel,
    StepLabel,
    StepScore,
)
from tests.annotator.queue_world import queue_world
from tests.factories import problem_with_tree


def model_of(world, name="prm"):
    return RewardModel.objects.create(project=world.project, name=name, kind="imported", ready=True)


def score(world, model, *pairs):
    """Score the two steps of each trace."""
    for trace, pair in zip(world.traces, pairs, strict=False):
        for step, value in zip(trace.problem.steps.order_by("preorder"), pair, strict=True):
            if value is not None:
                StepScore.objects.create(step=step, model=model, score=value)


def label(step, rater, rating, error_type=None):
    event = JudgementEvent.objects.create(
        project_id=rater.project_id,
        problem_id=step.problem_id,
        kind="step_label",
        rater=rater,
        step=step,
        payload={},
    )
    StepLabel.objects.create(
        step=step, rater=rater, event=event, rating=rating, error_type=error_type
    )


def rater(world, name, kind="imported"):
    return Rater.objects.create(project=world.project, kind=kind, name=name)


def served(queue):
    """Return the places of the queue's traces in the world's list, and the items."""
    items = list(QueueItem.objects.filter(queue=queue).order_by("position"))
    return [item.trace_id for item in items], items


def order_of(world, queue):
    ids = [trace.pk for trace in world.traces]
    return [ids.index(trace) for trace in served(queue)[0]]


def h(p):
    return -p * log(p) - (1 - p) * log(1 - p)


def routed(n=80):
    """A world in which the model is wrong exactly where it is unsure."""
    world = queue_world(traces=n)
    model, ann = model_of(world), rater(world, "a")
    for at, trace in enumerate(world.traces):
        unsure = at % 2 == 0
        for step in trace.problem.steps.all():
            StepScore.objects.create(step=step, model=model, score=0.55 if unsure else 0.95)
            if at < n // 2:
                label(step, ann, -1 if unsure and at % 4 == 0 else 1)
    return world, model


def ready_for_all():
    """A world with what every order needs: scores of two models, labels, outcomes, a fork."""
    world, model = routed()
    second = model_of(world, "second")
    fork = problem_with_tree(
        ["first way", ["end!"]], ["second way", ["end!"]], project=world.project
    )
    rng = np.random.default_rng(0)
    for trace in world.traces:
        for step in trace.problem.steps.all():
            StepScore.objects.create(step=step, model=second, score=float(rng.random()))
    for step in fork.steps.order_by("pk"):
        StepScore.objects.create(step=step, model=model, score=float(rng.random()))
    Outcome.objects.update(value=0.0)
    other = rater(world, "b", "person")
    for trace in world.traces[:10]:
        label(trace.problem.steps.earliest("preorder"), other, -1)
    old, _ = (world.project.guidelines.create(number=number) for number in (8, 9))
    StepLabel.objects.update(guideline=old)
    return world, model
