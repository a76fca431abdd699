"""Train a reward model on packed trees: ``fit``, from labelled trees to an artefact folder.

A run is a pure function of its config, data and seed: killed anywhere and started again with the
same arguments it continues from its newest checkpoint and emits the rows that it would have.
Rows after the last checkpoint are emitted a second time, with equal values; key them by (step,
name).
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from scoring.errors import CancelledError, TrainingError
from scoring.registry import load_target
from scoring.reward.memory import give_back, is_out_of_memory
from scoring.training.checkpoint import Checkpoints, Progress
from scoring.training.config import MID_RUN_PROBLEMS
from scoring.training.early import Watch, with_validation
from scoring.training.hooks import Hooks, OnMetric, OnProgress
from scoring.training.laid import Laid, no_room
from scoring.training.launch import launch
from scoring.training.objectives.registry import objective
from scoring.training.optimizer import learning_rate, make_optimizer
from scoring.training.result import FitResult, read_result, write_result
from scoring.training.rundata import RunData, Stream, run_name
from scoring.training.start import make_model
from scoring.training.update import largest_pass, not_a_number, update

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from scoring.reward.model import RewardModel
    from scoring.training.config import RunConfig
    from scoring.training.dataset import TrainingTree
    from scoring.training.examples import Example


def fit(
    config: RunConfig,
    train: Sequence[TrainingTree],
    held_out: Sequence[TrainingTree],
    *,
    out_dir: Path | str,
    stream: Stream | None = None,
    validation: Sequence[TrainingTree] = (),
    device: str = "cpu",
    on_metric: OnMetric | None = None,
    on_progress: OnProgress | None = None,
    on_saved: Callable[[], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    provenance: dict[str, Any] | None = None,
) -> FitResult:
    """Train, evaluate on ``held_out`` and write the artefact.

    Args:
        config: what and how.
        train: labelled trees.
        held_out: labelled trees of other problems (``split_by_problem``); may be empty.
        out_dir: the artefact's folder; ``checkpoints/`` in it holds a run that is not finished. If
            the artefact of this very run is there already, it is returned as it is.
        stream: number → generated tree, the same tree for the same number, for ever.
        validation: labelled trees of further problems for ``patience``; without it not used.
        device: a torch device.
        on_metric: called with the step and ``{name: value}``.
        on_progress: called with steps done, steps in all and a sentence; while evaluating, with
            held-out trees instead of steps.
        on_saved: called after each checkpoint.
        should_stop: asked before every optimiser step and after every tree evaluated.
        provenance: further words for the manifest (snapshot, rules …).

    Raises:
        TrainingError: nothing to learn from, a loss that is not a number, a full disk.
        OutOfMemoryError: passes of half the tokens do not fit either.
        ProcessLostError: one of several processes died.
        ModelLoadError, PackingError: from the base.
        CancelledError: after ``should_stop``; the run can be resumed.
    """
    hooks = Hooks.of(
        on_metric=on_metric, on_progress=on_progress, on_saved=on_saved, should_stop=should_stop
    )
    if stream is None:  # generated trees are enough to learn from
        objective(config, train).refuse(train)
    watched: Sequence[TrainingTree] = ()
    if config.training.patience is not None:
        train, watched = with_validation(train, validation)
    data = RunData(train, held_out, stream, watched)
    trainer = launch if config.training.processes > 1 else load_target(config.row.trainer)
    return trainer(config, data, Path(out_dir), torch.device(device), hooks, provenance or {})


def fit_one(
    config: RunConfig,
    data: RunData,
    out_dir: Path,
    device: torch.device,
    hooks: Hooks,
    provenance: dict[str, Any],
) -> FitResult:
    """Train one network; see ``fit``."""
    run = _Run(config, data, out_dir, device, hooks)
    done = run.finished()
    if done:
        return done
    run.train()
    return run.finish(provenance)


class _Run:
    """The state of one call of ``fit_one``."""

    def __init__(
        self, config: RunConfig, data: RunData, out_dir: Path, device: torch.device, hooks: Hooks
    ) -> None:
        self.config, self.plan, self.hooks = config, config.training, hooks
        self.data, self.held_out = data, data.held_out
        self.out_dir, self.device = out_dir, device
        self.data_hash = data.hash()
        self.team = hooks.team
        self.checkpoints = Checkpoints(out_dir / "checkpoints", self.team)
        hooks.on_progress(0, self.plan.steps, "Preparing the model and the data.")
        with self.team.first_before():  # one of them may have to learn the tokenizer
            self.model: RewardModel = make_model(
                config, data.train, data.stream, out_dir=out_dir, device=self.team.makes_on(device)
            )
        if self.plan.lm_weight and not self.model.tied:
            raise TrainingError(
                f"base '{config.base}' does not tie its output to its embedding, so it has no "
                "next-token head here; set lm_weight=0"
            )
        self.team.share_out(self.model, device)
        self.optimizer = make_optimizer(self.model.network, self.plan)
        self.model.self_check()
        self.objective = objective(config, data.train)
        self.watch = Watch(self.plan, self.objective, data.validation)
        self.progress = Progress(
            run=run_name(config, self.data_hash, self.model.tokenizer.layout_hash)
        )
        self.laid = Laid(self.model, config, self.objective, data)

    def finished(self) -> FitResult | None:
        """Return what this run left in ``out_dir`` if it came to its end before."""
        return read_result(self.out_dir, self.progress.run)

    def train(self) -> None:
        """Take optimiser steps until the budget is spent."""
        saved = self.checkpoints.restore(self.progress.run, self.model.network, self.optimizer)
        if saved:
            self.progress = saved
            if saved.pass_tokens:
                self.laid.lay_out(saved.pass_tokens)
            self.laid.feed.restore(saved.feed)
        else:
            self.team.open(self.model.network)
            self.watch.begin(self.model, self.laid.maker)
        while self.team.agree(self._goes_on):
            if self.team.agree(self.hooks.should_stop):
                self._save()
                raise CancelledError(
                    f"stopped after step {self.progress.step}; resuming continues from there"
                )
            self._step()

    def finish(self, provenance: dict[str, Any]) -> FitResult:
        """Evaluate on everything held out and write the artefact."""
        if self.team.agree(self._is_unsaved) and self.held_out:
            self._save()  # an evaluation may take long, and what ends it must not cost any training
        if self.progress.best_step:
            self.checkpoints.restore_best(self.progress.best_step, self.model.network)
        self.team.open(self.model.network)
        self.objective.settle(self.model, self.laid.maker, self.data.settling())
        metrics = self.objective.quality(
            self.model,
            self.laid.maker,
            self.held_out,
            seed=self.plan.seed,
            on_scored=lambda n: self.hooks.scored(n, len(self.held_out), self.progress.step),
        )
        self.model.network = self.team.joined(self.model.network)
        result = write_result(
            self.out_dir,
            self.model,
            self.config,
            self.progress,
            data_hash=self.data_hash,
            metrics=metrics,
            provenance={**self._provenance(), **provenance},
            team=self.team,
        )
        self.checkpoints.clear()
        return result

    def _step(self) -> None:
        began = time.perf_counter()
        step = self.progress.step + 1
        rate = learning_rate(self.plan, self._done())
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        values = self._update(step)
        if values is None:  # memory ran out; the same step again, in smaller passes
            return
        self.progress.step = step
        for name, value in values.items():
            self.progress.sums[name] = self.progress.sums.get(name, 0.0) + value
        self.progress.seconds += self.team.agree(lambda: time.perf_counter() - began)
        if step == 1 and self.plan.log_every > 1:  # something to see long before the first average
            self.hooks.on_metric(step, {**values, "learning_rate": rate})
        self._report(step, rate)
        if step % self.plan.checkpoint_every == 0:
            self._save()

    def _update(self, step: int) -> dict[str, float] | None:
        """Take one optimiser step; None if memory ran out for the first time."""
        self.team.open(self.model.network)
        self.objective.refresh(self.model, self.laid.maker, step)
        self.team.reseed(self.plan.seed, step)
        before = self.laid.feed.state()
        examples = self.laid.feed.next_step()
        try:
            tokens = self.laid.pass_tokens
            values = update(self.model, self.optimizer, examples, self.plan, tokens, self.team)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            if self.team.size > 1:  # the others are in the middle of theirs
                kept = max(self.checkpoints.steps(), default=0)
                raise no_room(largest_pass(examples, tokens), kept) from error
            values = {}
        if values is None:
            raise not_a_number(step, self.checkpoints.steps(), self.plan)
        if not values:  # here nothing holds the tensors of the pass any more
            self.laid.feed.restore(before)
            self._halve(examples)
        return values or None

    def _halve(self, examples: Sequence[Example]) -> None:
        """Go on with passes of half the size, once in a run.

        Raises:
            OutOfMemoryError: they were halved before, or cannot be.
        """
        self.optimizer.zero_grad(set_to_none=True)
        give_back()
        tried = largest_pass(examples, self.laid.pass_tokens)
        half = 0 if self.progress.pass_tokens else self.laid.halve(examples)
        if not half:
            self._save()
            raise no_room(tried, self.progress.step, halved=bool(self.progress.pass_tokens))
        self.progress.pass_tokens = half
        words = f"Memory ran out; going on with passes of {half:,} tokens."
        self.hooks.on_progress(self.progress.step, self.plan.steps, words)

    def _report(self, step: int, rate: float) -> None:
        rows: dict[str, float] = {}
        if step % self.plan.log_every == 0:
            rows |= {
                name: total / self.plan.log_every for name, total in self.progress.sums.items()
            }
            rows["learning_rate"] = rate
            self.progress.sums = {}
        if step % self.plan.evaluate_every == 0:
            self.team.open(self.model.network)
        if step % self.plan.evaluate_every == 0 and self.held_out:
            trees = self.held_out[:MID_RUN_PROBLEMS]
            found = self.objective.quality(self.model, self.laid.maker, trees, resamples=0)
            values = {name: found[name].value for name in self.objective.curve}
            rows |= {name: value for name, value in values.items() if value is not None}
        if step % self.plan.evaluate_every == 0:
            rows |= self.watch.look(self.model, self.laid.maker, self.progress, self.checkpoints)
        if rows:
            self.hooks.on_metric(step, rows)
        self.hooks.on_progress(step, self.plan.steps, f"Step {step} of {self.plan.steps}.")

    def _save(self) -> None:
        self.progress.feed = self.laid.feed.state()
        self.checkpoints.save(self.progress, self.model.network, self.optimizer)
        self.hooks.on_saved()

    def _goes_on(self) -> bool:
        return self._done() < 1.0 and not self.watch.over(self.progress)

    def _is_unsaved(self) -> bool:
        return self.progress.step not in self.checkpoints.steps()

    def _done(self) -> float:
        """Share of the run behind us: of its steps, or of its time if that is nearer its end."""
        share = self.progress.step / self.plan.steps
        limit = self.plan.max_seconds
        return share if limit is None else max(share, self.progress.seconds / limit)

    def _provenance(self) -> dict[str, Any]:
        halved = {"pass_tokens_that_fitted": self.laid.pass_tokens}
        told = {**self.laid.told(), **self.watch.told(self.progress)}
        return told | (halved if self.progress.pass_tokens else {})
