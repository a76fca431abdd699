"""What a URL of the workbench says: chosen step, colours, tab, followed trace, folded nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from annotator.numbers import whole_number
from annotator.queries.credit.choices import LONGEST

if TYPE_CHECKING:
    from django.http import QueryDict

TABS = {
    "credit": "Credit",
    "tokens": "Tokens",
    "labels": "Labels",
    "outcomes": "Outcomes",
    "source": "Source",
}
SCALES = ("", "trace")
"""Whose limits the colours have: of the whole problem, or of the shown trace."""
# The URL keeps folded nodes as differences of step ids in base 36; this is room for thousands.
MAX_FOLD = 20_000
LONGEST_FIND = 300


@dataclass(frozen=True, slots=True)
class ViewState:
    """The view as the URL gives it; None and "" mean the default."""

    step: int | None = None
    by: str = ""
    model: int | None = None
    tab: str = "credit"
    trace: int | None = None
    before: int | None = None
    fold: str = ""
    scale: str = ""
    find: str = ""

    @classmethod
    def from_query(cls, query: QueryDict) -> ViewState:
        """Read the query of a URL; what makes no sense is the default, so old links still open."""
        tab = query.get("tab", "")
        return cls(
            step=whole_number(query.get("step")),
            by=query.get("by", "")[:LONGEST],
            model=whole_number(query.get("model")),
            tab=tab if tab in TABS else "credit",
            trace=whole_number(query.get("trace")),
            before=whole_number(query.get("before")),
            fold=query.get("fold", "")[:MAX_FOLD],
            scale=scale if (scale := query.get("scale", "")) in SCALES else "",
            find=query.get("find", "")[:LONGEST_FIND],
        )

    def query(self, **changes: object) -> str:
        """Return the query string of this view with some parts changed; None drops one."""
        parts: dict[str, object] = {
            "step": self.step,
            "by": self.by,
            "model": self.model,
            "tab": self.tab if self.tab != "credit" else None,
            "trace": self.trace,
            "fold": self.fold,
            "scale": self.scale,
            "find": self.find,
        }
        parts |= changes
        return "?" + urlencode({key: value for key, value in parts.items() if value})
