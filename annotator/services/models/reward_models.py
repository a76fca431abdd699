"""Reward models: a row before training starts, ready once its artefact can be loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Max

from annotator.errors import InvalidError
from annotator.models import Project, RewardModel

if TYPE_CHECKING:
    from annotator.models import Job, Snapshot

NAME_LENGTH = 100


def reward_model_name_checked(name: str) -> str:
    """Return ``name`` trimmed, if a command line can name it together with a version.

    Raises:
        InvalidError: it is empty, too long, or holds ``@``, a slash or a control character.
    """
    clean = name.strip()
    bad = [c for c in clean if c in "@/\\" or not c.isprintable()]
    if clean and len(clean) <= NAME_LENGTH and not bad:
        return clean
    message = f"A model's name has 1 to {NAME_LENGTH} printable characters and no @ or slash."
    raise InvalidError(message, fields={"name": message})


@transaction.atomic
def reward_model_create(
    *,
    project: Project,
    name: str,
    kind: str,
    base: str = "",
    config: dict[str, Any] | None = None,
    seed: int | None = None,
    snapshot: Snapshot | None = None,
    job: Job | None = None,
) -> RewardModel:
    """Add the next version of the model ``name``; it is not ready until it has an artefact.

    Raises:
        InvalidError: the name cannot be used.
    """
    clean = reward_model_name_checked(name)
    # The project row serialises version numbers.
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    last = RewardModel.objects.filter(project=project, name=clean).aggregate(n=Max("version"))["n"]
    return RewardModel.objects.create(
        project=project,
        name=clean,
        version=(last or 0) + 1,
        kind=kind,
        base=base,
        config=config or {},
        seed=seed,
        snapshot=snapshot,
        job=job,
        data_hash=snapshot.hash if snapshot else "",
    )


@transaction.atomic
def reward_model_ready(
    *,
    model: RewardModel,
    artefact: str,
    metrics: dict[str, Any],
    provenance: dict[str, Any],
    data_hash: str = "",
) -> RewardModel:
    """Say that ``model`` can be loaded, and what it was made of and reached.

    Args:
        model: made by ``reward_model_create``.
        artefact: folder, relative to the artefact store.
        metrics: ``{name: {"value", "low", "high", "n"}}``.
        provenance: what it learnt from: rater kinds, counts, generated traces, versions.
        data_hash: hash of the training data; empty keeps the snapshot's.
    """
    row = RewardModel.objects.select_for_update().get(pk=model.pk)
    row.artefact = artefact
    row.metrics = metrics
    row.provenance = provenance
    row.data_hash = data_hash or row.data_hash
    row.ready = True
    row.save(update_fields=["artefact", "metrics", "provenance", "data_hash", "ready"])
    return row
