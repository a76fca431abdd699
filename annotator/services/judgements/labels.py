"""Step labels: set and clear, each an event and the row that follows from it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from annotator.errors import ConflictError, NotFoundError
from annotator.models import (
    GuidelineVersion,
    JudgementEvent,
    Rater,
    Step,
    StepLabel,
)
from annotator.queries.blindness import SHOWN
from annotator.queries.prepared import prepared_row
from annotator.services.history.events import event_replayed, judgement_withdraw
from annotator.services.history.layout import (
    State,
    Target,
    milliseconds_checked,
    note_checked,
    rating_checked,
)
from annotator.services.judgements.error_types import error_type_check
from annotator.services.people.raters import rater_for_user

if TYPE_CHECKING:
    from uuid import UUID

    from django.contrib.auth.models import User

# One round trip: look everything up, lock the current label, append the event, upsert the label.
# The lock makes ``before`` true and keeps event ids in the order of the writes. Two *first* labels
# of one person in the same moment find no row to lock: each replaced nothing, and the guard on
# event_id lets the newer one stand.
LABEL_SET = f"""
WITH context AS (
    SELECT s.id AS step_id, s.problem_id, p.project_id, r.id AS rater_id, r.name AS rater,
           g.id AS guideline_id, g.number AS guideline, t.id AS error_type_id, t.retired,
           {SHOWN} AS shown_score
    FROM annotator_step s
    JOIN annotator_problem p ON p.id = s.problem_id
    JOIN annotator_project j ON j.id = p.project_id
    LEFT JOIN annotator_membership m ON m.project_id = j.id AND m.user_id = %(user)s
    JOIN annotator_rater r ON r.project_id = p.project_id AND r.user_id = %(user)s
    LEFT JOIN LATERAL (
        SELECT id, number FROM annotator_guidelineversion
        WHERE project_id = p.project_id ORDER BY number DESC LIMIT 1
    ) g ON TRUE
    LEFT JOIN annotator_errortype t
        ON t.project_id = p.project_id AND t.key = %(error_type)s
    WHERE s.id = %(step)s
), old AS (
    SELECT l.*, t.key AS error_key, g.number AS guideline
    FROM context c
    JOIN annotator_steplabel l
        ON l.step_id = c.step_id AND l.rater_id = c.rater_id AND l.source_id IS NULL
    LEFT JOIN annotator_errortype t ON t.id = l.error_type_id
    LEFT JOIN annotator_guidelineversion g ON g.id = l.guideline_id
    FOR UPDATE OF l
), event AS (
    INSERT INTO annotator_judgementevent
        (project_id, problem_id, kind, rater_id, user_id, step_id, payload, before, idempotency_key)
    SELECT c.project_id, c.problem_id, 'step_label', c.rater_id, %(user)s, c.step_id,
           %(state)s::jsonb || jsonb_build_object('guideline', c.guideline,
                                                  'shown_score', c.shown_score),
           CASE WHEN o.id IS NOT NULL THEN jsonb_build_object(
               'rating', o.rating, 'unsure', o.unsure, 'error_type', coalesce(o.error_key, ''),
               'realises_error', o.realises_error, 'note', o.note,
               'milliseconds', o.milliseconds, 'guideline', o.guideline,
               'shown_score', o.shown_score, 'meta', o.meta) END,
           %(key)s
    FROM context c LEFT JOIN old o ON TRUE
    WHERE %(error_type)s = '' OR NOT c.retired OR o.error_type_id = c.error_type_id
    ON CONFLICT (idempotency_key) DO NOTHING
    RETURNING id
), label AS (
    INSERT INTO annotator_steplabel
        (step_id, rater_id, event_id, rating, unsure, error_type_id, realises_error, note,
         milliseconds, guideline_id, shown_score)
    SELECT c.step_id, c.rater_id, e.id, %(rating)s, %(unsure)s, c.error_type_id,
           %(realises_error)s, %(note)s, %(milliseconds)s, c.guideline_id, c.shown_score
    FROM context c, event e
    ON CONFLICT (step_id, rater_id, coalesce(source_id, 0)) DO UPDATE SET
        event_id = excluded.event_id, rating = excluded.rating, unsure = excluded.unsure,
        error_type_id = excluded.error_type_id, realises_error = excluded.realises_error,
        note = excluded.note, milliseconds = excluded.milliseconds,
        guideline_id = excluded.guideline_id, shown_score = excluded.shown_score,
        meta = NULL, updated = now()
    WHERE annotator_steplabel.event_id < excluded.event_id
    RETURNING id, updated
)
SELECT c.project_id, c.rater_id, c.rater, c.guideline_id, c.guideline, c.error_type_id, e.id, l.id,
       l.updated, c.shown_score
