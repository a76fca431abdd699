"""One-line pictures of a problem: its steps' scores, or search values, in reading order."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass

from django.db import connection

from annotator.models import Problem, Project, RewardModel

WIDTH, HEIGHT = 120, 20
# At most this many steps are read per problem, evenly spread over the tree in pre-order.
POINTS = 60


@dataclass(frozen=True, slots=True)
class Sparkline:
    """A line ready to draw.

    Attributes:
        path: SVG path data in a box of ``WIDTH`` × ``HEIGHT``.
        low: smallest value shown.
        high: largest value shown.
        source: what the values are: a model's name and version, or "search value".
    """

    path: str
    low: float
    high: float
    source: str
    width: int = WIDTH
    height: int = HEIGHT


# generate_series turns "about 60 steps of each tree" into index probes: a page of trees with
# 20,000 steps costs what a page of small ones costs.
POINTS_SQL = """
select p.id, s.preorder, {value}
from annotator_problem p
cross join lateral generate_series(1, p.n_steps, greatest(1, (p.n_steps + %(points)s - 1)
    / %(points)s)) as place
join annotator_step s on s.problem_id = p.id and s.preorder = place
{join}
where p.id = any(%(ids)s)
order by p.id, s.preorder
"""
SCORE_JOIN = "left join annotator_stepscore c on c.step_id = s.id and c.model_id = %(model)s"


def scoring_model(*, project: Project) -> RewardModel | None:
    """Return the newest model of ``project`` that has scored any step."""
    return (
        RewardModel.objects.filter(project=project, ready=True, step_scores__isnull=False)
        .order_by("-pk")
        .only("pk", "name", "version")
        .first()
    )


def sparklines(*, project: Project, problems: list[Problem]) -> dict[int, Sparkline]:
    """Return a line for every problem that has any scored or valued step.

    Scores of the newest model are used where it has any in the page, else search values. The
    scale is shared by the page: 0 … 1 for scores, the page's largest value for searches.
    """
    ids = [problem.pk for problem in problems]
    model = scoring_model(project=project) if ids else None
    series = _series(ids, model.pk) if model else {}
    if model and series:
        return _draw(series, 0.0, 1.0, f"{model.name} v{model.version}")
    series = _series(ids, None)
    values = [v for points in series.values() for v in points if v is not None]
    if not values:
        return {}
    return _draw(series, min(0.0, *values), max(1.0, *values), "search value")


def sparkline_path(values: list[float | None], low: float, high: float) -> str:
    """Return path data of a line through ``values``, broken where a value is missing.

    A value alone between two gaps becomes a dot: a line of no length with round ends.
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
        parts.append(f"L{x:.1f} {y:.1f}" if pen_down else f"M{x:.1f} {y:.1f}h0")
        pen_down = True
    return "".join(parts)


def _series(ids: list[int], model_id: int | None) -> dict[int, list[float | None]]:
    """Read the values of evenly spread steps; problems without any value are left out."""
    sql = POINTS_SQL.format(
        value="c.score" if model_id else "s.value", join=SCORE_JOIN if model_id else ""
    )
    rows: dict[int, list[float | None]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(sql, {"ids": ids, "points": POINTS, "model": model_id})
        for problem_id, _, value in cursor:
            rows[problem_id].append(value if value is not None and math.isfinite(value) else None)
    return {pk: points for pk, points in rows.items() if any(v is not None for v in points)}


def _draw(
    series: dict[int, list[float | None]], low: float, high: float, source: str
) -> dict[int, Sparkline]:
    lines = {}
    for pk, points in series.items():
        known = [v for v in points if v is not None]
        lines[pk] = Sparkline(sparkline_path(points, low, high), min(known), max(known), source)
    return lines
