"""Take a path apart with one model and method, or measure a signal along it; loads torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from annotator.errors import NotFoundError
from annotator.models import RewardModel, Step
from annotator.queries.attribution.path import path_of
from annotator.services.models.added import reward_model_facts_hold
from annotator.services.models.attributions import attribution_store
from scoring.attribution.choices import PREFIX
from scoring.attribution.registry import attribute
from scoring.attribution.signals import signal
from scoring.pipelines.score import model_loaded

if TYPE_CHECKING:
    from scoring.pipelines.context import JobContext
    from scoring.reward.scorer import Scorer

PARTS = 1000


def run(context: JobContext) -> dict[str, Any]:
    """Do a ``scoring.attribute`` job; ``args`` as ``attribution_request`` makes them.

    Returns:
        ``attribution`` (id), ``method``, ``model``, ``tokens``; of a method ``badge``, ``relative_error``,
        ``forwards``, ``backwards``; of a signal ``with_value`` (pieces of the texts that have one).
    """
    model, loaded = model_of(context)
    rows = Step.objects.select_related("problem__project")
    end = rows.filter(pk=context.args["end"], problem__project=context.project).first()
    if end is None:
        raise NotFoundError("The step was deleted.")

    def progress(share: float) -> None:
        context.progress(round(share * PARTS), PARTS, "Reading the path.")
        context.check()

    path = path_of(end=end)
    method, params = context.args["method"], context.args["params"]
    if method.startswith(PREFIX):
        progress(0)
        measured = signal(
            method.removeprefix(PREFIX), loaded, end.problem.prompt, path.texts, **params
        )
        stored = attribution_store(job=context.job, model=model, end=end, found=measured)
        return {
            "attribution": stored.pk,
            "method": method,
            "model": str(model),
            "with_value": int(np.isfinite(measured.values).sum()),
            "tokens": measured.n_tokens,
        }
    found = attribute(
        method,
        loaded,
        end.problem.prompt,
        path.texts,
        progress=progress,
        **params,
    )
    stored = attribution_store(job=context.job, model=model, end=end, found=found)
    return {
        "attribution": stored.pk,
        "method": found.method,
        "model": str(model),
        "badge": found.badge,
        "relative_error": found.relative_error,
        "forwards": found.spent.forwards,
        "backwards": found.spent.backwards,
        "tokens": found.spent.tokens,
    }


def model_of(context: JobContext) -> tuple[RewardModel, Scorer]:
    """Return the model of a job, opened.

    Raises:
        NotFoundError: it was deleted meanwhile.
    """
    model = RewardModel.objects.filter(pk=context.args["model"], project=context.project).first()
    if model is None:
        raise NotFoundError("The model was deleted.")
    context.progress(0, None, "Loading the model.")
    loaded = model_loaded(model)
    reward_model_facts_hold(model=model, facts=loaded.facts)
    return model, loaded
