"""Where people judge the same thing differently, the worst first: what a reviewer decides on.

Only what at least two people judged counts, without exam answers and the sources of gold
(``queries.agreement.asides``). Severity is a whole number from 0 to 100, so that pages are stable and a reader
can sort by it elsewhere; the database computes it, and only the rows of a page are loaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotator.queries.adjudication.disagreements.rankings import (
    RankingDisagreement,
    ranking_disagreements,
)
from annotator.queries.adjudication.disagreements.spans import SpanDisagreement, span_disagreements
from annotator.queries.adjudication.disagreements.steps import StepDisagreement, step_disagreements

if TYPE_CHECKING:
    from collections.abc import Callable

LISTS: dict[str, Callable[..., tuple[list[Any], str]]] = {
    "steps": step_disagreements,
    "spans": span_disagreements,
    "rankings": ranking_disagreements,
}
"""By kind, what returns a page of it and the cursor of the next."""

Disagreement = StepDisagreement | SpanDisagreement | RankingDisagreement

__all__ = [
    "LISTS",
    "Disagreement",
    "RankingDisagreement",
    "SpanDisagreement",
    "StepDisagreement",
    "ranking_disagreements",
    "span_disagreements",
    "step_disagreements",
]
