"""Score every step of a project with one model, tree by tree, and keep the running reward.

What is stored stays: only steps without a score are scored, with the steps before them as context. So a
job that was killed or cancelled goes on where it was, and new traces cost what they bring. A model that
judges all answers to a problem together (its kind's row says so) scores a problem as a whole instead,
once it has a step without a score.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
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
from scoring.reward.manifest import read_manifest
from scoring.reward.part import with_ancestors
from scoring.reward.registry import any_kind
from scoring.reward.scorer import Item

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from scoring.pipelines.context import JobContext
    from scoring.reward.scorer import Scorer
    from scoring.reward.scores import TreeScores
    from scoring.tree import Tree

FLUSH_STEPS = 2_000
NO_NUMBER = "the model gave no finite number"

# A worker runs job after job: the newest model stays loaded.
_warm: dict[str, Scorer] = {}


def run(context: JobContext) -> dict[str, Any]:
    """Do a ``scoring.score`` job; ``args``: ``model`` (id).

    Returns:
        The object of ``score_traces --json``, without job and state: ``scored`` and ``skipped``
        are the project's steps with and without a score of the model; where the model gave something
        else than finite numbers also ``tokens_without_number`` and ``steps_without_parts``.
    """
    model = RewardModel.objects.filter(pk=context.args["model"], project=context.project).first()
    if model is None:
        raise NotFoundError("The model was deleted.")
    share = Share(context, model, together=_judges_together(model))
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
        **store.missing,
    }


def _score(context: JobContext, loaded: Scorer, share: Share, store: _Store) -> None:
    """Score what this worker gets hold of, until nothing is left or it is asked to stop."""
    ahead: deque[_Asked] = deque()  # read by the model, its scores not given yet
    done = 0

    def items() -> Iterator[Item]:
        for problem in _problems(share.problems()):
            ahead.append(_asked(problem, None if share.together else store.model))
            yield Item(problem.prompt, ahead[-1].tree, problem.reference)

    for scores in loaded.score_many(items()):
        asked = ahead.popleft()
        store.add(asked.tree, scores, asked.wanted)
        done += len(asked.wanted)
        share.tell(done)
        if context.should_stop():
            break


class _Asked(NamedTuple):
    """What the model reads of a problem, and at which positions of it its scores are wanted."""

    tree: Tree
    wanted: Sequence[int]


def _asked(problem: Problem, model: RewardModel | None) -> _Asked:
    """Return the steps that ``model`` has not scored with those before them; without it, all."""
    whole = tree_of(problem=problem, model=model)
    if model is None:
        return _Asked(whole, range(1, len(whole)))
    unscored = np.isnan(whole.score)
    unscored[0] = False
    tree = with_ancestors(whole, unscored)
    new = set(whole.ids[unscored].tolist())
    return _Asked(tree, [at for at, step in enumerate(tree.ids.tolist()) if step in new])


class _Store:
    """Gathers scores and writes them while this worker still holds the job."""

    def __init__(self, context: JobContext, model: RewardModel, share: Share) -> None:
        self.model = model
        self._context = context
        self._share = share
        self._steps: list[tuple[int, float]] = []
        self._tokens: list[tuple[int, float, bytes, bytes]] = []
        self._parts: dict[int, list[float]] = {}
        self._named: dict[str, str] = {}
        self.excluded: Counter[str] = Counter()
        self.missing: Counter[str] = Counter()

    def add(self, tree: Tree, scores: TreeScores, wanted: Iterable[int]) -> None:
        """Take the scores of one tree at the wanted positions; its nodes' ids are step ids."""
        self._named |= {name: part.unit for name, part in scores.parts.items()}
        for position in wanted:
            if position in scores.skipped:
                self.excluded[scores.skipped[position]] += 1
                continue
            if not np.isfinite(scores.step[position]):
                self.excluded[NO_NUMBER] += 1
                continue
            step = int(tree.ids[position])
            self._steps.append((step, float(scores.step[position])))
            if scores.parts:
                parts = [float(part.values[position]) for part in scores.parts.values()]
                if np.isfinite(parts).all():
                    self._parts[step] = parts
                else:
                    self.missing["steps_without_parts"] += 1
            if tokens := scores.tokens.get(position):
                _, ends, running = tokens.to_bytes()
                self._tokens.append((step, tokens.start, ends, running))
                if without := int((~np.isfinite(tokens.running)).sum()):
                    self.missing["tokens_without_number"] += without
        if len(self._steps) >= FLUSH_STEPS:
            self.flush()

    def flush(self) -> None:
        """Write what was gathered: tokens and steps together or not at all."""
        with transaction.atomic():
            job_hold(job=self._context.job)
            token_scores_store(model=self.model, rows=self._tokens)
            if self._parts:
                score_parts_name(model=self.model, parts=self._named)
            step_scores_store(model=self.model, rows=self._steps, parts=self._parts)
            if self._steps:
                self._context.saved()
        self._share.stored()
        self._steps, self._tokens, self._parts = [], [], {}


def _judges_together(model: RewardModel) -> bool:
    row = any_kind(model.kind)
    if row.together is None:
        return False
    return row.judges_together(read_manifest(artefact_folder(path=model.artefact))["config"])


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
