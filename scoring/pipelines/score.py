"""Score every step of a project with one model, tree by tree, and keep the running reward.

What is stored stays: a job that was killed or cancelled goes on with the problems that still have
an unscored step.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, Any

from django.db import transaction

from annotator.errors import NotFoundError
from annotator.models import Problem, RewardModel, Step, StepScore
from annotator.queries.trees.columns import tree_of
from annotator.services.artefacts import artefact_folder
from annotator.services.jobs import job_hold
from annotator.services.models.added import reward_model_facts_hold
from annotator.services.models.scores import (
    score_parts_name,
    step_scores_store,
    token_scores_store,
)
from scoring.pipelines.sharing import Share
from scoring.pipelines.train import device
from scoring.reward import load
from scoring.reward.scorer import Item

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scoring.pipelines.context import JobContext
    from scoring.reward.scorer import Scorer
    from scoring.reward.scores import TreeScores
    from scoring.tree import Tree

FLUSH_STEPS = 2_000

# A worker runs job after job: the newest model stays loaded.
_warm: dict[str, Scorer] = {}


def run(context: JobContext) -> dict[str, Any]:
    """Do a ``scoring.score`` job; ``args``: ``model`` (id).

    Returns:
        The object of ``score_traces --json``, without job and state: ``scored`` and ``skipped``
        are the project's steps with and without a score of the model.
    """
    model = RewardModel.objects.filter(pk=context.args["model"], project=context.project).first()
    if model is None:
        raise NotFoundError("The model was deleted.")
    share = Share(context, model)
    context.progress(0, share.total, "Loading the model.")
    loaded = model_loaded(model) if share.total else None
    if loaded is not None:
        reward_model_facts_hold(model=model, facts=loaded.facts)
    store = _Store(context, model, share)
    try:
        if loaded is not None:
            _score(context, loaded, share, store)
        store.flush()
    finally:
        share.give_up()
    context.check()
    share.tell_end()
    scored = StepScore.objects.filter(model=model).count()
    steps = Step.objects.filter(problem__project=context.project).count()
    return {
        "model": model.name,
        "version": model.version,
        "scored": scored,
        "skipped": steps - scored,
        "excluded": dict(store.excluded),
    }


def _score(context: JobContext, loaded: Scorer, share: Share, store: _Store) -> None:
    """Score what this worker gets hold of, until nothing is left or it is asked to stop."""
    ahead: deque[Tree] = deque()  # read by the model, its scores not given yet

    def items() -> Iterator[Item]:
        for problem in _problems(share.problems()):
            ahead.append(tree_of(problem=problem))
            yield Item(problem.prompt, ahead[-1], problem.reference)

    for done, scores in enumerate(loaded.score_many(items()), start=1):
        store.add(ahead.popleft(), scores)
        share.tell(done)
        if context.should_stop():
            break


class _Store:
    """Gathers scores and writes them while this worker still holds the job."""

    def __init__(self, context: JobContext, model: RewardModel, share: Share) -> None:
        self._context = context
        self._model = model
        self._share = share
        self._steps: list[tuple[int, float]] = []
        self._tokens: list[tuple[int, float, bytes, bytes]] = []
        self._parts: dict[int, list[float]] = {}
        self._named: dict[str, str] = {}
        self.excluded: Counter[str] = Counter()

    def add(self, tree: Tree, scores: TreeScores) -> None:
        """Take the scores of one tree; its nodes' ids are step ids."""
        self._named |= {name: part.unit for name, part in scores.parts.items()}
        for position in range(1, len(tree)):
            if position in scores.skipped:
                continue
            step = int(tree.ids[position])
            self._steps.append((step, float(scores.step[position])))
            if scores.parts:
                self._parts[step] = [float(part.values[position]) for part in scores.parts.values()]
            if tokens := scores.tokens.get(position):
                _, ends, running = tokens.to_bytes()
                self._tokens.append((step, tokens.start, ends, running))
        self.excluded.update(scores.skipped.values())
        if len(self._steps) >= FLUSH_STEPS:
            self.flush()

    def flush(self) -> None:
        """Write what was gathered: tokens and steps together or not at all."""
        with transaction.atomic():
            job_hold(job=self._context.job)
            token_scores_store(model=self._model, rows=self._tokens)
            if self._parts:
                score_parts_name(model=self._model, parts=self._named)
            step_scores_store(model=self._model, rows=self._steps, parts=self._parts)
            if self._steps:
                self._context.saved()
        self._share.stored()
        self._steps, self._tokens, self._parts = [], [], {}


def _problems(ids: Iterator[int]) -> Iterator[Problem]:
    for pk in ids:
        yield Problem.objects.select_related("project").get(pk=pk)


def model_loaded(model: RewardModel) -> Scorer:
    """Return what scores with ``model``; the newest one stays loaded for the next job."""
    folder = str(artefact_folder(path=model.artefact))
    if folder not in _warm:
        loaded = load(folder, device())
        _warm.clear()
        _warm[folder] = loaded
    return _warm[folder]
