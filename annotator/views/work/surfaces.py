"""What is judged inside the frame of an item: one surface for each family of tasks.

A surface is a template (``surface``) and what it needs. It gets ``work`` (a ``WorkItem``) and saves
judgements by itself; the frame only asks it, by the event ``work:before-submit``, to finish what is
on its way, and keeps what it sends with the event ``work:draft``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotator.queries.rankings.places import place_of
from annotator.views.ranking.context import place_context
from annotator.views.workbench.judging import surface_context
from annotator.views.workbench.judging_frame import frame_of_work

if TYPE_CHECKING:
    from annotator.queries.access import Access
    from annotator.queries.queues.gates import WorkItem
    from annotator.views.http import HtmxRequest


def surface_of(*, request: HtmxRequest, access: Access, work: WorkItem) -> dict[str, Any]:
    """Return the template of the item's surface and its context."""
    make = _rating if work.is_rating else _ranking
    return make(request, access, work)


def _rating(request: HtmxRequest, access: Access, work: WorkItem) -> dict[str, Any]:
    """Rate the steps of one trace in order; later ones are shown when they are due."""
    frame = frame_of_work(user=request.user, work=work)
    return {"surface": "annotator/work_rating.html", **surface_context(frame, request)}


def _ranking(request: HtmxRequest, access: Access, work: WorkItem) -> dict[str, Any]:
    """Rank the steps, branches or traces of one place."""
    place = place_of(problem=work.problem, level=work.level, parent_id=work.item.parent_id)
    context = place_context(access=access, user=request.user, place=place, blind=work.blind)
    return {"surface": "annotator/ranking_surface.html", **context}
