"""The ids that gold answers are written with, and enough text to know what they are of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib.postgres.aggregates import ArrayAgg, BoolOr
from django.db.models import Count, F, Min, Q
from django.db.models.functions import Left

from annotator.models import Problem, Queue, Step, Trace
from annotator.queries.queues.gates import RATING_TASKS
from scoring.preference.types import MAX_ITEMS, MIN_ITEMS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from annotator.models import Project

# Characters of a prompt, and of each thing to rank.
PROMPT, ITEM = 300, 80
CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class GoldIds:
    """One thing that gold can be made of.

    Attributes:
        problem: its problem.
        trace: what is rated, None for rankings.
        parent: the step whose children are ranked, None = the problem.
        items: ids of what is ranked, in tree or import order.
        steps: how many steps the trace has, None for rankings.
        text: the prompt; what tells its traces apart, their number and the beginning of the last
            step; for rankings the beginning of each item.
    """

    problem: int
    trace: int | None
    parent: int | None
    items: tuple[int, ...]
    steps: int | None
    text: str


def gold_ids(*, project: Project, task: str) -> Iterator[GoldIds]:
    """Yield everything in ``project`` that the task asks about, in the order of the import.

    Rows come from the database in chunks, so that any project can be streamed.
    """
    if task in RATING_TASKS:
        return _traces(project)
    if task == Queue.Task.RANK_TRACE:
        return _trace_sets(project)
    return _forks(project, branches=task == Queue.Task.RANK_BRANCH)


def _traces(project: Project) -> Iterator[GoldIds]:
    rows = Trace.objects.filter(problem__project=project).order_by("problem", "ordinal")
    named = rows.annotate(prompt=Left("problem__prompt", PROMPT), last=Left("end__text", ITEM))
    for trace in (
        named.select_related("end").only("problem", "ordinal", "end__depth").iterator(CHUNK)
    ):
        text = f"{trace.prompt} | {_trace_words(trace.ordinal, trace.last)}"
        yield GoldIds(trace.problem_id, trace.pk, None, (), trace.end.depth, text)


def _trace_sets(project: Project) -> Iterator[GoldIds]:
    rows = Problem.objects.filter(
        project=project, n_traces__gte=MIN_ITEMS, n_traces__lte=MAX_ITEMS
    ).annotate(
        items=ArrayAgg("traces__pk", order_by="traces__ordinal"),
        places=ArrayAgg("traces__ordinal", order_by="traces__ordinal"),
        ends=ArrayAgg(Left("traces__end__text", ITEM), order_by="traces__ordinal"),
    )
    named = rows.order_by("pk").values_list("pk", "items", "places", "ends", Left("prompt", PROMPT))
    for problem, items, places, ends, prompt in named.iterator(CHUNK):
        said = [
            f"{pk}: {_trace_words(ordinal, last)}"
            for pk, ordinal, last in zip(items, places, ends, strict=True)
        ]
        yield GoldIds(problem, None, None, tuple(items), None, " | ".join([prompt, *said]))


def _trace_words(ordinal: int, last: str) -> str:
    return f"trace {ordinal + 1}: … {last}"


def _forks(project: Project, *, branches: bool) -> Iterator[GoldIds]:
    rows = (
        Step.objects.filter(problem__project=project)
        .values("problem", "parent", "problem__prompt")
        .annotate(
            place=Min("preorder"),
            n=Count("pk"),
            deep=BoolOr(Q(subtree_end__gt=F("preorder") + 1)),
            items=ArrayAgg("pk", order_by="preorder"),
            texts=ArrayAgg(Left("text", ITEM), order_by="preorder"),
        )
        .filter(n__gte=MIN_ITEMS, n__lte=MAX_ITEMS, **({"deep": True} if branches else {}))
        .order_by("problem", "place")
    )
    for row in rows.iterator(CHUNK):
        items = tuple(row["items"])
        said = [f"{pk}: {text}" for pk, text in zip(items, row["texts"], strict=True)]
        text = " | ".join([row["problem__prompt"][:PROMPT], *said])
        yield GoldIds(row["problem"], None, row["parent"], items, None, text)
