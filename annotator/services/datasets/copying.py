"""How a snapshot's rows are copied: the statements, each for a whole project."""

from __future__ import annotations

from annotator.models.finite import known_sql
from annotator.queries.agreement.asides import EXAMINED

# Grouped, not max() per problem: that would walk the primary key backwards for each of them.
PROBLEMS = """
INSERT INTO annotator_snapshotproblem
    (snapshot_id, problem_id, split, max_step, max_trace, extras)
SELECT %s, chosen.id, chosen.split, coalesce(s.newest, 0), coalesce(t.newest, 0),
       jsonb_build_object('max_record', coalesce(r.newest, 0))
FROM unnest(%s::bigint[], %s::text[]) AS chosen (id, split)
LEFT JOIN (SELECT s.problem_id, max(s.id) AS newest FROM annotator_step s
           JOIN annotator_problem p ON p.id = s.problem_id
           WHERE p.project_id = %s GROUP BY s.problem_id) s ON s.problem_id = chosen.id
LEFT JOIN (SELECT t.problem_id, max(t.id) AS newest FROM annotator_trace t
           JOIN annotator_problem p ON p.id = t.problem_id
           WHERE p.project_id = %s GROUP BY t.problem_id) t ON t.problem_id = chosen.id
LEFT JOIN (SELECT problem_id, max(id) AS newest FROM annotator_sourcerecord
           WHERE project_id = %s GROUP BY problem_id) r ON r.problem_id = chosen.id
"""
# All labels of the chosen kinds; whose vote counts is decided when targets are made (rule "rank"),
# so that a correction does not take the label it corrects out of the data.
LABELS = f"""
WITH examined AS MATERIALIZED ({EXAMINED})
INSERT INTO annotator_snapshotlabel
    (snapshot_id, problem_id, step_id, rater_id, source_id, event_id, rating, unsure, error_type,
     realises_error, note, milliseconds, meta)
SELECT %(snapshot)s, s.problem_id, l.step_id, l.rater_id, l.source_id, l.event_id, l.rating,
       l.unsure, coalesce(e.key, ''), l.realises_error, l.note, l.milliseconds, l.meta
FROM annotator_steplabel l
JOIN annotator_rater r ON r.id = l.rater_id
JOIN annotator_step s ON s.id = l.step_id
JOIN annotator_snapshotproblem p ON p.problem_id = s.problem_id AND p.snapshot_id = %(snapshot)s
LEFT JOIN annotator_errortype e ON e.id = l.error_type_id
WHERE r.project_id = %(project)s AND r.kind = ANY(%(kinds)s) AND s.id <= p.max_step
  AND NOT (l.source_id IS NULL AND EXISTS (
      SELECT FROM examined x WHERE x.user_id = r.user_id AND x.step_id = s.id))
ORDER BY l.event_id, l.id
"""  # noqa: S608 - own text
# An answer in an exam tests a person and is no opinion; it stays where it was given.
IN_EXAMS = f"""
WITH examined AS MATERIALIZED ({EXAMINED})
SELECT count(*) FROM annotator_steplabel l
JOIN annotator_rater r ON r.id = l.rater_id AND r.project_id = %(project)s
JOIN examined x ON x.user_id = r.user_id AND x.step_id = l.step_id
WHERE l.source_id IS NULL AND r.kind = ANY(%(kinds)s)
"""  # noqa: S608 - own text
OUTCOMES = f"""
INSERT INTO annotator_snapshotoutcome (snapshot_id, problem_id, trace_id, name, value, source)
SELECT %(snapshot)s, t.problem_id, o.trace_id, o.name, {known_sql("o.value")}, o.source
FROM annotator_outcome o
JOIN annotator_trace t ON t.id = o.trace_id
JOIN annotator_snapshotproblem p ON p.problem_id = t.problem_id AND p.snapshot_id = %(snapshot)s
WHERE t.id <= p.max_trace
ORDER BY o.id
"""  # noqa: S608 - own text
SPANS = f"""
WITH examined AS MATERIALIZED ({EXAMINED})
UPDATE annotator_snapshotproblem p SET extras = p.extras || jsonb_build_object('spans', found.rows)
FROM (
    SELECT s.problem_id, jsonb_agg(jsonb_build_object(
        'first', l.first_id, 'last', l.last_id, 'rater', l.rater_id, 'source', l.source_id,
        'rating', l.rating, 'error_type', coalesce(e.key, ''), 'note', l.note,
        'milliseconds', l.milliseconds
    ) ORDER BY l.event_id, l.id) AS rows
    FROM annotator_spanlabel l
    JOIN annotator_rater r ON r.id = l.rater_id
    JOIN annotator_step s ON s.id = l.first_id
    LEFT JOIN annotator_errortype e ON e.id = l.error_type_id
    JOIN annotator_snapshotproblem q
        ON q.problem_id = s.problem_id AND q.snapshot_id = %(snapshot)s
    WHERE r.project_id = %(project)s AND r.kind = ANY(%(kinds)s)
      AND greatest(l.first_id, l.last_id) <= q.max_step
      AND NOT (l.source_id IS NULL AND EXISTS (
          SELECT FROM examined x WHERE x.user_id = r.user_id AND x.step_id = l.first_id))
    GROUP BY s.problem_id
) found
WHERE p.snapshot_id = %(snapshot)s AND p.problem_id = found.problem_id
"""  # noqa: S608 - own text
ALTERNATIVES = """
UPDATE annotator_snapshotproblem p
SET extras = p.extras || jsonb_build_object('alternatives', found.rows)
FROM (
    SELECT a.problem_id, jsonb_agg(jsonb_build_object(
        'parent', a.parent_id, 'replaces', a.replaces_id, 'rater', a.rater_id,
        'source', a.source_id, 'text', a.text, 'meta', a.meta
    ) ORDER BY a.event_id, a.id) AS rows
    FROM annotator_alternative a
    JOIN annotator_rater r ON r.id = a.rater_id
    JOIN annotator_snapshotproblem q
        ON q.problem_id = a.problem_id AND q.snapshot_id = %(snapshot)s
    WHERE r.project_id = %(project)s AND r.kind = ANY(%(kinds)s)
      AND coalesce(greatest(a.parent_id, a.replaces_id), 0) <= q.max_step
    GROUP BY a.problem_id
) found
WHERE p.snapshot_id = %(snapshot)s AND p.problem_id = found.problem_id
"""
# A reviewer's decision on a step joins the labels, after them: it is the word that stands.
DECISIONS = """
INSERT INTO annotator_snapshotlabel
    (snapshot_id, problem_id, step_id, rater_id, event_id, rating, unsure, error_type,
     realises_error, note, adjudicated)
SELECT %(snapshot)s, s.problem_id, a.step_id, a.rater_id, a.event_id,
       (a.decision->>'rating')::smallint, coalesce((a.decision->>'unsure')::boolean, false),
       coalesce(a.decision->>'error_type', ''),
       coalesce((a.decision->>'realises_error')::boolean, false),
       coalesce(a.decision->>'note', ''), true
FROM annotator_adjudication a
JOIN annotator_rater r ON r.id = a.rater_id
JOIN annotator_step s ON s.id = a.step_id
JOIN annotator_snapshotproblem p ON p.problem_id = s.problem_id AND p.snapshot_id = %(snapshot)s
WHERE r.project_id = %(project)s AND r.kind = ANY(%(kinds)s) AND a.level = '' AND s.id <= p.max_step
ORDER BY a.event_id, a.id
"""
# An item that came after the snapshot's tree was fixed is not in it, nor is what is said of it.
_ITEMS_KNOWN = """
    coalesce(k.parent_id, 0) <= q.max_step AND (
        SELECT max(item::text::bigint) FROM jsonb_path_query(
            jsonb_build_array({state}->'tiers', jsonb_build_array({state}->'aside')),
            '$[*][*][*] ? (@.type() == "number")'
        ) item
    ) <= CASE k.level WHEN 'trace' THEN q.max_trace ELSE q.max_step END
"""
# Whether what a rater said of a trace, or of a place, answers an item of an exam.
_OF_EXAM = """
    EXISTS (
        SELECT FROM annotator_queue e
        JOIN annotator_queueitem i ON i.queue_id = e.id AND i.problem_id = k.problem_id
        JOIN annotator_assignment a ON a.item_id = i.id AND a.user_id = r.user_id
        WHERE e.project_id = %(project)s AND e.is_exam AND {same}
    )
"""
_FROZEN = """
UPDATE annotator_snapshotproblem p
SET extras = p.extras || jsonb_build_object('{name}', found.rows)
FROM (
    SELECT k.problem_id, jsonb_agg(jsonb_build_object({columns}) ORDER BY {order}) AS rows
    FROM annotator_{table} k
    JOIN annotator_rater r ON r.id = k.rater_id
    JOIN annotator_snapshotproblem q
        ON q.problem_id = k.problem_id AND q.snapshot_id = %(snapshot)s
    WHERE r.project_id = %(project)s AND r.kind = ANY(%(kinds)s) AND {known}
    GROUP BY k.problem_id
) found
WHERE p.snapshot_id = %(snapshot)s AND p.problem_id = found.problem_id
"""
RANKINGS = _FROZEN.format(
    name="rankings",
    table="ranking",
    columns="""
        'level', k.level, 'parent', k.parent_id, 'criterion', k.criterion, 'rater', k.rater_id,
        'tiers', k.tiers, 'aside', k.aside, 'failed', k.failed, 'shown', k.shown,
        'scores', k.scores, 'note', k.note, 'milliseconds', k.milliseconds, 'meta', k.meta
    """,
    order="k.event_id, k.id",
    known=_ITEMS_KNOWN.format(state="jsonb_build_object('tiers', k.tiers, 'aside', k.aside)")
    + " AND NOT (k.source_id IS NULL AND "
    + _OF_EXAM.format(
        same="e.task = 'rank_' || k.level AND i.parent_id IS NOT DISTINCT FROM k.parent_id"
    )
    + ")",
)
SUBMISSIONS = _FROZEN.format(
    name="submissions",
    table="submission",
    columns="""
        'trace', k.trace_id, 'rater', k.rater_id, 'reason', k.reason, 'note', k.note,
        'milliseconds', k.milliseconds
    """,
    order="k.event_id, k.id",
    known="coalesce(k.trace_id, 0) <= q.max_trace AND NOT "
    + _OF_EXAM.format(same="i.trace_id = k.trace_id"),
)
COMMENTS = _FROZEN.format(
    name="comments",
    table="comment",
    columns="""
        'id', k.id, 'kind', k.kind, 'text', k.text, 'rater', k.rater_id, 'step', k.step_id,
        'trace', k.trace_id, 'answers', k.answers_id, 'created', k.created,
        'resolved', k.resolved, 'resolution', k.resolution
    """,
    order="k.id",
    known="coalesce(k.step_id, 0) <= q.max_step AND coalesce(k.trace_id, 0) <= q.max_trace",
)
ADJUDICATIONS = _FROZEN.format(
    name="adjudications",
    table="adjudication",
    columns="""
        'step', k.step_id, 'level', k.level, 'parent', k.parent_id, 'criterion', k.criterion,
        'first', k.first_id, 'last', k.last_id, 'rater', k.rater_id, 'decision', k.decision, 'blind', k.blind, 'reason', k.reason
    """,
    order="k.event_id, k.id",
    known=f"""(
        (k.level = '' AND k.step_id <= q.max_step)
        OR (k.level = 'span' AND greatest(k.first_id, k.last_id) <= q.max_step)
        OR (k.level NOT IN ('', 'span') AND {_ITEMS_KNOWN.format(state="k.decision")})
    )""",
)
STATEMENTS = (
    LABELS,
    DECISIONS,
    OUTCOMES,
    SPANS,
    ALTERNATIVES,
    RANKINGS,
    SUBMISSIONS,
    COMMENTS,
    ADJUDICATIONS,
)
