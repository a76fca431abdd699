"""Models that score without being trained here: settings say what scores, a manifest keeps them.

What a setting leads to outside (``FieldSpec.reaches``) is checked here, by who asks: ``REACHES`` has
one check for each. Nothing is opened; a worker does that when it scores, and tells what it found.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from django.db import transaction

from annotator.errors import ConflictError
from annotator.models import RewardModel
from annotator.services.artefacts import artefact_tree_delete, artefact_write
from annotator.services.models.bases import published_checked
from annotator.services.models.endpoints import key_checked, server_checked
from annotator.services.models.reward_models import (
    NAME_LENGTH,
    reward_model_create,
    reward_model_name_checked,
    reward_model_ready,
)
from scoring.reward.manifest import MANIFEST, added_manifest
from scoring.reward.registry import added_kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from annotator.models import Project
    from scoring.reward.model_kind import AddedKind

FACTS = "found_when_opened"


class Check(Protocol):
    """Says whether who asks may name what a setting holds, and what a worker shall open."""

    def __call__(self, *, config: Any, field: str, any_folder: bool) -> str:
        """Return what is stored of ``config`` for ``field``, or raise ``InvalidError`` for it."""


def _published(*, config: Any, field: str, any_folder: bool) -> str:
    return published_checked(name=getattr(config, field), field=field, any_folder=any_folder)


REACHES: dict[str, Check] = {
    "model": _published,
    "server": server_checked,
    "key": key_checked,
}


def added_checked(
    *, kind: str, settings: Mapping[str, str], any_folder: bool
) -> tuple[AddedKind, Any]:
    """Return a kind and its config, with everything that it leads to as a worker shall open it.

    Raises:
        UnknownNameError, SettingError, InvalidError, ModelLoadError: as ``reward_model_add``.
    """
    row = added_kind(kind)
    config = row.make_config(settings)
    opened = {
        spec.name: REACHES[spec.reaches](config=config, field=spec.name, any_folder=any_folder)
        for spec in row.settings()
        if spec.reaches
    }
    return row, replace(config, **opened)


def reward_model_add(
    *,
    project: Project,
    kind: str,
    settings: Mapping[str, str],
    name: str = "",
    any_folder: bool = False,
) -> RewardModel:
    """Add the next version of a model that is not trained; it is ready at once.

    Args:
        project: whose steps it will score.
        kind: key of ``scoring.reward.registry.ADDED``.
        settings: texts as ``--set`` takes them.
        name: empty takes one from the model and the kind.
        any_folder: the operator asks and may name any folder of the machine.

    Raises:
        UnknownNameError: unknown kind or setting.
        SettingError: a value outside its limits.
        InvalidError: a name that cannot be used, or something outside that is not open to who asks.
        ModelLoadError: a folder that is missing or holds no model that can be opened.
    """
    row, config = added_checked(kind=kind, settings=settings, any_folder=any_folder)
    called = str(config.model).rstrip("/").rsplit("/", 1)[-1].replace("@", "-")
    clean = reward_model_name_checked(name or f"{called}-{kind}"[:NAME_LENGTH])
    manifest = added_manifest(row, config)
    path = ""
    try:
        with transaction.atomic():
            model = reward_model_create(
                project=project, name=clean, kind=kind, base=config.model, config=manifest["config"]
            )
            path = f"models/{model.pk}"
            text = json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
            artefact_write(path=f"{path}/{MANIFEST}", chunks=[text.encode()])
            return reward_model_ready(model=model, artefact=path, metrics={}, provenance={})
    except BaseException:
        if path:
            artefact_tree_delete(path=path)
        raise


@transaction.atomic
def reward_model_facts_hold(*, model: RewardModel, facts: Mapping[str, str | int]) -> None:
    """Keep what a worker found when it opened ``model``, or hold it against what is kept.

    Raises:
        ConflictError: something has changed since the model first scored, so that its scores would
            no longer be one model's (``model_changed``).
    """
    row = RewardModel.objects.select_for_update().get(pk=model.pk)
    known = row.provenance.get(FACTS)
    if known is None:
        if facts:
            row.provenance = {**row.provenance, FACTS: dict(facts)}
            row.save(update_fields=["provenance"])
        return
    changed = sorted(key for key in {*known, *facts} if known.get(key) != facts.get(key))
    if changed:
        reason = (
            f"'{model}' is not what it was when it first scored: {', '.join(changed)} changed. Its "
            "scores stay; add it again as a new version to score with what it is now."
        )
        raise ConflictError(reason, code="model_changed")
