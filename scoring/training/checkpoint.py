"""Checkpoints: one folder per optimiser step, written aside and renamed, never pickled.

step-00000100/tensors.safetensors   weights that are trained, AdamW's moments, torch's random state
step-00000100/state.json            position in the data, seconds, sums of the open log row
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from scoring.errors import TrainingError
from scoring.reward.lora import load_trained, trained_state
from scoring.training.team import ALONE, Team

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEEP = 2
FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@dataclass(slots=True)
class Progress:
    """Where a run is, apart from its tensors.

    Attributes:
        run: hash of config and data; a checkpoint of another run is refused.
        step: optimiser steps done.
        seconds: time spent in steps, resumed parts added up.
        feed: position in the data.
        sums: what the open row of the loss curve has added up so far.
        pass_tokens: most tokens of a pass since memory ran out; 0 while it did not.
        best: the best number on validation problems, None before the first.
        best_step: optimiser steps done when it was reached.
        waited: evaluations since.
    """

    run: str
    step: int = 0
    seconds: float = 0.0
    feed: dict[str, int] = field(default_factory=dict)
    sums: dict[str, float] = field(default_factory=dict)
    pass_tokens: int = 0
    best: float | None = None
    best_step: int = 0
    waited: int = 0


class Checkpoints:
    """The checkpoints of one run, newest last.

    They hold whole weights however many processes train: those put them together and only the first
    writes, so a run can be resumed by another number of processes.
    """

    def __init__(self, folder: Path, team: Team = ALONE) -> None:
        self.folder, self.team = folder, team

    def steps(self) -> list[int]:
        """List the optimiser steps that have a complete checkpoint."""
        return sorted(int(p.name.removeprefix("step-")) for p in self.folder.glob("step-*"))

    def save(
        self, progress: Progress, network: nn.Module, optimizer: torch.optim.Optimizer
    ) -> None:
        """Write a checkpoint and drop all but the newest two.

        Raises:
            TrainingError: if it cannot be written (disk full, no permission).
        """
        tensors = _tensors(network, optimizer, self.team)
        if self.team.first:
            self._write(progress, tensors)
        self.team.wait()

    def _write(self, progress: Progress, tensors: dict[str, torch.Tensor]) -> None:
        final = self._path(progress.step)
        aside = final.with_name(f"writing-{final.name}")
        with writing(f"checkpoint of step {progress.step}", self.folder):
            shutil.rmtree(aside, ignore_errors=True)
            try:
                aside.mkdir(parents=True)
                save_file(tensors, str(aside / "tensors.safetensors"))
                (aside / "state.json").write_text(json.dumps(asdict(progress)))
                _sync(aside)
            except BaseException:  # on a full disk its room is needed for trying again
                shutil.rmtree(aside, ignore_errors=True)
                raise
            shutil.rmtree(final, ignore_errors=True)
            aside.rename(final)
        for step in self.steps()[:-KEEP]:
            shutil.rmtree(self._path(step), ignore_errors=True)
        for path in self.folder.glob("best-*"):  # a resumed run starts from the newest checkpoint
            if path != self._best(progress.best_step):
                path.unlink()

    def save_best(self, step: int, network: nn.Module) -> None:
        """Keep the trained weights as they are, the best so far; the best before stays until ``save``.

        Raises:
            TrainingError: if they cannot be written.
        """
        tensors = self.team.state(network)
        if self.team.first:
            final = self._best(step)
            aside = final.with_name(f"writing-{final.name}")
            with writing("best weights so far", self.folder):
                self.folder.mkdir(parents=True, exist_ok=True)
                save_file(tensors, str(aside))
                aside.rename(final)
        self.team.wait()

    def restore_best(self, step: int, network: nn.Module) -> None:
        """Load what ``save_best`` kept.

        Raises:
            TrainingError: it is not there or cannot be read.
        """
        try:
            _load(network, load_file(str(self._best(step))), self.team)
        except (OSError, RuntimeError, SafetensorError) as error:
            raise TrainingError(f"{self._best(step)} cannot be read: {error}") from error

    def restore(
        self, run: str, network: nn.Module, optimizer: torch.optim.Optimizer
    ) -> Progress | None:
        """Load the newest checkpoint into ``network`` and ``optimizer``; None if there is none.

        Raises:
            TrainingError: if the newest one belongs to another run or cannot be read.
        """
        steps = self.steps()
        if not steps:
            return None
        path = self._path(steps[-1])
        try:
            progress = Progress(**json.loads((path / "state.json").read_text()))
            if progress.run != run:
                raise TrainingError(
                    f"{self.folder} holds checkpoints of a run with other data or settings; "
                    "start the new run in another folder"
                )
            _fill(load_file(str(path / "tensors.safetensors")), network, optimizer, self.team)
        except (OSError, ValueError, TypeError, KeyError, RuntimeError, SafetensorError) as error:
            raise TrainingError(f"checkpoint {path} cannot be read: {error}") from error
        return progress

    def clear(self) -> None:
        """Remove them all, once the artefact is written."""
        if self.team.first:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _best(self, step: int) -> Path:
        return self.folder / f"best-{step:08d}.safetensors"

    def _path(self, step: int) -> Path:
        return self.folder / f"step-{step:08d}"


@contextmanager
def writing(what: str, folder: Path) -> Iterator[None]:
    """Turn faults of the disk into a sentence.

    Raises:
        TrainingError: naming what could not be written, where and why.
    """
    try:
        yield
    except (OSError, SafetensorError) as error:
        number = _errno(error)
        reason = os.strerror(number) if number else str(error)
        raised = TrainingError(
            f"The {what} cannot be written to {folder}: {reason}. Put that right (make room, or "
            "let this user write there), then resume: what was saved before is intact."
        )
        if number in FULL:
            raised.code = "disk_full"
        raise raised from error


def _errno(error: OSError | SafetensorError) -> int | None:
    """Return the system's number of a fault; safetensors passes it on in words only."""
    if isinstance(error, OSError):
        return error.errno
    found = re.search(r"\(os error (\d+)\)", str(error))
    return int(found.group(1)) if found else None


