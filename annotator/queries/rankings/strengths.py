"""Strengths of the items of one place from everybody's rankings, computed when asked for.

At most a few dozen items and raters stand at a place, so a fit takes milliseconds; nothing is
stored, and no person's answer is changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from annotator.models import Ranking
from annotator.queries.rankings.criteria import criterion_labels
from annotator.queries.rankings.places import record_of
from scoring.errors import ScoringError
from scoring.preference.aggregate import aggregate
from scoring.preference.registry import strength_row
from scoring.preference.types import by_question

if TYPE_CHECKING:
    from annotator.queries.rankings.places import Place
    from scoring.preference.aggregate import Strengths

DEFAULT_METHOD = "davidson"
MOST_RANKINGS = 2_000


@dataclass(frozen=True, slots=True)
class PlaceStrengths:
    """What everybody's rankings under one criterion say, or why they say nothing.

    Attributes:
        criterion: key, "" = overall.
        label: what a person reads.
        result: None where there are no strengths.
        reason: why not, "" if there are.
    """

    criterion: str
    label: str
    result: Strengths | None
    reason: str = ""


def strengths_of(*, place: Place, method: str = DEFAULT_METHOD) -> list[PlaceStrengths]:
    """Return the strengths at a place, in order of importance, overall first.

    Raises:
        UnknownNameError: for a method that does not exist.
    """
    strength_row(method)
    rows = Ranking.objects.filter(
        problem=place.problem, level=place.level, parent=place.parent
    ).order_by("pk")[:MOST_RANKINGS]
    groups = by_question(record_of(row) for row in rows)
    labels = criterion_labels(place.problem.project)
    order = list(labels)
    found = []
    for (_, criterion), records in sorted(
        groups.items(), key=lambda group: order.index(group[0][1]) if group[0][1] in labels else 99
    ):
        label = labels.get(criterion, criterion)
        try:
            result = aggregate(records, method)
        except ScoringError as error:
            found.append(PlaceStrengths(criterion, label, None, str(error)))
        else:
            found.append(PlaceStrengths(criterion, label, result))
    return found
