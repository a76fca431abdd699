"""Guidelines as people read them: versions with what was judged under each, examples, old labels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q

from annotator.errors import NotFoundError
from annotator.models import GuidelineVersion, Ranking, Rater, Step, StepLabel, Submission

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models import QuerySet

    from annotator.models import Project


@dataclass(frozen=True, slots=True)
class Judged:
    """What people judged under one version and still stands."""

    labels: int = 0
    rankings: int = 0
    submissions: int = 0

    @property
    def total(self) -> int:
        """All of it."""
        return self.labels + self.rankings + self.submissions


@dataclass(frozen=True, slots=True)
class Example:
    """A step with its right rating and why; ``step`` None = it was deleted since."""

    step: Step | None
    rating: int
    why: str


@dataclass(frozen=True, slots=True)
class Selection:
    """Which labels are to be judged again: made under an older version, and of one of these.

    Attributes:
        versions: numbers of versions; empty = every one but the newest.
        ratings, error_types: any of them; with ``unsure`` False and both empty: all labels.
        unsure: also those that are unsure.
    """

    versions: tuple[int, ...] = ()
    ratings: tuple[int, ...] = ()
    error_types: tuple[str, ...] = ()
    unsure: bool = False

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Selection:
        """Return the selection that a queue's options hold."""
        return cls(
            tuple(options.get("versions", ())),
            tuple(options.get("ratings", ())),
            tuple(options.get("error_types", ())),
            bool(options.get("unsure")),
        )

    def options(self) -> dict[str, Any]:
        """Return it as a queue's options."""
        return {
            "versions": list(self.versions),
            "ratings": list(self.ratings),
            "error_types": list(self.error_types),
            "unsure": self.unsure,
        }


@dataclass(frozen=True, slots=True)
class Affected:
    """How much a selection holds."""

    labels: int = 0
    steps: int = 0
    people: int = 0
    by_version: dict[int, int] = field(default_factory=dict)


def guideline_current(*, project: Project) -> GuidelineVersion | None:
    """Return the newest guidelines of ``project``."""
    return project.guidelines.order_by("-number").first()


def guideline_versions(*, project: Project) -> list[GuidelineVersion]:
    """Return all versions with their authors but without their texts, newest first."""
    return list(guidelines_of(project=project))


def guidelines_of(*, project: Project) -> QuerySet[GuidelineVersion]:
    """Return the versions of the guidelines with their authors, texts not loaded, newest first."""
    return project.guidelines.select_related("author").defer("markdown").order_by("-number")


def guideline_numbered(*, project: Project, number: int) -> GuidelineVersion:
    """Return version ``number`` of the guidelines with its author.

    Raises:
        NotFoundError: there is none.
    """
    found = project.guidelines.select_related("author").filter(number=number).first()
    if found is None:
        raise NotFoundError(f"These guidelines have no version {number}.")
    return found


def judged_by_version(*, project: Project) -> dict[int, Judged]:
    """Return by number what people judged under each version, in three queries."""
    counts: dict[int, dict[str, int]] = {}
    models = {"labels": StepLabel, "rankings": Ranking, "submissions": Submission}
    for name, model in models.items():
        rows = (
            model._default_manager.filter(guideline__project=project, rater__kind=Rater.Kind.PERSON)
            .order_by()
            .values_list("guideline__number")
            .annotate(n=Count("pk"))
        )
        for number, n in rows:
            counts.setdefault(number, {})[name] = n
    return {number: Judged(**found) for number, found in counts.items()}


def examples_of(*, version: GuidelineVersion) -> list[Example]:
    """Return the examples of a version with their steps."""
    ids = [row["step"] for row in version.examples]
    steps = (
        Step.objects.filter(problem__project=version.project_id)
        .select_related("problem")
        .in_bulk(ids)
    )
    return [Example(steps.get(row["step"]), row["rating"], row["why"]) for row in version.examples]


def labels_affected(*, project: Project, selection: Selection) -> QuerySet[StepLabel]:
    """Return the current labels by people that a selection names."""
    newest = project.guidelines.order_by("-number").values_list("number", flat=True).first() or 0
    rows = StepLabel.objects.filter(
        rater__project=project, rater__kind=Rater.Kind.PERSON, source=None
    )
    older = Q(guideline__number__lt=newest) | Q(guideline=None)
    rows = rows.filter(Q(guideline__number__in=selection.versions) if selection.versions else older)
    said = Q()
    if selection.ratings:
        said |= Q(rating__in=selection.ratings, unsure=False)
    if selection.error_types:
        said |= Q(error_type__key__in=selection.error_types)
    if selection.unsure:
        said |= Q(unsure=True)
    return rows.filter(said)


def affected_count(*, project: Project, selection: Selection) -> Affected:
    """Count what a selection holds."""
    rows = labels_affected(project=project, selection=selection)
    totals = rows.aggregate(
        labels=Count("pk"),
        steps=Count("step", distinct=True),
        people=Count("rater", distinct=True),
    )
    versions = rows.order_by().values_list("guideline__number").annotate(n=Count("pk"))
    return Affected(**totals, by_version={number or 0: n for number, n in versions})
