"""What a comparison opens with where its address leaves sides out: two of something that is there.

Two traces where there are two; else one path by two kinds of numbers: people's ratings, a model's
scores, checkers' ratings, another model's scores, a search's values, and a second method by the model.
Where there is no second of anything the page says what would give one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from annotator.errors import NotFoundError
from annotator.queries.credit.choices import SEARCH_VALUE, Said, write_key
from annotator.queries.trees.compared import outcomes_named
from annotator.queries.trees.paths import first_step, siblings_of
from annotator.views.reading.margins import numbered
from annotator.views.reading.sides import CHECKER, HUMAN, target_of
from scoring.credit.registry import METHODS
from scoring.types import SOLVED_ABOVE

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from annotator.models import Problem, Step, Trace
    from annotator.views.reading.sides import Columns, Target

MOST_KEY = 400
OF_OUTCOMES = ("tempo", "grpo", "rloo", "leaf_value")
SECOND_METHOD = "pure"  # beside the scores that it is made of
RATING = "rating"  # the method that shows labels as they are
# What shows labels: one against the other would be the same numbers twice.
LABELS = frozenset({HUMAN, RATING})


class Sides(NamedTuple):
    """Two paths with their numbers; ``lacking`` = why they are one and the same, "" = they are not."""

    a: Target
    b: Target
    by: str
    by_b: str
    lacking: str = ""


def sides_of(
    said: Mapping[str, str], *, columns: Columns, problem: Problem, traces: list[Trace]
) -> Sides:
    """Read the sides that an address names and choose the others.

    Raises:
        NotFoundError: no such path, or no step at all.
    """
    by, by_b = (said.get(name, "")[:MOST_KEY] for name in ("by", "by_b"))
    own = by or columns.default()
    one_path = bool(by_b) and by_b != own
    a_key, b_key = said.get("a", ""), said.get("b", "")
    telling = [] if a_key and b_key else numbered(columns, traces, (own, by_b or own))
    if not a_key:
        a_key, second = two_paths(problem, traces, telling, one_path=one_path)
        b_key = b_key or second
    a = target_of(problem=problem, key=a_key)
    named = bool(said.get("b")) or bool(by_b)
    b_key = b_key or _beside(a, problem, telling or traces, one_path=one_path)
    b = target_of(problem=problem, key=b_key)
    if named or b.key != a.key:
        return Sides(a, b, own, by_b or own)
    first, second = two_numbers(columns, by)
    lacking = "" if second != first else _lacking(columns, traces)
    return Sides(a, b, first, second, lacking)


def two_numbers(columns: Columns, by: str = "") -> tuple[str, str]:
    """Choose two kinds of numbers for one path; the first is ``by`` where one is named.

    The same twice where there is no second; people's ratings and the labels that the method *Rating*
    shows are the same numbers.
    """
    there = numbers_there(columns)
    first = by or next(iter(there), columns.default())
    known = LABELS if first in LABELS else {first}
    return first, next((key for key in there if key not in known), first)


def numbers_there(columns: Columns) -> list[str]:
    """Return what can stand beside something else on one path, the most telling first."""
    scores = [Said(model, 0) for model in columns.colorings.models.values()]
    keys = [write_key(METHODS["prm_score"], {}, one) for one in scores]
    found = [HUMAN] if columns.ratings.humans else []
    found += keys[:1]
    found += [CHECKER] if columns.ratings.checkers else []
    found += keys[1:2]
    if np.isfinite(columns.colorings.columns.value).any():
        found.append(SEARCH_VALUE)
    if scores:
        found.append(write_key(METHODS[SECOND_METHOD], {}, scores[0]))
    return found


def two_methods(columns: Columns, usable: Collection[str]) -> tuple[str, ...]:
    """Choose two methods of which neither is no signal here; () = there are none."""
    outcomes = columns.colorings.tree.outcomes
    differ = len(np.unique(outcomes[np.isfinite(outcomes)])) > 1
    plain = [key for key in OF_OUTCOMES if differ and key in usable]
    if len(plain) > 1:
        return plain[0], plain[1]
    model = next(iter(columns.colorings.models.values()), None)
    if model is None:
        return ()
    first, second = (
        write_key(METHODS[key], {}, Said(model, 0)) for key in ("prm_score", SECOND_METHOD)
    )
    return first, second


def two_paths(
    problem: Problem, traces: list[Trace], telling: list[Trace], *, one_path: bool
) -> tuple[str, str]:
    """Choose two paths: a solved trace beside one that is not, else the first two, else siblings.

    Traces that have numbers, ``telling``, come before those that have none.
    """
    if not traces:
        step = first_step(problem=problem)
        if step is None:
            raise NotFoundError("This problem has no steps, so there is nothing to compare.")
        other = step if one_path else (sibling(step) or step)
        return f"s{step.pk}", f"s{other.pk}"
    known = outcomes_named(traces=traces, name=problem.project.primary_outcome)
    first_of = telling or traces
    solved = [trace for trace in first_of if known.get(trace.pk, 0.0) > SOLVED_ABOVE]
    first = next(iter(solved or first_of))
    if one_path or len(traces) == 1:
        return f"t{first.pk}", f"t{first.pk}"
    rest = [trace for trace in first_of if trace.pk != first.pk]
    rest = rest or [trace for trace in traces if trace.pk != first.pk]
    failed = (trace for trace in rest if known.get(trace.pk, 1.0) <= SOLVED_ABOVE)
    second = next(failed, None) or rest[0]
    return f"t{first.pk}", f"t{second.pk}"


def _beside(target: Target, problem: Problem, traces: list[Trace], *, one_path: bool) -> str:
    """Choose what stands beside a path: another trace, a sibling of a step, else the path itself."""
    if one_path:
        return target.key
    if target.trace is None:
        other = sibling(target.end)
        return target.key if other is None else f"s{other.pk}"
    known = outcomes_named(traces=traces, name=problem.project.primary_outcome)
    own = known.get(target.trace.pk)
    others = [trace for trace in traces if trace.pk != target.trace.pk]
    apart = (trace for trace in others if own is not None and known.get(trace.pk, own) != own)
    second = next(apart, None) or next(iter(others), target.trace)
    return f"t{second.pk}"


def sibling(step: Step) -> Step | None:
    """Return the next sibling of a step, else the one before it."""
    family = siblings_of(step=step)
    after = family.filter(preorder__gt=step.preorder).first()
    return after or family.filter(preorder__lt=step.preorder).last()


def _lacking(columns: Columns, traces: list[Trace]) -> str:
    """Say what would give a comparison of a problem that has one of everything."""
    ways = ["another trace of this problem"]
    models = len(columns.colorings.models)
    if not models:
        ways.append("step scores of a model")
    if not columns.ratings.humans:
        ways.append("ratings of its steps")
    here = "one trace" if len(traces) == 1 else "one path"
    return f"There is {here} and nothing to hold beside it. It takes {' or '.join(ways)}."
