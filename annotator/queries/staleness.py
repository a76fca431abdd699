"""What happened since a model was trained and since it scored: why its numbers may be out of date.

Steps' texts never change, so scores grow stale only by steps that came later and by newer versions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Count, Sum

from annotator.models import JudgementEvent, Problem, RewardModel, SnapshotProblem, StepScore

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from annotator.models import Project

MOST = 1_000
"""More judgements than these are not counted."""
KINDS = [
    kind.value
    for kind in JudgementEvent.Kind
    if kind not in (JudgementEvent.Kind.SUBMISSION, JudgementEvent.Kind.RESOLUTION)
]
# Events are numbered in time: only the newest are read, however many there are.
LATER = """
SELECT s.id, (SELECT count(*) FROM (
    SELECT e.created FROM annotator_judgementevent e
    WHERE e.project_id = s.project_id AND e.kind = ANY(%s) ORDER BY e.id DESC LIMIT %s
) newest WHERE newest.created > s.created)
FROM annotator_snapshot s WHERE s.id = ANY(%s)
"""


@dataclass(frozen=True, slots=True)
class Behind:
    """How far a model is behind its project in its labels, its version and its scores.

    Attributes:
        stale: labels and version.
        unscored: steps without a score of it; None = it has scored nothing at all.
    """

    stale: Staleness
    unscored: int | None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON: what the API and the command give."""
        return {
            "judgements": min(self.stale.judgements, MOST),
            "more_judgements": self.stale.judgements > MOST,
            "newer": self.stale.newer.pk if self.stale.newer else None,
            "newer_version": self.stale.newer.version if self.stale.newer else None,
            "unscored": self.unscored,
            "words": self.stale.words,
        }


@dataclass(frozen=True, slots=True)
class Staleness:
    """How far a model is behind its project.

    Attributes:
        judgements: made or imported since the snapshot that it was trained on, at most ``MOST`` + 1.
        newer: the newest ready version of the same name, if there is a newer one.
    """

    judgements: int = 0
    newer: RewardModel | None = None

    @property
    def words(self) -> str:
        """The badge: "" if there is nothing to say."""
        parts = []
        if self.judgements:
            count = f"more than {MOST:,}" if self.judgements > MOST else f"{self.judgements:,}"
            noun = "judgement" if self.judgements == 1 else "judgements"
            parts.append(f"trained before {count} {noun}")
        if self.newer is not None:
            parts.append(f"v{self.newer.version} is newer")
        return ", ".join(parts)


def staleness(*, models: Iterable[RewardModel]) -> dict[int, Staleness]:
    """Return how far each ready model is behind, by id; two queries in all."""
    ready = [model for model in models if model.ready]
    later = _later({model.snapshot_id for model in ready if model.snapshot_id})
    newest = _newest(ready)
    found = {}
    for model in ready:
        latest = newest.get((model.project_id, model.name), model)
        found[model.pk] = Staleness(
            judgements=later.get(model.snapshot_id or 0, 0),
            newer=latest if latest.version > model.version else None,
        )
    return found


def behind(*, project: Project, models: Iterable[RewardModel]) -> dict[int, Behind]:
    """Return how far each ready model of ``project`` is behind, by id; four queries in all."""
    ready = [model for model in models if model.ready]
    stale = staleness(models=ready)
    counted = StepScore.objects.filter(model__in=[model.pk for model in ready])
    scored = dict(counted.values_list("model").annotate(n=Count("pk")).order_by())
    steps = steps_of(project=project) if scored else 0
    return {
        model.pk: Behind(stale[model.pk], steps - scored[model.pk] if model.pk in scored else None)
        for model in ready
    }


def steps_of(*, project: Project) -> int:
    """Return how many steps the project has, without counting them."""
    found = Problem.objects.filter(project=project).aggregate(n=Sum("n_steps"))
    return int(found["n"] or 0)


def learnt_problems(*, model: RewardModel) -> set[str]:
    """Return the stable ids of the problems that ``model`` learnt from, as far as is known.

    A validation share may have said when to stop, so it counts as learnt from.
    """
    rows = SnapshotProblem.objects.filter(snapshot=model.snapshot_id).exclude(split="test")
    return {bytes(key).hex() for key in rows.values_list("problem__key", flat=True)}


def _later(snapshots: set[int]) -> Mapping[int, int]:
    if not snapshots:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(LATER, [KINDS, MOST + 1, list(snapshots)])
        return dict(cursor.fetchall())


def _newest(models: list[RewardModel]) -> dict[tuple[int, str], RewardModel]:
    rows = RewardModel.objects.filter(
        project__in={model.project_id for model in models},
        name__in={model.name for model in models},
        ready=True,
    ).order_by("version")
    return {(row.project_id, row.name): row for row in rows}
