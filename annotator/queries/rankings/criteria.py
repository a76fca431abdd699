"""The criteria of a project, the most important first.

``Project.criteria`` holds ``{"key", "label", "help", "margin", "gate", "retired"}`` in order; an empty
list means ``DEFAULT_CRITERIA``. A retired criterion is asked for no more; its rankings stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Count

from annotator.models import Ranking
from scoring.preference.types import DEFAULT_CRITERIA, OVERALL, Criterion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from annotator.models import Project
    from annotator.queries.rankings.places import Place

OVERALL_LABEL = "Overall"


def criteria_rows(project: Project) -> list[dict[str, object]]:
    """Return all criteria as they are stored, retired ones included."""
    stored: list[dict[str, object]] = project.criteria
    return [dict(row) for row in stored] or [
        {
            "key": c.key,
            "label": c.label,
            "help": c.help,
            "margin": c.margin,
            "gate": c.gate,
            "retired": False,
        }
        for c in DEFAULT_CRITERIA
    ]


def criteria_of(project: Project) -> tuple[Criterion, ...]:
    """Return the criteria that are asked for, in order of importance."""
    return tuple(_criterion(row) for row in criteria_rows(project) if not row.get("retired"))


def criterion_labels(project: Project) -> dict[str, str]:
    """Return what a person reads for every key, retired ones and ``OVERALL`` included."""
    labels = {str(row["key"]): str(row["label"]) for row in criteria_rows(project)}
    return {OVERALL: OVERALL_LABEL, **labels}


def criteria_at(place: Place) -> list[tuple[int, Criterion]]:
    """Return the criteria that are asked for at a place, each with its number in the project's order.

    Those by which the data brought rankings of the place come first: a file's criterion joins the
    project's at the end, and nobody would look for it behind seven that the file does not know.
    """
    asked = list(enumerate(criteria_of(place.problem.project), start=1))
    brought = Ranking.objects.filter(
        problem=place.problem, level=place.level, parent=place.parent_id, source__isnull=False
    )
    given = set(brought.values_list("criterion", flat=True))
    return sorted(asked, key=lambda row: row[1].key not in given)


def rankings_by_criterion(*, project: Project) -> dict[str, int]:
    """Return how many rankings each criterion has; criteria without any are left out."""
    rows = Ranking.objects.filter(problem__project=project).order_by().values("criterion")
    return dict(rows.annotate(n=Count("pk")).values_list("criterion", "n"))


def _criterion(row: Mapping[str, object]) -> Criterion:
    return Criterion(
        key=str(row["key"]),
        label=str(row["label"]),
        help=str(row.get("help", "")),
        margin=float(str(row.get("margin", 0))),
        gate=bool(row.get("gate")),
    )
