"""What a person sees of each item: a step's text, where a branch leads, how a trace goes.

Outcomes and search values are facts of the data; no model score is read here.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from annotator.models import Outcome, Step
from annotator.queries.rankings.places import letters
from annotator.queries.trees.columns import trace_columns, tree_columns

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from annotator.models import Problem
    from annotator.queries.rankings.places import Place
    from scoring.tree import FloatArray, IntArray

OUTCOMES_SHOWN = 48
STEPS_SHOWN = 120
DEEPEST_INDENT = 12


@dataclass(frozen=True, slots=True)
class StepCard:
    """A sibling.

    Attributes:
        letter: its name on this screen.
        same: letters of the other items with exactly this text.
        against: the text that its own is compared with, "" = none.
    """

    item: int
    letter: str
    step: Step
    same: tuple[str, ...]
    against: str


@dataclass(frozen=True, slots=True)
class BranchCard:
    """A subtree, judged by where it leads.

    Attributes:
        leaves: steps of the subtree that nothing follows.
        outcomes: the primary outcome of each trace that ends in it, None = unknown; in import order.
        solved: how many of them are known and right (1 or more).
        known: how many outcomes are known.
        more: traces whose outcome is not in ``outcomes``.
        best: the last step of its best trace: highest outcome, then highest search value (where
            values are open), then the shortest; None where no trace ends here.
        best_outcome: that trace's outcome.
    """

    item: int
    letter: str
    step: Step
    same: tuple[str, ...]
    against: str
    leaves: int
    outcomes: tuple[float | None, ...] = ()
    solved: int = 0
    known: int = 0
    more: int = 0
    best: Step | None = None
    best_outcome: float | None = None


@dataclass(frozen=True, slots=True)
class BranchRow:
    """A step of an opened branch; ``outcomes`` of the traces that end at it."""

    step: Step
    indent: int
    outcomes: tuple[float | None, ...]


def step_cards(*, place: Place, shown: Sequence[int], against: int) -> list[StepCard]:
    """Return the siblings of a place in the order in which they are shown."""
    steps = Step.objects.in_bulk(shown)
    name, same = letters(shown), same_texts({item: bytes(steps[item].text_hash) for item in shown})
    other = steps[against].text
    return [
        StepCard(item, name[item], steps[item], same[item], "" if item == against else other)
        for item in shown
        if _adopt(steps[item], place.problem)
    ]


def branch_cards(
    *, place: Place, shown: Sequence[int], against: int, with_values: bool
) -> list[BranchCard]:
    """Return the branches of a fork with where they lead; the number of queries is fixed.

    ``with_values``: whether the best trace may follow from search values, which say what a model
    thought and are hidden from people who judge blind.
    """
    plain = step_cards(place=place, shown=shown, against=against)
    columns = tree_columns(problem=place.problem)
    ends, outcomes = trace_columns(problem=place.problem, ids=columns.ids)
    is_leaf = np.append(columns.depth[1:] <= columns.depth[:-1], True)
    value = columns.value if with_values else np.full(len(columns), np.nan)
    found = {
        card.item: _lead(card, is_leaf, ends, outcomes, columns.depth, value) for card in plain
    }
    best = Step.objects.filter(
        problem=place.problem, preorder__in=[at for _, at in found.values() if at]
    )
    by_place = {step.preorder: step for step in best}
    return [
        BranchCard(
            card.item,
            card.letter,
            card.step,
            card.same,
            card.against,
            **found[card.item][0],
            best=by_place.get(found[card.item][1]),
        )
        for card in plain
    ]


def branch_rows(*, first: Step) -> tuple[list[BranchRow], int]:
    """Return the first steps of the branch of ``first`` in tree order, and how many more it has."""
    steps = list(
        Step.objects.filter(
            problem=first.problem_id,
            preorder__gte=first.preorder,
            preorder__lt=min(first.subtree_end, first.preorder + STEPS_SHOWN),
        ).order_by("preorder")
    )
    ended = Outcome.objects.filter(
        trace__end__in=steps, name=first.problem.project.primary_outcome
    ).order_by("trace__ordinal")
    outcomes: dict[int, list[float | None]] = defaultdict(list)
    for end, value in ended.values_list("trace__end", "value"):
        outcomes[end].append(value)
    rows = [
        BranchRow(step, min(step.depth - first.depth, DEEPEST_INDENT), tuple(outcomes[step.pk]))
        for step in steps
    ]
    return rows, first.subtree_end - first.preorder - len(rows)


def _lead(
    card: StepCard,
    is_leaf: np.ndarray[tuple[int], np.dtype[np.bool_]],
    ends: IntArray,
    outcomes: FloatArray | None,
    depth: IntArray,
    value: FloatArray,
) -> tuple[dict[str, Any], int]:
    """Return the facts of a branch, and the position at which its best trace ends (0 = none)."""
    low, high = card.step.preorder, card.step.subtree_end
    leaves = int(is_leaf[low:high].sum())
    inside = (ends >= low) & (ends < high)
    if not inside.any():
        return {"leaves": leaves}, 0
    at = ends[inside]
    results = outcomes[inside] if outcomes is not None else np.full(len(at), np.nan)
    low_if_unknown = np.nan_to_num(results, nan=-np.inf)
    searched = np.nan_to_num(value[at], nan=-np.inf)
    best = int(np.lexsort((np.arange(len(at)), depth[at], -searched, -low_if_unknown))[0])
    known = np.isfinite(results)
    facts: dict[str, Any] = {
        "leaves": leaves,
        "outcomes": tuple(
            float(x) if np.isfinite(x) else None for x in results[:OUTCOMES_SHOWN].tolist()
        ),
        "solved": int((results[known] >= 1).sum()),
        "known": int(known.sum()),
        "more": max(0, len(results) - OUTCOMES_SHOWN),
        "best_outcome": float(results[best]) if known[best] else None,
    }
    return facts, int(at[best])


def same_texts(texts: Mapping[int, Hashable]) -> dict[int, tuple[str, ...]]:
    """Return for each item the letters of the others whose text is equal."""
    name = letters(list(texts))
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for item, text in texts.items():
        groups[text].append(item)
    return {
        item: tuple(name[other] for other in groups[text] if other != item)
        for item, text in texts.items()
    }


def _adopt(step: Step, problem: Problem) -> bool:
    """Hand the loaded problem to the step, so that no link asks for it again."""
    step.problem = problem
    return True
