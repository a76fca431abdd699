"""What a training run would need, before it is queued; nothing is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from annotator.models import RewardModel, Worker
from annotator.queries.datasets.amounts import TextAmount, project_amount, snapshot_amount
from annotator.queries.jobs import live_workers
from annotator.services.jobs.requests import train_run
from scoring.errors import ModelLoadError
from scoring.reward.shape import Shape, base_shape
from scoring.training.estimate import Amount, Estimate, Rate, estimate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from annotator.models import Project, Snapshot
    from scoring.training.config import RunConfig

RATE = "operations_per_second"
DEVICE = "device"
NEWEST_RATES = 5
TRAIN, TEST = "train", "test"
STEP_LABELS = ("step_labels", "merged_steps")


def train_estimate(
    *,
    project: Project | None,
    settings: Mapping[str, str],
    kind: str,
    base: str,
    snapshot: Snapshot | None = None,
    any_folder: bool = False,
) -> Estimate:
    """Say what ``train_request`` with these arguments would start.

    Raises:
        What ``train_request`` raises.
    """
    run = train_run(project=project, settings=settings, kind=kind, base=base, any_folder=any_folder)
    worker = live_workers(Worker.Kind.GPU).first()
    device = worker.device if worker else ""
    return estimate(
        run.training,
        run.base,
        _shape(run),
        _amount(project, snapshot, run),
        device=device,
        measured=_rates(project, run, device),
        members=int(getattr(run.model, "members", 1)),
    )


def _shape(run: RunConfig) -> Shape | None:
    try:
        return base_shape(run.base, run.learner.model)
    except ModelLoadError:  # a base that opens may still be laid out in a way not known here
        return None


def _amount(project: Project | None, snapshot: Snapshot | None, run: RunConfig) -> Amount:
    labelled = run.learner.row.objective in STEP_LABELS
    if project is None:
        return Amount(0, 0, 0)
    share = run.training.held_out
    if snapshot is None:
        whole = project_amount(project=project, labelled=labelled)
        train, held_out = _part(whole, 1 - share), _part(whole, share)
    else:
        train, held_out = (
            snapshot_amount(snapshot=snapshot, splits=[split], labelled=labelled)
            for split in (TRAIN, TEST)
        )
    return Amount(
        characters=train.characters,
        steps=train.steps,
        problems=train.problems,
        held_out_characters=held_out.characters,
        held_out_problems=held_out.problems,
        sampled=train.sampled if train.problems > train.sampled else None,
        generated=run.learner.row.streams and _generates(project),
    )


def _part(whole: TextAmount, share: float) -> TextAmount:
    return TextAmount(
        round(whole.problems * share),
        round(whole.steps * share),
        round(whole.characters * share),
        whole.sampled,
    )


def _generates(project: Project) -> bool:
    """Say whether the project has problems of the generator whose traces a run adds."""
    return project.problems.filter(meta__sample="arithmetic").exists()


def _rates(project: Project | None, run: RunConfig, device: str) -> list[Rate]:
    """Return what the newest runs of the project on this base reached on such a device."""
    rows = RewardModel.objects.filter(
        project=project,
        ready=True,
        base=run.base,
        config__training__precision=run.training.precision,
        provenance__has_key=RATE,
    )
    if device:
        rows = rows.filter(**{f"provenance__{DEVICE}": device})
    return [
        Rate(float(model.provenance[RATE]), f"{model.name} v{model.version}")
        for model in rows.order_by("-pk")[:NEWEST_RATES]
    ]
