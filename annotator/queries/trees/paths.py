"""One path of a tree at a time: the steps to the chosen one, what follows it, and its siblings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Exists, OuterRef, Q

from annotator.models import (
    Outcome,
    RewardModel,
    SourceRecord,
    Step,
    StepLabel,
    StepScore,
    TokenScore,
    Trace,
)
from annotator.models.finite import known
from annotator.queries.prepared import prepared_row

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.contrib.auth.models import User
    from django.db.models import QuerySet

    from annotator.models import Problem

LABELLED = """
SELECT count(*)
FROM annotator_step s
JOIN annotator_steplabel l ON l.step_id = s.id AND l.source_id IS NULL
JOIN annotator_rater r ON r.id = l.rater_id AND r.user_id = %(user)s
WHERE s.problem_id = %(problem)s
"""
BEFORE = 30
AFTER = 12
SIBLINGS = 24


@dataclass(frozen=True, slots=True)
class Path:
    """The part of a path around a step that a reader sees at once.

    Attributes:
        steps: from the first shown ancestor through the step to the last shown successor.
        earlier: ancestors above the first shown one.
        later: successors on the trace after the last shown one.
        trace: the trace that is followed below the step, None where no trace passes through.
    """

    steps: list[Step]
    earlier: int
    later: int
    trace: Trace | None


def steps_down_to(*, step: Step, most: int) -> list[Step]:
    """Return the path from the problem to ``step``, which is last; of a longer one the end."""
    above = Step.objects.filter(
        problem=step.problem_id, preorder__lte=step.preorder, subtree_end__gt=step.preorder
    )
    return list(above.order_by("-depth")[:most])[::-1]


def path_around(
    *,
    problem: Problem,
    step: Step | None,
    end_id: int | None = None,
    before: int = BEFORE,
    after: int = AFTER,
) -> Path:
    """Return the path to ``step`` and on along one trace.

    Args:
        problem: the problem.
        step: the chosen step, None = the problem itself.
        end_id: where the followed trace ends; if no trace through ``step`` ends there, the first
            imported one is followed.
        before: how many ancestors to show at most.
        after: how many successors to show at most.
    """
    depth = step.depth if step is not None else 0
    trace = _trace_through(problem, step, end_id)
    last = trace.end if trace is not None else step
    if last is None:
        return Path([], 0, 0, None)
    steps = Step.objects.filter(
        problem=problem,
        preorder__lte=last.preorder,
        subtree_end__gt=last.preorder,
        depth__gte=depth - before,
        depth__lte=depth + after,
    )
    earlier = max(0, depth - before - 1)
    return Path(list(steps.order_by("depth")), earlier, max(0, last.depth - depth - after), trace)


def first_step(*, problem: Problem) -> Step | None:
    """Return the step that a problem opens on: the first one of its first trace.

    A trace with a known outcome comes first; in a search the very first step may belong to a branch
    that was dropped before any trace ended there, about which no method says anything.
    """
    steps = Step.objects.filter(problem=problem)
    outcomes = Outcome.objects.filter(
        trace=OuterRef("pk"), name=problem.project.primary_outcome, **known()
    )
    traces = Trace.objects.filter(problem=problem).annotate(judged=Exists(outcomes))
    ends = traces.order_by("-judged", "ordinal").values_list("end__preorder", flat=True)
    end = ends.first()
    if end is None:
        return steps.order_by("preorder").first()
    return steps.filter(depth=1, preorder__lte=end, subtree_end__gt=end).first()


def step_in(*, problem: Problem, pk: int | None) -> Step | None:
    """Return the step of ``problem`` with this id, None where it has no such step."""
    found = Step.objects.filter(problem=problem, pk=pk).first() if pk is not None else None
    if found is not None:
        found.problem = problem
    return found


def steps_by_id(*, ids: Iterable[int]) -> dict[int, Step]:
    """Return steps with their texts by id."""
    return Step.objects.in_bulk(list(ids))


def first_rows(*, problem: Problem, most: int) -> list[Step]:
    """Return the first ``most`` steps in tree order, with their place in the tree alone."""
    rows = Step.objects.filter(problem=problem, preorder__lte=most)
    return list(rows.order_by("preorder").only("pk", "preorder", "depth"))


def source_record(*, step: Step | None, trace: Trace | None) -> SourceRecord | None:
    """Return the record that a step came from, else the one of the trace through it."""
    came = next(
        (row.source_id for row in (step, trace) if row is not None and row.source_id is not None),
        None,
    )
    records = SourceRecord.objects.select_related("file")
    return records.filter(pk=came).first() if came is not None else None


def scores_of(*, step_ids: Iterable[int], model: RewardModel) -> dict[int, float]:
    """Return the model's score of each step that has one."""
    rows = StepScore.objects.filter(step__in=list(step_ids), model=model, **known("score"))
    return dict(rows.values_list("step", "score"))


