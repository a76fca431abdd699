"""One-line pictures of scores, or of search values: a problem's tree, or the path to one of its steps."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import connection

from annotator.models import RewardModel

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from annotator.models import Project
    from annotator.queries.access import Access

WIDTH, HEIGHT = 120, 20
# At most this many steps are read for a line, evenly spread over the tree or the path.
POINTS = 60
# Of a longer path only the end is walked: the cost of a list stays bounded.
LONGEST = 300
# What a row of a list is about: a problem's id, and the id of the step that a path leads to, None =
# the whole tree.
Extent = tuple[int, int | None]
SEARCH = "search value"
DOT = "m-1 0a1 1 0 1 0 2 0a1 1 0 1 0-2 0"


@dataclass(frozen=True, slots=True)
class Sparkline:
    """A line ready to draw.

    Attributes:
        path: SVG path data in a box of ``WIDTH`` × ``HEIGHT``.
        low: smallest value shown.
        high: largest value shown.
        source: what the values are: a model's name and version, or "search value".
        read: how many steps the line stands for, those without a value included.
        total: how many steps the tree or the path has.
        missing: how many of ``read`` have no value.
        along: the steps are those of a path, not of a tree.
    """

    path: str
    low: float
    high: float
    source: str
    read: int
    total: int
    missing: int = 0
    along: bool = False
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def said(self) -> str:
        """The picture in words: whose numbers, of how many steps, from where to where."""
        several = "" if self.total == 1 else "s"
        part = f"{self.read} of " if self.read < self.total else ""
        steps = f"{part}{self.total:,} step{several}{' on the path' if self.along else ''}"
        low, high = (f"{value:.2f}".replace("-", "−") for value in (self.low, self.high))
        reach = low if low == high else f"{low} to {high}"
        without = f", {self.missing} without a number" if self.missing else ""
        return f"{self.source}, {steps}: {reach}{without}"


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a page.

    Attributes:
        source: what they show; "" = the page has none, or who reads may not see them, and then
            there is no column for them either.
    """

    source: str = ""
    drawn: dict[Extent, Sparkline] = field(default_factory=dict)

    def of(self, problem_id: int, end_id: int | None = None) -> Sparkline | None:
        """Return the line of a problem, or of the path to one of its steps; None = no value."""
        return self.drawn.get((problem_id, end_id))


@dataclass(frozen=True, slots=True)
class _Point:
    """A step of a line: its score and search value, NaN or None where missing."""

    total: int
    score: float | None
    value: float | None


NOTHING = Lines()
# Trees: generate_series turns "about 60 steps" into index probes, so a page of trees with 20,000
# steps costs what a page of small ones costs. Paths are walked upwards from their end.
LINES_SQL = """
with recursive model as materialized (
    select m.id, m.name, m.version from annotator_rewardmodel m
    where m.project_id = %(project)s and m.ready
      and exists (select from annotator_stepscore c where c.model_id = m.id)
    order by m.id desc limit 1
), place as (
    select n, problem_id, end_id
    from unnest(%(problems)s::bigint[], %(ends)s::bigint[]) with ordinality
        as given(problem_id, end_id, n)
), path as (
    select p.n, s.id, s.parent_id, s.value, s.depth, s.depth as total
    from place p join annotator_step s on s.id = p.end_id and s.problem_id = p.problem_id
    union all
    select path.n, s.id, s.parent_id, s.value, s.depth, path.total
    from path join annotator_step s on s.id = path.parent_id
    where path.depth > greatest(1, path.total - %(longest)s + 1)
), point as (
    select n, id, value, depth as place, total from path
    where (total - depth) %% greatest(
        1, (least(total, %(longest)s) + %(points)s - 1) / %(points)s) = 0
    union all
    select p.n, s.id, s.value, s.preorder, r.n_steps
    from place p
    join annotator_problem r on r.id = p.problem_id
    cross join lateral generate_series(
        1, r.n_steps, greatest(1, (r.n_steps + %(points)s - 1) / %(points)s)) as at
    join annotator_step s on s.problem_id = r.id and s.preorder = at
    where p.end_id is null
)
select point.n, point.total, c.score, point.value, model.name, model.version
from point
left join model on true
left join annotator_stepscore c on c.step_id = point.id and c.model_id = model.id
order by point.n, point.place
"""


