"""One disagreement as a reviewer reads it: what was judged, by whom under which alias, and how.

Items have letters, people are P1, P2 and so on. The aliases follow from the case, not from names or
times, so they tell nothing and stay the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from annotator.models import Adjudication, Ranking, SpanLabel, Step, StepLabel
from annotator.queries.adjudication.disagreements.severity import rater_kinds
from annotator.queries.agreement.asides import labels_counted_of, rankings_counted, spans_counted
from annotator.queries.rankings.places import letters, record_of, shuffled
from scoring.preference.notation import order_text
from scoring.preference.types import OVERALL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet

    from annotator.models import Rater
    from annotator.queries.rankings.places import Place

PATH_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one person said.

    Attributes:
        alias: what they are called until the case is decided.
        own: it is the reviewer's.
        label: of a step or a run of steps; ``order``: of a ranking, as it would be typed with the items' letters.
    """

    alias: str
    rater: Rater
    own: bool
    note: str
    milliseconds: int | None
    guideline: int | None
    label: StepLabel | SpanLabel | None = None
    order: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """What is decided.

    Attributes:
        key: the name under which a blind answer is kept.
        decision: None = open.
        step: that is judged, or the last one of the run that is.
        first: of the run, None = a single step.
        items: ids by letter, of a ranking.
    """

    key: str
    judgements: tuple[Judgement, ...]
    decision: Adjudication | None
    step: Step | None = None
    first: Step | None = None
    path: tuple[Step, ...] = ()
    place: Place | None = None
    criterion: str = OVERALL
    items: dict[str, int] = field(default_factory=dict)

    @property
    def own(self) -> Judgement | None:
        """The reviewer's own judgement, if there is one."""
        return next((judgement for judgement in self.judgements if judgement.own), None)

    @property
    def kind(self) -> str:
        """The list that the case is in: ``steps``, ``spans`` or ``rankings``."""
        return "rankings" if self.step is None else "spans" if self.first else "steps"

    @property
    def orders(self) -> tuple[str, ...]:
        """The different orders that were given, the most frequent first."""
        given = [judgement.order for judgement in self.judgements]
        return tuple(sorted(dict.fromkeys(given), key=lambda order: -given.count(order)))


def step_case(*, step: Step, user_id: int, imported: bool = False) -> Case:
    """Return the case of a step whose problem and project are loaded."""
    labels = list(
        labels_counted_of(step=step)
        .filter(rater__kind__in=rater_kinds(imported=imported))
        .exclude(rating=None, unsure=False)
        .select_related("rater", "error_type", "guideline")
        .order_by("pk")
    )
    key = f"step:{step.pk}"
    return Case(
        key=key,
        judgements=_ratings(key, labels, user_id),
        decision=step_decision(step=step),
        step=step,
        path=_path(step),
    )


def span_case(*, first: Step, last: Step, user_id: int, imported: bool = False) -> Case:
    """Return the case of a run of steps: everybody whose span holds the whole run.

    The problem and project of both steps are loaded.
    """
    spans = list(
        spans_counted(first=first, last=last)
        .filter(rater__kind__in=rater_kinds(imported=imported))
        .select_related("rater", "error_type", "guideline", "first", "last")
        .order_by("pk")
    )
    key = f"span:{first.pk}:{last.pk}"
    return Case(
        key=key,
        judgements=_ratings(key, spans, user_id),
        decision=span_decision(first=first, last=last),
        step=last,
        first=first,
        path=_path(last),
    )


def ranking_case(*, place: Place, criterion: str, user_id: int, imported: bool = False) -> Case:
    """Return the case of a place under one criterion."""
    judged = Ranking.objects.filter(
        problem=place.problem,
        level=place.level,
        parent=place.parent_id,
        criterion=criterion,
        rater__kind__in=rater_kinds(imported=imported),
    )
    rankings = list(rankings_counted(judged).select_related("rater", "guideline").order_by("pk"))
    key = f"{place.seed}:{criterion}"
    name = letters(place.chosen)
    people = _names(key, rankings)
    judgements = [
        Judgement(
            people[row.rater_id],
            row.rater,
            row.rater.user_id == user_id,
            row.note,
            row.milliseconds,
            row.guideline.number if row.guideline else None,
            order=_typed(row, name),
        )
        for row in rankings
    ]
    return Case(
        key=key,
        judgements=_sorted(judgements),
        decision=ranking_decision(place=place, criterion=criterion),
        place=place,
        criterion=criterion,
        items={letter: item for item, letter in name.items()},
    )


def step_decision(*, step: Step) -> Adjudication | None:
    """Return the final decision on a step's rating, None = there is none."""
    return _decisions().filter(step=step).first()


def span_decision(*, first: Step, last: Step) -> Adjudication | None:
    """Return the final decision on a run of steps, None = there is none."""
    return _decisions().filter(first=first, last=last).first()


def ranking_decision(*, place: Place, criterion: str) -> Adjudication | None:
    """Return the final decision on the order at a place, None = there is none."""
    here = {"problem": place.problem, "level": place.level, "parent": place.parent_id}
    return _decisions().filter(**here, criterion=criterion).first()


def _decisions() -> QuerySet[Adjudication]:
    return Adjudication.objects.select_related("rater", "event__user")


def _path(step: Step) -> tuple[Step, ...]:
    """Return the steps to ``step`` and itself; of a deep path the last ones."""
    above = Step.objects.filter(
        problem=step.problem, preorder__lte=step.preorder, subtree_end__gt=step.preorder
    )
    return tuple(reversed(above.order_by("-depth")[:PATH_SHOWN]))


def _ratings(
    key: str, labels: Sequence[StepLabel] | Sequence[SpanLabel], user_id: int
) -> tuple[Judgement, ...]:
    names = _names(key, labels)
    judgements = [
        Judgement(
            names[label.rater_id],
            label.rater,
            label.rater.user_id == user_id,
            label.note,
            label.milliseconds,
            label.guideline.number if label.guideline else None,
            label=label,
        )
        for label in labels
    ]
    return _sorted(judgements)


def _typed(row: Ranking, name: dict[int, str]) -> str:
    record = record_of(row)
    return order_text(record.tiers, record.aside, record.failed, name)


def _names(
    key: str, rows: Sequence[StepLabel] | Sequence[SpanLabel] | Sequence[Ranking]
) -> dict[int, str]:
    """Return an alias for each rater."""
    raters = shuffled({row.rater_id for row in rows}, f"case:{key}")
    return {rater: f"P{at}" for at, rater in enumerate(raters, start=1)}


def _sorted(judgements: list[Judgement]) -> tuple[Judgement, ...]:
    return tuple(sorted(judgements, key=lambda row: (len(row.alias), row.alias)))
