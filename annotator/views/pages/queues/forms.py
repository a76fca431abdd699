"""The forms of the Queues pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django import forms

from annotator.models import Queue
from annotator.services.queues import QueueWish
from annotator.services.queues.orders.registry import ORDERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from annotator.models import Membership, RewardModel


# Title, what to know, and fields of each part of the form.
GROUPS = (
    ("What to judge", "Everything in the project that the task can be asked of.", ("name", "task")),
    (
        "Who, and how often",
        "As it stands, one person judges each item, and 15 quiet minutes give it to somebody else.",
        ("overlap", "lease_minutes"),
    ),
    (
        "In which order",
        "As it stands, everything in the order of the import.",
        ("order", "model", "limit", "seed"),
    ),
    (
        "Quality",
        "As it stands, no gold, no scores on screen, and open to everybody who judges.",
        ("gold_share", "reveal_share", "exam", "is_exam", "pass_mark"),
    ),
)


def _orders() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the orders for a menu, by what they order."""
    found: dict[str, list[tuple[str, str]]] = {}
    for row in ORDERS.values():
        found.setdefault(row.orders.capitalize(), []).append((row.key, row.label))
    return list(found.items())


class QueueForm(forms.Form):
    """A new queue."""

    name = forms.CharField(max_length=100, widget=forms.TextInput({"autocomplete": "off"}))
    task = forms.ChoiceField(choices=Queue.Task.choices)
    order = forms.ChoiceField(choices=_orders)
    model = forms.TypedChoiceField(
        coerce=int,
        empty_value=None,
        required=False,
        help_text="Whose scores the order reads, where it reads any.",
    )
    overlap = forms.IntegerField(
        min_value=1,
        max_value=100,
        initial=1,
        label="People per item",
        help_text="Two or more let the Agreement page compare them.",
    )
    limit = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        label="Budget",
        help_text="At most so many items, first in the order; empty: all.",
    )
    lease_minutes = forms.IntegerField(
        min_value=1,
        max_value=1440,
        initial=15,
        label="Lease, minutes",
        help_text="How long an item stays with a person who does nothing.",
    )
    seed = forms.IntegerField(
        min_value=0,
        max_value=2**63 - 1,
        initial=0,
        help_text="The same seed gives the same order; another number, another shuffle.",
    )
    gold_share = forms.FloatField(
        min_value=0,
        max_value=1,
        initial=0,
        help_text="Share of hidden gold items, 0 to 1; 0.1 is a usual one.",
    )
    reveal_share = forms.FloatField(
        min_value=0,
        max_value=1,
        initial=0,
        help_text="Share of items, drawn at random, in which model scores are shown, 0 to 1. Needs "
        "a model that has scored the project.",
    )
    exam = forms.TypedChoiceField(
        coerce=int,
        empty_value=None,
        required=False,
        help_text="An exam that people pass before this queue opens for them.",
    )
    is_exam = forms.BooleanField(
        required=False,
        label="This queue is an exam",
        help_text="Gold items only; everybody gets all of them, and no other queue serves them.",
    )
    pass_mark = forms.FloatField(
        min_value=0, max_value=1, required=False, help_text="Exams: share of right answers, 0 to 1."
    )

    def __init__(
        self,
        *args: Any,
        models: Sequence[RewardModel],
        exams: Sequence[Queue],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._models = {model.pk: model for model in models}
        self._exams = {exam.pk: exam for exam in exams}
        chosen = cast("forms.TypedChoiceField", self.fields["model"])
        chosen.choices = [("", "None"), *((m.pk, str(m)) for m in models)]
        before = cast("forms.TypedChoiceField", self.fields["exam"])
        before.choices = [("", "None"), *((e.pk, e.name) for e in exams)]

    def groups(self) -> list[tuple[str, str, list[forms.BoundField]]]:
        """Return title, note and fields of each part."""
        return [(title, note, [self[name] for name in names]) for title, note, names in GROUPS]

    def wish(self) -> QueueWish:
        """Return what the person asks for."""
        data = self.cleaned_data
        plain = ("name", "task", "order", "overlap", "limit", "seed", "is_exam", "pass_mark")
        return QueueWish(
            **{name: data[name] for name in plain},
            lease_seconds=data["lease_minutes"] * 60,
            gold_share=data["gold_share"],
            reveal_share=data["reveal_share"],
            model=self._models.get(data["model"]),
            exam=self._exams.get(data["exam"]),
        )


class AssignForm(forms.Form):
    """Keep an item for a member; ``instead_of`` names the assignment whose lease ends."""

    user = forms.TypedChoiceField(coerce=int, label="For")
    instead_of = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, members: Sequence[Membership], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = cast("forms.TypedChoiceField", self.fields["user"])
        field.choices = [(member.user_id, member.user.get_username()) for member in members]
