"""What the lists of adjudication are called, and the address of the case of each of their rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.urls import reverse

from annotator.queries.adjudication.disagreements import SpanDisagreement, StepDisagreement

if TYPE_CHECKING:
    from annotator.models import Project
    from annotator.queries.adjudication.disagreements import Disagreement

KINDS = {"steps": "Ratings", "spans": "Spans", "rankings": "Rankings"}


def case_address(project: Project, row: Disagreement, *, imported: bool) -> str:
    """Return where a disagreement is decided."""
    told = list_told(imported=imported)
    if isinstance(row, StepDisagreement):
        url = reverse("annotator:adjudication-step", args=[project.name, row.step.pk])
    elif isinstance(row, SpanDisagreement):
        ends = row.first.pk, row.last.pk
        url = reverse("annotator:adjudication-span", args=[project.name, *ends])
    else:
        url = reverse("annotator:adjudication-ranking", args=[project.name, row.problem.pk])
        told = {
            "level": row.level,
            **({"parent": row.parent.pk} if row.parent else {}),
            **({"criterion": row.criterion} if row.criterion else {}),
            **told,
        }
    return f"{url}?{urlencode(told)}" if told else url


def list_told(*, imported: bool, decided: bool = False) -> dict[str, Any]:
    """Return what of a list's filters stands in an address."""
    return {
        **({"state": "decided"} if decided else {}),
        **({"imported": 1} if imported else {}),
    }
