"""Train an ensemble: its members one after another in one job, then what reads them together.

Members share nothing but the data, the tokenizer and the base they start from: each has its own seed (a
function of the run's and its number) for head, weights of a base made here, and order of the data, and
its own share of generated traces. Sharing a decoder would be k times cheaper and would not do: what a
fine-tuned decoder has got wrong all heads on it get wrong alike, and they would agree about it.

Only one member is in memory while training. Finished ones are artefacts below ``members``; a run that was
killed finds them there and goes on in the middle of the one that was not.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from scoring.errors import CancelledError
from scoring.reward.members import join_members, member_folder, save_members
from scoring.training.checkpoint import Progress
from scoring.training.loop import fit_one
from scoring.training.objectives.compared import outputs
from scoring.training.objectives.registry import objective
from scoring.training.result import read_result, write_result
from scoring.training.rundata import run_name
from scoring.training.start import example_maker, share_tokenizer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import torch

    from scoring.reward.model import RewardModel
    from scoring.training.config import RunConfig
    from scoring.training.dataset import TrainingTree
    from scoring.training.examples import ExampleMaker
    from scoring.training.hooks import Hooks
    from scoring.training.objectives.units import Floats
    from scoring.training.result import FitResult
    from scoring.training.rundata import RunData, Stream


def fit_members(
    config: RunConfig,
    data: RunData,
    out_dir: Path,
    device: torch.device,
    hooks: Hooks,
    provenance: dict[str, Any],
) -> FitResult:
    """Train every member, put them on a common scale, measure them together and write the artefact."""
    name = _name(config, data)
    done = read_result(out_dir, name)
    if done:
        return done
    count = _count(config)
    members = [_fit_member(number, config, data, out_dir, device, hooks) for number in range(count)]
    if not hooks.team.first:  # what is left is no training, and the first does it
        return members[-1]
    steps = sum(member.steps for member in members)
    learnt = objective(config, data.train)
    model = join_members(out_dir, count, config.row.load(config.model), str(device))
    maker = example_maker(model, config, learnt)
    settling = data.settling()
    model.kind.normalise(_member_values(model, maker, settling))
    learnt.settle(model, maker, settling)
    metrics = learnt.quality(
        model,
        maker,
        data.held_out,
        seed=config.training.seed,
        on_scored=lambda n: hooks.scored(n, len(data.held_out), steps),
    )
    result = write_result(
        out_dir,
        model,
        config,
        Progress(name, step=steps, seconds=sum(member.seconds for member in members)),
        data_hash=data.hash(),
        metrics=metrics,
        provenance={**_provenance(members), **provenance},
        save=save_members,
    )
    for number in range(count):
        shutil.rmtree(member_folder(out_dir, number) / "checkpoints", ignore_errors=True)
    shutil.rmtree(out_dir / "checkpoints", ignore_errors=True)
    return result


def _fit_member(
    number: int,
    config: RunConfig,
    data: RunData,
    out_dir: Path,
    device: torch.device,
    hooks: Hooks,
) -> FitResult:
    """Train one member, or find it trained; it is measured like any model of its kind."""
    folder = member_folder(out_dir, number)
    with hooks.team.first_before():
        share_tokenizer(config, data.train, data.stream, out_dir, folder)
    own = replace(data, stream=_own_stream(data.stream, number, _count(config)))
    try:
        return fit_one(
            config.member(number), own, folder, device, _heard(number, config, hooks), {}
        )
    except CancelledError as error:
        raise CancelledError(f"member {number + 1}: {error}") from error


def _own_stream(stream: Stream | None, number: int, count: int) -> Stream | None:
    """Return every ``count``-th generated tree, so that no two members see the same one."""
    return None if stream is None else lambda n: stream(number + count * n)


def _heard(number: int, config: RunConfig, hooks: Hooks) -> Hooks:
    """Let a member's steps count on from those of the members before it."""
    each, count = config.training.steps, _count(config)
    before = number * each

    def on_progress(done: int, total: int, message: str) -> None:
        taken = done if total == each else each  # else it is being evaluated
        words = f"Member {number + 1} of {count}. {message}"
        hooks.on_progress(before + taken, count * each, words)

    return replace(
        hooks,
        on_metric=lambda step, values: hooks.on_metric(before + step, values),
        on_progress=on_progress,
    )


def _member_values(
    model: RewardModel, maker: ExampleMaker, trees: Sequence[TrainingTree]
) -> Floats:
    """Return ``(n, k)`` what the members say where the losses of these trees are read."""
    found = [np.zeros((0, model.kind.config.members))]
    examples = (example for item in trees for example in maker.make(item))
    for _, head in outputs(model, examples):
        found.append(model.kind.values(head).double().cpu().numpy())
    return np.concatenate(found)


def _provenance(members: Sequence[FitResult]) -> dict[str, Any]:
    """Return what was learnt from: as every member says it, generated traces added up."""
    counts = {
        name: sum(member.provenance[name] for member in members)
        for name in ("generated_traces", "generated_steps")
    }
    return {**members[0].provenance, **counts, "members": len(members)}


def _count(config: RunConfig) -> int:
    ensemble: Any = config.model
    return int(ensemble.members)


def _name(config: RunConfig, data: RunData) -> str:
    return run_name(config, data.hash())
