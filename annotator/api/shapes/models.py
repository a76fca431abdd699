"""Reward models and their scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from annotator.models import RewardModel, StepScore, StepVerdict


def model_shape(model: RewardModel) -> dict[str, Any]:
    """Return a reward model; ``project`` is loaded. How far it is behind is for reviewers."""
    return {
        "id": model.pk,
        "project": model.project.name,
        "name": model.name,
        "version": model.version,
        "kind": model.kind,
        "base": model.base,
        "ready": model.ready,
        "seed": model.seed,
        "snapshot": model.snapshot_id,
        "job": model.job_id,
        "data_hash": model.data_hash,
        "config": model.config,
        "provenance": model.provenance,
        "metrics": model.metrics,
        "behind": None,
        "created": model.created,
    }


def score_shape(
    score: StepScore, model: RewardModel, verdict: StepVerdict | None = None
) -> dict[str, Any]:
    """Return a score of ``model``; ``step`` is loaded. A judge's comes with its verdict."""
    names = [name for name, _ in model.parts]
    return {
        "id": score.pk,
        "problem": score.step.problem_id,
        "step": score.step_id,
        "score": score.score,
        "parts": dict(zip(names, score.parts or (), strict=False)),
        "votes": [
            {"vote": vote, "reason": reason}
            for vote, reason in zip(verdict.votes, verdict.reasons, strict=True)
        ]
        if verdict is not None
        else [],
    }
