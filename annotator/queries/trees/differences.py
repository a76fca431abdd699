"""Steps of a whole project on which people and a model, or two models, come apart; one statement each.

The size of a difference of ratings and a score p is |mean rating − (2p − 1)|, 0 to 2; of two models it is
|p − q|, 0 to 1. Pages are found by size and step, as whole millionths, so none is skipped or repeated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from django.db import connection

from annotator.errors import InvalidError
from annotator.models import RewardModel, Step, StepScore
from annotator.numbers import whole_number
from annotator.queries.agreement.asides import COUNTS, EXAMINED

if TYPE_CHECKING:
    from annotator.models import Project

Lean = Literal["", "up", "down"]
LEANS: dict[Lean, str] = {"": "Either way", "up": "B says more", "down": "B says less"}
PAGE = 50
MILLION = 1_000_000
BEYOND = 2**62
# Of one problem, where one is asked for.
ONE = """AND (%(problem)s::bigint IS NULL
         OR {}.step_id IN (SELECT id FROM annotator_step WHERE problem_id = %(problem)s))"""
OWN = COUNTS.replace("s.id", "l.step_id")  # spares a look at every step
RATED = f"""
WITH aside AS MATERIALIZED ({EXAMINED}), said AS (
    SELECT l.step_id, avg(l.rating)::float8 AS mean, count(*) AS n
    FROM annotator_steplabel l
    JOIN annotator_rater r ON r.id = l.rater_id AND r.project_id = %(project)s
    WHERE l.rating IS NOT NULL AND r.kind = ANY(%(kinds)s) AND {OWN} {ONE.format("l")}
    GROUP BY l.step_id
), pairs AS (
    SELECT d.step_id, d.mean AS a, 2 * x.score - 1 AS b, d.n
    FROM said d
    JOIN annotator_stepscore x ON x.step_id = d.step_id AND x.model_id = %(model_b)s
    WHERE x.score BETWEEN 0 AND 1
)
"""  # noqa: S608 - own text
SCORED = f"""
WITH pairs AS (
    SELECT x.step_id, x.score AS a, y.score AS b, 1 AS n
    FROM annotator_stepscore x
    JOIN annotator_stepscore y ON y.step_id = x.step_id AND y.model_id = %(model_b)s
    WHERE x.model_id = %(model_a)s AND x.score BETWEEN 0 AND 1 AND y.score BETWEEN 0 AND 1
      {ONE.format("x")}
)
"""  # noqa: S608 - own text
FOUND = """
, gaps AS (
    SELECT *, round(abs(a - b) * 1000000)::bigint AS size FROM pairs
), wanted AS (
    SELECT * FROM gaps
    WHERE size >= %(least)s
      AND (%(lean)s = '' OR (%(lean)s = 'up') = (b > a))
      AND (NOT %(opposite)s OR (a - %(middle)s) * (b - %(middle)s) < 0)
)
SELECT step_id, a, b, n, size,
       (SELECT count(*) FROM wanted) AS matching, (SELECT count(*) FROM pairs) AS pairs
FROM wanted
WHERE (size, step_id) < (%(size)s, %(step)s)
ORDER BY size DESC, step_id DESC
LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the list is asked for.

    Attributes:
        kinds: whose ratings are A; () = A is the model ``model_a``.
        model_b: the model that is B.
        least: the smallest difference, in the unit of the size.
        lean: only where B says more, or less.
        opposite: only where one says right and the other wrong.
        problem: id of the one problem that is looked at, None = all of the project.
    """

    kinds: tuple[str, ...]
    model_b: int
    model_a: int | None = None
    least: float = 0.0
    lean: Lean = ""
    opposite: bool = False
    problem: int | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """A step with both numbers: ``n`` ratings stand behind ``a``."""

    step: Step
    a: float
    b: float
    n: int
    size: float


@dataclass(frozen=True, slots=True)
class Differences:
    """A page of the list.

    Attributes:
        rows: largest first.
        next: the cursor of what follows, "" = nothing does.
        matching: steps that the filter lets through.
        pairs: steps that have both numbers.
    """

    rows: list[Difference]
    next: str
    matching: int
    pairs: int


def differences(*, project: Project, wanted: Wanted, after: str = "") -> Differences:
    """Return the steps on which the two differ most.

    Raises:
        InvalidError: a cursor that this list did not make.
    """
    size, step = _place(after)
    rated = wanted.model_a is None
    parameters: dict[str, Any] = {
        "project": project.pk,
        "problem": wanted.problem,
        "kinds": list(wanted.kinds),
        "model_a": wanted.model_a,
        "model_b": wanted.model_b,
        "least": round(wanted.least * MILLION),
        "lean": wanted.lean,
        "opposite": wanted.opposite,
        "middle": 0.0 if rated else 0.5,
        "size": size,
        "step": step,
        "limit": PAGE + 1,
    }
    with connection.cursor() as cursor:
        cursor.execute((RATED if rated else SCORED) + FOUND, parameters)
        found = cursor.fetchall()
    steps = Step.objects.select_related("problem").in_bulk([row[0] for row in found[:PAGE]])
    for row in steps.values():
        row.problem.project = project
    rows = [
        Difference(steps[pk], a, b, n, size / MILLION) for pk, a, b, n, size, _, _ in found[:PAGE]
    ]
    more = len(found) > PAGE
    last = found[PAGE - 1] if more else None
    return Differences(
        rows,
        f"{last[4]}.{last[0]}" if last else "",
        int(found[0][5]) if found else 0,
        int(found[0][6]) if found else 0,
    )


def _place(after: str) -> tuple[int, int]:
    if not after:
        return BEYOND, BEYOND
    size, _, step = after.partition(".")
    place = whole_number(size), whole_number(step)
    if place[0] is None or place[1] is None:
        reason = "This page link is not one of this list. Start again from its first page."
        raise InvalidError(reason, fields={"cursor": reason})
    return place[0], place[1]


def models_with_scores(*, project: Project) -> list[RewardModel]:
    """Return the project's models that scored any step, newest first."""
    scored = StepScore.objects.values("model").order_by()
    rows = RewardModel.objects.filter(project=project, ready=True)
    return [row for row in rows.order_by("-pk") if scored.filter(model=row)[:1].exists()]