FROM context c LEFT JOIN event e ON TRUE LEFT JOIN label l ON TRUE
"""  # noqa: S608 - own text


@dataclass(frozen=True, slots=True)
class LabelResult:
    """What became of a request: the current label (None = cleared) and the event that holds it.

    ``replayed``: the request had been stored before under its idempotency key.
    """

    label: StepLabel | None
    event_id: int | None
    replayed: bool = False


def label_set(
    *,
    step: Step,
    user: User,
    rating: int | None,
    unsure: bool = False,
    error_type: str = "",
    realises_error: bool = False,
    note: str = "",
    milliseconds: int | None = None,
    shown_score: bool | None = None,
    idempotency_key: UUID | None = None,
) -> LabelResult:
    """Record or replace ``user``'s judgement of ``step``.

    The newest guideline version is pinned to the label. Sending the same key with the same
    judgement again returns the first event, so a lost answer may simply be asked for again.

    Args:
        step: what is judged.
        user: who judges; the caller has checked that they may.
        rating: -1, 0, +1, or None: seen but not rated, which is not the same as 0.
        unsure: flags the step for the authors of the guidelines.
        error_type: key of the project's error taxonomy, "" = none; a retired one only stays.
        realises_error: the step notices and repairs an earlier error.
        note: free text.
        milliseconds: time spent on this judgement.
        shown_score: whether a model's score of the step was on screen, as the client says; what the
            server knows better it decides itself (``queries.blindness``).
        idempotency_key: chosen by the client, one for each judgement.

    Raises:
        InvalidError: a value outside the scheme; ``fields`` names it.
        ConflictError: the key was used by somebody else or for another judgement.
        NotFoundError: the step was deleted meanwhile.
    """
    state: State = {
        "rating": rating_checked(rating),
        "unsure": unsure,
        "error_type": error_type,
        "realises_error": realises_error,
        "note": note_checked(note),
        "milliseconds": milliseconds_checked(milliseconds),
        "shown_score": shown_score,
        "meta": None,
    }
    parameters = {
        **state,
        "step": step.pk,
        "user": user.pk,
        "state": json.dumps(state),
        "key": idempotency_key,
    }
    row = prepared_row(LABEL_SET, parameters)
    if row is None:
        # No rater yet: this is the person's first judgement in the project.
        rater_for_user(project=step.problem.project, user=user)
        row = prepared_row(LABEL_SET, parameters)
    if row is None:
        raise NotFoundError(f"There is no step {step.pk} any more.")
    (
        project_id,
        rater_id,
        rater,
        guideline_id,
        guideline,
        error_type_id,
        event_id,
        label_id,
        at,
        shown,
    ) = row
    if event_id is None:
        replay = _label_replay(step, user, rater_id, state, idempotency_key)
        if replay is None:
            error_type_check(project_id=project_id, key=error_type)
            # the other request with this key was rolled back after ours gave way
            raise ConflictError("The same request failed a moment ago; send it again.")
        return replay
    if label_id is None:  # a newer judgement of the same person was stored in the same moment
        return LabelResult(_label_of(step, rater_id), event_id)
    label = StepLabel(
        pk=label_id,
        step=step,
        rater_id=rater_id,
        event_id=event_id,
        rating=rating,
        unsure=unsure,
        error_type_id=error_type_id,
        realises_error=realises_error,
        note=state["note"],
        milliseconds=milliseconds,
        guideline_id=guideline_id,
        shown_score=shown,
        updated=at,
    )
    label._state.adding = False
    # What an answer names of them came with the statement; their other columns load when asked.
    label.rater = Rater.from_db(
        None,
        ["id", "kind", "name", "version"],
        [rater_id, Rater.Kind.PERSON.value, rater, ""],
    )
    if guideline_id is not None:
        label.guideline = GuidelineVersion.from_db(
            None, ["id", "number"], [guideline_id, guideline]
        )
    return LabelResult(label, event_id)


def label_clear(*, step: Step, user: User, idempotency_key: UUID | None = None) -> LabelResult:
    """Take ``user``'s label of ``step`` back, as an event; nothing to clear is no event.

    Raises:
        ConflictError: the key was used by somebody else or for another judgement.
    """
    rater = rater_for_user(project=step.problem.project, user=user)
    target = _label_target(step, rater.pk)
    done = judgement_withdraw(target=target, user=user, idempotency_key=idempotency_key)
    if done is None:
        return LabelResult(None, None)
    event, replayed = done
    return LabelResult(_label_of(step, rater.pk) if replayed else None, event.pk, replayed)


def guideline_number(project_id: int) -> int | None:
    """Return the number of the project's newest guidelines."""
    newest = GuidelineVersion.objects.filter(project=project_id).order_by("-number")
    return newest.values_list("number", flat=True).first()


def _label_replay(
    step: Step, user: User, rater_id: int, state: State, key: UUID | None
) -> LabelResult | None:
    event = event_replayed(
        target=_label_target(step, rater_id), state=state, user=user, idempotency_key=key
    )
    if event is None:
        return None
    return LabelResult(_label_of(step, rater_id), event.pk, replayed=True)


def _label_target(step: Step, rater_id: int) -> Target:
    return Target(
        kind=JudgementEvent.Kind.STEP_LABEL,
        project_id=step.problem.project_id,
        problem_id=step.problem_id,
        rater_id=rater_id,
        step_id=step.pk,
    )


def _label_of(step: Step, rater_id: int) -> StepLabel | None:
    return StepLabel.objects.filter(step=step, rater=rater_id, source=None).first()
