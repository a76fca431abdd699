"""How much text a training run would read: problems and steps counted, characters sampled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Exists, OuterRef, QuerySet, Sum
from django.db.models.functions import Length

from annotator.models import Problem, SnapshotLabel, SnapshotProblem, Step, StepLabel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from annotator.models import Project, Snapshot

SAMPLE = 200
"""Problems whose texts are read; keys are hashes, so the first by key are a draw."""


@dataclass(frozen=True, slots=True)
class TextAmount:
    """Problems, their steps, and the characters of both.

    Attributes:
        problems: counted.
        steps: counted.
        characters: of prompts and steps; counted up to 200 problems, else sampled from as many.
        sampled: of how many problems the texts were read.
    """

    problems: int
    steps: int
    characters: int
    sampled: int


def project_amount(*, project: Project, labelled: bool) -> TextAmount:
    """Return what the project holds now; ``labelled``: only problems with a labelled step."""
    rows = Problem.objects.filter(project=project)
    if labelled:
        judged = StepLabel.objects.filter(step__problem=OuterRef("pk"))
        rows = rows.filter(Exists(judged))
    return _amount(rows)


def snapshot_amount(*, snapshot: Snapshot, splits: Sequence[str], labelled: bool) -> TextAmount:
    """Return what the splits of a snapshot hold; steps that were added since count too."""
    chosen = SnapshotProblem.objects.filter(snapshot=snapshot, split__in=splits)
    rows = Problem.objects.filter(pk__in=chosen.values("problem"))
    if labelled:
        judged = SnapshotLabel.objects.filter(snapshot=snapshot, problem=OuterRef("pk"))
        rows = rows.filter(Exists(judged))
    return _amount(rows)


def _amount(rows: QuerySet[Problem]) -> TextAmount:
    whole = rows.aggregate(problems=Count("pk"), steps=Sum("n_steps"))
    problems, steps = whole["problems"], whole["steps"] or 0
    drawn = list(rows.order_by("key").values_list("pk", flat=True)[:SAMPLE])
    prompts = Problem.objects.filter(pk__in=drawn).aggregate(n=Sum(Length("prompt")))["n"] or 0
    read = Step.objects.filter(problem__in=drawn).aggregate(
        n=Sum(Length("text")), steps=Count("pk")
    )
    said, seen = read["n"] or 0, read["steps"]
    characters = prompts + said
    if problems > len(drawn):
        per_step = said / seen if seen else 0.0
        characters = round(per_step * steps + prompts / len(drawn) * problems)
    return TextAmount(problems, steps, characters, len(drawn))
