"""How a snapshot's rows are copied: the statements, each for a whole project."""

from __future__ import annotations

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
LABELS = """
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
ORDER BY l.event_id, l.id
"""
OUTCOMES = """
INSERT INTO annotator_snapshotoutcome (snapshot_id, problem_id, trace_id, name, value, source)
SELECT %(snapshot)s, t.problem_id, o.trace_id, o.name, o.value, o.source
FROM annotator_outcome o
JOIN annotator_trace t ON t.id = o.trace_id
JOIN annotator_snapshotproblem p ON p.problem_id = t.problem_id AND p.snapshot_id = %(snapshot)s
WHERE t.id <= p.max_trace
ORDER BY o.id
"""
SPANS = """
UPDATE annotator_snapshotproblem p SET extras = p.extras || jsonb_build_object('spans', found.rows)
FROM (
    SELECT s.problem_id, jsonb_agg(jsonb_build_object(
        'first', l.first_id, 'last', l.last_id, 'rater', l.rater_id, 'source', l.source_id,
        'rating', l.rating, 'error_type', coalesce(e.key, ''), 'note', l.note
    ) ORDER BY l.event_id, l.id) AS rows
    FROM annotator_spanlabel l
    JOIN annotator_rater r ON r.id = l.rater_id
    JOIN annotator_step s ON s.id = l.first_id
    LEFT JOIN annotator_errortype e ON e.id = l.error_type_id
    JOIN annotator_snapshotproblem q
        ON q.problem_id = s.problem_id AND q.snapshot_id = %(snapshot)s
    WHERE r.project_id = %(project)s AND r.kind = ANY(%(kinds)s)
      AND greatest(l.first_id, l.last_id) <= q.max_step
    GROUP BY s.problem_id
) found
WHERE p.snapshot_id = %(snapshot)s AND p.problem_id = found.problem_id
"""
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
