"""Step and token scores of a model: COPY into a temporary table, then one upsert.

Scoring a problem again replaces its scores; a job that is repeated after a crash writes the same
rows once more.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from django.db import connection, transaction

from annotator.errors import InvalidError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from annotator.models import RewardModel

StepRow = tuple[int, float]
TokenRow = tuple[int, float, bytes, bytes]

UPSERT_OF_STEPS = """
INSERT INTO annotator_stepscore (step_id, model_id, score)
SELECT step_id, %s, score FROM incoming_step_score
ON CONFLICT (step_id, model_id) DO UPDATE SET score = excluded.score
"""
UPSERT_OF_TOKENS = """
INSERT INTO annotator_tokenscore (step_id, model_id, start, ends, running)
SELECT step_id, %s, start, ends, running FROM incoming_token_score
ON CONFLICT (step_id, model_id) DO UPDATE SET
    start = excluded.start, ends = excluded.ends, running = excluded.running
"""


@transaction.atomic
def step_scores_store(*, model: RewardModel, rows: Iterable[StepRow]) -> int:
    """Store ``(step id, score)`` rows of ``model``, replacing what it said of these steps before.

    Returns:
        How many rows were stored.

    Raises:
        InvalidError: a score that is not a finite number; nothing is stored.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE IF NOT EXISTS incoming_step_score"
            " (step_id bigint, score float8) ON COMMIT DROP"
        )
        cursor.execute("TRUNCATE incoming_step_score")
        with cursor.copy("COPY incoming_step_score FROM STDIN") as copy:
            for row in _finite(rows):
                copy.write_row(row)
        cursor.execute(UPSERT_OF_STEPS, [model.pk])
        return int(cursor.rowcount)


@transaction.atomic
def token_scores_store(*, model: RewardModel, rows: Iterable[TokenRow]) -> int:
    """Store ``(step id, start, ends, running)`` rows of ``model``; see ``TokenScore`` for the bytes.

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


def _finite(rows: Iterable[StepRow]) -> Iterator[StepRow]:
    for step_id, score in rows:
        if not math.isfinite(score):
            raise InvalidError(f"The score of step {step_id} is {score}, not a finite number.")
        yield step_id, float(score)


def _even(rows: Iterable[TokenRow]) -> Iterator[TokenRow]:
    for step_id, start, ends, running in rows:
        if len(ends) != len(running) or len(ends) % 4:
            raise InvalidError(
                f"Step {step_id} has {len(ends)} bytes of token ends and {len(running)} of rewards; "
                "both hold four bytes per token."
            )
        yield step_id, float(start), ends, running
