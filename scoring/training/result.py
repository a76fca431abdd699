"""What a run leaves in its folder, and how it is found there again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scoring.reward import artefact
from scoring.reward.manifest import MANIFEST
from scoring.reward.metrics import Metric
from scoring.training.checkpoint import writing
from scoring.training.team import ALONE, Team

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from scoring.reward.manifest import Manifest
    from scoring.reward.model import RewardModel
    from scoring.training.checkpoint import Progress
    from scoring.training.config import RunConfig


@dataclass(frozen=True, slots=True)
class FitResult:
    """What a run leaves.

    Attributes:
        artefact: folder that ``scoring.reward.load`` opens.
        metrics: held-out numbers with intervals.
        steps: optimiser steps done.
        seconds: time spent in them.
        provenance: counts of what was learnt from, generated trees apart.
    """

    artefact: Path
    metrics: dict[str, Metric]
    steps: int
    seconds: float
    provenance: dict[str, Any]


def read_result(folder: Path, run: str) -> FitResult | None:
    """Return what the run called ``run`` left in ``folder`` if it came to its end before."""
    path = folder / MANIFEST
    if not path.is_file():
        return None
    manifest = json.loads(path.read_text())
    if manifest.get("run") != run:
        return None
    metrics = {name: Metric(**values) for name, values in manifest["metrics"].items()}
    return FitResult(
        folder, metrics, manifest["steps"], manifest["seconds"], manifest["provenance"]
    )


def write_result(
    folder: Path,
    model: RewardModel,
    config: RunConfig,
    progress: Progress,
    *,
    data_hash: str,
    metrics: dict[str, Metric],
    provenance: dict[str, Any],
    team: Team = ALONE,
    save: Callable[..., Manifest] = artefact.save,
) -> FitResult:
    """Write the artefact, its manifest last; ``save`` writes what goes with the manifest.

    The first process of ``team`` does, while the others wait.

    Raises:
        TrainingError: if it cannot be written (disk full, no permission).
    """
    details = {
        "run": progress.run,
        "seed": config.training.seed,
        "training": config.to_dict()["training"],
        "data_hash": data_hash,
        "steps": progress.step,
        "seconds": progress.seconds,
        "provenance": provenance,
        "metrics": {name: metric.to_dict() for name, metric in metrics.items()},
    }
    if team.first:
        with writing("model", folder):
            model.info = save(
                folder,
                network=model.network,
                tokenizer=model.tokenizer,
                row=config.row,
                config=config.model,
                fixed=model.kind.fixed,
                base=config.base,
                details=details,
            )
    team.wait()
    return FitResult(folder, metrics, progress.step, progress.seconds, provenance)