def _trace_through(problem: Problem, step: Step | None, end_id: int | None) -> Trace | None:
    rows = Trace.objects.filter(problem=problem).select_related("end")
    if step is not None:
        rows = rows.filter(
            end__problem=problem,
            end__preorder__gte=step.preorder,
            end__preorder__lt=step.subtree_end,
        )
    wanted = rows.filter(end_id=end_id).order_by("ordinal").first() if end_id else None
    return wanted or rows.order_by("ordinal").first()


def trace_ending_at(*, problem: Problem, end_id: int) -> Trace | None:
    """Return the first trace of ``problem`` that ends at a step, None where none does."""
    rows = Trace.objects.filter(problem=problem, end=end_id).select_related("end")
    return rows.order_by("ordinal").first()


def children_counts(*, problem: Problem, steps: Iterable[Step]) -> dict[int | None, int]:
    """Return how many children each parent of ``steps`` has; the key None is the problem."""
    parents = {step.parent_id for step in steps}
    same = Q(parent_id__in=[parent for parent in parents if parent is not None])
    if None in parents:
        same |= Q(parent_id=None)
    rows = Step.objects.filter(same, problem=problem).values("parent_id").order_by()
    return dict(rows.annotate(number=Count("pk")).values_list("parent_id", "number"))


def siblings_of(*, step: Step) -> QuerySet[Step]:
    """Return the children of the step's parent in tree order, the step included."""
    rows = Step.objects.filter(problem=step.problem_id, parent_id=step.parent_id)
    return rows.order_by("preorder")


def labels_of_user(*, steps: Iterable[Step], user: User) -> dict[int, StepLabel]:
    """Return the person's own label of each step that has one."""
    rows = StepLabel.objects.filter(step__in=list(steps), rater__user=user, source=None)
    return {label.step_id: label for label in rows.select_related("error_type")}


def labelled_counts(*, problem: Problem, user: User) -> int:
    """Return how many of the problem's steps the person has judged."""
    row = prepared_row(LABELLED, {"problem": problem.pk, "user": user.pk})
    return int(row[0]) if row else 0


def models_scoring(*, problem: Problem) -> list[RewardModel]:
    """Return the models that have scores for steps of ``problem``, newest first."""
    scored = StepScore.objects.filter(model=OuterRef("pk"), step__problem=problem)
    rows = RewardModel.objects.filter(Exists(scored), project=problem.project_id)
    return list(rows.order_by("-pk"))


def token_score_of(*, step: Step, model: RewardModel) -> tuple[TokenScore | None, float | None]:
    """Return the packed running reward inside a step and the step's score, None where missing."""
    tokens = TokenScore.objects.filter(step=step, model=model).first()
    score = StepScore.objects.filter(step=step, model=model).values_list("score", flat=True)
    return tokens, score.first()


def next_unlabelled(
    *, problem: Problem, user: User, after: int, backwards: bool = False
) -> Step | None:
    """Return the nearest step after (or before) a position without a label of the person.

    The search goes once around the tree; None = everything is labelled.
    """
    mine = StepLabel.objects.filter(step=OuterRef("pk"), rater__user=user, source=None)
    rows = Step.objects.filter(~Exists(mine), problem=problem)
    if backwards:
        return (
            rows.filter(preorder__lt=after).order_by("-preorder").first()
            or rows.order_by("-preorder").first()
        )
    return (
        rows.filter(preorder__gt=after).order_by("preorder").first()
        or rows.order_by("preorder").first()
    )
