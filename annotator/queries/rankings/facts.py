"""What stands beside the rankings of any number of problems, each kind of it read with one query.

Ids of steps, traces and raters are the database's, so facts of several problems never mix.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db import connection

from annotator.models import Outcome, Rater, Step, StepLabel, Trace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from annotator.models import Project
    from scoring.preference.types import RankingRecord

NAME_CHARS = 40
# The ranked steps on the paths of ranked traces; the texts in between are not read.
PASSED = """
SELECT t.id, s.id
FROM annotator_trace t
JOIN annotator_step e ON e.id = t.end_id
JOIN annotator_step s
    ON s.problem_id = t.problem_id AND s.preorder <= e.preorder AND s.subtree_end > e.preorder
WHERE t.id = ANY(%(traces)s) AND s.id = ANY(%(steps)s)
"""


@dataclass(frozen=True, slots=True)
class Facts:
    """Names of what is ranked and by whom, and what else was said of it.

    Attributes:
        steps: text and parent of every ranked step.
        ordinals: number of every ranked trace, from 0.
        raters: names.
        paths: ranked trace → ranked steps on its path.
        ratings: (rater, step) → −1, 0 or +1; of several from different sources the newest.
        outcomes: trace → whether its answer is right, where it is known.
    """

    steps: Mapping[int, tuple[str, int | None]]
    ordinals: Mapping[int, int]
    raters: Mapping[object, str]
    paths: Mapping[int, Sequence[int]] = field(default_factory=dict)
    ratings: Mapping[tuple[int | str, int], int] = field(default_factory=dict)
    outcomes: Mapping[int, bool | None] = field(default_factory=dict)

    def item(self, item: int) -> str:
        """Return what a reviewer calls a step or a trace."""
        if item in self.steps:
            return f"“{_short(self.steps[item][0])}”"
        return f"{self.ordinals[item] + 1}" if item in self.ordinals else f"{item}"

    def rater(self, rater: object) -> str:
        """Return what a reviewer calls a rater."""
        return self.raters.get(rater, f"{rater}")

    def parent(self, item: int) -> int | None:
        """Return the step above a ranked step; None = the problem, and for traces."""
        return self.steps[item][1] if item in self.steps else None


def facts_of(*, project: Project, records: Sequence[RankingRecord]) -> Facts:
    """Return what stands beside ``records``, rankings of problems of ``project``."""
    steps = {i for r in records if r.level != "trace" for i in r.items}
    rated = {i for r in records if r.level == "step" for i in r.items}
    traces = {i for r in records if r.level == "trace" for i in r.items}
    raters = {int(record.rater) for record in records}
    named = Step.objects.filter(pk__in=steps).values_list("pk", "text", "parent")
    return Facts(
        steps={pk: (text, parent) for pk, text, parent in named},
        ordinals=dict(Trace.objects.filter(pk__in=traces).values_list("pk", "ordinal")),
        raters=dict(Rater.objects.filter(pk__in=raters).values_list("pk", "name")),
        paths=_passed(traces, steps),
        ratings=_ratings(rated, raters),
        outcomes=_outcomes(traces, project),
    )


def _passed(traces: Iterable[int], steps: Iterable[int]) -> dict[int, list[int]]:
    if not traces or not steps:
        return {}
    passed: dict[int, list[int]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(PASSED, {"traces": list(traces), "steps": list(steps)})
        for trace, step in cursor.fetchall():
            passed[trace].append(step)
    return passed


def _ratings(steps: Iterable[int], raters: Iterable[int]) -> dict[tuple[int | str, int], int]:
    rows = StepLabel.objects.filter(step__in=steps, rater__in=raters, rating__isnull=False)
    found = rows.order_by("pk").values_list("rater", "step", "rating")
    return {(rater, step): rating for rater, step, rating in found if rating is not None}


def _outcomes(traces: Iterable[int], project: Project) -> dict[int, bool | None]:
    rows = Outcome.objects.filter(
        trace__in=traces, name=project.primary_outcome, value__in=(0.0, 1.0)
    )
    return {trace: value == 1 for trace, value in rows.values_list("trace", "value")}


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= NAME_CHARS else f"{line[: NAME_CHARS - 1]}…"
