"""Steps that people rated differently."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection

from annotator.models import Step
from annotator.queries.adjudication.disagreements.severity import (
    PAGE,
    WHY,
    cursor_make,
    cursor_read,
    rater_kinds,
)
from annotator.queries.agreement.asides import ASIDE, COUNTS

if TYPE_CHECKING:
    from annotator.models import Project

# ``kinds`` says whose judgements count. An earlier −1 of the same person makes a later one no first error.
STEPS = f"""
WITH aside AS MATERIALIZED ({ASIDE}), differing AS (
    SELECT l.step_id, count(DISTINCT l.rater_id) AS people,
           min(l.rating) AS low, max(l.rating) AS high,
           count(*) FILTER (WHERE l.rating = -1) AS wrong,
           bool_or(l.rating IS NULL) AND bool_or(l.rating IS NOT NULL) AS unsure,
           count(DISTINCT l.error_type_id) FILTER (WHERE l.rating = -1) > 1 AS types
    FROM annotator_steplabel l
    JOIN annotator_rater r ON r.id = l.rater_id
    JOIN annotator_step s ON s.id = l.step_id
    WHERE r.project_id = %(project)s AND r.kind = ANY(%(kinds)s)
      AND (l.rating IS NOT NULL OR l.unsure) AND {COUNTS}
    GROUP BY l.step_id
    HAVING count(DISTINCT l.rater_id) > 1
), told AS (
    SELECT d.*, s.problem_id, s.preorder, d.low = -1 AND d.high > -1 AND EXISTS (
        SELECT FROM annotator_steplabel a
        JOIN annotator_rater r ON r.id = a.rater_id AND r.kind = ANY(%(kinds)s)
        WHERE a.step_id = d.step_id AND a.rating = -1 AND {COUNTS} AND NOT EXISTS (
            SELECT FROM annotator_step e
            JOIN annotator_steplabel b
                ON b.step_id = e.id AND b.rater_id = a.rater_id AND b.rating = -1
            WHERE e.problem_id = s.problem_id
              AND e.preorder < s.preorder AND e.subtree_end > s.preorder)
    ) AS first_error
    FROM differing d JOIN annotator_step s ON s.id = d.step_id
    WHERE (d.low < d.high OR d.unsure OR d.types)
      AND %(decided)s = EXISTS (SELECT FROM annotator_adjudication x WHERE x.step_id = d.step_id)
), severe AS (
    SELECT *, CASE WHEN first_error THEN 100 WHEN low = -1 AND high = 1 THEN 80
        WHEN low = -1 AND high = 0 THEN 50 WHEN low < high THEN 30
        WHEN types THEN 20 ELSE 10 END AS severity
    FROM told
)
SELECT step_id, severity, people, wrong
FROM severe
WHERE (severity, -step_id) < (%(severity)s, -%(id)s::bigint)
ORDER BY severity DESC, step_id
LIMIT %(size)s
"""  # noqa: S608 - own text


@dataclass(frozen=True, slots=True)
class StepDisagreement:
    """A step that people rated differently.

    Attributes:
        people: how many judged it; ``wrong``: how many of them −1.
        why: the difference in words.
    """

    step: Step
    severity: int
    people: int
    wrong: int
    why: str


def step_disagreements(
    *,
    project: Project,
    decided: bool = False,
    imported: bool = False,
    after: str = "",
    size: int = PAGE,
) -> tuple[list[StepDisagreement], str]:
    """Return a page of steps that people rated differently, and the cursor of the next ("" = none).

    Raises:
        InvalidError: a cursor that this list did not make.
    """
    severity, last = cursor_read(after)
    parameters: dict[str, Any] = {
        "project": project.pk,
        "kinds": rater_kinds(imported=imported),
        "decided": decided,
        "severity": severity,
        "id": last,
        "size": size + 1,
    }
    with connection.cursor() as cursor:
        cursor.execute(STEPS, parameters)
        rows = cursor.fetchall()
    more, rows = len(rows) > size, rows[:size]
    steps = Step.objects.select_related("problem").in_bulk([row[0] for row in rows])
    found = [
        StepDisagreement(steps[pk], level, people, wrong, WHY[level])
        for pk, level, people, wrong in rows
    ]
    return found, cursor_make(rows[-1][1], rows[-1][0]) if more else ""
