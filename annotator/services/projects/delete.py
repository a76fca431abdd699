"""Deleting a project with everything in it: rows, then files.

The collector of the ORM would load every step into memory to find out what hangs on it. Here each
table is emptied by one statement, leaves first; the tables are found by walking the relations, so
a new table that belongs to a project is covered by having a required key to it.
"""

from __future__ import annotations

import logging
from collections import deque
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

from django.db import models, transaction

from annotator.errors import AnnotatorError, ConflictError, InvalidError
from annotator.models import Export, Job, Project, RewardModel, Upload
from annotator.services.artefacts import artefact_tree_delete
from annotator.services.naming import name_clean

if TYPE_CHECKING:
    from collections.abc import Iterable

logger = logging.getLogger(__name__)


@transaction.atomic
def project_delete(*, project: Project, confirm: str) -> None:
    """Delete ``project``, what was imported, judged, trained and exported in it, and its files.

    Args:
        project: what goes.
        confirm: the project's name as its owner typed it.

    Raises:
        InvalidError: ``confirm`` is not the name.
        ConflictError: a job of the project is running.
    """
    if name_clean(confirm) != project.name:
        reason = f"This is not the project's name. Type it exactly: {project.name}"
        raise InvalidError(reason, fields={"confirm": reason})
    Project.objects.select_for_update().get(pk=project.pk)
    if running := Job.objects.filter(project=project, state=Job.State.RUNNING).count():
        jobs = "A job is" if running == 1 else f"{running} jobs are"
        raise ConflictError(
            f"{jobs} still running in this project. Cancel what runs, or wait until it has ended.",
            code="jobs_running",
        )
    files = _files_of(project)
    paths = _paths_to_project()
    for model in _leaves_first(paths):
        rows = model._default_manager.filter(**{paths[model]: project.pk})
        rows._raw_delete(rows.db)
    Project.objects.filter(pk=project.pk).delete()
    transaction.on_commit(lambda: _remove(files))


def _paths_to_project() -> dict[type[models.Model], str]:
    """Return every table whose rows belong to a project, with the shortest way to the project."""
    paths: dict[type[models.Model], str] = {}
    todo: deque[tuple[type[models.Model], str]] = deque([(Project, "")])
    while todo:
        parent, way = todo.popleft()
        for relation in parent._meta.related_objects:
            field, child = relation.field, relation.related_model
            if field.null or child in paths or isinstance(child, str):
                continue
            paths[child] = f"{field.name}__{way}" if way else field.name
            todo.append((child, paths[child]))
    return paths


def _leaves_first(tables: Iterable[type[models.Model]]) -> list[type[models.Model]]:
    """Return ``tables`` so that each comes after those that need its rows."""
    needed_by: dict[type[models.Model], set[type[models.Model]]] = {
        table: set() for table in tables
    }
    for table in needed_by:
        for field in table._meta.concrete_fields:
            parent = field.related_model
            if not field.null and parent in needed_by and parent is not table:
                needed_by[parent].add(table)
    return list(TopologicalSorter(needed_by).static_order())


def _files_of(project: Project) -> list[str]:
    """Return the files and folders of the project in the artefact store.

    An export that was written to a folder of its maker's own is theirs.
    """
    exports = Export.objects.filter(project=project).values_list("path", flat=True)
    uploads = Upload.objects.filter(project=project).values_list("path", flat=True)
    trained = RewardModel.objects.filter(project=project).exclude(artefact="")
    kept_inside = [path for path in exports if not path.startswith("/")]
    return [*kept_inside, *uploads, *trained.values_list("artefact", flat=True)]


def _remove(paths: Iterable[str]) -> None:
    for path in paths:
        try:
            artefact_tree_delete(path=path)
        except (AnnotatorError, OSError):
            # The rows are gone; what is left costs space only.
            logger.exception("artefact of a deleted project stays", extra={"path": path})
