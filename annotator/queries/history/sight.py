"""Which events and comments of a problem a person may see in its history.

The rules are those of ``queries.blindness``; here they become conditions on rows, in a number of
queries that does not grow with what was judged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q, TextField, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Concat
from django.db.models.lookups import In

from annotator.models import JudgementEvent
from annotator.queries.blindness import gold_makers, places_open, sight_of

if TYPE_CHECKING:
    from annotator.models import Problem
    from annotator.queries.access import Access

Kind = JudgementEvent.Kind
STEP_KINDS = (Kind.STEP_LABEL, Kind.ALTERNATIVE)
# What gold may be made of; decisions are said to everybody.
OWN_WORDS = (*STEP_KINDS, Kind.SPAN_LABEL, Kind.SUBMISSION, Kind.RANKING)
FROM_DATA = (Kind.IMPORT, Kind.OUTCOME)
# What a ranking is about, in one text: one condition on it serves any number of places.
PLACE = Concat(
    KT("payload__level"),
    Value(" "),
    KT("payload__parent"),
    Value(" "),
    KT("payload__criterion"),
    output_field=TextField(),
)


def steps_open(access: Access, problem: Problem) -> list[int]:
    """Return the steps of which others' judgements are open to an annotator; nobody else needs it."""
    if access.may_review or not access.may_label:
        return []
    return list(sight_of(access=access, problem=problem).labels or ())


def events_open(access: Access, problem: Problem, steps: list[int]) -> Q:
    """Return the condition on events that the person may see; ``steps`` as ``steps_open``."""
    if access.may_review:
        return Q()
    if not access.may_label:
        return Q(kind__in=FROM_DATA)
    seen = Q(user=access.user_id) | Q(kind__in=FROM_DATA)
    seen |= Q(kind__in=STEP_KINDS, step__in=steps)
    of_span = (Kind.SPAN_LABEL, Kind.ADJUDICATION)
    seen |= Q(kind__in=of_span, step__in=steps, payload__last__in=steps)
    seen |= Q(kind=Kind.SUBMISSION, trace__end__in=steps)
    seen |= Q(kind=Kind.ADJUDICATION, step__in=steps, payload__level="")
    places = [
        f"{level} {parent or ''} {criterion}"
        for level, parent, criterion in places_open(access=access, problem=problem)
    ]
    seen |= Q(In(PLACE, places), kind__in=(Kind.RANKING, Kind.ADJUDICATION))
    return seen & ~Q(user__in=gold_makers(access=access), kind__in=OWN_WORDS)


def comments_open(access: Access, steps: list[int]) -> Q:
    """Return the condition on comments that the person may see; ``steps`` as ``steps_open``."""
    if access.may_review:
        return Q()
    own = Q(rater__user=access.user_id) | Q(answers__rater__user=access.user_id)
    if not access.may_label:
        return own
    return own | Q(step__in=steps)
