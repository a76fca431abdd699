"""Measure what models said of a project by evaluation suites; nothing is scored here.

The evaluation's row and each suite's result belong to the job, so a job that was killed goes on with
the suites that are missing, on the same snapshot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from annotator.errors import NotFoundError
from annotator.models import Evaluation, RewardModel, Snapshot
from annotator.queries.datasets.scored import scored_problems, trained_on
from annotator.queries.evaluations.stored import known_now
from annotator.services.datasets.snapshots import snapshot_automatic
from annotator.services.evaluations import (
    EDITED,
    STATES,
    evaluation_create,
    evaluation_finish,
    evaluation_result_store,
)
from annotator.services.jobs import job_hold
from scoring.errors import EvaluationError, ScoringError
from scoring.evaluation import compare, distance, evaluate
from scoring.evaluation.registry import DISTANCES, SUITES
from scoring.pipelines.evaluation_records import Counts, ModelRecords

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scoring.evaluation.run import Comparison, Report
    from scoring.pipelines.context import JobContext

TEST = "test"


def run(context: JobContext) -> dict[str, Any]:
    """Do a ``scoring.evaluate`` job; ``args`` as ``evaluation_request`` makes them.

    Returns:
        The object of ``evaluate_model --json`` without the numbers: which evaluation, of which
        model, how many suites gave numbers and how many a reason.
    """
    models = _models(context)
    row = _row(context, models)
    done = {result.place: bool(result.reason) for result in row.results.all()}
    if len(done) < len(row.suites) or not row.ready:
        without = _left_out(row, models)
        data, counts = _read(context, row, models, without)
        # Imported here, since only a gpu worker may load torch.
        if _needs(EDITED, row, done):
            from scoring.pipelines.evaluate_edits import edits_scored

            data = [edits_scored(context, row.snapshot, models[0], data[0], without)]
        if _needs(STATES, row, done):
            from scoring.pipelines.evaluate_states import states_read

            data = [states_read(context, row.snapshot, models[0], data[0], without)]
        for place, (key, params) in enumerate(row.suites):
            if place not in done:
                context.progress(place, len(row.suites), _label(key))
                context.check()
                done[place] = not _measure(context, row, place, key, params, data)
                context.saved()
        with transaction.atomic():
            job_hold(job=context.job)
            evaluation_finish(evaluation=row, counts=counts)
    no_numbers = sum(done.values())
    return {
        "evaluation": row.pk,
        "model": str(row.model),
        **({"against": str(row.against)} if row.against else {}),
        "snapshot": row.snapshot.name,
        "suites": len(done) - no_numbers,
        "without_numbers": no_numbers,
    }


def _models(context: JobContext) -> list[RewardModel]:
    found = []
    for name in ("model", "against"):
        if (pk := context.args[name]) is not None:
            model = RewardModel.objects.filter(pk=pk, project=context.project).first()
            if model is None:
                raise NotFoundError("The model was deleted.")
            found.append(model)
    return found


def _row(context: JobContext, models: list[RewardModel]) -> Evaluation:
    """Return this job's row, made with its snapshot at the first attempt."""
    rows = Evaluation.objects.select_related("model", "against", "snapshot")
    known = rows.filter(job=context.job).first()
    if known is not None:
        return known
    context.progress(0, len(context.args["suites"]), "Freezing the labels.")
    chosen = context.args["snapshot"]
    with transaction.atomic():
        job_hold(job=context.job)
        given = Snapshot.objects.get(pk=chosen, project=context.project) if chosen else None
        # Read first: what arrives in between makes the numbers old, never wrongly fresh.
        now = known_now(project=context.project, models=models, snapshot=given)
        return evaluation_create(
            model=models[0],
            against=models[1] if len(models) == 2 else None,
            snapshot=given or _frozen(context, models),
            part=context.args["part"],
            suites=context.args["suites"],
            known=now,
            job=context.job,
        )


def _frozen(context: JobContext, models: list[RewardModel]) -> Snapshot:
    """Freeze the labels as they are; split as for the training, so that equal content is found again."""
    own = next((model.snapshot for model in models if model.snapshot is not None), None)
    return snapshot_automatic(
        project=context.project,
        rules={"splits": own.rules["splits"]} if own and own.rules.get("splits") else None,
        user=context.user,
        on_progress=lambda _done, _total: context.check(),
    )


def _needs(what: str, row: Evaluation, done: Mapping[int, bool]) -> bool:
    """Say whether a suite that is missing needs what no stored score has: the model must read."""
    left = (key for place, (key, _) in enumerate(row.suites) if place not in done)
    return any(what in SUITES[key].needs for key in left if key in SUITES)


def _left_out(row: Evaluation, models: list[RewardModel]) -> set[int]:
    """Return the ids of the problems of the snapshot that the chosen part leaves out."""
    if row.part == Evaluation.Part.ALL:
        return set()
    others = row.snapshot.problems.none()
    if row.part == Evaluation.Part.TEST:
        others = row.snapshot.problems.exclude(split=TEST)
    return trained_on(models=models) | set(others.values_list("problem_id", flat=True))


def _read(
    context: JobContext, row: Evaluation, models: list[RewardModel], without: set[int]
) -> tuple[list[ModelRecords], dict[str, Any]]:
    """Return the records of each model and what there is of them.

    Raises:
        EvaluationError: no problem is left to evaluate on.
    """
    data, counts = [ModelRecords() for _ in models], Counts()
    outcome = context.project.primary_outcome
    for problem, scores in scored_problems(snapshot=row.snapshot, models=models, without=without):
        counts.add(problem, scores)
        for own, said in zip(data, scores, strict=True):
            own.add(problem, said, outcome)
        context.progress(0, len(row.suites), f"{counts.numbers['problems']:,} problems read.")
        context.check()
    if not data[0].once:
        whole = row.part == Evaluation.Part.ALL
        raise EvaluationError(
            f"There is no solution {'' if whole else 'in this part '}to evaluate on. Import more problems"
            + ("." if whole else ", or evaluate on all of them, which flatters a trained model.")
        )
    left_out = row.snapshot.problems.filter(problem_id__in=without).count() if without else 0
    return data, {**counts.to_dict(data[0]), "problems_left_out": left_out}


def _measure(
    context: JobContext,
    row: Evaluation,
    place: int,
    key: str,
    params: dict[str, Any],
    data: list[ModelRecords],
) -> bool:
    """Run one suite and keep what it found, or the reason why it found nothing; True = numbers."""
    try:
        found = _report(key, params, data)
    except ScoringError as error:
        evaluation_result_store(
            evaluation=row, place=place, suite=key, job=context.job, reason=_sentence(key, error)
        )
        return False
    evaluation_result_store(
        evaluation=row,
        place=place,
        suite=key,
        job=context.job,
        report=found.to_dict(),
        protocol=found.protocol.hash,
    )
    return True


def _report(key: str, params: dict[str, Any], data: list[ModelRecords]) -> Report | Comparison:
    if key in DISTANCES:
        one, two = (own.for_suite(DISTANCES[key]) for own in data)
        return distance(key, one, two, **params)
    rows = [own.for_suite(SUITES[key]) for own in data]
    if len(rows) == 2:
        return compare(key, *rows, **params)
    return evaluate(key, rows[0], **params)


def _label(key: str) -> str:
    return (SUITES.get(key) or DISTANCES[key]).label


def _sentence(key: str, error: ScoringError) -> str:
    """Return why there are no numbers, the suite by the name that people know."""
    text = str(error).replace(f"'{key}'", _label(key), 1).rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."
