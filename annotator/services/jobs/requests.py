"""What a person can ask a worker for: validated first, then queued.

Pages, API and commands use the same five verbs, so a job that is queued has arguments that its
worker accepts. ``Job.args`` by kind:

* ``scoring.import``: ``upload`` (id), ``name`` (of the file), ``format``, ``dry_run``.
* ``scoring.train``: ``run`` (``RunConfig.to_dict``), ``name``, ``snapshot`` (id or null); of a model
  that is trained again ``retrains`` (its id).
* ``scoring.score`` and ``scoring.judge``: ``model`` (id), ``name`` (of the model); a judge's also
  ``labels``, if its verdicts shall become labels; a job that helps another one has its id as ``part_of``.
* ``scoring.snapshot``: ``name``, ``rules`` (aggregate, neutral, include_machine), ``filter``.
* ``scoring.export``: ``format``, ``options``, ``snapshot`` (id or null).
* ``scoring.sample``: nothing; the project is the one to fill.
* ``scoring.answers``: as ``services.judgements.answers`` makes them.
* ``scoring.evaluate``: as ``services.evaluations`` makes them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.db import transaction

from annotator.errors import ConflictError, InvalidError
from annotator.exporters.registry import exporter
from annotator.importers.registry import importer
from annotator.models import Job, Project, RewardModel, Snapshot
from annotator.queries.jobs import open_score_job
from annotator.queries.models import score_kind
from annotator.services.jobs import job_create
from annotator.services.models.bases import base_checked
from annotator.services.projects.projects import project_create
from scoring.training.config import TINY, RunConfig
from scoring.training.targets import DEFAULT_AGGREGATE, DEFAULT_NEUTRAL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.contrib.auth.models import User

    from annotator.models import Upload

AUTO = "auto"
MODEL_NAME_LENGTH = 100
SNAPSHOT_NAME_LENGTH = 100
AGGREGATES = {
    "majority": "Majority of raters, ties left out",
    "latest": "The latest judgement",
    "per_rater": "Every rater's judgement on its own",
}
NEUTRALS = {
    "positive": "counts as right",
    "negative": "counts as wrong",
    "drop": "is left out",
    "soft": "counts as 0.5",
}
SAMPLE_NAME = "Sample"


def import_request(
    *, upload: Upload, user: User, format_key: str = AUTO, dry_run: bool = False
) -> Job:
    """Queue the import of an uploaded file.

    Raises:
        UnknownNameError: no such format.
    """
    if format_key != AUTO:
        importer(format_key)
    args = {"upload": upload.pk, "name": upload.name, "format": format_key, "dry_run": dry_run}
    return job_create(project=upload.project, kind=Job.Kind.IMPORT, args=args, user=user)


def train_request(
    *,
    project: Project,
    user: User | None,
    settings: Mapping[str, str],
    kind: str = "prm",
    base: str = TINY,
    name: str = "",
    snapshot: Snapshot | None = None,
    any_folder: bool = False,
) -> Job:
    """Queue a training run after checking every setting.

    With ``any_folder`` the operator asks and may name any folder of the machine as ``base``.

    Raises:
        ModelLoadError: a base that cannot be opened.
        UnknownNameError: unknown kind or setting.
        SettingError: a value outside its limits.
        InvalidError: the name is too long, the snapshot is another project's, or the base is a
            folder that is not open to who asks.
    """
    run = train_run(project=project, settings=settings, kind=kind, base=base, any_folder=any_folder)
    called = base.strip().rstrip("/").rsplit("/", 1)[-1].replace("@", "-")
    clean = _name(name or f"{called}-{kind}", MODEL_NAME_LENGTH)
    args = {"run": run.to_dict(), "name": clean, "snapshot": _snapshot_id(project, snapshot)}
    return job_create(project=project, kind=Job.Kind.TRAIN, args=args, user=user)


def train_run(
    *,
    project: Project | None,
    settings: Mapping[str, str],
    kind: str,
    base: str,
    any_folder: bool = False,
) -> RunConfig:
    """Return the run that these arguments mean, checked; see ``train_request``."""
    run = RunConfig.from_settings(settings, kind_key=kind, base=base)
    opened = base_checked(base=base.strip(), project=project, any_folder=any_folder)
    return replace(run, base=opened)


@transaction.atomic
def score_request(*, model: RewardModel, user: User | None, labels: bool = False) -> Job:
    """Queue the scoring of every step of the model's project.

    With ``labels`` a judge's verdicts become labels of a rater of kind ``model`` as well.

    Raises:
        InvalidError: labels of a model that is no judge.
        ConflictError: the model is not trained yet, is known by imported scores only, or a job
            scores the project with it already (``job_open``).
    """
    if not model.ready or not model.artefact:
        reason = (
            f"'{model.name}' is known only by its imported scores; it cannot score."
            if model.ready
            else f"'{model.name}' is not trained yet. Score when its job is done."
        )
        raise ConflictError(reason, code="model_not_ready")
    RewardModel.objects.select_for_update(no_key=True).get(pk=model.pk)  # one request at a time
    if (same := open_score_job(model=model)) is not None:
        reason = f"Job {same.pk} scores the project with '{model.name}' already."
        raise ConflictError(reason, code="job_open")
    args = {"model": model.pk, "name": f"{model.name} v{model.version}"}
    if labels and score_kind(model) != Job.Kind.JUDGE:
        reason = "Only a judge's verdicts can become labels."
        raise InvalidError(reason, fields={"labels": reason})
    if labels:
        args["labels"] = True
    return job_create(project=model.project, kind=score_kind(model), args=args, user=user)


def snapshot_request(
    *, project: Project, user: User | None, name: str, rules: Mapping[str, Any]
) -> Job:
    """Queue a snapshot under ``rules``.

    Raises:
        InvalidError: the name or a rule cannot be used.
        ConflictError: a snapshot of that name exists.
    """
    clean = _name(name, SNAPSHOT_NAME_LENGTH)
    checked = rules_check(rules=rules)
    if Snapshot.objects.filter(project=project, name=clean).exists():
        reason = (
            f"There is already a snapshot '{clean}'; snapshots never change. Choose a new name."
        )
        raise ConflictError(reason, code="name_taken", fields={"name": reason})
    args = {"name": clean, "rules": checked, "filter": {}}
    return job_create(project=project, kind=Job.Kind.SNAPSHOT, args=args, user=user)


def export_request(
    *,
    project: Project,
    user: User | None,
    format_key: str,
    options: Mapping[str, Any] | None = None,
    snapshot: Snapshot | None = None,
) -> Job:
    """Queue an export; without ``snapshot`` the worker makes one of the labels as they are.

    Raises:
        UnknownNameError: no such format or option.
        InvalidError: an option's value, or the snapshot is another project's.
    """
    args = {
        "format": format_key,
        "options": exporter(format_key).checked_options(options),
        "snapshot": _snapshot_id(project, snapshot),
    }
    return job_create(project=project, kind=Job.Kind.EXPORT, args=args, user=user)


def sample_request(*, user: User) -> Job:
    """Create the sample project for ``user`` and queue its filling.

    Raises:
        ConflictError: there is one already (perhaps somebody else's).
    """
    project = project_create(
        name=SAMPLE_NAME,
        owner=user,
        description="Game of 24 searches and arithmetic solutions, made by Tracewood itself.",
    )
    return job_create(project=project, kind=Job.Kind.SAMPLE, args={}, user=user)


def rules_check(*, rules: Mapping[str, Any]) -> dict[str, Any]:
    """Return complete snapshot rules.

    Raises:
        InvalidError: an unknown rule or value, naming the known ones.
    """
    defaults: dict[str, Any] = {
        "aggregate": DEFAULT_AGGREGATE,
        "neutral": DEFAULT_NEUTRAL,
        "include_machine": False,
    }
    known: dict[str, tuple[Any, ...]] = {
        "aggregate": tuple(AGGREGATES),
        "neutral": tuple(NEUTRALS),
        "include_machine": (True, False),
    }
    wrong = {}
    for key, value in rules.items():
        if key not in known:
            wrong[key] = f"There is no rule '{key}'; known: {', '.join(known)}."
        elif value not in known[key]:
            choices = ", ".join(str(choice).lower() for choice in known[key])
            wrong[key] = f"'{key}' is one of {choices}, not '{value}'."
    if wrong:
        raise InvalidError(" ".join(wrong.values()), fields=wrong)
    return defaults | dict(rules)


def _snapshot_id(project: Project, snapshot: Snapshot | None) -> int | None:
    if snapshot is not None and snapshot.project_id != project.pk:
        reason = "This snapshot belongs to another project."
        raise InvalidError(reason, fields={"snapshot": reason})
    return snapshot.pk if snapshot else None


def _name(name: str, limit: int) -> str:
    clean = name.strip()
    if not 0 < len(clean) <= limit or not clean.isprintable():
        reason = f"Give a name of 1 to {limit} printable characters."
        raise InvalidError(reason, fields={"name": reason})
    return clean
