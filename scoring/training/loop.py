"""Train a reward model on packed trees: ``fit``, from labelled trees to an artefact folder.

A run is a pure function of its config, data and seed: killed anywhere and started again with the
same arguments it continues from its newest checkpoint and emits the rows that it would have.
Rows after the last checkpoint are emitted a second time, with equal values; key them by (step,
name).
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from scoring.errors import CancelledError, TrainingError
from scoring.registry import load_target
from scoring.training.checkpoint import Checkpoints, Progress
from scoring.training.config import MID_RUN_PROBLEMS
from scoring.training.examples import Feed, Lost, passes
from scoring.training.hooks import Hooks, OnMetric, OnProgress
from scoring.training.losses import Denominators, pass_loss
from scoring.training.objectives.registry import objective
from scoring.training.optimizer import learning_rate, make_optimizer
from scoring.training.result import FitResult, read_result, write_result
from scoring.training.rundata import RunData, Stream
from scoring.training.start import example_maker, make_model

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from scoring.reward.model import RewardModel
    from scoring.training.config import RunConfig
    from scoring.training.dataset import TrainingTree


def fit(
    config: RunConfig,
    train: Sequence[TrainingTree],
    held_out: Sequence[TrainingTree],
    *,
    out_dir: Path | str,
    stream: Stream | None = None,
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
        device: a torch device.
        on_metric: called with the step and ``{name: value}``.
        on_progress: called with steps done, steps in all and a sentence; while evaluating, with
            held-out trees instead of steps.
        on_saved: called after each checkpoint.
        should_stop: asked before every optimiser step and after every tree evaluated.
        provenance: further words for the manifest (snapshot, rules …).

    Raises:
        TrainingError: nothing to learn from, a loss that is not a number, a full disk.
        ModelLoadError, PackingError: from the base.
        CancelledError: after ``should_stop``; the run can be resumed.
    """
    hooks = Hooks.of(
        on_metric=on_metric, on_progress=on_progress, on_saved=on_saved, should_stop=should_stop
    )
    if stream is None:  # generated trees are enough to learn from
        objective(config, train).refuse(train)
    data = RunData(train, held_out, stream)
    trainer = load_target(config.row.trainer)
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
        train, stream = data.train, data.stream
        self.checkpoints = Checkpoints(out_dir / "checkpoints")
        hooks.on_progress(0, self.plan.steps, "Preparing the model and the data.")
        self.model: RewardModel = make_model(config, train, stream, out_dir=out_dir, device=device)
        if self.plan.lm_weight and not self.model.tied:
            raise TrainingError(
                f"base '{config.base}' does not tie its output to its embedding, so it has no "
                "next-token head here; set lm_weight=0"
            )
        self.model.self_check()
        self.optimizer = make_optimizer(self.model.network, self.plan)
        self.objective = objective(config, train)
        self.maker = example_maker(self.model, config, self.objective)
        self.lost = Lost(self.objective.noun)
        own = [example for item in train for example in self.maker.make(item, self.lost)]
        if stream is None and not any(len(e.units) for e in own):
            raise TrainingError(f"nothing is left to learn from: {self.lost}")
        self.feed = Feed(
            own,
            seed=self.plan.seed,
            step_tokens=self.plan.step_tokens or 0,
            stream=stream,
            stream_share=self.plan.stream_share,
            maker=self.maker,
        )
        self.progress = Progress(run=self._name())

    def finished(self) -> FitResult | None:
        """Return what this run left in ``out_dir`` if it came to its end before."""
        return read_result(self.out_dir, self.progress.run)

    def train(self) -> None:
        """Take optimiser steps until the budget is spent."""
        saved = self.checkpoints.restore(self.progress.run, self.model.network, self.optimizer)
        if saved:
            self.progress = saved
            self.feed.restore(saved.feed)
        while not self._spent():
            if self.hooks.should_stop():
                self._save()
                raise CancelledError(
                    f"stopped after step {self.progress.step}; resuming continues from there"
                )
            self._step()

    def finish(self, provenance: dict[str, Any]) -> FitResult:
        """Evaluate on everything held out and write the artefact."""
        if self.held_out and self.progress.step not in self.checkpoints.steps():
            self._save()  # an evaluation may take long, and what ends it must not cost any training
        self.objective.settle(self.model, self.maker, self.data.settling())
        metrics = self.objective.quality(
            self.model, self.maker, self.held_out, seed=self.plan.seed, on_scored=self._evaluated
        )
        result = write_result(
            self.out_dir,
            self.model,
            self.config,
            self.progress,
            data_hash=self.data_hash,
            metrics=metrics,
            provenance={**self._provenance(), **provenance},
        )
        self.checkpoints.clear()
        return result

    def _evaluated(self, done: int) -> None:
        self.hooks.scored(done, len(self.held_out), self.progress.step)

    def _step(self) -> None:
        began = time.perf_counter()
        step = self.progress.step + 1
        rate = learning_rate(self.plan, self._done())
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        values = self._update(step)
        self.progress.step = step
        for name, value in values.items():
            self.progress.sums[name] = self.progress.sums.get(name, 0.0) + value
        self.progress.seconds += time.perf_counter() - began
        if step == 1 and self.plan.log_every > 1:  # something to see long before the first average
            self.hooks.on_metric(step, {**values, "learning_rate": rate})
        self._report(step, rate)
        if step % self.plan.checkpoint_every == 0:
            self._save()

    def _update(self, step: int) -> dict[str, float]:
        """Accumulate the gradient of one optimiser step and apply it."""
        examples = self.feed.next_step()
        denominators = Denominators.of(examples)
        self.model.network.train()
        self.optimizer.zero_grad(set_to_none=True)
        label = lm = 0.0
        for group in passes(examples, self.plan.pass_tokens):
            parts = pass_loss(
                self.model.network,
                self.model.kind,
                group,
                denominators,
                lm_weight=self.plan.lm_weight or 0.0,
                device=self.device,
                bfloat16=self.plan.precision == "bfloat16",
            )
            parts.total.backward()
            label, lm = label + parts.label, lm + parts.lm
        norm = float(
            torch.nn.utils.clip_grad_norm_(self.model.network.parameters(), self.plan.clip)
        )
        loss = label + (self.plan.lm_weight or 0.0) * lm
        if not math.isfinite(loss) or not math.isfinite(norm):
            self._stop_at(step)
        self.optimizer.step()
        self.model.network.eval()
        return {"loss": loss, "label_loss": label, "lm_loss": lm, "gradient_norm": norm}

    def _stop_at(self, step: int) -> None:
        kept = self.checkpoints.steps()
        last = (
            f"the checkpoint of step {kept[-1]} is kept" if kept else "there is no checkpoint yet"
        )
        raise TrainingError(
            f"the loss is not a number at step {step}; {last}. Lower learning_rate "
            f"(now {self.plan.learning_rate:g}) or clip (now {self.plan.clip:g})"
        )

    def _report(self, step: int, rate: float) -> None:
        rows: dict[str, float] = {}
        if step % self.plan.log_every == 0:
            rows |= {
                name: total / self.plan.log_every for name, total in self.progress.sums.items()
            }
            rows["learning_rate"] = rate
            self.progress.sums = {}
        if step % self.plan.evaluate_every == 0 and self.held_out:
            held = self.held_out[:MID_RUN_PROBLEMS]
            found = self.objective.quality(self.model, self.maker, held, resamples=0)
            values = {name: found[name].value for name in self.objective.curve}
            rows |= {name: value for name, value in values.items() if value is not None}
        if rows:
            self.hooks.on_metric(step, rows)
        self.hooks.on_progress(step, self.plan.steps, f"Step {step} of {self.plan.steps}.")

    def _save(self) -> None:
        self.progress.feed = self.feed.state()
        self.checkpoints.save(self.progress, self.model.network, self.optimizer)
        self.hooks.on_saved()

    def _spent(self) -> bool:
        return self._done() >= 1.0

    def _done(self) -> float:
        """Share of the run behind us: of its steps, or of its time if that is nearer its end."""
        share = self.progress.step / self.plan.steps
        limit = self.plan.max_seconds
        return share if limit is None else max(share, self.progress.seconds / limit)

    def _provenance(self) -> dict[str, Any]:
        return {
            "problems": len({item.problem_key for item in self.data.train}),
            "labelled_steps": int(sum(len(item.labelled) for item in self.data.train)),
            "held_out_problems": len({item.problem_key for item in self.held_out}),
            "held_out_steps": int(sum(len(item.labelled) for item in self.held_out)),
            "learnt_from": self.objective.noun,
            "units": self._count(self.data.train),
            "held_out_units": self._count(self.held_out),
            "labels_beyond_context": self.lost.labels,
            "equal_texts": self.lost.identical,
            "epochs": self.feed.epoch,
            "generated_traces": self.feed.generated,
            "generated_steps": self.feed.generated_steps,
        }

    def _count(self, trees: Sequence[TrainingTree]) -> int:
        return sum(len(self.objective.units(item)) for item in trees)

    def _name(self) -> str:
        parts = [self.config.to_dict(), self.data_hash, self.model.tokenizer.layout_hash]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
