"""The Quality page: each annotator's accuracy, pace and change, and the reveal arm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.views.decorators.http import require_safe

from annotator.queries.access import project_for_user
from annotator.queries.quality.arms import arm_report
from annotator.queries.quality.people import people_quality
from annotator.views.http import page
from annotator.views.pages.charts import SHARE, chart

if TYPE_CHECKING:
    from django.http import HttpResponse

    from annotator.queries.quality.people import PersonQuality
    from annotator.views.http import HtmxRequest
    from annotator.views.pages.charts import Chart


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person with the curves to draw."""

    person: PersonQuality
    charts: list[Chart]


@require_safe
def quality(request: HtmxRequest, project: str) -> HttpResponse:
    """Show everybody to reviewers, annotators only themselves."""
    access = project_for_user(user=request.user, name=project, at_least="annotator")
    report = arm_report(project=access.project) if access.may_review else None
    context = {
        "rows": [_row(person) for person in people_quality(access=access)],
        "arms": [report.shown, report.blind, report.effect] if report else [],
        "arm_model": report.model if report else None,
    }
    return page(request, "annotator/quality.html", context, access=access, section="quality")


def _row(person: PersonQuality) -> PersonRow:
    curves = (
        ("accuracy on gold", person.accuracy_points, "gold answers", SHARE),
        ("seconds per step, median", person.pace_points, "steps", None),
    )
    drawn = [
        chart(name, points, axis=axis, within=within)
        for name, points, axis, within in curves
        if len(points) > 1
    ]
    return PersonRow(person, [found for found in drawn if found is not None])
