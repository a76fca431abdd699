"""What a scoring job of a judge writes: answers, scores with their reasons, and its account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction

from annotator.models import Job, JudgeAccount, JudgeAnswer, StepVerdict
from annotator.services.jobs import job_hold
from annotator.services.models.scores import step_scores_store

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from annotator.models import RewardModel

BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judge says of a step: the mean of ``votes`` is its score."""

    step: int
    score: float
    votes: Sequence[float]
    reasons: Sequence[str]


def judge_account_open(*, job: Job, model: RewardModel) -> JudgeAccount:
    """Return the account of a scoring job, made at its first attempt."""
    return JudgeAccount.objects.get_or_create(job=job, defaults={"model": model})[0]


@transaction.atomic
def judge_progress_store(
    *,
    account: JudgeAccount,
    job: Job,
    answers: Iterable[tuple[str, Mapping[str, Any]]],
    verdicts: Sequence[Verdict],
) -> None:
    """Store what came in since the last time, all or nothing.

    Args:
        account: of the job, with its new numbers.
        job: as its holder knows it.
        answers: key and answer, as ``scoring.judge`` keeps them.
        verdicts: on steps of the model's project; a step judged again is replaced.

    Raises:
        FencedOutError: another worker has the job; nothing is stored.
    """
    job_hold(job=job)
    model = account.model
    JudgeAnswer.objects.bulk_create(
        [JudgeAnswer(project_id=model.project_id, key=key, **row) for key, row in answers],
        batch_size=BATCH,
        ignore_conflicts=True,
    )
    step_scores_store(model=model, rows=[(row.step, row.score) for row in verdicts])
    StepVerdict.objects.bulk_create(
        [
            StepVerdict(
                step_id=row.step, model=model, votes=list(row.votes), reasons=list(row.reasons)
            )
            for row in verdicts
        ],
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["step", "model"],
        update_fields=["votes", "reasons"],
    )
    account.save()


@transaction.atomic
def judge_account_rewind(*, account: JudgeAccount, job: Job) -> None:
    """Let the job, should it be resumed, ask again about what it had to leave out.

    Raises:
        FencedOutError: another worker has the job.
    """
    job_hold(job=job)
    account.reached, account.left_out = 0, {}
    account.save(update_fields=["reached", "left_out"])
