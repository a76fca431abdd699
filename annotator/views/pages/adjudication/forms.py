"""What a reviewer sends: a rating or an order, a reason; and where the blind answer is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.core.exceptions import ValidationError

from annotator.queries.rankings.places import letters
from annotator.services.adjudication import REASON_LIMIT
from annotator.services.rankings.answers import Answer
from scoring.errors import RankingError
from scoring.preference.notation import LONGEST, order_read, order_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.contrib.sessions.backends.base import SessionBase

    from annotator.models import Adjudication
    from annotator.queries.guidelines.taxonomy import TaxonomyNode

RATINGS = {"-1": -1, "0": 0, "1": 1}
UNSURE = "unsure"
SESSION = "blind_answers"
KEPT = 100


class BlindAnswers:
    """The blind answers of a reviewer's session that are not part of a decision yet.

    They are on the server, so that nobody gives them after having seen the others.
    """

    def __init__(self, session: SessionBase) -> None:
        self._session = session

    def of(self, key: str) -> dict[str, Any] | None:
        """Return the answer given for a case, None if there is none."""
        found: dict[str, Any] | None = self._session.get(SESSION, {}).get(key)
        return found

    def keep(self, key: str, answer: dict[str, Any]) -> None:
        """Keep an answer; the first one stands, the oldest of very many goes."""
        answers = self._session.get(SESSION, {})
        kept = {**answers, key: answers.get(key, answer)}
        self._session[SESSION] = dict(list(kept.items())[-KEPT:])

    def forget(self, key: str) -> None:
        """Drop an answer: it is part of a decision now."""
        answers = self._session.get(SESSION, {})
        self._session[SESSION] = {name: said for name, said in answers.items() if name != key}


class CaseForm(forms.Form):
    """What every decision has."""

    reason = forms.CharField(
        required=False,
        max_length=REASON_LIMIT,
        label="Reason",
        help_text="Those who judged otherwise read it.",
        widget=forms.Textarea({"rows": 3, "aria-keyshortcuts": "n"}),
    )
    own = forms.BooleanField(required=False)

    def said(self) -> dict[str, Any]:
        """Return the reason and the word on own judgements, as a decision takes them."""
        return {"reason": self.cleaned_data["reason"], "own_said": self.cleaned_data["own"]}


class RatingForm(CaseForm):
    """A rating of a step or a span."""

    rating = forms.ChoiceField(
        choices=[(key, key) for key in (*RATINGS, UNSURE)],
        error_messages={"required": "Choose a rating: keys 1 to 4."},
    )
    error_type = forms.ChoiceField(required=False, label="Type of error")
    realises_error = forms.BooleanField(required=False)

    def __init__(self, *args: Any, types: Sequence[TaxonomyNode], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", "none"), *((node.type.key, node.indented) for node in types)]
        cast("forms.ChoiceField", self.fields["error_type"]).choices = choices
        self._types = types

    def answer(self) -> dict[str, Any]:
        """Return what was said, as a session can keep it."""
        data = self.cleaned_data
        rating = RATINGS.get(data["rating"])
        return {
            "rating": rating,
            "unsure": data["rating"] == UNSURE,
            "error_type": "" if rating == 1 else data["error_type"],
            "realises_error": data["realises_error"],
        }

    def kept(self) -> dict[str, Any]:
        """Return the blind answer as a session keeps it."""
        return self.answer()

    def shows(self, decision: Adjudication) -> RatingForm:
        """Return the form with a decision filled in."""
        said = decision.decision
        rating = UNSURE if said.get("unsure") else f"{said.get('rating')}"
        initial = {
            "rating": rating,
            "error_type": said.get("error_type", ""),
            "realises_error": said.get("realises_error", False),
            "reason": decision.reason,
        }
        return RatingForm(initial=initial, types=self._types)


class OrderForm(CaseForm):
    """An order of items by their letters, which the board of the page writes or a person types."""

    order = forms.CharField(
        max_length=LONGEST,
        label="Order",
        help_text="Best first: A > B = C ties B and C; | D behind it sets D aside; B! fails the gate.",
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, items: Mapping[str, int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._items = items

    def clean_order(self) -> str:
        """Refuse what is no order of these items."""
        text: str = self.cleaned_data["order"]
        try:
            self.read(text, self._items)
        except RankingError as error:
            raise ValidationError(f"This is no order: {error}.") from None
        return text

    def answer(self) -> Answer:
        """Return what was said."""
        return self.read(self.cleaned_data["order"], self._items)

    def kept(self) -> dict[str, Any]:
        """Return the blind answer as a session keeps it."""
        return {"order": self.cleaned_data["order"]}

    @staticmethod
    def read(text: str, items: Mapping[str, int]) -> Answer:
        """Return a typed order.

        Raises:
            RankingError: it is none.
        """
        tiers, aside, failed = order_read(text, items)
        return Answer(tiers=tiers, aside=aside, failed=failed, shown=list(items.values()))

    def shows(self, decision: Adjudication) -> OrderForm:
        """Return the form with a decision filled in."""
        said = decision.decision
        name = letters(list(self._items.values()))
        text = order_text(said["tiers"], said.get("aside", []), said.get("failed", []), name)
        return OrderForm(initial={"order": text, "reason": decision.reason}, items=self._items)
