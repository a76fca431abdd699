"""The reveal arm: what seeing model scores does to labels, time and accuracy.

Only queues that draw (``reveal_share`` above 0) count; exams do not. A step that one person met in
both arms says nothing of either and is left out. The model is the queue's, else the newest that has
scored the project; a score below 0.5 means that it calls the step wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from annotator.models import Assignment
from annotator.queries.packed import packed_columns
from annotator.queries.trees.sparklines import scoring_model
from scoring.agreement.annotators.accuracy import proportion
from scoring.agreement.annotators.drift import newcombe
from scoring.agreement.annotators.timing import METHOD as QUARTILES
from scoring.agreement.arms import clustered_share, difference
from scoring.resample import Estimate

if TYPE_CHECKING:
    from annotator.models import Project, RewardModel

ANSWERS = """
WITH done AS (
    SELECT a.id, a.user_id, a.scores_shown, i.problem_id, e.preorder,
           coalesce(q.model_id, %(model)s) AS model_id
    FROM annotator_assignment a
    JOIN annotator_queueitem i ON i.id = a.item_id
    JOIN annotator_queue q ON q.id = i.queue_id
    JOIN annotator_trace t ON t.id = i.trace_id
    JOIN annotator_step e ON e.id = t.end_id
    WHERE q.project_id = %(project)s AND q.reveal_share > 0 AND NOT q.is_exam
      AND a.state = 'submitted'
), met AS (
    SELECT d.user_id, s.id AS step_id, min(d.id) AS assignment, bool_or(d.scores_shown) AS shown,
           min(d.model_id) AS model_id
    FROM done d
    JOIN annotator_step s ON s.problem_id = d.problem_id
        AND s.preorder <= d.preorder AND s.subtree_end > d.preorder
    GROUP BY d.user_id, s.id
    HAVING bool_or(d.scores_shown) = bool_and(d.scores_shown)
)
SELECT m.assignment, m.shown::int AS shown, l.rating, l.milliseconds, c.score
FROM met m
JOIN annotator_rater r ON r.project_id = %(project)s AND r.user_id = m.user_id
JOIN annotator_steplabel l
    ON l.step_id = m.step_id AND l.rater_id = r.id AND l.source_id IS NULL
LEFT JOIN annotator_stepscore c ON c.step_id = m.step_id AND c.model_id = m.model_id
WHERE l.rating IS NOT NULL
ORDER BY m.assignment
"""
ARMS = {1: "scores shown", 0: "blind"}
NO_STEPS = "undefined because nobody has answered in this arm"
NO_SCORES = "undefined because no step of this arm was rated and scored"
NO_WRONG = "undefined because the model calls no rated step of this arm wrong"
NO_TIMES = "undefined because no rating of this arm carries a time"
NO_GOLD = "undefined because no gold was answered in this arm"
NO_PAIR = "undefined because an arm has nothing to compare"
HALF = 0.5


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm, or the first minus the second.

    Attributes:
        answers: submitted items with a rated step.
        steps: rated steps.
        agreement: share of steps on which person and model agree that they are wrong, or not.
        override: share of the steps which the model calls wrong and the person does not.
        time: milliseconds per step, median with quartiles.
        accuracy: share of right gold answers.
    """

    name: str
    answers: int
    steps: int
    agreement: Estimate
    override: Estimate
    time: Estimate
    accuracy: Estimate


@dataclass(frozen=True, slots=True)
class ArmReport:
    """Both arms and their difference; ``model`` is whose scores are compared where a queue has none."""

    shown: Arm
    blind: Arm
    effect: Arm
    model: RewardModel | None