def _tensors(
    network: nn.Module, optimizer: torch.optim.Optimizer, team: Team
) -> dict[str, torch.Tensor]:
    """Return all tensors of a checkpoint; in all processes but the first, nothing of use."""
    tensors = {f"network.{k}": v for k, v in team.state(network).items()}
    for index, state in optimizer.state_dict()["state"].items():
        for name, value in state.items():
            whole = team.whole(value)
            if team.first:
                tensors[f"optimizer.{index}.{name}"] = whole.contiguous()
    tensors["random"] = torch.get_rng_state()
    return tensors


def _load(network: nn.Module, tensors: dict[str, torch.Tensor], team: Team) -> None:
    """Fill in what ``Team.state`` returned, each process its share."""
    held = trained_state(network)
    load_trained(network, {k: team.part(v, held.get(k, v)) for k, v in tensors.items()})


def _fill(
    tensors: dict[str, torch.Tensor],
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    team: Team,
) -> None:
    weights = {
        k.removeprefix("network."): v for k, v in tensors.items() if k.startswith("network.")
    }
    _load(network, weights, team)
    held = [p for group in optimizer.param_groups for p in group["params"]]
    state: dict[int, dict[str, Any]] = {}
    for key, value in tensors.items():
        if key.startswith("optimizer."):
            _, index, name = key.split(".", 2)
            moment = team.part(value, held[int(index)]) if value.dim() else value
            state.setdefault(int(index), {})[name] = moment
    whole = optimizer.state_dict()
    optimizer.load_state_dict({"state": state, "param_groups": whole["param_groups"]})
    torch.set_rng_state(tensors["random"])


def _sync(folder: Path) -> None:
    """Make the files durable before the rename that makes them visible."""
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
