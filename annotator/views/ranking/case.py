"""The board of a case of adjudication: the cards that annotators rank, in the case's own order.

The order is one field of the case's form, in letters (``scoring.preference.notation``); the board
writes it, and without scripts it is typed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotator.numbers import whole_number
from annotator.queries.rankings.criteria import criteria_of
from annotator.queries.rankings.places import letters
from annotator.views.keys import keys_of, keys_shown
from annotator.views.ranking.context import TEMPLATES, TEXTS, cards_context

if TYPE_CHECKING:
    from annotator.queries.access import Access
    from annotator.queries.rankings.places import Place


def case_board(*, access: Access, place: Place, criterion: str, against: str) -> dict[str, Any]:
    """Return what ``annotator/ranking_case.html`` draws.

    Model values decide nothing here: a reviewer answers blind.

    Args:
        access: the reviewer's.
        place: what is ranked.
        criterion: its key, "" = overall.
        against: the item from which the others' differences are marked, as an address gives it.
    """
    shown = place.chosen
    context = {
        "place": place,
        "problem": place.problem,
        "project": place.problem.project,
        "access": access,
        "sections": TEMPLATES[place.level],
        "texts": TEXTS.get(place.level, TEMPLATES[place.level]),
        "typed": True,
        "keys": keys_shown("adjudication"),
        "board": {
            "level": place.level,
            "items": list(shown),
            "letters": {str(item): letter for item, letter in letters(shown).items()},
            "gate": any(c.gate for c in criteria_of(place.problem.project) if c.key == criterion),
            "mayLabel": True,
            "keys": keys_of("adjudication"),
        },
    }
    if not place.rankable:
        return context
    cards = cards_context(place, shown, whole_number(against), with_values=False)
    return context | cards
