"""The strip of pages about one problem: each leads to the others with what they can take along."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

from django import template
from django.urls import reverse

from annotator.errors import NotFoundError
from annotator.queries.credit.choices import SEARCH_VALUE, read_key
from scoring.credit.registry import METHODS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from annotator.models import Problem
    from annotator.queries.access import Access

    Said = Mapping[str, object]

register = template.Library()
RATINGS = ("human", "checker")
SCORES = "prm_score"
STEP_SCORES = "score"  # what an overview calls the scores of its model


class Link(NamedTuple):
    """One page of the strip."""

    key: str
    label: str
    href: str
    current: bool


def _bench(said: Said) -> Said:
    by = said.get("by") if said.get("by") not in RATINGS else None
    return {"step": said.get("step"), "by": by, "model": said.get("model")}


def _tokens(said: Said) -> Said:
    return {"end": said.get("end") or said.get("step"), "model": said.get("model")}


def _sides(said: Said) -> Said:
    step = said.get("step")
    path = said.get("a") or (f"s{step}" if step else None)
    return {"a": path, "by": said.get("by"), "b": said.get("b"), "by_b": said.get("by_b")}


def _disagreements(said: Said) -> Said:
    return {"problem": said["problem"]}


def _overview(said: Said) -> Said:
    """An overview knows scores of a model, search values, and methods that read outcomes alone."""
    by, model = str(said.get("by") or ""), said.get("model")
    if by == SEARCH_VALUE:
        return {"by": by, "model": model}
    try:
        wanted = read_key(by)
    except NotFoundError:
        return {"model": model}
    if wanted.row.key == SCORES and wanted.model is not None:
        return {"by": STEP_SCORES, "model": wanted.model}
    plain = set(wanted.row.needs_with({})) <= {"outcome"}
    return {"by": wanted.row.key if plain else None, "model": model}


PAGES: dict[str, tuple[str, str, Callable[[Said], Said]]] = {
    "workbench": ("Workbench", "problem", _bench),
    "tokens": ("Tokens", "attribution", _tokens),
    "compare": ("Compare", "compare", _sides),
    "disagreements": ("Disagreements", "disagreements", _disagreements),
    "figures": ("Figures", "figure-tree", _sides),
    "overview": ("Overview", "problem-overview", _overview),
}


@register.simple_tag
def problem_links(problem: Problem, access: Access, here: str, **said: object) -> list[Link]:
    """Return the pages of ``problem`` that ``access`` may open, ``here`` marked as the current one.

    Args:
        problem: whose pages.
        access: who looks; disagreements are for reviewers.
        here: key of the page that shows the strip.
        **said: what that page has chosen: ``step`` and ``end`` (ids of steps), ``a`` and ``b`` (paths
            as comparisons write them), ``by`` and ``by_b`` (numbers as the workbench writes them),
            ``model`` (an id). Each page takes what means something there.
    """
    name = access.project.name
    told = _translated(said) | {"problem": problem.pk}
    links = []
    for key, (label, route, query) in PAGES.items():
        if key == "disagreements" and not access.may_review:
            continue
        args = [name] if key == "disagreements" else [name, problem.pk]
        known = {part: value for part, value in query(told).items() if value not in (None, "")}
        address = reverse(f"annotator:{route}", args=args)
        href = f"{address}?{urlencode(known)}" if known else address
        links.append(Link(key, label, href, key == here))
    return links


def _translated(said: Said) -> dict[str, object]:
    """Write what an overview shows by depth as the other pages write it."""
    by, model = said.get("by"), said.get("model")
    if by == STEP_SCORES:
        return {**said, "by": f"{SCORES}@{model}" if model else None}
    known = by in (*RATINGS, SEARCH_VALUE) or str(by or "").partition(":")[0].partition("@")[0]
    return {**said, "by": by if known in METHODS or known is True else None}
