"""Training a model again and what came of it: how far it is behind, and the two versions side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from annotator.queries.access import model_for_user
from annotator.queries.staleness import behind
from annotator.services.models.retraining import can_retrain, retrain_request
from scoring.errors import ScoringError
from scoring.reward.registry import ALL

if TYPE_CHECKING:
    from django.http import HttpResponse

    from annotator.models import RewardModel
    from annotator.queries.access import Access
    from annotator.views.http import HtmxRequest

TOLD_APART = frozenset(
    {"compared", "lost", "problems_beyond_context", "measured_on", "rules", "snapshot"}
)
"""What of a model's origin stands elsewhere on its page."""


def rerun_part(access: Access, model: RewardModel) -> dict[str, Any]:
    """Return what the model's page says of newer labels, steps and versions; counts for reviewers."""
    origin = model.provenance
    part = {
        "compared": origin.get("compared"),
        "lost": origin.get("lost") or {},
        "too_deep": origin.get("problems_beyond_context") or [],
        "can_retrain": access.may_review and can_retrain(model=model),
    }
    if access.may_review and model.ready:
        told = behind(project=model.project, models=[model])[model.pk]
        part["stale"], part["unscored"] = told.stale, told.unscored or 0
        row = ALL.get(model.kind)
        part["together"] = row is not None and row.judges_together(_settings(model))
    return part


def _settings(model: RewardModel) -> dict[str, Any]:
    """Return the settings of its kind, which stand beside those of the training where there was one."""
    own = model.config.get("model", model.config)
    return own if isinstance(own, dict) else model.config


def stopped_early(model: RewardModel) -> str:
    """Return how patience ended the training, "" if it did not."""
    told = model.provenance
    if not told.get("stopped_early"):
        return ""
    patience = model.config.get("training", {}).get("patience")
    return (
        f"After {told.get('steps', 0):,} steps {patience} evaluations in a row had brought nothing better, "
        f"so training ended; the weights are those of step {told.get('best_step', 0):,}."
    )


@require_POST
def model_retrain(request: HtmxRequest, project: str, pk: int) -> HttpResponse:
    """Queue the training of the next version, on the labels as they are now."""
    model = model_for_user(user=request.user, pk=pk, project=project, at_least="reviewer")
    try:
        job = retrain_request(model=model, user=request.user)
    except ScoringError as error:  # its base is gone
        messages.error(request, str(error))
        return redirect("annotator:model-detail", model.project.name, model.pk)
    messages.info(request, f"Training the next version; it is compared with {model}.")
    return redirect("annotator:job-detail", model.project.name, job.pk)
