"""The rows that the benchmark of agreement reads; PostgreSQL makes them, Python sends the ratings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


def filling(
    project: int, raters: list[int], ratings: list[int], length: int
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the statements that fill an empty database, each with its parameters.

    Args:
        project: that owns everything.
        raters: ids; everybody rates every step.
        ratings: of the first step by each rater, of the second step …
        length: steps of a problem, which are its one trace.
    """
    given = {
        "project": project,
        "problems": len(ratings) // len(raters) // length,
        "length": length,
        "raters": raters,
        "ratings": ratings,
    }
    yield (
        """INSERT INTO annotator_problem
        (project_id, key, prompt, reference, meta, n_steps, n_traces, max_depth)
        SELECT %(project)s, decode(md5(n::text), 'hex'), 'Problem ' || n, '', '{}', %(length)s, 1,
        %(length)s FROM generate_series(1, %(problems)s) AS n""",
        given,
    )
    yield (
        """INSERT INTO annotator_step (problem_id, preorder, subtree_end, depth, kind, agent, level,
        text, text_hash)
        SELECT p.id, n, %(length)s + 1, n, 'thought', '', '', 'Step ' || n || ' of ' || p.prompt,
        decode(md5(n::text), 'hex')
        FROM annotator_problem p, generate_series(1, %(length)s) AS n ORDER BY p.id, n""",
        given,
    )
    yield (
        """UPDATE annotator_step s SET parent_id = a.id FROM annotator_step a
        WHERE a.problem_id = s.problem_id AND a.preorder = s.preorder - 1""",
        {},
    )
    yield (
        """INSERT INTO annotator_trace (problem_id, end_id, ordinal, key, model)
        SELECT problem_id, id, 0, '', '' FROM annotator_step WHERE preorder = %(length)s""",
        given,
    )
    yield (
        """CREATE TEMP TABLE said AS
        SELECT s.id AS step, s.problem_id AS problem, r.rater, g.rating, g.number
        FROM (SELECT id, problem_id, row_number() OVER (ORDER BY id) - 1 AS at
              FROM annotator_step) s,
             unnest(%(raters)s::bigint[]) WITH ORDINALITY AS r (rater, place),
             unnest(%(ratings)s::int[]) WITH ORDINALITY AS g (rating, number)
        WHERE g.number = s.at * cardinality(%(raters)s::bigint[]) + r.place""",
        given,
    )
    yield (
        """INSERT INTO annotator_judgementevent
        (project_id, problem_id, kind, rater_id, step_id, payload)
        SELECT %(project)s, problem, 'step_label', rater, step,
        jsonb_build_object('rating', rating) FROM said ORDER BY number""",
        given,
    )
    yield (
        """INSERT INTO annotator_steplabel
        (step_id, rater_id, event_id, rating, unsure, realises_error, note)
        SELECT s.step, s.rater, e.id, s.rating, false, false, '' FROM said s
        JOIN annotator_judgementevent e ON e.step_id = s.step AND e.rater_id = s.rater""",
        {},
    )
