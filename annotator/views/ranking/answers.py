"""What a browser sends as a ranking, as the service takes it.

Scripts send the field ``answer``: ``{"tiers": [[id]], "aside": [id], "failed": [id], "shown": [id]}``.
A browser without scripts sends one number per item, ``rank-ID`` (equal numbers tie, ``x`` = cannot
compare), and ``fail-ID`` for a failed gate.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django import forms

from annotator.errors import InvalidError
from annotator.services.rankings.answers import Answer
from scoring.preference.types import RankingRecord

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import QueryDict

    from annotator.queries.rankings.places import Place

LISTS = ("aside", "failed", "shown")
NO_COMPARISON = "x"
MOST = 4_000


class RankingForm(forms.Form):
    """What comes with an answer."""

    criterion = forms.CharField(required=False, max_length=40, empty_value="")
    note = forms.CharField(required=False, max_length=10_000, strip=False, empty_value="")
    milliseconds = forms.IntegerField(required=False, min_value=0)
    key = forms.UUIDField(required=False)
    clear = forms.BooleanField(required=False)

    def checked(self) -> dict[str, Any]:
        """Return the cleaned data.

        Raises:
            InvalidError: naming the fields.
        """
        if self.is_valid():
            return self.cleaned_data
        fields = {name: " ".join(map(str, said)) for name, said in self.errors.items()}
        raise InvalidError("; ".join(f"{k}: {v}" for k, v in fields.items()), fields=fields)


def answer_sent(sent: QueryDict, shown: Sequence[int]) -> Answer:
    """Return the answer of a request; ``shown`` is what a page without scripts had on it.

    Raises:
        InvalidError: it is not one.
    """
    if "answer" in sent:
        return answer_read(_json(str(sent["answer"])))
    ranks: dict[int, list[int]] = {}
    aside = []
    for item in shown:
        said = sent.get(f"rank-{item}", "").strip().lower()
        if said == NO_COMPARISON:
            aside.append(item)
        elif said.isascii() and said.isdecimal() and len(said) <= 4:
            ranks.setdefault(int(said), []).append(item)
        elif said:
            raise _refused(
                f"A rank is a number or {NO_COMPARISON} (cannot compare), not '{said[:20]}'"
            )
    return Answer(
        tiers=[ranks[rank] for rank in sorted(ranks)],
        aside=aside,
        failed=[item for item in shown if f"fail-{item}" in sent],
        shown=list(shown),
    )


def answer_read(value: Any) -> Answer:
    """Return a JSON value as an answer.

    Raises:
        InvalidError: another shape; the service checks which items it names.
    """
    known = {"tiers", *LISTS}
    if not isinstance(value, dict) or not set(value) <= known or "tiers" not in value:
        raise _refused(
            'An answer is {"tiers": [[id]], "aside": [id], "failed": [id], "shown": [id]}'
        )
    tiers = value["tiers"]
    if not isinstance(tiers, list):
        raise _refused("'tiers' is a list of lists of ids, best first")
    return Answer(
        tiers=[_ids("tiers", tier) for tier in tiers],
        **{name: _ids(name, value.get(name, [])) for name in LISTS},
    )


def drafts_sent(sent: QueryDict, place: Place, rater: int) -> list[RankingRecord]:
    """Return unsaved answers, by criterion, as records; for the order so far.

    Raises:
        InvalidError: they are none.
    """
    drafts = _json(str(sent.get("drafts", "")))
    if not isinstance(drafts, dict) or len(drafts) > MOST:
        raise _refused("Drafts are answers by criterion")
    answers = {str(criterion): answer_read(value) for criterion, value in drafts.items()}
    here = set(place.items)
    for answer in answers.values():
        if not here.issuperset((*answer.shown, *(i for tier in answer.tiers for i in tier))):
            raise _refused("A draft names an item that is not here")
    return [
        RankingRecord(
            level=place.level,
            criterion=criterion,
            items=tuple(answer.shown),
            tiers=tuple(tuple(tier) for tier in answer.tiers),
            aside=tuple(answer.aside),
            failed=tuple(answer.failed),
            rater=rater,
        )
        for criterion, answer in answers.items()
    ]


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise _refused("The answer is not JSON") from None


def _ids(name: str, value: Any) -> list[int]:
    whole = isinstance(value, list) and all(
        isinstance(item, int) and not isinstance(item, bool) for item in value
    )
    if not whole or len(value) > MOST:
        raise _refused(f"'{name}' holds ids, whole numbers")
    return list(value)


def _refused(reason: str) -> InvalidError:
    return InvalidError(f"{reason}.", fields={"answer": reason})
