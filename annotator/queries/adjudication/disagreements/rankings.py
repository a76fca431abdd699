"""Places that people ranked differently under one criterion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connection

from annotator.models import Problem, Ranking, Step
from annotator.queries.adjudication.disagreements.severity import (
    PAGE,
    cursor_make,
    cursor_read,
    rater_kinds,
)
from annotator.queries.agreement.asides import rankings_counted

if TYPE_CHECKING:
    from annotator.models import Project

# ``scoring.preference.distance`` in SQL, for all places at once: the sign of each pair of items in
# each ranking, compared with that of the others. Places where all say the same do not come so far.
# Everything of a place travels in its one row, and a table is never joined with itself: the planner
# cannot know how many rows a step leaves, and would choose loops that never end.
PLACES = """
WITH ranked AS (
    SELECT k.problem_id, k.level, coalesce(k.parent_id, 0) AS parent, k.criterion,
           min(k.id) AS place, count(DISTINCT k.rater_id) AS people,
           jsonb_agg(jsonb_build_object(
               'id', k.id, 'rater', k.rater_id, 'tiers', k.tiers, 'failed', k.failed,
               'scores', k.scores)) AS said
    FROM annotator_ranking k WHERE k.id IN ({counted})
    GROUP BY k.problem_id, k.level, coalesce(k.parent_id, 0), k.criterion
    HAVING count(DISTINCT k.rater_id) > 1
       AND count(DISTINCT jsonb_build_array(k.tiers, k.aside, k.failed, k.scores)) > 1
), places AS MATERIALIZED (
    SELECT place, people, said FROM ranked k
    WHERE %s = EXISTS (
        SELECT FROM annotator_adjudication x
        WHERE x.problem_id = k.problem_id AND x.level = k.level AND x.criterion = k.criterion
          AND coalesce(x.parent_id, 0) = k.parent)
), preferred AS (
    SELECT p.place, (r.said ->> 'id')::bigint AS id, (r.said ->> 'rater')::bigint AS rater, pair.*
    FROM places p
    CROSS JOIN LATERAL jsonb_array_elements(p.said) r (said)
    CROSS JOIN LATERAL (
        WITH spot AS MATERIALIZED (
            SELECT i.item::bigint AS item, r.said -> 'failed' @> i.item AS failed,
                   coalesce((r.said -> 'scores' ->> i.item::text)::float8, -t.depth) AS at
            FROM jsonb_array_elements(r.said -> 'tiers') WITH ORDINALITY t (tier, depth)
            CROSS JOIN LATERAL jsonb_array_elements(t.tier) i (item)
        )
        SELECT a.item AS one, b.item AS other,
               CASE WHEN a.failed <> b.failed THEN b.failed::int - a.failed::int
                    ELSE sign(a.at - b.at)::int END AS sign
        FROM spot a JOIN spot b ON b.item > a.item
    ) pair
), votes AS (
    SELECT place, array_agg(id) AS ids, array_agg(rater) AS raters, array_agg(sign) AS signs
    FROM preferred GROUP BY place, one, other
), apart AS (
    SELECT v.place, sum(CASE WHEN v.signs[i] = v.signs[j] THEN 0 WHEN v.signs[i] = -v.signs[j] THEN 1
                        ELSE 0.5 END)::float8 / count(*) AS distance
    FROM votes v
    CROSS JOIN LATERAL generate_subscripts(v.ids, 1) i
    CROSS JOIN LATERAL generate_series(i + 1, cardinality(v.ids)) j
    WHERE v.raters[i] <> v.raters[j]
    GROUP BY v.place, least(v.ids[i], v.ids[j]), greatest(v.ids[i], v.ids[j])
), compared AS (
    SELECT place, count(*) AS pairs,
           max(CASE WHEN distance > 0 THEN greatest(1, round(100 * distance)) ELSE 0 END) AS worst
    FROM apart GROUP BY place
), severe AS MATERIALIZED (
    SELECT p.place, p.people, greatest(coalesce(c.worst, 0), CASE WHEN coalesce(c.pairs, 0) < (
        SELECT (sum(n) ^ 2 - sum(n ^ 2)) / 2
        FROM (SELECT count(*) AS n FROM jsonb_array_elements(p.said) r (said)
              GROUP BY r.said -> 'rater') of_rater
    ) THEN 10 ELSE 0 END)::int AS severity
    FROM places p LEFT JOIN compared c USING (place)
)
SELECT place, severity, people FROM severe
WHERE severity > 0 AND (severity, -place) < (%s, -%s::bigint)
ORDER BY severity DESC, place
LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class RankingDisagreement:
    """A place that people ranked differently under one criterion.

    Attributes:
        id: of the first ranking, for paging.
        severity: 100 × the largest distance between two people (``scoring.preference.distance``);
            10 where no pair of items was compared by both.
    """

    id: int
    problem: Problem
    level: str
    parent: Step | None
    criterion: str
    severity: int
    people: int


def ranking_disagreements(
    *,
    project: Project,
    decided: bool = False,
    imported: bool = False,
    after: str = "",
    size: int = PAGE,
) -> tuple[list[RankingDisagreement], str]:
    """Return a page of places that people ranked differently, and the cursor of the next.

    Raises:
        InvalidError: a cursor that this list did not make.
    """
    severity, last = cursor_read(after)
    judged = Ranking.objects.filter(
        problem__project=project, rater__kind__in=rater_kinds(imported=imported)
    )
    counted, given = rankings_counted(judged).order_by().values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(PLACES.format(counted=counted), [*given, decided, severity, last, size + 1])
        rows = cursor.fetchall()
    more, rows = len(rows) > size, rows[:size]
    firsts = Ranking.objects.select_related("problem", "parent").in_bulk([row[0] for row in rows])
    found = [
        RankingDisagreement(
            id=pk,
            problem=firsts[pk].problem,
            level=firsts[pk].level,
            parent=firsts[pk].parent,
            criterion=firsts[pk].criterion,
            severity=level,
            people=people,
        )
        for pk, level, people in rows
    ]
    return found, cursor_make(rows[-1][1], rows[-1][0]) if more else ""
