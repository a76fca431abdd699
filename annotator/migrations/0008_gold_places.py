"""Gold that somebody gave back is taken like any other item; changes of gold are counted.

Ordinary items that come back are gone once others took their places. Gold has no places, so each
person's gold that came back remembers when that was and how many places an ordinary item would have
had free: it is gone once as many others came past it in the queue of what was given back.
"""

from __future__ import annotations

import importlib

from django.db import migrations, models

BEFORE = importlib.import_module("annotator.migrations.0004_queue_sql")

FREE = """
-- Whether gold that a person gave back would still have a place for them if it were an ordinary item.
CREATE FUNCTION annotator_gold_free(p_assignment bigint) RETURNS boolean
LANGUAGE sql STABLE AS $$
SELECT a.freed IS NULL OR a.places > (
    SELECT count(*) FROM annotator_queuecursor c
    WHERE c.queue_id = i.queue_id AND c.user_id <> a.user_id AND c.freed >= a.freed)
FROM annotator_assignment a JOIN annotator_queueitem i ON i.id = a.item_id
WHERE a.id = p_assignment
$$;
"""

# Gold that was given back before stays free for whoever gave it back.
STAMP = """
UPDATE annotator_assignment a SET freed = 0, places = 32767
FROM annotator_queueitem i JOIN annotator_queue q ON q.id = i.queue_id AND NOT q.is_exam
WHERE i.id = a.item_id AND i.gold_id IS NOT NULL AND a.state IN ('returned', 'expired');
"""

OFFER = """
-- Offer items again to people who have passed them. p_places: a place is given back for each time
-- that an item stands in p_items. Gold items have no places, for everybody gets them, but who gave
-- one back is to see what happens to any other item. So it counts as given back, with the places
-- that the next item in the person's order has, or else the one that they were served last would
-- have if they gave it back. Exams hide no gold.
CREATE OR REPLACE FUNCTION annotator_items_offer(p_items bigint[], p_places boolean) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_queue bigint;
    v_items bigint[];
    v_version bigint;
BEGIN
    FOR v_queue, v_items IN
        SELECT i.queue_id, array_agg(DISTINCT i.id)
        FROM annotator_queueitem i JOIN annotator_queue q ON q.id = i.queue_id
        WHERE i.id = ANY (p_items) AND NOT q.is_exam
        GROUP BY i.queue_id ORDER BY i.queue_id
    LOOP
        UPDATE annotator_queue SET version = version + cardinality(v_items)
        WHERE id = v_queue RETURNING version - cardinality(v_items) INTO v_version;
        UPDATE annotator_queueitem i
        SET need = i.need + CASE WHEN p_places THEN f.n ELSE 0 END,
            open = i.open OR p_places,
            freed = v_version + f.place
        FROM (
            SELECT u.id, count(*)::smallint AS n, row_number() OVER (ORDER BY u.id) AS place
            FROM unnest(p_items) AS u(id) WHERE u.id = ANY (v_items) GROUP BY u.id
        ) f
        WHERE i.id = f.id AND i.gold_id IS NULL;
        UPDATE annotator_assignment a
        SET freed = v_version + f.place,
            places = coalesce(
                (SELECT n.need FROM annotator_queueitem n
                 WHERE n.queue_id = v_queue AND n.open AND n.gold_id IS NULL
                   AND (n.position, n.id) > (c.position, c.last_id)
                 ORDER BY n.position, n.id LIMIT 1),
                (SELECT n.need + 1 FROM annotator_queueitem n WHERE n.id = c.last_id),
                1)
        FROM unnest(v_items) WITH ORDINALITY AS f(id, place)
        JOIN annotator_queueitem i ON i.id = f.id AND i.gold_id IS NOT NULL,
        annotator_queuecursor c
        WHERE p_places AND a.item_id = f.id AND a.state IN ('returned', 'expired')
          AND a.freed IS NULL AND c.queue_id = v_queue AND c.user_id = a.user_id;
    END LOOP;
END $$;
"""

