"""The part of a model's page that lists its evaluations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotator.queries.evaluations.stored import changes_since, evaluations_of, results_of_all
from annotator.queries.paging import page_of
from annotator.views.pager import page_asked, pager
from annotator.views.pages.evaluations.rows import evaluation_rows

if TYPE_CHECKING:
    from annotator.models import RewardModel
    from annotator.queries.access import Access
    from annotator.views.http import HtmxRequest

LIST = "evaluations"
SHOWN = 5  # each with the numbers of all its suites


def evaluations_part(request: HtmxRequest, access: Access, model: RewardModel) -> dict[str, Any]:
    """Return the context of ``_model_evaluations.html``; nothing for who does not review."""
    if not access.may_review:
        return {}
    found = page_of(evaluations_of(model=model), size=SHOWN, **page_asked(request, LIST))
    counted: dict[int, list[Any]] = {}
    changes = {one.pk: changes_since(evaluation=one, counted=counted) for one in found.rows}
    return {
        "evaluations": evaluation_rows(found.rows, results_of_all(evaluations=found.rows), changes),
        "evaluation_pager": pager(request, found, LIST),
        "shows_evaluations": True,
    }
