"""Agreement reports: asked for by pages and API, computed by io workers, kept until they are old.

``Job.args`` of ``scoring.agreement``: ``scope`` (``Scope.stored``), ``scope_hash``, ``version`` and
``gold_changes`` (the newest event and the changes of gold when it was asked for).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from annotator.models import AgreementReport, Job, Project
from annotator.queries.agreement.columns import (
    first_errors_of,
    labels_of,
    rankings_of,
    ratings_of,
)
from annotator.queries.agreement.reports import (
    AgreementState,
    agreement_state,
    gold_changes_of,
    newest_event,
)
from annotator.services.jobs import job_create, job_hold
from scoring.agreement.report import report
from scoring.resample import REPLICATES

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User

    from annotator.queries.agreement.scope import Scope

    OnProgress = Callable[[int, int | None, str], None]


@transaction.atomic
def agreement_request(
    *, project: Project, scope: Scope, user: User, again: bool = False
) -> AgreementState:
    """Return what is known of ``scope``, with a computation on its way where it is needed.

    Nothing is queued while the report is fresh or a computation is open, nor, without ``again``,
    after one that failed or was cancelled, until there is a new judgement or gold changes.
    """
    # One request at a time: two readers who open the page together share a job.
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    state = agreement_state(project=project, scope=scope)
    if state.is_fresh or state.is_open or (state.stopped and not again):
        return state
    args = {
        "scope": scope.stored(),
        "scope_hash": scope.hash,
        "version": state.version,
        "gold_changes": state.gold_changes,
    }
    job = job_create(project=project, kind=Job.Kind.AGREEMENT, args=args, user=user)
    return replace(state, job=job)


def agreement_report_make(
    *,
    project: Project,
    scope: Scope,
    replicates: int = REPLICATES,
    on_progress: OnProgress | None = None,
    job: Job | None = None,
) -> AgreementReport:
    """Compute and store the report of ``scope``; older ones of the scope go.

    Args:
        project: whose judgements.
        scope: which of them.
        replicates: resamplings for the intervals.
        on_progress: called with figures done, in all, and the next one; may raise to stop.
        job: the job that does it; nothing is written after another worker took it.
    """
    tell = on_progress or (lambda *_: None)
    # Read first: what arrives in between makes the report old, never wrongly fresh.
    known = {
        "version": newest_event(project=project),
        "gold_changes": gold_changes_of(project=project),
    }
    tell(0, None, "reading judgements")
    labels = labels_of(project=project, scope=scope)
    payload = report(
        ratings_of(labels),
        first_errors_of(project=project, scope=scope, labels=labels),
        rankings_of(project=project, scope=scope),
        replicates=replicates,
        on_progress=tell,
    )
    return _store(project, scope, known, payload, job)


@transaction.atomic
def _store(
    project: Project,
    scope: Scope,
    known: dict[str, int],
    payload: dict[str, Any],
    job: Job | None,
) -> AgreementReport:
    if job is not None:
        job_hold(job=job)
    mine = AgreementReport.objects.filter(project=project, scope_hash=scope.hash)
    # A page knows newer figures by their row, so gold alone, too, makes another one.
    older = Q(version__lt=known["version"]) | Q(gold_changes__lt=known["gold_changes"])
    mine.filter(older).delete()
    stored, _ = mine.update_or_create(
        project=project,
        scope_hash=scope.hash,
        version=known["version"],
        defaults={
            "scope": scope.stored(),
            "gold_changes": known["gold_changes"],
            "payload": payload,
            "job": job,
            "created": Now(),
        },
    )
    stored.refresh_from_db(fields=["created"])
    return stored
