"""One step by one method, as a line of a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from annotator.queries.credit.colored import Coloring
    from annotator.views.workbench.reader import Workbench

SEARCHED = "What the search wrote into the tree, as imported."


def credit_row(bench: Workbench, coloring: Coloring, at: int) -> dict[str, Any]:
    """Return one line of a list of methods: the number of the node ``at`` and how to show it."""
    row = coloring.row
    return {
        "coloring": coloring,
        "value": float(coloring.values[at]),
        "current": coloring.key == bench.coloring.key,
        "summary": row.summary if row is not None else SEARCHED,
        "unit": coloring.scale.unit,
        "confidence": row.confidence if row is not None else "",
        "href": bench.state.query(by=coloring.key),
    }
