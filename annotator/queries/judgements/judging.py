"""Judging one trace from its first step on: what a person has said of the path, and what is next.

Later steps stay hidden until the earlier ones are judged, so that everybody reads in order. In
first-error mode nothing is revealed behind the first wrong step: there is nothing left to judge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import F

from annotator.errors import ConflictError, InvalidError
from annotator.models import Queue, Rater, SpanLabel, Step, StepLabel, Submission

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from annotator.models import Trace

FIRST_ERROR = Queue.Task.FIRST_ERROR.value
ALL_STEPS = Queue.Task.ALL_STEPS.value
JUDGING_TASKS = (FIRST_ERROR, ALL_STEPS)
ENDED = (Submission.Reason.GIVE_UP, Submission.Reason.BAD_PROBLEM)
UNSURE = "unsure"
NAMED = 8

Judged = float | str | None


@dataclass(frozen=True, slots=True)
class Judging:
    """How far a person is with a trace.

    Attributes:
        trace: with its end loaded.
        task: ``first_error`` or ``all_steps``.
        step_ids: the path, first step first.
        ratings: what the person said of each: a rating, ``"unsure"``, or None = nothing yet.
        submission: how the person ended it, None = not yet.
    """

    trace: Trace
    task: str
    step_ids: list[int]
    ratings: list[Judged]
    submission: Submission | None

    @property
    def first_error(self) -> int | None:
        """Index of the first wrong step."""
        return next((at for at, rating in enumerate(self.ratings) if rating == -1), None)

    @property
    def frontier(self) -> int | None:
        """Index of the step that is to be judged next, None = there is none."""
        after = self._unjudged
        ends = self.first_error if self.task == FIRST_ERROR else None
        return None if after is None or (ends is not None and after > ends) else after

    @property
    def revealed(self) -> int:
        """How many steps, from the first, may be on the page: the judged ones and the next."""
        if self.frontier is not None:
            return self.frontier + 1
        return len(self.step_ids) if self._unjudged is None else self._unjudged

    @property
    def judged(self) -> int:
        """How many steps of the path have an answer."""
        return sum(rating is not None for rating in self.ratings)

    @property
    def given_up(self) -> bool:
        """Whether the person gave the trace up or called its problem faulty."""
        return self.submission is not None and self.submission.reason in ENDED

    @property
    def missing(self) -> str:
        """What still has to be done before this may be submitted, "" = nothing."""
        return "" if self.given_up else rating_missing(ratings=self.ratings, task=self.task)

    @property
    def reason(self) -> str:
        """The reason of a submission now: where the person stopped."""
        found = self.first_error is not None
        return (Submission.Reason.FOUND_ERROR if found else Submission.Reason.SOLUTION).value

    @property
    def _unjudged(self) -> int | None:
        return next((at for at, rating in enumerate(self.ratings) if rating is None), None)


def judging_of(*, trace: Trace, user: User, task: str) -> Judging:
    """Return how far ``user`` is with ``trace``."""
    rater = Rater.objects.filter(project=trace.problem.project_id, user=user).first()
    rater_id = rater.pk if rater is not None else 0
    step_ids = path_ids(trace=trace)
    submission = Submission.objects.filter(
        problem=trace.problem_id, trace=trace, rater=rater_id
    ).first()
    ratings = path_ratings(trace=trace, step_ids=step_ids, rater_id=rater_id)
    return Judging(trace, task, step_ids, ratings, submission)


def run_ends(*, judging: Judging, first: int, last: int, unseen: bool = False) -> tuple[Step, Step]:
    """Return the steps number ``first`` and ``last`` of the trace, counted from 1.

    Args:
        judging: how far the person is.
        first: where the run begins.
        last: where it ends.
        unseen: also a run that reaches steps which are not served yet, to take its judgement back.

    Raises:
        InvalidError: the trace has no such run of steps.
        ConflictError: the last one is not open yet: what is not served is not judged.
    """
    if not 1 <= first <= last <= len(judging.step_ids):
        message = f"Steps {first} to {last} are not a run of this trace's {len(judging.step_ids)}."
        raise InvalidError(message, fields={"last": message})
    if last > judging.revealed and not unseen:
        raise not_open(judging, last)
    ends = [judging.step_ids[number - 1] for number in (first, last)]
    found = Step.objects.in_bulk(ends)
    for step in found.values():
        step.problem = judging.trace.problem
    return found[ends[0]], found[ends[1]]


def not_open(judging: Judging, number: int) -> ConflictError:
    """Return the error of step ``number``, whose turn has not come."""
    return ConflictError(
        f"Step {number} is not open yet: steps are judged in order. {judging.missing}".strip(),
        code="not_revealed",
    )


def path_ids(*, trace: Trace) -> list[int]:
    """Return the steps of ``trace``, first step first."""
    end = trace.end.preorder
    steps = Step.objects.filter(
        problem=trace.problem_id, preorder__lte=end, subtree_end__gt=end
    ).order_by("depth")
    return list(steps.values_list("pk", flat=True))


def path_ratings(*, trace: Trace, step_ids: list[int], rater_id: int) -> list[Judged]:
    """Return what the rater said of each step of ``trace``: a rating, ``"unsure"`` or None.

    A span judgement answers for its steps that have no rating of their own.
    """
    own = {"rater": rater_id, "source": None}
    labels = StepLabel.objects.filter(step__in=step_ids, **own)
    said: dict[int, Judged] = {
        step: UNSURE if rating is None and unsure else rating
        for step, rating, unsure in labels.values_list("step", "rating", "unsure")
    }
    ratings = [said.get(step) for step in step_ids]
    place = {step: at for at, step in enumerate(step_ids)}
    spans = SpanLabel.objects.filter(
        first__in=step_ids, last__in=step_ids, rating__isnull=False, **own
    ).order_by(F("updated").desc())
    for first, last, rating in spans.values_list("first", "last", "rating"):
        for at in range(place[first], place[last] + 1):
            ratings[at] = rating if ratings[at] is None else ratings[at]
    return ratings


def rating_missing(*, ratings: list[Judged], task: str) -> str:
    """Say which steps are not rated yet, "" if the task is done."""
    upto, until = len(ratings), "all of them"
    if task == FIRST_ERROR:
        wrong = next((at for at, rating in enumerate(ratings) if rating == -1), None)
        upto = len(ratings) if wrong is None else wrong
        until = "or mark the first wrong one" if wrong is None else "up to the first wrong one"
    missing = [str(at) for at, rating in enumerate(ratings[:upto], start=1) if rating is None]
    if not missing:
        return ""
    more = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
    steps = f"step {missing[0]}" if len(missing) == 1 else f"steps {', '.join(missing[:NAMED])}"
    return f"Not rated yet: {steps}{more}. Rate the steps, {until}."
