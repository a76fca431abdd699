"""The page that holds two paths, models, methods, or people and a model side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import numpy as np
from django.urls import reverse
from django.views.decorators.http import require_safe

from annotator.numbers import whole_number
from annotator.queries.blindness import sight_of
from annotator.queries.trees.compared import first_traces, outcomes_named, traces_told
from annotator.queries.trees.paths import SIBLINGS, siblings_of
from annotator.queries.trees.sparklines import Sparkline, sparkline
from annotator.views.http import page_or_fragment, wants_fragment
from annotator.views.keys import keys_of, keys_shown
from annotator.views.reading.comparison import ROWS, Comparison, compare
from annotator.views.reading.falls import waterfall_drawing
from annotator.views.reading.margins import has_numbers, numbered
from annotator.views.reading.opening import sibling, sides_of, two_methods, two_paths
from annotator.views.reading.sides import CHECKER, HUMAN, Columns
from annotator.views.workbench.data import gate

if TYPE_CHECKING:
    from django.http import HttpResponse

    from annotator.models import Problem, Trace
    from annotator.queries.access import Access
    from annotator.views.http import HtmxRequest
    from annotator.views.reading.sides import Target

LABEL_CHARS = 60


@dataclass(frozen=True, slots=True)
class Asked:
    """What a URL of the page says; "" = not said. ``start`` is the first row shown."""

    a: str
    b: str
    by: str
    by_b: str
    start: int | None

    def query(self, **changes: object) -> str:
        """Return the query string with some parts changed; None drops one."""
        said: dict[str, object] = {"a": self.a, "by": self.by, "b": self.b, "by_b": self.by_b}
        said |= {"from": self.start} | changes
        if said["by_b"] == said["by"]:
            said["by_b"] = None
        return "?" + urlencode({k: v for k, v in said.items() if v not in (None, "")})


@dataclass(frozen=True, eq=False, slots=True)
class Opened:
    """A comparison with who looks at it; ``lacking`` = why it holds one thing against itself."""

    access: Access
    problem: Problem
    columns: Columns
    traces: list[Trace]
    asked: Asked
    found: Comparison
    lacking: str = ""


def opened(request: HtmxRequest, project: str, pk: int) -> Opened:
    """Read the comparison that a URL names; what it leaves out is chosen.

    Raises:
        NotFoundError: no such problem, path or numbers, or nothing to compare.
    """
    access, problem = gate(request, project, pk)
    columns = Columns(problem, access, sight_of(access=access, problem=problem))
    traces = first_traces(problem=problem)
    chosen = sides_of(request.GET, columns=columns, problem=problem, traces=traces)
    a, b, by, by_b, lacking = chosen
    start = whole_number(request.GET.get("from", ""))
    asked = Asked(a.key, b.key, by, by_b, start)
    found = compare(columns=columns, a=a, b=b, by=by, by_b=by_b)
    return Opened(access, problem, columns, traces, asked, found, lacking)


@require_safe
def compare_page(request: HtmxRequest, project: str, pk: int) -> HttpResponse:
    """Show two sides; htmx gets the comparison alone."""
    view = opened(request, project, pk)
    return page_or_fragment(
        request,
        "annotator/compare.html",
        "annotator/_compare.html",
        _context(view) | {"part": wants_fragment(request)},
        access=view.access,
        section="problems",
    )


def _context(view: Opened) -> dict[str, Any]:
    asked, found = view.asked, view.found
    start = min(asked.start if asked.start is not None else _start(found), len(found.pairs))
    fall = found.fall
    here = reverse("annotator:compare", args=[view.access.project.name, view.problem.pk])
    return {
        "problem": view.problem,
        "lacking": view.lacking,
        "title": _title(found),
        "notes": _notes(found),
        "here": here,
        "asked": asked,
        "found": found,
        "sides": _sides(view),
        "choices": view.columns.choices(asked.by, asked.by_b),
        "modes": _modes(view),
        "rows": found.rows(start),
        "start": start,
        "earlier": asked.query(**{"from": max(0, start - ROWS)}) if start else "",
        "later": asked.query(**{"from": start + ROWS}) if start + ROWS < len(found.pairs) else "",
        "after": max(0, len(found.pairs) - start - ROWS),
        "swap": asked.query(a=asked.b, b=asked.a, by=asked.by_b, by_b=asked.by),
        "picture": waterfall_drawing(found, fall).inline() if fall and found.pairs else "",
        "figures": asked.query(**{"from": None}),
        "config": {"keys": keys_of("compare")},
        "keys": keys_shown("compare"),
    }


def _title(found: Comparison) -> str:
    """Say in a line what is held against what."""
    a, b = found.a.name, found.b.name
    first, second = found.first.label, found.second.label
    if found.one_column:
        return f"{a} against {b} by {first}"
    return (
        f"{first} against {second} on {a}"
        if found.one_path
        else f"{a} by {first} against {b} by {second}"
    )


def _notes(found: Comparison) -> list[str]:
    """Return what the legend must say: why there is no number, or what the methods note."""
    if not found.scale.count:
        return ["no step has a number"]
    off = [f"{found.off_scale:,} off the scale"] if found.off_scale else []
    return [*off, *dict.fromkeys((*found.first.notes, *found.second.notes))]


def _start(found: Comparison) -> int:
    """Begin one row before the first difference, which then has its context; with all if they fit."""
    return max(0, (found.diverge or 0) - 1) if len(found.pairs) > ROWS else 0


def _sides(view: Opened) -> list[dict[str, Any]]:
    found, asked = view.found, view.asked
    outcomes = outcomes_named(
        traces=[t.trace for t in (found.a, found.b) if t.trace is not None],
        name=view.access.project.primary_outcome,
    )
    both = ((found.a, found.first, asked.by), (found.b, found.second, asked.by_b))
    workbench = reverse("annotator:problem", args=[view.access.project.name, view.problem.pk])
    sides = []
    for n, (target, column, by) in enumerate(both):
        trace = target.trace
        known: dict[str, object] = {"step": target.end.pk, "by": "" if column.is_rating else by}
        told = {key: value for key, value in known.items() if value}
        sides.append(
            {
                "name": "ab"[n],
                "letter": "AB"[n],
                "target": target,
                "column": column,
                "course": found.own[n],
                "outcome": outcomes.get(trace.pk) if trace is not None else None,
                "options": _options(view, target),
                "by": asked.by if n == 0 else ("" if asked.by_b == asked.by else asked.by_b),
                "line": _line(found, n),
                "href": f"{workbench}?{urlencode(told)}",
            }
        )
    return sides


def _line(found: Comparison, side: int) -> Sparkline | None:
    """Draw a side's numbers along its path, on the limits of both."""
    values = [float(v) if np.isfinite(v) else None for v in found.along[side]]
    label = (found.first, found.second)[side].label
    return sparkline(values, low=found.scale.low, high=found.scale.high, source=label, along=True)


