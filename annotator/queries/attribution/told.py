"""Stored attributions and signals of a path as API and commands tell them, and which path that is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from annotator.errors import ForbiddenError, NotFoundError
from annotator.models import Attribution, Step, Trace
from annotator.queries.access import MAX_ID
from annotator.queries.attribution.path import path_of
from annotator.queries.attribution.stored import found_of, is_signal, measured_of
from annotator.queries.blindness import sight_of
from scoring.attribution.choices import CHOICES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

    from annotator.models import Problem, Project
    from annotator.queries.access import Access
    from annotator.queries.attribution.path import ReadPath

CREDIT_ONLY = ("value", "baseline_value", "baseline", "total", "relative_error", "badge")


def path_opened(*, access: Access, problem: Problem, end: Step) -> ReadPath:
    """Return the path to ``end`` if what models say of all its steps is open to the person.

    Raises:
        ForbiddenError: it is not, yet.
    """
    path = path_of(end=end)
    sight = sight_of(access=access, problem=problem)
    if not all(sight.sees_scores(step.pk) for step in path.steps):
        raise ForbiddenError(
            "What models say of this path opens to you once you have judged its steps."
        )
    return path


def end_of(*, project: Project, step: int | None = None, trace: int | None = None) -> Step:
    """Return where a path ends: the step ``step``, or the last one of ``trace``.

    Raises:
        NotFoundError: there is none in the project, or the trace has no step.
    """
    noun, pk = ("step", step) if step is not None else ("trace", trace)
    missing = NotFoundError(f"There is no {noun} {pk} in the project '{project.name}'.")
    if pk is None or not 0 < pk <= MAX_ID:
        raise missing
    if step is None:
        found = Trace.objects.filter(pk=pk, problem__project=project).first()
        if found is None:
            raise missing
        if found.end_id is None:
            raise NotFoundError(f"Trace {pk} has no step, so there is nothing to read.")
        pk = found.end_id
    end = Step.objects.select_related("problem__project").filter(pk=pk, problem__project=project)
    if (row := end.first()) is None:
        raise missing
    return row


def attributions_of(*, end: Step) -> QuerySet[Attribution]:
    """Return what is stored of the path to ``end``, by any model."""
    return Attribution.objects.filter(end=end).select_related("model")


def attribution_told(stored: Attribution, path: ReadPath, *, tokens: bool) -> dict[str, Any]:
    """Return a stored attribution or signal as plain JSON; null where a step or token has no number.

    Args:
        stored: the row; ``model`` is loaded.
        path: what it was read of.
        tokens: with the number of every piece of the texts.
    """
    found: Any = measured_of(stored=stored) if is_signal(stored) else found_of(stored=stored)
    values = found.values if is_signal(stored) else found.credit
    row = CHOICES.get(stored.method)
    errors = getattr(found, "standard_error", None)
    errors = [None] * len(found.per_step) if errors is None else _plain(errors.tolist())
    by_step = zip(path.steps, _plain(found.per_step.tolist()), errors, strict=False)
    columns = (found.step.tolist(), found.begin.tolist(), found.end.tolist())
    pieces = zip(*columns, _plain(values.tolist()), strict=True)
    return {
        "id": stored.pk,
        "model": stored.model_id,
        "method": stored.method,
        "label": row.label if row is not None else stored.method,
        "signal": is_signal(stored),
        "version": found.version,
        "params": dict(found.params),
        "unit": found.unit,
        **{name: getattr(found, name, None) for name in CREDIT_ONLY},
        "figures": dict(getattr(found, "figures", {})),
        "notes": list(found.notes),
        "stale": stored.texts != path.hash,
        "model_hash": found.model_hash,
        "template_hash": found.template_hash,
        "dtype": found.dtype,
        "n_tokens": found.n_tokens,
        "created": stored.created,
        "steps": [
            {"step": step.pk, "value": value, "standard_error": error}
            for step, value, error in by_step
        ],
        "tokens": [
            {"step": k, "begin": begin, "end": end, "value": value}
            for k, begin, end, value in pieces
        ]
        if tokens
        else None,
    }


def _plain(values: Iterable[float]) -> list[float | None]:
    return [value if math.isfinite(value) else None for value in values]
