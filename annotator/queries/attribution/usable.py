"""What a method may be used for on a model: what is against it, its card, its jobs, and the default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotator.models import (
    Attribution,
    FaithfulnessCard,
    Job,
    RewardModel,
    Step,
)
from annotator.queries.attribution.stored import digest_of
from scoring.attribution.choices import why_not
from scoring.attribution.faithfulness.base import CARD_VERSION
from scoring.attribution.registry import DEFAULT, METHODS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from annotator.models import Project

RUNNING = DEFAULT
OPEN = (Job.State.QUEUED, Job.State.RUNNING)


def models_for_attribution(*, project: Project) -> list[RewardModel]:
    """Return the models of a project that are ready, newest first."""
    return list(RewardModel.objects.filter(project=project, ready=True).order_by("-pk"))


def not_usable(*, model: RewardModel, method: str) -> str:
    """Return why a method or signal cannot be used on a model, with the way out; "" if it can."""
    if not model.ready:
        return f"'{model.name}' is not trained yet. Ask again when its job is done."
    if not model.artefact:
        return f"'{model.name}' is known only by its imported scores: there is no model to run."
    return why_not(method, model.kind, model.config.get("model", model.config))


def cards_of(*, model: RewardModel) -> dict[str, FaithfulnessCard]:
    """Return the faithfulness cards of a model by method; none of an old version of a method or of the checks."""
    rows = FaithfulnessCard.objects.filter(model=model, facts__card=CARD_VERSION)
    return {
        row.method: row
        for row in rows
        if row.method in METHODS and METHODS[row.method].version == row.version
    }


def open_attribution_job(
    *, project: Project, args: Mapping[str, Any], card: bool = False
) -> Job | None:
    """Return a job that waits or runs with these arguments."""
    kind = Job.Kind.FAITHFUL if card else Job.Kind.ATTRIBUTE
    wanted = {key: args[key] for key in args if key != "name"}
    rows = Job.objects.filter(project=project, kind=kind, state__in=OPEN, args__contains=wanted)
    return rows.first()


def newest_job(*, model: RewardModel, end: Step, method: str) -> Job | None:
    """Return the newest job that looks at a path by a method, if it did not end well."""
    rows = Job.objects.filter(
        kind=Job.Kind.ATTRIBUTE,
        project=model.project_id,
        args__contains={"model": model.pk, "end": end.pk, "method": method},
    )
    job = rows.order_by("-pk").first()
    return None if job is None or job.state == Job.State.DONE else job


def card_digest(card: FaithfulnessCard) -> str:
    """Return what names the method, version and settings that a card was made with, as ``Attribution.digest``."""
    return digest_of(method=card.method, version=card.version, params=card.facts["params"])


def default_method(
    *, stored: Sequence[Attribution], cards: Mapping[str, FaithfulnessCard], free: bool
) -> str:
    """Return the method that is shown where none is asked for: never one that failed a check.

    Of what is there, the most preferred one that passed with the settings it is there with; else the running
    reward and then the newest that did not fail. "" if all that is there failed; the running reward if
    nothing is there. What scoring left is the score, and cards are made on the raw reward: it was not tried.
    """
    rows = [one for one in stored if one.method in METHODS]
    there = [RUNNING] if free or any(one.method == RUNNING for one in rows) else []
    there += [key for key in dict.fromkeys(one.method for one in rows) if key != RUNNING]
    kept = [key for key in there if key not in cards or cards[key].passed]
    passed = {one.method for one in rows if one.method in kept and checked_row(one, cards)}
    best = sorted(passed, key=lambda key: METHODS[key].preferred)
    return next(iter([*best, *kept]), "" if there else RUNNING)


def checked_row(row: Attribution, cards: Mapping[str, FaithfulnessCard]) -> bool:
    """Say whether a stored result has the settings that the card of its method was made with."""
    return row.method in cards and row.digest == card_digest(cards[row.method])