def scoring_model(*, project: Project) -> RewardModel | None:
    """Return the newest model of ``project`` that has scored any step."""
    return (
        RewardModel.objects.filter(project=project, ready=True, step_scores__isnull=False)
        .order_by("-pk")
        .only("pk", "name", "version")
        .first()
    )


def extent(problem_id: int, *ends: int | None) -> Extent:
    """Return what a row is about: the path to the first of ``ends`` that there is, else the tree."""
    return problem_id, next((end for end in ends if end), None)


def lines_of(*, access: Access, extents: Iterable[Extent]) -> Lines:
    """Return the lines of a page with one query; none to who does not see all scores.

    Scores of the newest model are used where it has any in the page, else search values. The
    scale is shared by the page: 0 … 1 for scores, the page's largest value for searches.
    """
    asked = list(dict.fromkeys(extents))
    if not asked or not access.may_see_scores:
        return NOTHING
    model, series = _series(access.project, asked)
    scores = {at: [point.score for point in points] for at, points in series.items()}
    if model and any(value is not None for values in scores.values() for value in values):
        return Lines(model, _draw(series, scores, 0.0, 1.0, model))
    searched = {at: [point.value for point in points] for at, points in series.items()}
    known = [value for values in searched.values() for value in values if value is not None]
    if not known:
        return Lines(model)
    low, high = min(0.0, *known), max(1.0, *known)
    return Lines(SEARCH, _draw(series, searched, low, high, SEARCH))


def sparkline(
    values: Sequence[float | None],
    *,
    low: float,
    high: float,
    source: str,
    total: int | None = None,
    along: bool = False,
) -> Sparkline | None:
    """Return a line through ``values`` on limits ``low`` … ``high``, None where all are missing.

    ``total``: of how many steps they are a part, None = they are all.
    """
    known = [value for value in values if value is not None]
    if not known:
        return None
    return Sparkline(
        path=sparkline_path(values, low, high),
        low=min(known),
        high=max(known),
        source=source,
        read=len(values),
        total=len(values) if total is None else total,
        missing=len(values) - len(known),
        along=along,
    )


def sparkline_path(values: Sequence[float | None], low: float, high: float) -> str:
    """Return path data of a line through ``values``, broken where a value is missing.

    A value alone between two gaps becomes a dot: a ring as thin as its line is wide.
    """
    span = (high - low) or 1.0
    dx = WIDTH / max(1, len(values) - 1)
    parts: list[str] = []
    pen_down = False
    for i, value in enumerate(values):
        if value is None:
            pen_down = False
            continue
        level = min(1.0, max(0.0, (value - low) / span))
        x, y = i * dx, 1.5 + (1.0 - level) * (HEIGHT - 3)
        parts.append(f"{'L' if pen_down else 'M'}{x:.1f} {y:.1f}")
        if not pen_down and (i + 1 == len(values) or values[i + 1] is None):
            parts.append(DOT)
        pen_down = True
    return "".join(parts)


def _series(project: Project, extents: list[Extent]) -> tuple[str, dict[Extent, list[_Point]]]:
    """Read the points of each extent; return the model's name, too, "" where none has scored."""
    model = ""
    series: dict[Extent, list[_Point]] = defaultdict(list)
    told: dict[str, Any] = {
        "project": project.pk,
        "problems": [problem for problem, _ in extents],
        "ends": [end for _, end in extents],
        "points": POINTS,
        "longest": LONGEST,
    }
    with connection.cursor() as cursor:
        cursor.execute(LINES_SQL, told)
        for n, total, score, value, name, version in cursor:
            if name is not None:
                model = f"{name} v{version}"
            point = _Point(total, _finite(score), _finite(value))
            series[extents[n - 1]].append(point)
    return model, series


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _draw(
    series: dict[Extent, list[_Point]],
    values: dict[Extent, list[float | None]],
    low: float,
    high: float,
    source: str,
) -> dict[Extent, Sparkline]:
    lines = {}
    for at, points in series.items():
        line = sparkline(
            values[at],
            low=low,
            high=high,
            source=source,
            total=points[0].total,
            along=at[1] is not None,
        )
        if line is not None:
            lines[at] = line
    return lines
