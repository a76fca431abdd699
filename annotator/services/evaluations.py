"""Evaluations: asked for with settings that hold, kept suite by suite, never changed afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from annotator.errors import ConflictError, InvalidError
from annotator.models import Evaluation, EvaluationResult, Job, StepScore
from annotator.queries.models import score_kind
from annotator.services.jobs import job_create, job_hold
from scoring.errors import ParameterError, UnknownNameError
from scoring.evaluation.registry import DISTANCES, SUITES
from scoring.reward.registry import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from django.contrib.auth.models import User

    from annotator.models import RewardModel, Snapshot
    from scoring.evaluation.base import SuiteRow
    from scoring.params import Param

# What learns from single steps, or is not trained here.
STEPWISE = frozenset({"step_labels", "merged_steps", ""})
AGGREGATION = "aggregation"
# What no stored score has: the model must read edited solutions, or the solutions once more.
EDITED = "edited_scores"
STATES = "states"


def evaluation_request(
    *,
    model: RewardModel,
    user: User | None,
    suites: Sequence[str] = (),
    settings: Mapping[str, Any] | None = None,
    against: RewardModel | None = None,
    snapshot: Snapshot | None = None,
    part: str = "",
) -> Job:
    """Queue the evaluation of what ``model`` said of its project.

    Args:
        model: whose stored scores.
        user: who asks.
        suites: keys of suites, and of distances between two models; none = all that stored scores
            suffice for. With one that has the model read solutions the job is a gpu worker's.
        settings: parameters by name, texts or values; each goes to the suites that have it.
        against: another model of the project, to compare with.
        snapshot: whose labels; None = the labels as they are now.
        part: of ``Evaluation.Part``; "" = without what the models were trained on, if that is known.

    Raises:
        ConflictError: a model is not ready or cannot score itself (``model_not_ready``), or has
            scored nothing (``no_scores``).
        InvalidError: a suite, setting, part, model or snapshot that cannot be used; ``fields`` names it.
    """
    models = [model] if against is None else [model, against]
    _check_models(models)
    if part not in ("", *Evaluation.Part.values):
        raise _invalid(
            "part", f"A part is {' or '.join(Evaluation.Part.values)}, not '{part[:40]}'."
        )
    if snapshot is not None and snapshot.project_id != model.project_id:
        raise _invalid("snapshot", "This snapshot belongs to another project.")
    known = any(one.snapshot_id for one in models)
    names = " against ".join(f"{one.name} v{one.version}" for one in models)
    chosen = _chosen(suites, dict(settings or {}), models)
    rows = [suites_of(compared=True)[key] for key, _ in chosen]
    reads = any(has_model_read(row) for row in rows)
    if reads:
        _check_reader(models, states=any(STATES in row.needs for row in rows))
    args = {
        "model": model.pk,
        "against": against.pk if against else None,
        "name": names,
        "snapshot": snapshot.pk if snapshot else None,
        "part": part or (Evaluation.Part.UNSEEN if known else Evaluation.Part.ALL),
        "suites": chosen,
    }
    kind = Job.Kind.EDITS if reads else Job.Kind.EVALUATE
    return job_create(project=model.project, kind=kind, args=args, user=user)


@transaction.atomic
def evaluation_create(
    *,
    model: RewardModel,
    against: RewardModel | None,
    snapshot: Snapshot,
    part: str,
    suites: Sequence[Sequence[Any]],
    known: dict[str, Any],
    job: Job,
) -> Evaluation:
    """Add the row of an evaluation that ``job`` is about to make; it shows when it is finished."""
    return Evaluation.objects.create(
        project=model.project,
        model=model,
        against=against,
        snapshot=snapshot,
        part=part,
        suites=suites,
        known=known,
        job=job,
        created_by=job.created_by,
    )


@transaction.atomic
def evaluation_result_store(
    *,
    evaluation: Evaluation,
    place: int,
    suite: str,
    job: Job,
    report: dict[str, Any] | None = None,
    protocol: str = "",
    reason: str = "",
) -> None:
    """Keep what one suite found, or why it found nothing.

    Raises:
        FencedOutError: another worker has the job.
    """
    job_hold(job=job)
    EvaluationResult.objects.update_or_create(
        evaluation=evaluation,
        place=place,
        defaults={"suite": suite, "report": report, "protocol": protocol, "reason": reason},
    )


def evaluation_finish(*, evaluation: Evaluation, counts: dict[str, Any]) -> None:
    """Say that all suites of ``evaluation`` are there, and what they rest on."""
    evaluation.counts = counts
    evaluation.ready = True
    evaluation.save(update_fields=["counts", "ready"])


def suites_of(*, compared: bool) -> dict[str, SuiteRow]:
    """Return what can be asked for: the suites, of two models the distances between them too."""
    return {**SUITES, **DISTANCES} if compared else dict(SUITES)


def can_read(model: RewardModel) -> bool:
    """Say whether a gpu worker can have ``model`` score other texts than those of the project."""
    return bool(model.ready and model.artefact) and score_kind(model) == Job.Kind.SCORE


def has_states(model: RewardModel) -> bool:
    """Say whether ``model`` can be asked for its states: trained here, and a gpu worker can load it."""
    return can_read(model) and model.kind in KINDS


def has_model_read(row: SuiteRow) -> bool:
    """Say whether a suite needs more than stored scores: a gpu worker has the model read."""
    return EDITED in row.needs or STATES in row.needs


def shared_settings(rows: Iterable[SuiteRow]) -> dict[str, Param]:
    """Return the parameters of suites by name; what is called alike is set together."""
    return {param.name: param for row in rows for param in row.params}


def aggregation_for(models: Iterable[RewardModel]) -> str:
    """Return how step scores become one of a solution where nobody says it.

    The least one for what learnt from single steps, the last one for what learnt from whole solutions.
    """
    objectives = {getattr(KINDS.get(model.kind), "objective", "") for model in models}
    return "min" if objectives & STEPWISE else "last"


def _check_models(models: Sequence[RewardModel]) -> None:
    for model in models:
        if not model.ready:
            reason = f"'{model.name}' is not trained yet. Evaluate it when its job is done."
            raise ConflictError(reason, code="model_not_ready")
        if not StepScore.objects.filter(model=model).exists():
            reason = f"{model} has scored no step of this project. Score the project with it first."
            raise ConflictError(reason, code="no_scores")
    if len(models) == 2 and models[0].project_id != models[1].project_id:
        raise _invalid("against", "The other model belongs to another project.")
    if len(models) == 2 and models[0].pk == models[1].pk:
        raise _invalid("against", "Choose another model to compare with.")


def _check_reader(models: Sequence[RewardModel], *, states: bool) -> None:
    if len(models) == 2:
        raise _invalid(
            "suites",
            "Suites that have a model read solutions are of one model; ask without the other one.",
        )
    if not can_read(models[0]):
        reason = f"{models[0]} cannot read solutions here: it is no model of a gpu worker."
        raise ConflictError(reason, code="model_not_ready")
    if states and not has_states(models[0]):
        reason = f"{models[0]} was not trained here, so its states cannot be probed."
        raise ConflictError(reason, code="model_not_ready")


def _chosen(
    keys: Sequence[str], settings: dict[str, Any], models: Sequence[RewardModel]
) -> list[list[Any]]:
    """Return ``[key, parameters]`` of each chosen suite, complete and checked."""
    there = suites_of(compared=len(models) == 2)
    for key in keys:
        if key in DISTANCES and key not in there:
            raise _invalid("suites", f"'{key}' is between two models; name the other one.")
        if key not in there:
            raise _invalid("suites", str(UnknownNameError("evaluation suite", key, there)))
    stored = [row for row in there.values() if not has_model_read(row)]
    rows = [there[key] for key in dict.fromkeys(keys)] or stored
    params = shared_settings(rows)
    for name in settings:
        if name not in params:
            known = params or ["none"]
            raise _invalid(name, str(UnknownNameError("setting of these suites", name, known)))
    settings = {name: _typed(params[name], value) for name, value in settings.items()}
    settings.setdefault(AGGREGATION, aggregation_for(models))
    chosen: list[list[Any]] = []
    for row in rows:
        own = {param.name for param in row.params}
        try:
            complete = row.settings({k: v for k, v in settings.items() if k in own})
        except ParameterError as error:
            raise _invalid(error.name, str(error)) from None
        chosen.append([row.key, complete])
    return chosen


def _typed(param: Param, value: Any) -> Any:
    """Read a text as the type of the parameter's default; what is no number stays for the check."""
    if isinstance(param.default, str) or not isinstance(value, str):
        return value
    try:
        return float(value)
    except ValueError:
        return value


def _invalid(field: str, reason: str) -> InvalidError:
    return InvalidError(reason, fields={field: reason})
