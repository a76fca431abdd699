"""Was every promise kept? The log of events is asked, with what the clients wrote down."""

from __future__ import annotations

from typing import Any

# The places of every item, by assignments and by the log of events.
PROOF = {
    "acknowledged_but_missing": """
        SELECT count(*) FROM acknowledged a LEFT JOIN annotator_judgementevent e
            ON e.idempotency_key = a.key AND e.kind = a.kind
            AND (a.kind <> 'step_label' OR (e.payload->>'rating')::int = a.rating
                 AND e.step_id = a.step)
        WHERE e.id IS NULL""",
    "more_answers_than_wanted": """
        SELECT count(*) FROM (
            SELECT e.trace_id FROM annotator_judgementevent e WHERE e.kind = 'submission'
            GROUP BY e.trace_id HAVING count(DISTINCT e.rater_id) > %(overlap)s) t""",
    "starved": """
        SELECT count(*) FROM annotator_queueitem i WHERE i.queue_id = %(queue)s AND (
            SELECT count(DISTINCT e.rater_id) FROM annotator_judgementevent e
            WHERE e.kind = 'submission' AND e.trace_id = i.trace_id) < %(overlap)s""",
    "answers_without_event": """
        SELECT count(*) FROM annotator_assignment a
        JOIN annotator_queueitem i ON i.id = a.item_id AND i.queue_id = %(queue)s
        LEFT JOIN annotator_judgementevent e
            ON e.kind = 'submission' AND e.trace_id = i.trace_id AND e.user_id = a.user_id
        WHERE (a.state = 'submitted') <> (e.id IS NOT NULL)""",
    "wrong_places": """
        SELECT count(*) FROM (
            SELECT i.id FROM annotator_queueitem i LEFT JOIN annotator_assignment a
                ON a.item_id = i.id AND a.state IN ('leased', 'submitted')
            WHERE i.queue_id = %(queue)s
            GROUP BY i.id HAVING count(a.id) + min(i.need) <> %(overlap)s) t""",
}


def prove(
    dsn: dict[str, Any], queue: int, overlap: int, said: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return how often each promise was broken, and what happened to the leases of the dead.

    Args:
        dsn: of the database.
        queue: its id.
        overlap: answers that each item wants.
        said: lines of the clients' logs.
    """
    import psycopg

    rows = [row for row in said if "key" in row]
    died = [row["died"] for row in said if "died" in row]
    with psycopg.connect(**dsn) as connection, connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE acknowledged (key uuid, kind text, step int8, rating int)"
        )
        with cursor.copy("COPY acknowledged FROM STDIN") as copy:
            for row in rows:
                copy.write_row((row["key"], row["kind"], row["step"], row["rating"]))
        values = {"queue": queue, "overlap": overlap}
        broken = {}
        for name, statement in PROOF.items():
            cursor.execute(statement, values)
            broken[name] = cursor.fetchone()[0]
        cursor.execute(
            "SELECT count(*) FILTER (WHERE state = 'leased'), max(extract(epoch FROM finished -"
            " lease_until))::float8 FROM annotator_assignment WHERE id = ANY(%s)",
            (died,),
        )
        still, waited = cursor.fetchone()
    return {
        "broken": {**broken, "dead_leases_still_held": still},
        "acknowledged": len(rows),
        "dead_clients": len(died),
        "lost_leases": sum("lost" in row for row in said),
        "dead_leases_back_after_s": round(waited or 0, 2),
    }
