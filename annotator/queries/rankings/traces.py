"""Whole traces side by side: the prefix that all share, and where each parts from another one."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db import connection

from annotator.models import Trace
from annotator.queries.rankings.cards import STEPS_SHOWN, same_texts
from annotator.queries.rankings.places import letters
from annotator.queries.trees.columns import outcomes_by_trace

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from annotator.models import Outcome

PATHS = """
SELECT t.id, s.id, s.depth, s.kind, s.text
FROM annotator_trace t
JOIN annotator_step e ON e.id = t.end_id
JOIN annotator_step s
    ON s.problem_id = t.problem_id AND s.preorder <= e.preorder AND s.subtree_end > e.preorder
WHERE t.id = ANY(%(traces)s)
ORDER BY t.id, s.depth
"""


@dataclass(frozen=True, slots=True)
class PathStep:
    """One step of a trace on the screen; ``against`` is set where the trace first differs."""

    pk: int
    depth: int
    kind: str
    text: str
    against: str | None = None


@dataclass(frozen=True, slots=True)
class TraceCard:
    """A whole trace.

    Attributes:
        steps: after the prefix that all shown traces share.
        with_first: how many of these it shares with the trace it is compared with.
        more: later steps that are not shown.
        length: all its steps.
        answer: its last step's text.
    """

    item: int
    letter: str
    trace: Trace
    same: tuple[str, ...]
    steps: tuple[PathStep, ...]
    with_first: int
    more: int
    length: int
    answer: str
    outcomes: list[Outcome] = field(default_factory=list)


def trace_cards(*, shown: Sequence[int], against: int) -> tuple[list[PathStep], list[TraceCard]]:
    """Return the prefix that all traces share and what each of them does after it."""
    traces = Trace.objects.select_related("end").in_bulk(shown)
    paths = trace_paths(shown)
    shared = _shared([paths[item] for item in shown])
    first = paths[against]
    name = letters(shown)
    same = same_texts({item: tuple(step.text for step in paths[item]) for item in shown})
    outcomes = outcomes_by_trace(trace_ids=shown)
    cards = []
    for item in shown:
        path = paths[item]
        common = len(path) if item == against else _shared([path, first])
        after = [_marked(step, at, common, first, path) for at, step in enumerate(path)][shared:]
        cards.append(
            TraceCard(
                item=item,
                letter=name[item],
                trace=traces[item],
                same=same[item],
                steps=tuple(after[:STEPS_SHOWN]),
                with_first=max(0, common - shared) if item != against else 0,
                more=max(0, len(after) - STEPS_SHOWN),
                length=len(path),
                answer=path[-1].text,
                outcomes=outcomes.get(item, []),
            )
        )
    return paths[shown[0]][:shared], cards


def trace_paths(traces: Iterable[int]) -> dict[int, list[PathStep]]:
    """Return the steps of each trace from its first to its last, with one query."""
    with connection.cursor() as cursor:
        cursor.execute(PATHS, {"traces": list(traces)})
        paths: dict[int, list[PathStep]] = defaultdict(list)
        for trace, pk, depth, kind, text in cursor.fetchall():
            paths[trace].append(PathStep(pk, depth, kind, text))
    return paths


def _marked(
    step: PathStep, at: int, common: int, first: Sequence[PathStep], path: Sequence[PathStep]
) -> PathStep:
    """Give the first step that differs from the other trace the text to compare it with."""
    if at != common or at >= len(path):
        return step
    other = first[at].text if at < len(first) else ""
    return PathStep(step.pk, step.depth, step.kind, step.text, other)


def _shared(paths: Sequence[Sequence[PathStep]]) -> int:
    """Count the steps with which all paths begin; a path's last step is always its own."""
    count = 0
    for steps in zip(*paths, strict=False):
        if any(
            step.pk != steps[0].pk and (step.text, step.kind) != (steps[0].text, steps[0].kind)
            for step in steps[1:]
        ):
            break
        count += 1
    return min(count, min(map(len, paths)) - 1)