NEXT = """
-- Lease the next item of a queue to a person.
-- outcome: item | nothing | building | paused | closed | exam | stopped | stranger.
-- The sub-selects of assignments stand where an anti-join could: they are looked up row by row
-- whatever the planner thinks of a table it has no statistics of.
CREATE OR REPLACE FUNCTION annotator_queue_next(p_queue bigint, p_user bigint)
RETURNS TABLE (outcome text, assignment_id bigint)
LANGUAGE plpgsql
SET enable_seqscan = off
SET enable_bitmapscan = off
AS $$
#variable_conflict use_column
DECLARE
    q record;
    c annotator_queuecursor;
    v_mine record;
    v_item annotator_queueitem;
    v_near record;
    v_found boolean := FALSE;
    v_patient boolean;
    v_position double precision;
    v_id bigint;
    v_freed bigint;
    v_first_position double precision;
    v_first_id bigint;
    v_first_freed bigint;
BEGIN
    SELECT queue.*, p.show_scores, m.role, m.paused AS stopped,
           queue.exam_id IS NULL OR EXISTS (
               SELECT FROM annotator_qualification f
               WHERE f.queue_id = queue.exam_id AND f.user_id = p_user AND f.passed
           ) AS qualified
    INTO q
    FROM annotator_queue queue
    JOIN annotator_project p ON p.id = queue.project_id
    LEFT JOIN annotator_membership m ON m.project_id = queue.project_id AND m.user_id = p_user
    WHERE queue.id = p_queue;
    IF q.role IS NULL OR q.role = 'viewer' THEN
        RETURN QUERY SELECT 'stranger', NULL::bigint; RETURN;
    ELSIF q.stopped <> '' THEN
        RETURN QUERY SELECT 'stopped', NULL::bigint; RETURN;
    END IF;

    SELECT * INTO c FROM annotator_queuecursor t
    WHERE t.queue_id = p_queue AND t.user_id = p_user FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        INSERT INTO annotator_queuecursor
            (queue_id, user_id, position, last_id, served, freed, submitted, gold, skipped)
        VALUES (p_queue, p_user, 0, 0, 0, 0, 0, 0, 0) ON CONFLICT DO NOTHING;
        SELECT * INTO c FROM annotator_queuecursor t
        WHERE t.queue_id = p_queue AND t.user_id = p_user FOR NO KEY UPDATE;
    END IF;

    -- What is in the person's hands already. A lease that ran out and that nobody has ended keeps
    -- its place; it goes on under a new fence.
    SELECT a.id, a.lease_until < statement_timestamp() AS late INTO v_mine
    FROM annotator_assignment a JOIN annotator_queueitem i ON i.id = a.item_id
    WHERE a.user_id = p_user AND a.state = 'leased' AND i.queue_id = p_queue
    ORDER BY a.id LIMIT 1 FOR NO KEY UPDATE OF a;
    IF FOUND THEN
        UPDATE annotator_assignment a
        SET lease_until = statement_timestamp() + make_interval(secs => q.lease_seconds),
            fence = a.fence + v_mine.late::integer
        WHERE a.id = v_mine.id;
        RETURN QUERY SELECT 'item', v_mine.id; RETURN;
    END IF;

    IF EXISTS (
        SELECT FROM annotator_assignment a
        WHERE a.state = 'leased' AND a.lease_until < statement_timestamp()
    ) THEN
        PERFORM annotator_leases_sweep(p_queue, 20, FALSE);
    END IF;
    IF q.n_items = 0 THEN
        RETURN QUERY SELECT 'building', NULL::bigint; RETURN;
    ELSIF q.state <> 'open' THEN
        RETURN QUERY SELECT q.state::text, NULL::bigint; RETURN;
    ELSIF NOT q.qualified THEN
        RETURN QUERY SELECT 'exam', NULL::bigint; RETURN;
    END IF;

    -- Reserved for this person. Only they can take it, so waiting for its lock is short; the queue
    -- comes first because a place that is left is offered to all again.
    SELECT i.id INTO v_near FROM annotator_queueitem i
    WHERE i.reserved_for_id = p_user AND i.queue_id = p_queue AND i.open AND i.gold_id IS NULL
      AND coalesce((SELECT a.state FROM annotator_assignment a
                    WHERE a.item_id = i.id AND a.user_id = p_user), '')
          NOT IN ('leased', 'submitted', 'skipped')
    ORDER BY i.position, i.id LIMIT 1;
    IF FOUND THEN
        PERFORM FROM annotator_queue t WHERE t.id = p_queue FOR NO KEY UPDATE;
        SELECT * INTO v_item FROM annotator_queueitem i
        WHERE i.id = v_near.id AND i.open AND i.reserved_for_id = p_user FOR NO KEY UPDATE;
        v_found := FOUND;
        IF v_found AND v_item.need > 1 THEN
            PERFORM annotator_items_offer(ARRAY[v_item.id], FALSE);
        END IF;
    END IF;

    -- Read anew, for the sweep may have freed items. What is freed after this read is counted by a
    -- larger version and found by the next call.
    SELECT t.version INTO q.version FROM annotator_queue t WHERE t.id = p_queue;
    IF NOT v_found AND c.exhausted >= q.version THEN
        RETURN QUERY SELECT 'nothing', NULL::bigint; RETURN;
    END IF;

    -- Gold: drawn by seed, person and how many were served; near the person's place in the order,
    -- because an item from far away would give itself away. What the person gave back comes again
    -- where other items do; only exams, which hide nothing, draw it anew.
    IF NOT v_found AND (q.is_exam OR (q.gold_share > 0 AND annotator_draw(
        concat_ws(':', q.seed, 'gold', p_user, c.served)) < q.gold_share))
    THEN
        SELECT i.* INTO v_item
        FROM annotator_queueitem i JOIN annotator_gold g ON g.id = i.gold_id AND g.active
        WHERE i.queue_id = p_queue AND i.gold_id IS NOT NULL AND i.id > c.last_id
          AND coalesce((SELECT CASE WHEN q.is_exam THEN a.state ELSE 'had' END
                        FROM annotator_assignment a
                        WHERE a.item_id = i.id AND a.user_id = p_user), 'expired') = 'expired'
        ORDER BY i.id LIMIT 1;
        v_found := FOUND;
        IF NOT v_found THEN
            SELECT i.* INTO v_item
            FROM annotator_queueitem i JOIN annotator_gold g ON g.id = i.gold_id AND g.active
            WHERE i.queue_id = p_queue AND i.gold_id IS NOT NULL AND i.id < c.last_id
              AND coalesce((SELECT CASE WHEN q.is_exam THEN a.state ELSE 'had' END
                            FROM annotator_assignment a
                            WHERE a.item_id = i.id AND a.user_id = p_user), 'expired') = 'expired'
            ORDER BY i.id DESC LIMIT 1;
            v_found := FOUND;
        END IF;
    END IF;

    -- First what was given back since the person passed it, then on from their cursor. A candidate
    -- that somebody holds at this moment is passed by, and the cursor stays before the first such,
    -- so it is met again. "Nothing left" is said only after a second round that waits for everybody
    -- who takes an item or gives one back at this moment.
    FOREACH v_patient IN ARRAY ARRAY[FALSE, TRUE] LOOP
        EXIT WHEN v_found;
        IF v_patient THEN
            PERFORM annotator_leases_sweep(p_queue, 1000, TRUE);
            SELECT t.version INTO q.version FROM annotator_queue t WHERE t.id = p_queue;
        END IF;
        v_freed := c.freed;
        v_first_freed := NULL;
        LOOP
            SELECT near.id, near.freed INTO v_near FROM (
                (SELECT i.id, i.freed FROM annotator_queueitem i
                 WHERE i.queue_id = p_queue AND i.open AND i.gold_id IS NULL AND i.freed IS NOT NULL
                   AND i.freed > v_freed AND i.reserved_for_id IS NULL
                   AND coalesce((SELECT a.state FROM annotator_assignment a
                                 WHERE a.item_id = i.id AND a.user_id = p_user), 'expired')
                       = 'expired'
                 ORDER BY i.freed LIMIT 1)
                UNION ALL
                (SELECT i.id, a.freed FROM annotator_assignment a
                 JOIN annotator_queueitem i ON i.id = a.item_id AND i.queue_id = p_queue
                 JOIN annotator_gold g ON g.id = i.gold_id AND g.active
                 WHERE q.gold_share > 0 AND a.user_id = p_user AND a.state = 'expired'
                   AND a.freed > v_freed AND annotator_gold_free(a.id)
                 ORDER BY a.freed LIMIT 1)
            ) near ORDER BY near.freed LIMIT 1;
            EXIT WHEN NOT FOUND;
            SELECT * INTO v_item FROM annotator_item_lock(v_near.id, v_patient);
            v_found := FOUND;
            IF v_found THEN
                c.freed := coalesce(v_first_freed - 1, v_near.freed);
                EXIT;
            END IF;
            v_first_freed := coalesce(v_first_freed, v_near.freed);
            v_freed := v_near.freed;
        END LOOP;
        EXIT WHEN v_found;
        c.freed := coalesce(v_first_freed - 1, greatest(c.freed, q.version));

        v_position := c.position;
        v_id := c.last_id;
        v_first_id := NULL;
        v_first_position := NULL;
        LOOP
            SELECT i.id, i.position INTO v_near FROM annotator_queueitem i
            WHERE i.queue_id = p_queue AND i.open AND i.gold_id IS NULL
              AND (i.position, i.id) > (v_position, v_id) AND i.reserved_for_id IS NULL
              AND coalesce((SELECT a.state FROM annotator_assignment a
                            WHERE a.item_id = i.id AND a.user_id = p_user), 'expired') = 'expired'
            ORDER BY i.position, i.id LIMIT 1;
            EXIT WHEN NOT FOUND;
            SELECT * INTO v_item FROM annotator_item_lock(v_near.id, v_patient);
            v_found := FOUND;
            IF v_found THEN
                c.position := coalesce(v_first_position, v_near.position);
                c.last_id := coalesce(v_first_id - 1, v_near.id);
                EXIT;
            END IF;
            IF v_first_id IS NULL THEN
                v_first_id := v_near.id;
                v_first_position := v_near.position;
            END IF;
            v_position := v_near.position;
            v_id := v_near.id;
        END LOOP;
    END LOOP;

    -- Last, what the person put back.
    IF NOT v_found THEN
        FOR v_near IN
            SELECT i.id FROM annotator_assignment a JOIN annotator_queueitem i ON i.id = a.item_id
            WHERE a.user_id = p_user AND a.state = 'returned' AND i.queue_id = p_queue
              AND i.open AND i.reserved_for_id IS NULL
              AND (i.gold_id IS NULL OR annotator_gold_free(a.id) AND EXISTS (
                  SELECT FROM annotator_gold g WHERE g.id = i.gold_id AND g.active))
            ORDER BY a.finished, a.id
        LOOP
            SELECT * INTO v_item FROM annotator_item_lock(v_near.id, TRUE);
            v_found := FOUND;
            EXIT WHEN v_found;
        END LOOP;
    END IF;
    IF NOT v_found THEN
        UPDATE annotator_queuecursor t SET exhausted = q.version, freed = c.freed WHERE t.id = c.id;
        RETURN QUERY SELECT 'nothing', NULL::bigint; RETURN;
    END IF;

    UPDATE annotator_queuecursor t
    SET position = c.position, last_id = c.last_id, freed = c.freed, served = c.served + 1,
        exhausted = NULL
    WHERE t.id = c.id;
    IF v_item.gold_id IS NULL THEN
        UPDATE annotator_queueitem i
        SET need = i.need - 1, open = i.need > 1, reserved_for_id = NULL WHERE i.id = v_item.id;
    END IF;
    RETURN QUERY
        INSERT INTO annotator_assignment AS a
            (item_id, user_id, state, fence, lease_until, reason, scores_shown, guideline_id)
        VALUES (
            v_item.id, p_user, 'leased', 1,
            statement_timestamp() + make_interval(secs => q.lease_seconds), '',
            q.show_scores OR annotator_draw(
                concat_ws(':', q.seed, 'reveal', p_user, v_item.id)) < q.reveal_share,
            (SELECT g.id FROM annotator_guidelineversion g
             WHERE g.project_id = q.project_id ORDER BY g.number DESC LIMIT 1)
        )
        ON CONFLICT (item_id, user_id) DO UPDATE
        SET state = 'leased', fence = a.fence + 1, lease_until = excluded.lease_until,
            started = statement_timestamp(), finished = NULL, reason = '',
            guideline_id = excluded.guideline_id, freed = NULL, places = NULL
        RETURNING 'item', a.id;
END $$;
"""


def again(function: str) -> str:
    """Return the statement that puts an older function back."""
    return function.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")


class Migration(migrations.Migration):
    dependencies = [("annotator", "0007_quality_rules")]

    operations = [
        migrations.AddField("assignment", "freed", models.BigIntegerField(null=True)),
        migrations.AddField("assignment", "places", models.SmallIntegerField(null=True)),
        migrations.AddField("project", "gold_changes", models.BigIntegerField(default=0)),
        migrations.AddField("agreementreport", "gold_changes", models.BigIntegerField(default=0)),
        migrations.RunSQL(STAMP, migrations.RunSQL.noop),
        migrations.RunSQL(FREE, "DROP FUNCTION annotator_gold_free"),
        migrations.RunSQL(OFFER, again(BEFORE.OFFER)),
        migrations.RunSQL(NEXT, again(BEFORE.NEXT)),
    ]
