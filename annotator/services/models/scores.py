"""Step and token scores of a model: COPY into a temporary table, then one upsert.

Scoring a problem again replaces its scores; a job that is repeated after a crash writes the same
rows once more.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from django.db import connection, transaction

from annotator.errors import InvalidError
from annotator.models import RewardModel, StepScore
from annotator.numbers import countable, flaw

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

StepRow = tuple[int, float]
TokenRow = tuple[int, float, bytes, bytes]

UPSERT_OF_STEPS = """
INSERT INTO annotator_stepscore (step_id, model_id, score, parts)
SELECT step_id, %s, score, parts FROM incoming_step_score
ON CONFLICT (step_id, model_id) DO UPDATE SET score = excluded.score, parts = excluded.parts
"""
UPSERT_OF_TOKENS = """
INSERT INTO annotator_tokenscore (step_id, model_id, start, ends, running)
SELECT step_id, %s, start, ends, running FROM incoming_token_score
ON CONFLICT (step_id, model_id) DO UPDATE SET
    start = excluded.start, ends = excluded.ends, running = excluded.running
"""


@transaction.atomic
def step_scores_store(
    *,
    model: RewardModel,
    rows: Iterable[StepRow],
    parts: Mapping[int, Sequence[float]] | None = None,
) -> int:
    """Store ``(step id, score)`` rows of ``model``, replacing what it said of these steps before.

    Args:
        model: whose scores.
        rows: the scores.
        parts: by step id what else it says of a step, as many numbers as ``model.parts`` names.

    Returns:
        How many rows were stored.

    Raises:
        InvalidError: a score or part that is not a finite number, or not as many parts as the model
            names; nothing is stored.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE IF NOT EXISTS incoming_step_score"
            " (step_id bigint, score float8, parts float8[]) ON COMMIT DROP"
        )
        cursor.execute("TRUNCATE incoming_step_score")
        with cursor.copy("COPY incoming_step_score FROM STDIN") as copy:
            for row in _finite(rows, parts or {}, len(model.parts)):
                copy.write_row(row)
        cursor.execute(UPSERT_OF_STEPS, [model.pk])
        return int(cursor.rowcount)


@transaction.atomic
def token_scores_store(*, model: RewardModel, rows: Iterable[TokenRow]) -> int:
    """Store ``(step id, start, ends, running)`` rows of ``model``; see ``TokenScore`` for the bytes.

    What is not a finite number is stored as missing (NaN): one token of a long trace is no reason to
    lose the others.

    Returns:
        How many rows were stored.

    Raises:
        InvalidError: arrays of different or broken length; nothing is stored.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE IF NOT EXISTS incoming_token_score"
            " (step_id bigint, start float8, ends bytea, running bytea) ON COMMIT DROP"
        )
        cursor.execute("TRUNCATE incoming_token_score")
        with cursor.copy("COPY incoming_token_score FROM STDIN") as copy:
            for row in _even(rows):
                copy.write_row(row)
        cursor.execute(UPSERT_OF_TOKENS, [model.pk])
        return int(cursor.rowcount)


@transaction.atomic
def score_parts_name(*, model: RewardModel, parts: Mapping[str, str]) -> None:
    """Say what a model's scores have beside them: names with their units, in order.

    Where that changes (a model that is read otherwise than before) parts stored under other names go.
    """
    named = [[name, unit] for name, unit in parts.items()]
    if named != model.parts:
        StepScore.objects.filter(model=model, parts__isnull=False).update(parts=None)
        RewardModel.objects.filter(pk=model.pk).update(parts=named)
        model.parts = named


def _finite(
    rows: Iterable[StepRow], parts: Mapping[int, Sequence[float]], named: int
) -> Iterator[tuple[int, float, list[float] | None]]:
    for step_id, score in rows:
        beside = parts.get(step_id)
        if not all(map(countable, (score, *(beside or ())))):
            raise InvalidError(
                f"The score of step {step_id} is {score}, {flaw(score)}."
                if not countable(score)
                else f"Beside the score of step {step_id} stands what is not a finite number."
            )
        if beside is not None and len(beside) != named:
            raise InvalidError(
                f"Step {step_id} has {len(beside)} numbers beside its score; the model names {named}."
            )
        yield step_id, float(score), None if beside is None else list(map(float, beside))


def _even(rows: Iterable[TokenRow]) -> Iterator[TokenRow]:
    for step_id, start, ends, running in rows:
        if len(ends) != len(running) or len(ends) % 4:
            raise InvalidError(
                f"Step {step_id} has {len(ends)} bytes of token ends and {len(running)} of rewards; "
                "both hold four bytes per token."
            )
        yield step_id, start if math.isfinite(start) else math.nan, ends, _known(running)


def _known(running: bytes) -> bytes:
    """Return packed rewards with NaN in the place of what is not finite."""
    values = np.frombuffer(running, "<f4")
    finite = np.isfinite(values)
    return running if finite.all() else np.where(finite, values, np.float32("nan")).tobytes()
