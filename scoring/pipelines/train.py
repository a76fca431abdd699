"""Train a reward model on a snapshot: freeze, read, fit, and say that the model is ready.

The model's row and its folder belong to the job, so a resumed job goes on in the same folder from
the newest checkpoint, on the same snapshot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
import transformers
from django.db import transaction

from annotator.models import RewardModel, Snapshot, Worker
from annotator.queries.datasets.snapshots import rules_of, snapshot_problems
from annotator.queries.jobs import live_workers, open_score_job
from annotator.queries.staleness import learnt_problems
from annotator.services.artefacts import artefact_folder
from annotator.services.datasets.snapshots import snapshot_automatic
from annotator.services.jobs import job_hold
from annotator.services.jobs.requests import score_request
from annotator.services.models.estimates import DEVICE, RATE
from annotator.services.models.retraining import RETRAINS
from annotator.services.models.reward_models import reward_model_create, reward_model_ready
from scoring.errors import ModelLoadError
from scoring.pipelines.retrained import compared
from scoring.pipelines.training_data import STREAMED, TEST, TRAIN, SnapshotData
from scoring.reward.artefact import load
from scoring.reward.device import device_words
from scoring.reward.shape import base_shape
from scoring.training.config import RunConfig
from scoring.training.estimate import rate_reached
from scoring.training.hooks import evaluating
from scoring.training.loop import fit
from scoring.training.objectives.registry import objective
from scoring.training.start import example_maker

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scoring.pipelines.context import JobContext
    from scoring.reward.metrics import Metric
    from scoring.training.dataset import TrainingTree
    from scoring.training.generated import ArithmeticStream
    from scoring.training.result import FitResult

SHORTEST_S = 5.0
"""Runs shorter than this say little about the rate of longer ones."""


def run(context: JobContext) -> dict[str, Any]:
    """Do a ``scoring.train`` job.

    ``args``: ``run`` (``RunConfig.to_dict``), ``name``, ``snapshot`` (id or null) and optionally
    ``generated``: draw further traces from the sample project's generator (default: if the
    snapshot holds its problems).

    Returns:
        The object of ``train_reward_model --json``, without job and state.
    """
    config = RunConfig.from_dict(context.args["run"])
    model = _model(context, config)
    if not model.ready:
        _train(context, config, model)
        model.refresh_from_db()
    if live_workers(Worker.Kind.GPU).exists() and open_score_job(model=model) is None:
        score_request(model=model, user=context.user)
    return result_of(model)


def result_of(model: RewardModel) -> dict[str, Any]:
    """Return what is told about a trained model."""
    return {
        "model": model.name,
        "version": model.version,
        "artefact": str(artefact_folder(path=model.artefact)),
        "snapshot": model.snapshot.name if model.snapshot else None,
        "seed": model.seed,
        "metrics": model.metrics,
    }


def _model(context: JobContext, config: RunConfig) -> RewardModel:
    """Return this job's model row, made with its snapshot at the first attempt."""
    known = (
        RewardModel.objects.select_related("snapshot", "project").filter(job=context.job).first()
    )
    if known is not None:
        return known
    context.progress(0, config.training.steps, "Freezing the labels.")
    chosen = context.args["snapshot"]
    with transaction.atomic():
        job_hold(job=context.job)
        snapshot = (
            Snapshot.objects.get(pk=chosen, project=context.project)
            if chosen
            else snapshot_automatic(
                project=context.project,
                rules=_rules(context, config),
                user=context.user,
                on_progress=lambda _done, _total: context.check(),
            )
        )
        return reward_model_create(
            project=context.project,
            name=context.args["name"],
            kind=config.kind,
            base=config.base,
            config=config.to_dict(),
            seed=config.training.seed,
            snapshot=snapshot,
            job=context.job,
        )


def _retrained(context: JobContext) -> RewardModel | None:
    """Return the model that this job trains the next version of, if it is still there."""
    pk = context.args.get(RETRAINS)
    rows = RewardModel.objects.select_related("snapshot").filter(
        project=context.project, ready=True
    )
    return rows.filter(pk=pk).first() if isinstance(pk, int) else None


def _rules(context: JobContext, config: RunConfig) -> dict[str, Any]:
    """Return the rules of the snapshot that is made: those of the model that is retrained, if one is."""
    old = _retrained(context)
    if old is not None and old.snapshot is not None:
        kept = ("aggregate", "neutral", "rater_kinds", "splits")
        return {name: old.snapshot.rules[name] for name in kept if name in old.snapshot.rules}
    return {"splits": _shares(config.training.held_out)}


