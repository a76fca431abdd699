"""What a ranking surface draws: one place as one person sees it, for the page and for queues."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import reverse

from annotator.errors import InvalidError
from annotator.queries.rankings.cards import branch_cards, step_cards
from annotator.queries.rankings.criteria import criteria_at
from annotator.queries.rankings.order import OrderTable, order_table
from annotator.queries.rankings.places import letters, own_rankings, record_of, shown_order
from annotator.queries.rankings.questions import questions_at
from annotator.queries.rankings.traces import trace_cards
from annotator.queries.trees.paths import steps_down_to
from annotator.views.keys import keys_of, keys_shown
from scoring.errors import ScoringError
from scoring.preference.types import LEVELS, OVERALL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.contrib.auth.models import User

    from annotator.models import Ranking, Step
    from annotator.queries.access import Access
    from annotator.queries.rankings.places import Place
    from scoring.preference.types import Criterion, RankingRecord

BEFORE = 60
# What is drawn again when texts are compared with another one.
TEXTS = {"trace": "annotator/ranking_traces.html"}
TEMPLATES = {level: f"annotator/ranking_items_{level}.html" for level in LEVELS}


def place_context(
    *,
    access: Access,
    user: User,
    place: Place,
    criterion: str | None = None,
    against: int | None = None,
    blind: bool = False,
) -> dict[str, Any]:
    """Return what ``annotator/ranking_surface.html`` draws for one person at one place.

    Args:
        access: the person's role.
        user: who ranks.
        place: what is ranked.
        criterion: the key of the tab to open; None = the first one without an answer.
        against: the item from which the others' differences are marked; None = the first shown.
        blind: nothing of what others said, whatever the role: for items of a queue.
    """
    shown = shown_order(place=place, user_id=user.pk)
    tabs = criteria_at(place)
    criteria = [criterion for _, criterion in tabs]
    own = own_rankings(place=place, user_id=user.pk)
    keys = [c.key for c in criteria] + [OVERALL]
    current = criterion if criterion in keys else next((k for k in keys if k not in own), keys[0])
    name = letters(shown)
    context: dict[str, Any] = {
        "access": access,
        "project": place.problem.project,
        "problem": place.problem,
        "place": place,
        "tabs": tabs,
        "current": current,
        "own": own,
        "shown": shown,
        "before": _context_steps(place),
        "levels": _levels(place),
        "place_urls": place_urls(place),
        "sections": TEMPLATES[place.level],
        "blind": blind,
        "keys": keys_shown("ranking"),
        "questions": questions_at(place=place, access=access)
        if not blind and (access.may_review or own)
        else [],
        "next_url": url_of("rank-next", place.level, place.problem.project.name, place.problem.pk),
        "config": {
            "user": user.pk,
            "place": place.seed,
            "level": place.level,
            "items": list(shown),
            "letters": {str(item): letter for item, letter in name.items()},
            "criteria": [*(_described(c) for c in criteria), {"key": OVERALL, "label": "Overall"}],
            "current": current,
            "saved": {key: _stated(row, shown) for key, row in own.items() if key in keys},
            "mayLabel": access.may_label,
            "blind": blind,
            "urls": place_urls(place),
            "keys": keys_of("ranking"),
        },
    }
    if place.rankable:
        context |= cards_context(
            place,
            shown,
            against,
            with_values=access.may_see_scores and not blind,
        )
        context["table"] = table_of(place, [record_of(row) for row in own.values()], shown)
    return context


def place_urls(place: Place) -> dict[str, str]:
    """Return the addresses of a place by what they do."""
    args = (place.level, place.problem.project.name, place.problem.pk, place.parent_id)
    return {
        "save": url_of("rank", *args),
        "order": url_of("rank-order", *args),
        "strengths": url_of("rank-strengths", *args),
    }


def table_of(
    place: Place, records: Sequence[RankingRecord], shown: Sequence[int]
) -> OrderTable | None:
    """Return the order so far; answers about other items than those on the screen are left out."""
    here = set(shown)
    fitting = [record for record in records if here.issuperset(record.items)]
    try:
        return order_table(project=place.problem.project, records=fitting, shown=shown)
    except ScoringError as error:
        raise InvalidError(str(error)) from None


def cards_context(
    place: Place, shown: Sequence[int], against: int | None, *, with_values: bool
) -> dict[str, Any]:
    """Return what the candidates' cards draw, in the order ``shown``; see ``place_context``."""
    first = against if against is not None and against in shown else shown[0]
    common: dict[str, Any] = {"against": letters(shown)[first], "against_item": first}
    if place.level == "trace":
        prefix, traces = trace_cards(shown=shown, against=first)
        return common | {"prefix": prefix, "cards": traces}
    if place.level == "branch":
        branches = branch_cards(place=place, shown=shown, against=first, with_values=with_values)
        return common | {"cards": branches}
    return common | {"cards": step_cards(place=place, shown=shown, against=first)}


def _context_steps(place: Place) -> list[Step]:
    """Return the steps above the place, the parent last; of a deep path the last ``BEFORE``."""
    return [] if place.parent is None else steps_down_to(step=place.parent, most=BEFORE)


def _levels(place: Place) -> list[dict[str, Any]]:
    """Return links to the other levels: of the same fork, and of the problem's traces."""
    name, pk = place.problem.project.name, place.problem.pk
    words = {"step": "Steps", "branch": "Branches", "trace": "Traces"}
    return [
        {
            "label": words[level],
            "href": url_of("rank", level, name, pk, None if level == "trace" else place.parent_id),
            "current": level == place.level,
        }
        for level in LEVELS
    ]


def _described(criterion: Criterion) -> dict[str, Any]:
    return {"key": criterion.key, "label": criterion.label, "gate": criterion.gate}


def _stated(row: Ranking, shown: Sequence[int]) -> dict[str, Any]:
    """Return a saved answer without items that are no longer here."""
    here = set(shown)
    keep = [[item for item in tier if item in here] for tier in row.tiers]
    return {
        "tiers": [tier for tier in keep if tier],
        "aside": [item for item in row.aside if item in here],
        "failed": [item for item in row.failed if item in here],
        "note": row.note,
    }


def url_of(name: str, level: str, project: str, pk: int, parent: int | None = None) -> str:
    """Return an address of a level's surface, below ``parent`` if there is one."""
    args = [project, pk] + ([parent] if parent is not None else [])
    return reverse(f"annotator:{name}-{level}{'-below' if parent is not None else ''}", args=args)
