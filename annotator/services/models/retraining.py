"""Train a model again, with its own settings, on the labels as they are now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from annotator.errors import ConflictError
from annotator.models import Job
from annotator.services.jobs import job_create
from annotator.services.models.bases import base_checked
from scoring.errors import ScoringError
from scoring.reward.registry import KINDS
from scoring.training.config import RunConfig

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from annotator.models import RewardModel

RETRAINS = "retrains"
"""Name of the argument of a training job that holds the id of the model before."""


def can_retrain(*, model: RewardModel) -> bool:
    """Say whether ``model`` was trained here, so that its settings are known."""
    return model.ready and model.kind in KINDS and bool(model.artefact) and "kind" in model.config


def retrain_request(*, model: RewardModel, user: User | None) -> Job:
    """Queue the training of the next version of ``model``, and its comparison with this one.

    The job freezes the labels as they are under the rules of the model's own snapshot and trains with its
    settings and seed. Both versions are then measured on held-out problems that neither has learnt from.

    Raises:
        ConflictError: it was not trained here, or its settings no longer hold (``cannot_retrain``).
        ModelLoadError: its base is gone.
    """
    if not can_retrain(model=model):
        reason = f"'{model.name}' was not trained here, so there are no settings to train it with."
        raise ConflictError(reason, code="cannot_retrain")
    try:
        run = RunConfig.from_dict(model.config)
    except (TypeError, KeyError, ScoringError) as error:
        reason = f"The settings of {model} no longer hold: {error}. Fill in the form instead."
        raise ConflictError(reason, code="cannot_retrain") from error
    base_checked(base=run.base, project=model.project, any_folder=True)  # checked when it was named
    args = {"run": run.to_dict(), "name": model.name, "snapshot": None, RETRAINS: model.pk}
    return job_create(project=model.project, kind=Job.Kind.TRAIN, args=args, user=user)
