"""The links below a list: which page a request asks for, and the addresses of its neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from django.http import HttpRequest

    from annotator.queries.paging import Page


@dataclass(frozen=True, slots=True)
class Pager:
    """Addresses of the pages beside the one that is shown, "" where there is none."""

    previous: str
    next: str


class Place(TypedDict):
    """Which page: behind one cursor or before another, "" for neither."""

    after: str
    before: str


def page_asked(request: HttpRequest, of: str = "") -> Place:
    """Return the page that a request asks for.

    Args:
        request: with ``?after=`` or ``?before=``.
        of: name of the list where a page has several: ``?snapshots-after=``.
    """
    prefix = f"{of}-" if of else ""
    asked = request.GET
    return {"after": asked.get(f"{prefix}after", ""), "before": asked.get(f"{prefix}before", "")}


def pager(request: HttpRequest, page: Page[Any], of: str = "") -> Pager:
    """Return the links of a list; whatever else the address says stays in them.

    ``of`` is the list's name as in ``page_asked``, and the id of its heading, where the links lead.
    """
    prefix = f"{of}-" if of else ""

    def link(key: str, cursor: str) -> str:
        query = request.GET.copy()
        for name in ("after", "before"):
            query.pop(prefix + name, None)
        query[prefix + key] = cursor
        return f"?{query.urlencode()}{f'#{of}' if of else ''}" if cursor else ""

    return Pager(previous=link("before", page.previous), next=link("after", page.next))
