"""Figures to keep: the map of a tree, a path, the waterfall of a comparison; as SVG, CSV and on a page.

A figure's address is that of its comparison, so a link makes the same figure again. Files hold no
clock time: the same data give the same bytes. PNG is made in the browser from the SVG.
"""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from annotator.downloads import attachment, csv_text
from annotator.queries.trees.columns import text_previews
from annotator.queries.trees.compared import last_judgement, texts_of
from annotator.templatetags.text import plain_math
from annotator.views.http import page
from annotator.views.reading.compare import opened
from annotator.views.reading.drawing import Drawing
from annotator.views.reading.falls import waterfall_drawing
from annotator.views.reading.pictures import MOST_ROWS, cut, map_drawing, path_drawing
from annotator.views.reading.sides import own_scale
from scoring.heatmap import number_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from annotator.views.http import HtmxRequest
    from annotator.views.reading.compare import Opened
    from annotator.views.reading.sides import Column, Target
    from scoring.heatmap import Scale
    from scoring.tree import FloatArray

KINDS = {"tree": "Map of the tree", "path": "Path", "compare": "Waterfall of a comparison"}


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure ready to be shown or saved.

    Attributes:
        drawing: the picture, None where there is none; ``missing`` then says why.
        provenance: lines below it: what, of what, by what, on which data.
        head: names of the columns of the CSV.
        table: its rows.
        keys: the numbers as addresses and the API write them, for the CSV.
    """

    kind: str
    title: str
    drawing: Drawing | None
    provenance: list[str]
    head: tuple[str, ...]
    table: list[list[Any]]
    missing: str = ""
    keys: tuple[str, ...] = ()


def figure_of(view: Opened, kind: str, *, whole: bool = False) -> Figure:
    """Make one kind of figure of what the address names; ``whole`` texts are for its table."""
    return {"tree": _tree, "path": _path, "compare": _compare}[kind](view, whole)


@require_safe
def figures(request: HtmxRequest, project: str, pk: int, kind: str) -> HttpResponse:
    """Show a figure with its files; the page is made to be printed, too."""
    view = opened(request, project, pk)
    figure = figure_of(view, kind)
    query = view.asked.query(**{"from": None})

    def address(name: str) -> str:
        return (
            reverse(f"annotator:{name}", args=[view.access.project.name, view.problem.pk]) + query
        )

    context = {
        "problem": view.problem,
        "step": view.found.a.end.pk,
        "figure": figure,
        "picture": figure.drawing.inline() if figure.drawing is not None else "",
        "kinds": [(key, label, address(f"figure-{key}")) for key, label in KINDS.items()],
        "svg": address(f"figure-{kind}-svg"),
        "csv": address(f"figure-{kind}-csv"),
        "name": _name(view, kind),
        "here": address(f"figure-{kind}"),
        "compare": address("compare"),
        "choices": view.columns.choices(view.asked.by),
        "asked": view.asked,
    }
    return page(request, "annotator/figure.html", context, access=view.access, section="problems")


@require_safe
def figure_svg(request: HtmxRequest, project: str, pk: int, kind: str) -> HttpResponse:
    """Give the picture as a file that looks the same everywhere."""
    view = opened(request, project, pk)
    figure = figure_of(view, kind)
    drawing = figure.drawing or _said(figure.missing)
    response = HttpResponse(drawing.file(figure.title, figure.provenance), "image/svg+xml")
    return _saved(response, f"{_name(view, kind)}.svg")


@require_safe
def figure_csv(request: HtmxRequest, project: str, pk: int, kind: str) -> HttpResponse:
    """Give the numbers of the picture, below rows that say what they are."""
    view = opened(request, project, pk)
    figure = figure_of(view, kind, whole=True)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["#", csv_text(figure.title)])
    writer.writerows(["#", csv_text(line)] for line in figure.provenance)
    if figure.missing:
        writer.writerow(["#", csv_text(figure.missing)])
    writer.writerow(["#", csv_text(f"by {' against '.join(figure.keys)}")])
    # Every text in quotes: a reader that skips what follows "#" must not find one in a step.
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(figure.head)
    writer.writerows(figure.table)
    response = HttpResponse(out.getvalue(), "text/csv; charset=utf-8")
    return _saved(response, f"{_name(view, kind)}.csv")


def _tree(view: Opened, whole: bool) -> Figure:
    column = view.found.first if view.found.one_column else view.columns.column(view.asked.by)
    columns = view.columns.colorings.columns
    limits = own_scale(column)
    ids, depth = columns.ids.tolist(), columns.depth.tolist()
    table = [
        [at, ids[at], depth[at], _cell(value)]
        for at, value in enumerate(column.values.tolist())
        if at
    ]
    title = f"{column.label} on {_prompt(view)}"
    drawing = None
    if not column.missing:
        drawing = map_drawing(column, limits, columns.depth, _prompt(view))
    head = ("position", "step", "depth", "value")
    lines = _provenance(view, [column], limits, column.values[1:])
    return Figure("tree", title, drawing, lines, head, table, column.missing, (column.key,))


def _path(view: Opened, whole: bool) -> Figure:
    target, column = view.found.a, view.columns.column(view.asked.by)
    limits, values = own_scale(column), column.along(target)
    texts = _texts(view, target, whole=whole)
    table = [
        [n, step, _cell(value), csv_text(text)]
        for n, (step, value, text) in enumerate(
            zip(target.path.ids, values.tolist(), texts, strict=True), 1
        )
    ]
    title = f"{target.name} of {_prompt(view)} by {column.label}"
    drawing = None if column.missing else path_drawing(column, limits, values, texts)
    lines = _provenance(view, [column], limits, values)
    if len(values) > MOST_ROWS:
        lines.append(f"The first {MOST_ROWS} of {len(values):,} steps are drawn; the CSV has all.")
    head = ("number", "step", "value", "text")
    return Figure("path", title, drawing, lines, head, table, column.missing, (column.key,))


def _compare(view: Opened, whole: bool) -> Figure:
    found = view.found
    a_texts, b_texts = (_texts(view, side, whole=whole) for side in (found.a, found.b))
    table: list[list[Any]] = []
    for number, (i, j) in enumerate(found.pairs):
        row: list[Any] = [number + 1]
        for side, (place, texts) in enumerate(((i, a_texts), (j, b_texts))):
            cell = found.cell(side, place)
            if cell is None or place is None:
                row += ["", "", "", ""]
                continue
            course = found.courses[side]
            added = "" if np.isnan(course.end) else float(course.added[place])
            row += [cell.step, _cell(cell.value), added, csv_text(texts[place])]
        table.append([*row, "" if found.apart else _cell(float(found.deltas[number]))])
    a, b = (f"{t.name} by {c.label}" for t, c in ((found.a, found.first), (found.b, found.second)))
    title = f"A, {a}, against B, {b}, on {_prompt(view)}"
    ends = [found.first] if found.one_column else [found.first, found.second]
    values = np.concatenate(found.along)
    lines = _provenance(view, ends, found.scale, values, found.off_scale)
    if found.caution:
        lines.insert(0, found.caution)
    fall = found.fall
    if fall is not None:
        totals = (fall.first, fall.second, fall.margin)
        first, second, margin = (number_text(value, digits=6) for value in totals)
        lines.insert(
            0, f"A {first}, B {second}, margin {margin}, residual of the bars {fall.residual:.1e}"
        )
    drawing = waterfall_drawing(found, fall) if fall is not None and found.pairs else None
    sides = [f"{side}_{name}" for side in "ab" for name in ("step", "value", "adds", "text")]
    head = ("row", *sides, "delta")
    keys = tuple(column.key for column in ends)
    return Figure("compare", title, drawing, lines, head, table, found.apart, keys)


def _provenance(
    view: Opened, columns: list[Column], limits: Scale, values: FloatArray, off: int | None = None
) -> list[str]:
    known = int(np.isfinite(values).sum())
    low, high = (number_text(end, signed=limits.signed) for end in (limits.low, limits.high))
    colors = "no colours" if limits.flat else f"colours {low} to {high}"
    if off is None:
        off = int(((values < limits.low) | (values > limits.high)).sum())
    if off:
        colors += f", {off:,} off the scale"
    lines = []
    for column in columns:
        words = [column.made_by.replace(" · computed now", ""), *column.notes, column.missing]
        lines.append(" · ".join(word for word in words if word))
    lines.append(
        f"n = {known:,} of {len(values):,} steps have a number · {colors}, "
        f"{limits.unit or 'no unit'} · data {data_hash(view, columns)} of {_date(view, columns)}"
    )
    where = f"project {view.access.project.name}, problem {view.problem.pk}"
    return [*lines, f"Tracewood · {where}, {view.problem.n_steps:,} steps"]


def data_hash(view: Opened, columns: Iterable[Column]) -> str:
    """Return 12 digits that change with the problem, the shape of its tree, or the numbers."""
    digest = hashlib.blake2b(bytes(view.problem.key), digest_size=6)
    digest.update(np.ascontiguousarray(view.columns.colorings.columns.depth, "<i8").tobytes())
    for column in columns:
        values = np.where(np.isfinite(column.values), column.values, np.nan)
        digest.update(np.ascontiguousarray(values + 0.0, "<f8").tobytes())
    return digest.hexdigest()


def _date(view: Opened, columns: Iterable[Column]) -> str:
    """Return the day on which the newest of the data came: problem, model, or judgement.

    When others judged is told to reviewers alone.
    """
    found = [view.problem.created]
    models = view.columns.colorings.models
    found += [models[c.model].created for c in columns if c.model in models]
    if view.access.may_review:
        last = last_judgement(problem=view.problem)
        found += [last] if last is not None else []
    return f"{max(found):%Y-%m-%d}"


def _texts(view: Opened, target: Target, *, whole: bool) -> list[str]:
    # A picture has room for a beginning; a file keeps what was imported, formulas as they stand.
    if whole:
        found = texts_of(ids=target.path.ids)
        return [found.get(pk, "") for pk in target.path.ids]
    places = target.path.at.tolist()
    known = text_previews(problem=view.problem, at=places)
    return [plain_math(known.get(at, "")) for at in places]


def _prompt(view: Opened) -> str:
    return cut(" ".join(plain_math(view.problem.prompt).split()), 70)


def _cell(value: float) -> float | str:
    return value if np.isfinite(value) else ""


def _said(missing: str) -> Drawing:
    drawing = Drawing(580, 30, missing)
    drawing.text(0, 18, missing, "fig-muted")
    return drawing


def _name(view: Opened, kind: str) -> str:
    return f"{view.access.project.name}-problem-{view.problem.pk}-{kind}".replace("/", "-")


def _saved(response: HttpResponse, name: str) -> HttpResponse:
    response["Content-Disposition"] = attachment(name)
    response["X-Content-Type-Options"] = "nosniff"
    return response
