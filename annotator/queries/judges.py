"""Reads of what generative judges used and said.

Whether a step's verdicts are open to a person is decided by ``blindness``, as for scores.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from annotator.models import Job, JudgeAccount, JudgeAnswer, RewardModel, StepVerdict
from annotator.queries.models import score_kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from annotator.models import Project, Step
    from annotator.queries.blindness import Sight


@dataclass(frozen=True, slots=True)
class Used:
    """What a judge has used, in one job or in all.

    Attributes:
        requests: HTTP requests sent, repeated ones included.
        cached: answers that were known already.
        tokens_in, tokens_out: as the server counts them.
        cost: by the prices of the model.
        failures: reason → questions that failed and answers that could not be read, most first.
    """

    requests: int = 0
    cached: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0
    failures: dict[str, int] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return what ``--json`` and a job's result hold."""
        return {
            "calls": self.requests,
            "cached": self.cached,
            "tokens_in": self.tokens_in,
            "tokens_out": self.tokens_out,
            "cost": self.cost,
            "failures": self.failures,
        }


def answers_known(*, project: Project, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the answers of earlier runs by key, as ``scoring.judge`` keeps them."""
    rows = JudgeAnswer.objects.filter(project=project, key__in=list(keys))
    fields = ("text", "tokens_in", "tokens_out", "cut")
    return {row.pop("key"): row for row in rows.values("key", *fields)}


def used_by_job(*, job: Job) -> Used | None:
    """Return what a job of a judge has used so far; None for other kinds of jobs."""
    if job.kind != Job.Kind.JUDGE:
        return None
    return _sum(JudgeAccount.objects.filter(job=job))


def used_by_model(*, model: RewardModel) -> Used | None:
    """Return what all scoring jobs of a judge have used so far; None for other kinds."""
    if score_kind(model) != Job.Kind.JUDGE:
        return None
    return _sum(JudgeAccount.objects.filter(model=model))


def _sum(accounts: Iterable[JudgeAccount]) -> Used:
    rows = list(accounts)
    failures: Counter[str] = Counter()
    for row in rows:
        failures.update(row.failures)
    return Used(
        requests=sum(row.requests for row in rows),
        cached=sum(row.cached for row in rows),
        tokens_in=sum(row.tokens_in for row in rows),
        tokens_out=sum(row.tokens_out for row in rows),
        cost=sum(row.cost for row in rows),
        failures=dict(failures.most_common()),
    )


def verdicts_of(*, model: RewardModel, step_ids: Iterable[int]) -> dict[int, StepVerdict]:
    """Return what a judge said of steps, by step; empty for other kinds. The caller has the gate."""
    if score_kind(model) != Job.Kind.JUDGE:
        return {}
    rows = StepVerdict.objects.filter(model=model, step__in=list(step_ids))
    return {row.step_id: row for row in rows}


def verdicts_visible(*, step: Step, sight: Sight) -> list[StepVerdict]:
    """Return what judges said of a step, the newest model first; nothing where scores are shut."""
    if not sight.sees_scores(step.pk):
        return []
    rows = StepVerdict.objects.filter(step=step).select_related("model")
    return list(rows.order_by("-model_id"))
