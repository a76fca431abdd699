"""Whether model scores of what is ranked were open to the person who ranked it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from annotator.models import Step
from annotator.queries.blindness import sight_of

if TYPE_CHECKING:
    from annotator.queries.access import Access
    from annotator.queries.rankings.places import Place


def shown_score_at(*, place: Place, access: Access, said: bool | None) -> bool | None:
    """Return whether model scores were on the screen of a ranking, as far as the server knows.

    What was never served cannot have been shown. Where scores are open the client knows: none of
    Tracewood's own ranking surfaces shows any, a client of the API may.

    Args:
        place: what is ranked.
        access: who ranks it.
        said: the client's word, None = nothing.
    """
    return said if said is not False and _scores_open(place, access) else False


def _scores_open(place: Place, access: Access) -> bool:
    """Say whether the score of any step that the items of a place consist of is open."""
    scores = sight_of(access=access, problem=place.problem).scores
    if scores is None:
        return True
    if place.level == "step":
        return not scores.isdisjoint(place.items)
    parent = place.parent
    if parent is None:
        return bool(scores)
    below = Step.objects.filter(
        problem=place.problem, preorder__gt=parent.preorder, preorder__lt=parent.subtree_end
    )
    return below.filter(pk__in=scores).exists()
