"""Many step labels of one action in one statement: an event for each, and the rows that follow.

What ``events.judgement_record`` does for one judgement takes six statements; a rating copied to the
rest of a trace, or the undo of that, changes hundreds of labels at once.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, connection, transaction

from annotator.services.history.events import key_used
from annotator.services.history.layout import LABEL_DEFAULTS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from django.contrib.auth.models import User

    from annotator.models import JudgementEvent
    from annotator.services.history.layout import State

# As in ``labels.LABEL_SET``: the lock makes ``before`` true, and the guard on event_id lets a newer
# judgement of the same moment stand. An event keeps the order of the changes by its id.
LABELS_RECORD = """
WITH change AS (
    SELECT c.at, c.step AS step_id, c.rater AS rater_id, c.undoes,
           nullif(c.state, 'null'::jsonb) AS state, s.problem_id, p.project_id
    FROM jsonb_to_recordset(%(changes)s::jsonb)
        AS c(at integer, step bigint, rater bigint, undoes bigint, state jsonb)
    JOIN annotator_step s ON s.id = c.step
    JOIN annotator_problem p ON p.id = s.problem_id
), old AS (
    SELECT l.*, t.key AS error_key, g.number AS guideline
    FROM change c
    JOIN annotator_steplabel l
        ON l.step_id = c.step_id AND l.rater_id = c.rater_id AND l.source_id IS NULL
    LEFT JOIN annotator_errortype t ON t.id = l.error_type_id
    LEFT JOIN annotator_guidelineversion g ON g.id = l.guideline_id
    FOR UPDATE OF l
), event AS (
    INSERT INTO annotator_judgementevent
        (project_id, problem_id, kind, rater_id, user_id, step_id, payload, before, undoes_id,
         idempotency_key, action)
    SELECT c.project_id, c.problem_id, 'step_label', c.rater_id, %(user)s, c.step_id,
           coalesce(c.state, '{"cleared": true}'::jsonb),
           CASE WHEN o.id IS NOT NULL THEN jsonb_build_object(
               'rating', o.rating, 'unsure', o.unsure, 'error_type', coalesce(o.error_key, ''),
               'realises_error', o.realises_error, 'note', o.note,
               'milliseconds', o.milliseconds, 'guideline', o.guideline,
               'shown_score', o.shown_score, 'meta', o.meta) END,
           c.undoes, CASE WHEN c.at = 0 THEN %(key)s::uuid END, %(action)s::uuid
    FROM change c LEFT JOIN old o ON o.step_id = c.step_id AND o.rater_id = c.rater_id
    ORDER BY c.at
    RETURNING id, step_id, rater_id
), cleared AS (
    DELETE FROM annotator_steplabel l
    USING old o, change c
    WHERE l.id = o.id AND o.step_id = c.step_id AND o.rater_id = c.rater_id AND c.state IS NULL
), label AS (
    INSERT INTO annotator_steplabel
        (step_id, rater_id, event_id, rating, unsure, error_type_id, realises_error, note,
         milliseconds, guideline_id, shown_score, meta)
    SELECT c.step_id, c.rater_id, e.id, n.rating, n.unsure, t.id, n.realises_error, n.note,
           n.milliseconds, g.id, n.shown_score, nullif(n.meta, 'null'::jsonb)
    FROM change c
    JOIN event e ON e.step_id = c.step_id AND e.rater_id = c.rater_id
    CROSS JOIN LATERAL jsonb_to_record(c.state)
        AS n(rating smallint, unsure boolean, error_type text, realises_error boolean, note text,
             milliseconds integer, guideline integer, shown_score boolean, meta jsonb)
    LEFT JOIN annotator_errortype t ON t.project_id = c.project_id AND t.key = n.error_type
    LEFT JOIN annotator_guidelineversion g
        ON g.project_id = c.project_id AND g.number = n.guideline
    WHERE c.state IS NOT NULL
    ON CONFLICT (step_id, rater_id, coalesce(source_id, 0)) DO UPDATE SET
        event_id = excluded.event_id, rating = excluded.rating, unsure = excluded.unsure,
        error_type_id = excluded.error_type_id, realises_error = excluded.realises_error,
        note = excluded.note, milliseconds = excluded.milliseconds,
        guideline_id = excluded.guideline_id, shown_score = excluded.shown_score,
        meta = excluded.meta, updated = now()
    WHERE annotator_steplabel.event_id < excluded.event_id
)
SELECT min(id) FROM event
"""


@dataclass(frozen=True, slots=True)
class LabelChange:
    """One label of a batch.

    Attributes:
        step_id: what is judged.
        rater_id: by whom.
        state: what it says from now on (``layout.LABEL_DEFAULTS``); None = no label any more.
        undoes: id of the event that this one takes back.
    """

    step_id: int
    rater_id: int
    state: State | None
    undoes: int | None = None

    @classmethod
    def back(cls, event: JudgementEvent) -> LabelChange:
        """Return the change that restores what the event of a label replaced."""
        if event.step_id is None or event.rater_id is None:
            message = f"event {event.pk} is not the event of a step label"
            raise ValueError(message)
        return cls(event.step_id, event.rater_id, event.before, undoes=event.pk)


def labels_record(
    *,
    changes: Sequence[LabelChange],
    user: User | None,
    action: UUID,
    idempotency_key: UUID | None = None,
) -> int:
    """Append an event for each change, in their order, and make the rows follow.

    Args:
        changes: at least one, no label twice.
        user: who does it; None = no person, so nobody's undo takes it back.
        action: what the events share, so that they are undone together.
        idempotency_key: of the whole action; its first event keeps it.

    Returns:
        The id of the first event.

    Raises:
        ConflictError: the key was used in the same moment by another request.
    """
    rows = [
        {
            "at": at,
            "step": change.step_id,
            "rater": change.rater_id,
            "undoes": change.undoes,
            # An event of long ago may lack a field that came later.
            "state": change.state if change.state is None else {**LABEL_DEFAULTS, **change.state},
        }
        for at, change in enumerate(changes)
    ]
    parameters: dict[str, Any] = {
        "changes": json.dumps(rows),
        "user": user.pk if user is not None else None,
        "key": idempotency_key,
        "action": action,
    }
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(LABELS_RECORD, parameters)
            first: int = cursor.fetchone()[0]
    except IntegrityError as error:
        if idempotency_key is None:
            raise
        raise key_used() from error
    return first
