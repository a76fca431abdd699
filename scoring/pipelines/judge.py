"""Have a generative judge score every step of a project, over the network and without torch.

It waits for a server nearly all the time, so it runs on an io worker: on a gpu worker it would hold
the device for hours that trainings wait for. Imports and exports would wait as well, so on an io
worker it gives way to them between problems, with nothing on its way and nothing lost.

What came in is stored once a second: who kills the worker loses the calls since then. Every answer
is kept, also those that cannot be read, so that a run that goes on pays for nothing twice.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from contextlib import closing
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from annotator.errors import NotFoundError
from annotator.models import RewardModel, Step, StepScore
from annotator.queries.jobs import job_waits_behind
from annotator.queries.judges import Used, answers_known, used_by_job
from annotator.queries.models import problems_to_score
from annotator.services.artefacts import artefact_folder
from annotator.services.judgements.verdict_labels import verdict_labels_record
from annotator.services.models.added import reward_model_facts_hold
from annotator.services.models.endpoints import endpoint_key
from annotator.services.models.judges import (
    judge_account_open,
    judge_account_rewind,
    judge_progress_store,
)
from scoring.errors import CancelledError, JudgeEndpointError
from scoring.judge import Judge
from scoring.judge.endpoint import Spent
from scoring.judge.prompt import judge_facts
from scoring.pipelines.judge_round import Round
from scoring.reward.manifest import config_of, read_manifest
from scoring.reward.registry import added_kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scoring.judge import JudgeConfig, Question
    from scoring.pipelines.context import JobContext

FLUSH_S = 1.0
SLICE_S = 30.0
USED = tuple(field.name for field in fields(Spent) if field.name != "failures")


def run(context: JobContext) -> dict[str, Any]:
    """Do a ``scoring.judge`` job; ``args``: ``model`` (id).

    Returns:
        The object of ``score_traces --json``, without job and state: ``excluded`` counts steps,
        ``failures`` questions and answers.
    """
    model = RewardModel.objects.filter(pk=context.args["model"], project=context.project).first()
    if model is None:
        raise NotFoundError("The model was deleted.")
    config = _config(model)
    reward_model_facts_hold(model=model, facts=judge_facts(config))
    work = _Work(context, model, config)
    try:
        work.ask()
    except JudgeEndpointError:
        judge_account_rewind(account=work.account, job=context.job)
        raise
    if context.cancelled:
        judge_account_rewind(account=work.account, job=context.job)
    context.check()
    if work.gave_way:
        raise CancelledError("Other jobs wait for this worker.")
    return work.result() | (_labels(context, model) if context.args.get("labels") else {})


def _labels(context: JobContext, model: RewardModel) -> dict[str, int]:
    """Make labels of the verdicts, as somebody asked."""
    made = 0
    while n := verdict_labels_record(model=model, job=context.job):
        made += n
        context.check()
    return {"labels": made}


def _config(model: RewardModel) -> JudgeConfig:
    folder = artefact_folder(path=model.artefact)
    config: JudgeConfig = config_of(added_kind(model.kind), read_manifest(folder))
    return config


class _Answers:
    """Known answers for the judge's thread, and its new ones until they are stored."""

    def __init__(self) -> None:
        self.known: dict[str, dict[str, Any]] = {}
        self._new: deque[tuple[str, dict[str, Any]]] = deque()

    def get(self, key: str) -> dict[str, Any] | None:
        return self.known.pop(key, None)

    def put(self, key: str, answer: dict[str, Any]) -> None:
        self._new.append((key, answer))

    def take(self) -> list[tuple[str, dict[str, Any]]]:
        """Return the new ones, once; the other thread may go on adding."""
        return [self._new.popleft() for _ in range(len(self._new))]


class _Work:
    """One attempt at the job.

    Attributes:
        account: what the job has used, this attempt and those before.
        gave_way: other jobs wait for this worker.
    """

    def __init__(self, context: JobContext, model: RewardModel, config: JudgeConfig) -> None:
        key = endpoint_key(config=config)
        self.account = judge_account_open(job=context.job, model=model)
        self.gave_way = False
        self._context = context
        self._model = model
        self._answers = _Answers()
        used = {name: getattr(self.account, name) for name in USED}
        spent = Spent(**used, failures=Counter(self.account.failures))
        self._judge = Judge(config, self._answers, key=key, spent=spent)
        self._round = Round(config, left_out=self.account.left_out)
        self._scored = StepScore.objects.filter(model=model).count()
        self._steps = Step.objects.filter(problem__project=context.project).count()
        self._started = self._flushed = self._looked = time.monotonic()

    def ask(self) -> None:
        """Ask until all is asked, or somebody wants the job to stop.

        Raises:
            JudgeEndpointError: no further question would fare better.
        """
        self._tell()
        try:
            with closing(self._judge.stream(self._questions())) as stream:
                for event in stream:
                    if event is not None:
                        self._round.take(*event)
                        self._tell()
                    if time.monotonic() - self._flushed > FLUSH_S:
                        self._flush()
                    if self._context.should_stop():
                        break
        except JudgeEndpointError:
            self._flush()
            raise
        self._flush()

    def result(self) -> dict[str, Any]:
        """Return the object of ``score_traces --json``, without job and state."""
        scored = StepScore.objects.filter(model=self._model).count()
        return {
            "model": self._model.name,
            "version": self._model.version,
            "scored": scored,
            "skipped": self._steps - scored,
            "excluded": dict(self._round.left_out),
            **(used_by_job(job=self._context.job) or Used()).to_dict(),
        }

    def _questions(self) -> Iterator[Question]:
        waiting = [pk for pk in problems_to_score(model=self._model) if pk > self.account.reached]
        for pk in waiting:
            # Whoever gives way has to have done something, or two would do nothing else.
            if pk != waiting[0] and self._others_wait():
                self.gave_way = True
                return
            for question in self._round.questions(pk, self._model):
                if self._context.should_stop():  # also at the start: a worker may be on its way out
                    return
                keys = self._judge.keys(question)
                self._answers.known |= answers_known(project=self._context.project, keys=keys)
                yield question

    def _others_wait(self) -> bool:
        """Look once a second, after a fair share, whether another job needs this worker.

        A command's own process works for nobody else.
        """
        now = time.monotonic()
        if self._context.job.worker_id is None or now - self._started < SLICE_S:
            return False
        if now - self._looked < FLUSH_S:
            return False
        self._looked = now
        return job_waits_behind(job=self._context.job)

    def _flush(self) -> None:
        """Store what came in; the account is right for exactly that."""
        self._flushed = time.monotonic()
        for name in USED:
            setattr(self.account, name, getattr(self._judge.spent, name))
        self.account.failures = dict(self._judge.spent.failures)
        self.account.reached = max(self.account.reached, self._round.reached)
        self.account.left_out = dict(self._round.left_out_for_good)
        verdicts = self._round.verdicts()
        self._scored += len(verdicts)
        answers = self._answers.take()
        judge_progress_store(
            account=self.account, job=self._context.job, answers=answers, verdicts=verdicts
        )
        if answers or verdicts:
            self._context.saved()

    def _tell(self) -> None:
        spent = self._judge.spent
        done = self._scored + self._round.waiting + self._round.left_out.total()
        cost = f", cost {spent.cost:.4g}" if spent.cost else ""
        self._context.progress(
            done,
            self._steps,
            f"{done:,} of {self._steps:,} steps done: {spent.requests:,} calls, "
            f"{spent.cached:,} answers known already{cost}.",
        )