def _options(view: Opened, target: Target) -> list[dict[str, Any]]:
    """List the paths that a side can be: the problem's traces, and the step's siblings."""
    told = traces_told(traces=view.traces, name=view.access.project.primary_outcome)
    rows = [
        {"key": f"t{trace.pk}", "label": told[trace.pk], "group": "Traces"} for trace in view.traces
    ]
    if target.trace is not None and all(row["key"] != target.key for row in rows):
        rows.append({"key": target.key, "label": target.name, "group": "Traces"})
    family = siblings_of(step=target.end)[:SIBLINGS]
    steps = [
        {
            "key": f"s{step.pk}",
            "label": f"Step {step.depth}: {' '.join(step.text[:LABEL_CHARS].split()) or '(empty)'}",
            "group": "Steps at this place",
        }
        for step in family
    ]
    if target.trace is None and all(row["key"] != target.key for row in steps):
        steps.append({"key": target.key, "label": target.name, "group": "Steps at this place"})
    return [*rows, *steps]


def _modes(view: Opened) -> list[tuple[str, str, bool]]:
    """Return the usual comparisons that the problem has the data for: name, query, is it shown."""
    asked, found = view.asked, view.found
    usable = [choice.key for choice in view.columns.choices() if not choice.missing]
    methods = two_methods(view.columns, usable)
    scores = [key for key in usable if key.startswith("prm_score@") and "." not in key]
    modes: list[tuple[str, str, str, str, str]] = []  # name, then a, b, by, by_b
    if (other := sibling(found.a.end)) is not None:
        pair = (f"s{found.a.end.pk}", f"s{other.pk}")
        modes.append(("Two siblings", *pair, asked.by, asked.by))
    if len(view.traces) > 1:
        telling = numbered(view.columns, view.traces, (asked.by,))
        a, b = two_paths(view.problem, view.traces, telling, one_path=False)
        modes.append(("Two traces", a, b, asked.by, asked.by))
    if methods:
        modes.append(("Two methods", *_one_path(view, *methods), methods[0], methods[1]))
    if len(scores) > 1:
        modes.append(("Two models", *_one_path(view, *scores[:2]), scores[0], scores[1]))
    for key, name in ((HUMAN, "People and a model"), (CHECKER, "Checkers and a model")):
        if key in usable and scores:
            modes.append((name, *_one_path(view, key, scores[0]), key, scores[0]))
    # Swapped it is the same comparison.
    shown = {(asked.a, asked.by), (asked.b, asked.by_b)}
    return [
        (
            name,
            asked.query(a=a, b=b, by=by, by_b=by_b, **{"from": None}),
            {(a, by), (b, by_b)} == shown,
        )
        for name, a, b, by, by_b in modes
    ]


def _one_path(view: Opened, *keys: str) -> tuple[str, str]:
    """Return A's path twice, or a trace's that has both numbers where A's has not."""
    own = view.asked.a
    if not has_numbers(view.columns, view.found.a, keys):
        own = next((f"t{one.pk}" for one in numbered(view.columns, view.traces, keys)), own)
    return own, own


def compare_address(problem: Problem, **said: object) -> str:
    """Return the address of a comparison of ``problem``; what is empty is left out."""
    address = reverse("annotator:compare", args=[problem.project.name, problem.pk])
    told = {key: value for key, value in said.items() if value}
    return f"{address}?{urlencode(told)}" if told else address
