"""Judgements written for the tests of agreement, and reports read as plain values."""

from __future__ import annotations

from annotator.models import JudgementEvent, Ranking, Rater, SourceFile, SourceRecord, StepLabel
from annotator.queries.agreement.columns import first_errors_of, labels_of, ratings_of
from annotator.queries.agreement.scope import Scope
from annotator.services.judgements.labels import label_set

EVERYBODY = Scope(kinds=("imported", "person"))


def ratings(project, scope=None):
    """Return {(step text, rater name): rating}."""
    found = ratings_of(labels_of(project=project, scope=scope or Scope()))
    names = dict(Rater.objects.values_list("pk", "name"))
    texts = dict(project.problems.values_list("steps__pk", "steps__text"))
    return {
        (texts[found.units[unit]], names[found.raters[rater]]): found.categories[code]
        for unit, rater, code in zip(
            found.unit.tolist(), found.rater.tolist(), found.code.tolist(), strict=True
        )
    }


def blamed(project, scope=None):
    """Return {(trace end text, rater name): position, −1 = none}."""
    scope = scope or Scope()
    labels = labels_of(project=project, scope=scope)
    found = first_errors_of(project=project, scope=scope, labels=labels)
    names = dict(Rater.objects.values_list("pk", "name"))
    texts = dict(project.problems.values_list("traces__pk", "traces__end__text"))
    return {
        (texts[found.units[unit]], names[found.raters[rater]]): position
        for unit, rater, position in zip(
            found.unit.tolist(), found.rater.tolist(), found.position.tolist(), strict=True
        )
    }


def judge(trace, user, *given):
    """Rate the first steps of a trace with two steps."""
    for step, rating in zip(trace.problem.steps.order_by("preorder"), given, strict=False):
        step.problem = trace.problem
        label_set(step=step, user=user, rating=rating, unsure=rating is None)


def imported(world, name, trace, rating, key="k"):
    """Give an imported labeler's rating of the first step, from a source record of its own."""
    rater, _ = Rater.objects.get_or_create(project=world.project, kind="imported", name=name)
    file, _ = SourceFile.objects.get_or_create(project=world.project, format="prm800k", name="f")
    record = SourceRecord.objects.create(
        project=world.project,
        problem=trace.problem,
        file=file,
        format="prm800k",
        key=key,
        key_hash=key.encode(),
    )
    event = JudgementEvent.objects.create(
        project=world.project, problem=trace.problem, kind="import", source=record, payload={}
    )
    step = trace.problem.steps.earliest("preorder")
    return StepLabel.objects.create(
        step=step, rater=rater, source=record, event=event, rating=rating
    )


def ranked(world, user, trace, tiers, *, criterion="", level="step", parent=None):
    """Store a ranking as the table holds it."""
    rater, _ = Rater.objects.get_or_create(
        project=world.project, user=user, kind="person", name=user.get_username()
    )
    event = JudgementEvent.objects.create(
        project=world.project, problem=trace.problem, kind="ranking", rater=rater, payload={}
    )
    return Ranking.objects.create(
        problem=trace.problem,
        level=level,
        parent=parent,
        criterion=criterion,
        rater=rater,
        event=event,
        tiers=tiers,
    )
