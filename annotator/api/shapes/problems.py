"""Problems, labels of their steps and outcomes of their traces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from annotator.models import Outcome, StepLabel
    from annotator.queries.access import Access
    from annotator.queries.trees.problems import ProblemRow


def problem_shape(row: ProblemRow, access: Access) -> dict[str, Any]:
    """Return a problem of the list; ``meta``, where sources keep verdicts, is for reviewers."""
    problem = row.problem
    return {
        "id": problem.pk,
        "project": access.project.name,
        "prompt": problem.prompt,
        "reference": problem.reference,
        "meta": problem.meta if access.may_review else {},
        "steps": problem.n_steps,
        "traces": problem.n_traces,
        "depth": problem.max_depth,
        "solved": row.solved,
        "judged": row.judged,
        "labelled": row.labelled,
    }


def label_shape(label: StepLabel) -> dict[str, Any]:
    """Return a label with its rater; ``rater``, ``error_type`` and ``guideline`` are loaded."""
    return {
        "step": label.step_id,
        "rater": {
            "kind": label.rater.kind,
            "name": label.rater.name,
            "version": label.rater.version,
        },
        "rating": label.rating,
        "unsure": label.unsure,
        "error_type": label.error_type.key if label.error_type else "",
        "realises_error": label.realises_error,
        "note": label.note,
        "milliseconds": label.milliseconds,
        "guideline": label.guideline.number if label.guideline else None,
        "updated": label.updated,
    }


def outcome_shape(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome."""
    return {"name": outcome.name, "value": outcome.value, "source": outcome.source}
