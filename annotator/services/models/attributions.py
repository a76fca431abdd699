"""Ask for the attribution or a signal of a path, or for a method's faithfulness card; store what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.db import transaction

from annotator.errors import ConflictError, InvalidError, NotFoundError, UnavailableError
from annotator.models import Attribution, FaithfulnessCard, Job, RewardModel
from annotator.queries.attribution.path import path_of
from annotator.queries.attribution.stored import digest_of
from annotator.queries.attribution.usable import not_usable, open_attribution_job
from annotator.services.artefacts import artefact_folder
from annotator.services.jobs import job_create, job_hold
from scoring.attribution.choices import PREFIX, choice, estimate, values_of
from scoring.attribution.registry import METHODS
from scoring.attribution.signals.base import Signal
from scoring.attribution.signals.stored import signal_to_stored
from scoring.attribution.stored import to_stored
from scoring.errors import ModelLoadError
from scoring.registry import find_row
from scoring.reward.shape import base_shape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.contrib.auth.models import User

    from annotator.models import Step
    from scoring.attribution.base import Attribution as Found
    from scoring.attribution.base import Estimate


@transaction.atomic
def attribution_request(
    *, model: RewardModel, end: Step, method: str, params: Mapping[str, Any], user: User | None
) -> Job:
    """Queue the attribution, or a signal, of the path from the problem to ``end``.

    ``method`` is a key of ``scoring.attribution.choices.CHOICES``.
    ``Job.args``: ``model``, ``end`` (ids), ``method``, ``params`` (all of them) and, for the job's page,
    ``name`` (of method and model) and ``problem`` (id).

    Raises:
        UnknownNameError, ParameterError: no such method, signal or parameter, a value out of range.
        ConflictError: the model cannot be taken apart by this method (``cannot_attribute``), it is not
            ready, or a job does the same already (``job_open``).
    """
    values = values_of(method, params)
    if reason := not_usable(model=model, method=method):
        raise ConflictError(reason, code="cannot_attribute")
    args = {
        "model": model.pk,
        "end": end.pk,
        "method": method,
        "params": values,
        "name": f"{choice(method).label} by {model}",
        "problem": end.problem_id,
    }
    if (same := open_attribution_job(project=model.project, args=args)) is not None:
        raise ConflictError(f"Job {same.pk} does this already.", code="job_open")
    return job_create(project=model.project, kind=Job.Kind.ATTRIBUTE, args=args, user=user)


@transaction.atomic
def faithfulness_request(*, model: RewardModel, method: str, user: User | None) -> Job:
    """Queue the checks of a method on a model; ``Job.args``: ``model``, ``method``, ``name``.

    Raises:
        UnknownNameError: no such method.
        ConflictError: as ``attribution_request``.
    """
    row = find_row(METHODS, "attribution method", method)
    if reason := not_usable(model=model, method=method):
        raise ConflictError(reason, code="cannot_attribute")
    args = {"model": model.pk, "method": method, "name": f"{row.label} by {model}"}
    if (same := open_attribution_job(project=model.project, args=args, card=True)) is not None:
        raise ConflictError(f"Job {same.pk} does this already.", code="job_open")
    return job_create(project=model.project, kind=Job.Kind.FAITHFUL, args=args, user=user)


@transaction.atomic
def attribution_store(
    *, job: Job, model: RewardModel, end: Step, found: Found | Signal
) -> Attribution:
    """Store what a job found, in the place of what was found before; the job must be held.

    Raises:
        FencedOutError: another worker has the job.
        InvalidError: the path was changed while it was read.
        NotFoundError: the model was deleted while it read.
    """
    job_hold(job=job)
    _model_hold(model)
    path = path_of(end=end)
    if len(path.steps) != len(found.per_step):
        raise InvalidError("The path was changed while the model read it. Ask again.")
    if isinstance(found, Signal):
        method, (facts, arrays) = f"{PREFIX}{found.key}", signal_to_stored(found)
    else:
        method, (facts, arrays) = found.method, to_stored(found)
    places, joined, at = {}, [], 0
    for name, data in arrays.items():
        places[name] = [at, len(data)]
        joined.append(data)
        at += len(data)
    stored, _ = Attribution.objects.update_or_create(
        model=model,
        end=end,
        digest=digest_of(method=method, version=found.version, params=found.params),
        defaults={
            "method": method,
            "texts": path.hash,
            "facts": facts | {"places": places},
            "arrays": b"".join(joined),
            "job": job,
        },
    )
    return stored


@transaction.atomic
def faithfulness_store(
    *,
    job: Job,
    model: RewardModel,
    method: str,
    passed: bool,
    checks: Sequence[Mapping[str, Any]],
    facts: Mapping[str, Any],
) -> FaithfulnessCard:
    """Store a card in the place of the one before; the job must be held.

    Raises:
        FencedOutError: another worker has the job.
        NotFoundError: the model was deleted while it was tried.
    """
    job_hold(job=job)
    _model_hold(model)
    card, _ = FaithfulnessCard.objects.update_or_create(
        model=model,
        method=method,
        defaults={
            "version": METHODS[method].version,
            "passed": passed,
            "checks": list(checks),
            "facts": dict(facts),
            "job": job,
        },
    )
    return card


def _model_hold(model: RewardModel) -> None:
    """Keep a model from being deleted until the surrounding transaction ends."""
    rows = RewardModel.objects.filter(pk=model.pk)
    if not rows.select_for_update(no_key=True).exists():
        raise NotFoundError("The model was deleted.")


def attribution_estimate(
    *, model: RewardModel, method: str, tokens: int, steps: int, params: Mapping[str, Any]
) -> Estimate | None:
    """Say what ``attribution_request`` would start, None where this machine does not know the model's size.

    Raises:
        UnknownNameError, ParameterError: as ``attribution_request``.
    """
    if not model.artefact:
        return None
    try:
        shape = base_shape(str(artefact_folder(path=model.artefact)), cast("Any", None))
    except (ModelLoadError, UnavailableError, OSError, AttributeError):
        return None
    return None if shape is None else estimate(method, shape, tokens, steps, params)
