"""Runs of steps that people judged as one unit, and differently.

Two spans of one path need not be equal to be about the same: what is compared is the run that both
hold, from the later of their first steps to the last step that both reach.
"""

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

# A span's first step is above its last one, so of two first steps above one step one is above the
# other; below it, the deepest step above both last steps is where the common run ends.
SPANS = f"""
WITH aside AS MATERIALIZED ({ASIDE}), said AS MATERIALIZED (
    SELECT n.id, n.rater_id, n.rating, n.error_type_id, s.problem_id, n.first_id,
           s.preorder AS start, s.subtree_end AS start_end, s.depth, e.preorder AS stop
    FROM annotator_spanlabel n
    JOIN annotator_rater r ON r.id = n.rater_id
    JOIN annotator_step s ON s.id = n.first_id
    JOIN annotator_step e ON e.id = n.last_id
    WHERE r.project_id = %(project)s AND r.kind = ANY(%(kinds)s) AND n.rating IS NOT NULL
      AND {COUNTS}
), runs AS (
    SELECT DISTINCT a.problem_id, common.id AS last_id, common.preorder, common.subtree_end,
           CASE WHEN a.depth < b.depth THEN b.first_id ELSE a.first_id END AS first_id,
           greatest(a.start, b.start) AS start
    FROM said a
    JOIN said b ON b.problem_id = a.problem_id AND b.id > a.id AND b.rater_id <> a.rater_id
        AND (b.rating <> a.rating OR b.rating = -1 AND b.error_type_id <> a.error_type_id)
    CROSS JOIN LATERAL (
        SELECT c.id, c.preorder, c.subtree_end, c.depth
        FROM annotator_step c
        WHERE c.problem_id = a.problem_id
          AND c.preorder BETWEEN greatest(a.start, b.start) AND least(a.stop, b.stop)
          AND c.subtree_end > greatest(a.stop, b.stop)
        ORDER BY c.preorder DESC LIMIT 1
    ) common
    WHERE b.start < a.start_end AND a.start < b.start_end
), told AS (
    SELECT w.first_id, w.last_id, count(DISTINCT c.rater_id) AS people,
           min(c.rating) AS low, max(c.rating) AS high,
           count(DISTINCT c.rater_id) FILTER (WHERE c.rating = -1) AS wrong
    FROM runs w
    JOIN said c ON c.problem_id = w.problem_id
        AND c.start <= w.start AND c.start_end > w.start
        AND c.stop >= w.preorder AND c.stop < w.subtree_end
    WHERE %(decided)s = EXISTS (
        SELECT FROM annotator_adjudication x
        WHERE x.first_id = w.first_id AND x.last_id = w.last_id)
    GROUP BY w.first_id, w.last_id
), severe AS (
    SELECT *, CASE WHEN low = -1 AND high = 1 THEN 80 WHEN low = -1 AND high = 0 THEN 50
        WHEN low < high THEN 30 ELSE 20 END AS severity
    FROM told
)
SELECT first_id, last_id, severity, people, wrong
FROM severe
WHERE (severity, -first_id, -last_id) < (%(severity)s, -%(first)s::bigint, -%(last)s::bigint)
ORDER BY severity DESC, first_id, last_id
LIMIT %(size)s
"""  # noqa: S608 - own text


@dataclass(frozen=True, slots=True)
class SpanDisagreement:
    """A run of steps of one path that people judged differently.

    Attributes:
        first, last: its ends; the problem of the first is loaded.
        people: whose spans hold the whole run; ``wrong``: how many of them say −1.
        why: the difference in words.
    """

    first: Step
    last: Step
    severity: int
    people: int
    wrong: int
    why: str


def span_disagreements(
    *,
    project: Project,
    decided: bool = False,
    imported: bool = False,
    after: str = "",
    size: int = PAGE,
) -> tuple[list[SpanDisagreement], str]:
    """Return a page of runs that people judged differently, and the cursor of the next ("" = none).

    Raises:
        InvalidError: a cursor that this list did not make.
    """
    severity, first, last = cursor_read(after, ids=2)
    parameters: dict[str, Any] = {
        "project": project.pk,
        "kinds": rater_kinds(imported=imported),
        "decided": decided,
        "severity": severity,
        "first": first,
        "last": last,
        "size": size + 1,
    }
    with connection.cursor() as cursor:
        cursor.execute(SPANS, parameters)
        rows = cursor.fetchall()
    more, rows = len(rows) > size, rows[:size]
    ends = {pk for row in rows for pk in row[:2]}
    steps = Step.objects.select_related("problem").in_bulk(ends)
    found = [
        SpanDisagreement(steps[first], steps[last], level, people, wrong, WHY[level])
        for first, last, level, people, wrong in rows
    ]
    if not more:
        return found, ""
    first, last, severity, *_ = rows[-1]
    return found, cursor_make(severity, first, last)
