"""Reads of reward models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Count, Exists, OuterRef, QuerySet

from annotator.models import Job, Problem, Project, RewardModel, Step, StepScore
from annotator.numbers import whole_number
from scoring.errors import UnknownNameError
from scoring.reward.registry import ADDED

if TYPE_CHECKING:
    from collections.abc import Iterable

IMPORTED = "imported"


def score_kind(model: RewardModel) -> Job.Kind:
    """Return the kind of job that scores with ``model``: a remote one needs no device."""
    row = ADDED.get(model.kind)
    return Job.Kind.JUDGE if row is not None and row.remote else Job.Kind.SCORE


def reward_models_of(*, project: Project, ready: bool = False) -> QuerySet[RewardModel]:
    """Return the models of ``project``, newest first; ``ready`` leaves unfinished ones out."""
    rows = RewardModel.objects.filter(project=project).select_related("snapshot", "job")
    return (rows.filter(ready=True) if ready else rows).order_by("-pk")


def reward_model_named(*, project: Project, name: str) -> RewardModel:
    """Return the newest ready model called ``name``, or version v of it for ``name@v``.

    Raises:
        UnknownNameError: naming the ready ones.
    """
    ready = reward_models_of(project=project, ready=True)
    bare, _, version = name.partition("@")
    found = ready.filter(name=bare)
    if version:
        found = found.filter(version=whole_number(version) or 0)
    model = found.order_by("-version").first()
    if model is None:
        raise UnknownNameError("ready model", name, _names(ready))
    return model


def problems_to_score(
    *, model: RewardModel, again: bool = False, problem: int | None = None
) -> list[int]:
    """Return ids of the problems that have a step without a score of ``model``, in order.

    Args:
        model: whose scores.
        again: all problems with steps, scored or not.
        problem: only this one.
    """
    rows = Problem.objects.filter(project=model.project_id, n_steps__gt=0)
    if problem is not None:
        rows = rows.filter(pk=problem)
    if not again:
        scored = StepScore.objects.filter(step=OuterRef("pk"), model=model)
        unscored = Step.objects.filter(problem=OuterRef("pk")).filter(~Exists(scored))
        rows = rows.filter(Exists(unscored))
    return list(rows.order_by("pk").values_list("pk", flat=True))


def steps_to_score(
    *, model: RewardModel, together: bool = False, problem: int | None = None
) -> dict[int, int]:
    """Return how many steps of each problem wait for a score of ``model``, by problem id in order.

    Args:
        model: whose scores.
        together: a problem with a step without one waits as a whole, since ``model`` judges its answers
            together.
        problem: only this one.
    """
    scored = StepScore.objects.filter(step=OuterRef("pk"), model=model)
    waiting = Step.objects.filter(~Exists(scored), problem__project=model.project_id)
    if problem is not None:
        waiting = waiting.filter(problem=problem)
    counted = waiting.values("problem").annotate(n=Count("pk")).order_by("problem")
    found = dict(counted.values_list("problem", "n"))
    if not together:
        return found
    whole = Problem.objects.filter(pk__in=found).order_by("pk")
    return dict(whole.values_list("pk", "n_steps"))


def scores_exist(*, project: Project, model: RewardModel | None) -> bool:
    """Say whether the model, or with None any of the project, has scored a step."""
    models = RewardModel.objects.filter(project=project)
    asked = models if model is None else models.filter(pk=model.pk)
    return asked.filter(Exists(StepScore.objects.filter(model=OuterRef("pk")))).exists()


def _names(models: Iterable[RewardModel]) -> list[str]:
    names = {model.name for model in models}
    return sorted(names) or ["none yet; make one with train_reward_model or add_reward_model"]