def arm_report(*, project: Project) -> ArmReport:
    """Compare answers given with and without model scores on screen."""
    model = scoring_model(project=project)
    columns = packed_columns(
        ANSWERS,
        {"project": project.pk, "model": model.pk if model is not None else 0},
        assignment="int",
        shown="int",
        rating="float",
        milliseconds="float",
        score="float",
    )
    gold = _gold(project)
    parts = {arm: _Part(columns, columns[1] == arm, gold[arm]) for arm in ARMS}
    shown, blind = parts[1], parts[0]
    effect = Arm(
        name="difference",
        answers=shown.answers + blind.answers,
        steps=shown.steps + blind.steps,
        agreement=difference(shown.agreeing, blind.agreeing, NO_PAIR),
        override=difference(shown.overriding, blind.overriding, NO_PAIR),
        time=_time_difference(shown, blind),
        accuracy=_accuracy_difference(shown.gold, blind.gold),
    )
    return ArmReport(shown.arm(ARMS[1]), blind.arm(ARMS[0]), effect, model)


class _Part:
    """The steps of one arm, summed by answer."""

    def __init__(
        self, columns: list[np.ndarray[Any, Any]], here: Any, gold: tuple[int, int]
    ) -> None:
        answer, _, rating, spent, score = (column[here] for column in columns)
        self.gold = gold
        self.steps = len(answer)
        known, place = np.unique(answer, return_inverse=True)
        self.answers = len(known)
        self.times = spent[np.isfinite(spent)]
        scored = np.isfinite(score)
        wrong, said = scored & (score < HALF), rating < 0
        self.agreeing = _sums(place, self.answers, (wrong == said) & scored, scored)
        self.overriding = _sums(place, self.answers, wrong & ~said, wrong)

    def arm(self, name: str) -> Arm:
        """Return the arm's figures."""
        reason = NO_SCORES if self.steps else NO_STEPS
        return Arm(
            name=name,
            answers=self.answers,
            steps=self.steps,
            agreement=clustered_share(*self.agreeing, reason),
            override=clustered_share(*self.overriding, NO_WRONG if self.steps else NO_STEPS),
            time=self._time(),
            accuracy=proportion(*self.gold, NO_GOLD),
        )

    def _time(self) -> Estimate:
        if not len(self.times):
            return Estimate(None, undefined=NO_TIMES)
        low, middle, high = (float(q) for q in np.quantile(self.times, [0.25, 0.5, 0.75]))
        return Estimate(middle, low, high, n=len(self.times), method=QUARTILES)


def _sums(place: Any, size: int, hits: Any, among: Any) -> tuple[list[int], list[int]]:
    counts = (np.bincount(place[mask], minlength=size).tolist() for mask in (hits, among))
    first, second = counts
    return first, second


def _gold(project: Project) -> dict[int, tuple[int, int]]:
    rows = Assignment.objects.filter(
        state=Assignment.State.SUBMITTED,
        item__queue__project=project,
        item__queue__is_exam=False,
        item__queue__reveal_share__gt=0,
        item__gold__active=True,
        result__isnull=False,
    ).values_list("scores_shown", "result__right")
    found = {arm: [0, 0] for arm in ARMS}
    for shown, right in rows:
        found[int(shown)][0] += bool(right)
        found[int(shown)][1] += 1
    return {arm: (hits, n) for arm, (hits, n) in found.items()}


def _time_difference(shown: _Part, blind: _Part) -> Estimate:
    if not len(shown.times) or not len(blind.times):
        return Estimate(None, undefined=NO_PAIR)
    value = float(np.median(shown.times) - np.median(blind.times))
    n = len(shown.times) + len(blind.times)
    return Estimate(value, n=n, notes=("difference of the medians",))


def _accuracy_difference(shown: tuple[int, int], blind: tuple[int, int]) -> Estimate:
    if not shown[1] or not blind[1]:
        return Estimate(None, undefined=NO_PAIR)
    value = shown[0] / shown[1] - blind[0] / blind[1]
    low, high = newcombe(*shown, *blind)
    n = shown[1] + blind[1]
    return Estimate(value, low, high, n=n, method="shown − blind; Newcombe's score interval, 95%")
