"""The methods and signals of the page: what each answers, what there is of it, what it would take or why it cannot be had."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from annotator.queries.attribution.stored import digest_of
from annotator.queries.attribution.usable import RUNNING, checked_row, not_usable
from annotator.services.models.attributions import attribution_estimate
from annotator.views.attribution.asked import Asked, typed_params
from scoring.attribution.choices import CHOICES, PREFIX
from scoring.errors import ScoringError
from scoring.params import said_params

if TYPE_CHECKING:
    from collections.abc import Sequence

    from annotator.models import Attribution, FaithfulnessCard, RewardModel
    from scoring.attribution.base import Estimate
    from scoring.attribution.choices import Choice

GIGABYTE = 1e9


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter as the form shows it."""

    name: str
    title: str
    meaning: str
    value: str
    choices: Sequence[tuple[str, str]]
    range: str


@dataclass(frozen=True, slots=True)
class Line:
    """A method in the menu.

    Attributes:
        row: the method or signal.
        href: the view with it.
        chosen: it is the one on screen.
        there: it can be shown at once.
        missing: why the model cannot be taken apart like this, "" = it can.
        cost: what running it would take, in words.
        card: how it did when it was tried on the model.
        tried: the settings with which it was, as label and words.
        other: what is on screen has other settings than that.
        fields: its parameters.
    """

    row: Choice
    href: str
    chosen: bool
    there: bool
    missing: str
    cost: str
    card: FaithfulnessCard | None
    tried: Sequence[tuple[str, str]]
    other: bool
    fields: Sequence[Field]

    @property
    def is_signal(self) -> bool:
        """Whether it gives numbers that are nobody's credit."""
        return self.row.key.startswith(PREFIX)

    @property
    def name(self) -> str:
        """What stands for it in an id."""
        return self.row.key.replace(":", "-")


def method_lines(
    *,
    asked: Asked,
    method: str,
    model: RewardModel,
    stored: Sequence[Attribution],
    shown: Attribution | None,
    cards: dict[str, FaithfulnessCard],
    free: bool,
    tokens: int,
    steps: int,
) -> list[Line]:
    """Return the menu, methods and then signals.

    ``shown``: the stored row on screen; ``free``: scoring left the running reward behind.
    """
    lines = []
    for row in CHOICES.values():
        chosen = row.key == method
        typed = asked.params if chosen else {}
        there = any(one.method == row.key for one in stored) or (row.key == RUNNING and free)
        missing = not_usable(model=model, method=row.key)
        card = cards.get(row.key)
        lines.append(
            Line(
                row=row,
                href=asked.query(method=row.key),
                chosen=chosen,
                there=there,
                missing="" if there else missing,  # what was found can be read without the model
                cost="" if missing else _cost(row, model, tokens, steps, typed),
                card=card,
                tried=said_params(row.params, card.facts["params"]) if card else (),
                other=chosen and there and not (shown is not None and checked_row(shown, cards)),
                fields=_fields(row, typed),
            )
        )
    return lines


def stored_with(stored: Sequence[Attribution], row: Choice, asked: Asked) -> Attribution | None:
    """Return the stored attribution with the parameters of the URL, else the newest of the method.

    Raises:
        UnknownNameError, ParameterError: parameters that the method does not take.
    """
    of_method = [one for one in stored if one.method == row.key]
    if not asked.params:
        return next(iter(of_method), None)
    params = typed_params(row, asked.params)
    digest = digest_of(method=row.key, version=row.version, params=params)
    return next((one for one in of_method if one.digest == digest), None)


def _cost(row: Choice, model: RewardModel, tokens: int, steps: int, typed: object) -> str:
    try:
        params = typed_params(row, dict(typed) if isinstance(typed, dict) else {})
        found = attribution_estimate(
            model=model, method=row.key, tokens=tokens, steps=steps, params=params
        )
    except ScoringError:
        found = None
    return row.cost if found is None else _words(found)


def _words(found: Estimate) -> str:
    size = found.memory_bytes
    memory = (
        f"{size / GIGABYTE:.1f} GB" if size >= GIGABYTE / 10 else f"{max(size / 1e6, 1):.0f} MB"
    )
    return f"{found.words}, about {memory} beside the weights"


def _fields(row: Choice, typed: object) -> list[Field]:
    given = typed if isinstance(typed, dict) else {}
    return [
        Field(
            name=param.name,
            title=param.title,
            meaning=param.meaning,
            value=str(given.get(param.name, param.default)),
            choices=[(str(choice), words) for choice, words in param.menu],
            range=param.range,
        )
        for param in row.params
    ]