def _shares(held_out: float) -> dict[str, float]:
    return {TRAIN: 1.0 - held_out, TEST: held_out} if held_out else {TRAIN: 1.0}


def _train(context: JobContext, config: RunConfig, model: RewardModel) -> None:
    snapshot = model.snapshot
    assert snapshot is not None  # noqa: S101 - ``_model`` gives every trained model one
    data = SnapshotData(
        snapshot_problems(snapshot=snapshot, with_sources=False),
        rules_of(snapshot=snapshot),
        config,
        context.project.primary_outcome,
    )
    stream = data.stream(config.training.seed, wanted=context.args.get("generated"))
    path = f"models/{model.pk}"
    held_out = data.held_out(streamed=stream is not None)
    every = list(held_out.values())

    def on_metric(step: int, values: Mapping[str, float]) -> None:
        context.metric(step, values)
        context.flush()  # a checkpoint may follow, from which a resumed run would not come back

    fitted = fit(
        config,
        data.train,
        held_out.pop("", []),
        out_dir=artefact_folder(path=path),
        stream=stream,
        validation=data.validation,
        device=device(),
        on_metric=on_metric,
        on_progress=context.progress,
        on_saved=context.saved,
        should_stop=context.should_stop,
        provenance=_provenance(snapshot, stream),
    )
    beside = _beside(context, fitted, [tree for group in every for tree in group])
    metrics = dict(fitted.metrics)
    for family, trees in held_out.items():
        metrics |= _family_metrics(context, fitted, family, trees, config, data.train)
    with transaction.atomic():
        job_hold(job=context.job)
        reward_model_ready(
            model=model,
            artefact=path,
            metrics={name: metric.to_dict() for name, metric in metrics.items()},
            provenance={
                **fitted.provenance,
                **_rate(config, fitted),
                **({"compared": beside} if beside else {}),
                "lost": {
                    **fitted.provenance.get("lost", {}),
                    **snapshot.counts.get("excluded", {}),
                },
                "measured_on": data.measured_on(streamed=stream is not None),
                "steps": fitted.steps,
                "seconds": round(fitted.seconds, 1),
            },
        )


def _beside(context: JobContext, fitted: FitResult, held_out: list[TrainingTree]) -> dict[str, Any]:
    """Return the comparison with the model that this one was retrained from, {} if there is none."""
    old = _retrained(context)
    if old is None:
        return {}

    def scored(done: int, total: int) -> None:
        context.progress(done, total, f"Comparing with {old}: {done:,} of {total:,} trees scored.")
        context.check()

    return compared(
        old,
        fitted.artefact,
        held_out,
        learnt_problems(model=old),
        device=device(),
        on_scored=scored,
    )


def _rate(config: RunConfig, fitted: FitResult) -> dict[str, Any]:
    """Return how fast it was, from which the next run's time is estimated."""
    if config.training.processes > 1:  # the rate of a device, not of several
        return {}
    try:
        shape = base_shape(config.base, config.learner.model)
    except ModelLoadError:
        shape = None
    if shape is None or fitted.seconds < SHORTEST_S:
        return {}
    reached = rate_reached(config.training, shape, fitted.steps, fitted.seconds)
    return {RATE: round(reached), DEVICE: device_words()}


def device() -> str:
    """Return where models run."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def _family_metrics(
    context: JobContext,
    fitted: FitResult,
    family: str,
    trees: list[TrainingTree],
    config: RunConfig,
    train: list[TrainingTree],
) -> dict[str, Metric]:
    """Evaluate held-out problems of another family than the one that was generated."""

    def scored(done: int) -> None:
        words = evaluating(done, len(trees), f"held-out problems of {family}")
        context.progress(done, len(trees), words)
        context.check()

    model = load(fitted.artefact, device())
    learnt = objective(config, train)
    maker = example_maker(model, config, learnt)
    found = learnt.quality(model, maker, trees, seed=config.training.seed, on_scored=scored)
    return {f"{family}/{name}": metric for name, metric in found.items()}


def _provenance(snapshot: Snapshot, stream: ArithmeticStream | None) -> dict[str, Any]:
    return {
        "snapshot": snapshot.name,
        "snapshot_hash": snapshot.hash,
        "rules": {k: v for k, v in snapshot.rules.items() if k != "max_score"},
        "generator": None
        if stream is None
        else {
            "name": f"samples.{STREAMED}",
            "seed": stream.seed,
            "held_out_excluded": len(stream.excluded),
        },
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }
