"""Gold answers as reviewers see them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Q

from annotator.models import Assignment, Gold, Queue, Step, Trace
from annotator.queries.paging import Page, page_of
from annotator.queries.queues.gates import RANKING_LEVELS
from annotator.queries.rankings.places import NOUNS, letters
from scoring.preference.notation import order_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

    from annotator.models import Project

IN_USE_FIRST = ("-active", "-pk")
# Of ranked items, by whether they are traces: place and text by id.
Names = dict[bool, dict[int, tuple[int, str]]]


def golds_of(*, project: Project) -> QuerySet[Gold]:
    """Return the gold answers of ``project`` with how often each was answered, and rightly."""
    submitted = Q(items__assignments__state=Assignment.State.SUBMITTED)
    return (
        Gold.objects.filter(project=project)
        .select_related("problem", "trace__end", "parent", "created_by")
        .annotate(
            answers=Count("items__assignments", filter=submitted, distinct=True),
            right=Count(
                "items__assignments",
                filter=submitted & Q(items__assignments__result__right=True),
                distinct=True,
            ),
        )
    )


@dataclass(frozen=True, slots=True)
class GoldItem:
    """An item of a ranking under the letter it has in ``GoldRow.order``.

    ``trace``: its number among the traces of the problem, from 1; None for steps.
    """

    pk: int
    letter: str
    text: str
    trace: int | None = None


@dataclass(frozen=True, slots=True)
class GoldRow:
    """A gold answer for the page.

    Attributes:
        first_error: the number of the step, None = no such.
        order: of a ranking, by letters; "" for ratings.
        items: what the letters stand for, in the order of the tree or of the import.
    """

    gold: Gold
    task: str
    first_error: int | None
    order: str = ""
    items: tuple[GoldItem, ...] = ()

    @property
    def noun(self) -> str:
        """What is ranked, "" for ratings."""
        level = RANKING_LEVELS.get(Queue.Task(self.gold.task))
        return NOUNS[level] if level else ""


def gold_page(*, project: Project, after: str = "", before: str = "") -> Page[GoldRow]:
    """Return a page of gold answers, those in use first, newest first.

    Raises:
        InvalidError: a cursor that this list did not make.
    """
    found = page_of(golds_of(project=project), order=IN_USE_FIRST, after=after, before=before)
    wrong = [gold.answer.get("first_error") for gold in found.rows]
    depths = dict(Step.objects.filter(pk__in=filter(None, wrong)).values_list("pk", "depth"))
    names = _items(found.rows)
    rows = [
        GoldRow(gold, Queue.Task(gold.task).label, depths.get(first), *_order(gold, names))
        for gold, first in zip(found.rows, wrong, strict=True)
    ]
    return Page(rows, next=found.next, previous=found.previous)


def _items(golds: Iterable[Gold]) -> Names:
    """Return place and words of everything that the rankings among ``golds`` order; two queries."""
    ids: dict[bool, set[int]] = {True: set(), False: set()}
    for gold in golds:
        tiers = gold.answer.get("tiers", ())
        ids[_ranks_traces(gold)].update(item for tier in tiers for item in tier)
    traces = Trace.objects.filter(pk__in=ids[True]).values_list("pk", "ordinal", "end__text")
    steps = Step.objects.filter(pk__in=ids[False]).values_list("pk", "preorder", "text")
    return {
        True: {pk: (ordinal, text) for pk, ordinal, text in traces},
        False: {pk: (preorder, text) for pk, preorder, text in steps},
    }


def _order(gold: Gold, names: Names) -> tuple[str, tuple[GoldItem, ...]]:
    """Return a ranking in letters, and what they stand for; nothing for ratings."""
    tiers = gold.answer.get("tiers")
    if not tiers:
        return "", ()
    traces = _ranks_traces(gold)
    known = names[traces]
    ranked = (item for tier in tiers for item in tier if item in known)
    items = sorted(ranked, key=lambda item: known[item])
    letter = letters(items)
    order = order_text(tiers, (), gold.answer.get("failed", ()), letter)
    return order.strip(), tuple(
        GoldItem(item, letter[item], known[item][1], known[item][0] + 1 if traces else None)
        for item in items
    )


def _ranks_traces(gold: Gold) -> bool:
    return gold.task == Queue.Task.RANK_TRACE
