"""An evaluation as one plain object: what the API, the command and the download give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotator.queries.evaluations.stored import changes_since, results_of

if TYPE_CHECKING:
    from annotator.models import Evaluation


def evaluation_told(evaluation: Evaluation) -> dict[str, Any]:
    """Return an evaluation without its numbers; ``project`` is loaded."""
    return {
        "id": evaluation.pk,
        "project": evaluation.project.name,
        "model": evaluation.model_id,
        "against": evaluation.against_id,
        "snapshot": evaluation.snapshot_id,
        "part": evaluation.part,
        "suites": [{"suite": key, "settings": given} for key, given in evaluation.suites],
        "counts": evaluation.counts,
        "job": evaluation.job_id,
        "created": evaluation.created,
    }


def evaluation_told_whole(evaluation: Evaluation) -> dict[str, Any]:
    """Return an evaluation with everything that its suites found; its models are loaded."""
    return {
        **evaluation_told(evaluation),
        "changes": list(changes_since(evaluation=evaluation)),
        "results": [
            {
                "suite": result.suite,
                "protocol": result.protocol,
                "reason": result.reason,
                "report": result.report,
            }
            for result in results_of(evaluation=evaluation)
        ],
    }
