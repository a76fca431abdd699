"""Which base a training run may start from, and who may name which.

The operator, at the command line, names any folder. Pages and API serve people who may know of the
server only what they are shown: a folder of theirs must be a model of the project or lie below
``TRACEWOOD_MODEL_DIRS``, after links are followed, and all other folders get one and the same
answer, whether they exist or not.
"""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from annotator.errors import InvalidError, UnavailableError
from annotator.models import RewardModel
from annotator.queries.models import reward_model_named
from annotator.services.artefacts import artefact_folder
from scoring.errors import UnknownNameError
from scoring.reward.base import check_folder
from scoring.reward.registry import ADDED
from scoring.training.config import TINY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from annotator.models import Project

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?", re.ASCII)


def base_checked(*, base: str, project: Project | None, any_folder: bool) -> str:
    """Return ``base`` as a worker shall open it: ``tiny``, a hub id or an absolute folder.

    Args:
        base: ``tiny``, ``NAME`` or ``NAME@VERSION`` of a trained model of the project, a hub id or a
            folder; a relative one counts from the current folder, for the operator only.
        project: whose models may be named; None for a project that is not there yet.
        any_folder: the operator asks.

    Raises:
        InvalidError: the folder is not open to the one who asks, or the model was only added here.
        ModelLoadError: there is no such folder, or it is none that a run can start from.
    """
    if base == TINY:
        return base
    if project is not None and (folder := _model_named(project, base)) is not None:
        return str(folder)
    return _opened(base, roots=_open_to(project), any_folder=any_folder, refusal=_REFUSAL)


def published_checked(*, name: str, field: str, any_folder: bool) -> str:
    """Return the published model ``name`` as a worker shall open it: a hub id or an absolute folder.

    Args:
        name: a hub id or a folder; a relative one counts from the current folder, for the operator only.
        field: the setting that names it, for the refusal.
        any_folder: the operator asks.

    Raises:
        InvalidError: the folder is not open to the one who asks.
        ModelLoadError: there is no such folder, or it holds no model that can be opened.
    """
    return _opened(
        name,
        roots=(root.resolve() for root in settings.TRACEWOOD_MODEL_DIRS),
        any_folder=any_folder,
        refusal=_REFUSAL_OF_PUBLISHED,
        field=field,
    )


def _opened(
    name: str, *, roots: Iterable[Path], any_folder: bool, refusal: str, field: str = "base"
) -> str:
    try:
        exists = Path(name).exists()
        folder = Path(name).resolve()
    except (OSError, RuntimeError, ValueError):  # too long, a loop of links, a NUL
        exists, folder = False, Path("/")
    if HUB_ID.fullmatch(name) and not exists:
        return name
    allowed = any_folder or (
        Path(name).is_absolute() and any(folder.is_relative_to(root) for root in roots)
    )
    if not allowed:
        raise InvalidError(refusal, fields={field: refusal})
    check_folder(folder)
    return str(folder)


_REFUSAL = (
    "This folder is not open to training. Give 'tiny', the name of a trained model of this project, "
    "the id of a public model (owner/name), or a folder below one that the operator listed in "
    "TRACEWOOD_MODEL_DIRS."
)


_REFUSAL_OF_PUBLISHED = (
    "This folder is not open. Give the id of a public model (owner/name), or a folder below one that "
    "the operator listed in TRACEWOOD_MODEL_DIRS."
)


def _model_named(project: Project, name: str) -> Path | None:
    with suppress(UnknownNameError, UnavailableError):
        model = reward_model_named(project=project, name=name)
        if model.kind in ADDED:
            reason = (
                f"'{model}' was added and not trained here, so there are no weights of it to start from. "
                f"Name what it reads: {model.base}."
            )
            raise InvalidError(reason, fields={"base": reason})
        if model.artefact:
            return artefact_folder(path=model.artefact)
    return None


def _open_to(project: Project | None) -> Iterator[Path]:
    """Yield the folders whose content people of the project may train on."""
    yield from (root.resolve() for root in settings.TRACEWOOD_MODEL_DIRS)
    own = RewardModel.objects.filter(project=project, ready=True).exclude(artefact="")
    for path in own.values_list("artefact", flat=True):
        with suppress(UnavailableError):
            yield artefact_folder(path=path).resolve()
