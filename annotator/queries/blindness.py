"""What a person may see of a problem besides its text and their own judgements.

The one place that decides it, for pages, fragments and API alike:

* Reviewers and owners see everything.
* Annotators see what others said of a step (people, imported labelers, checkers: labels, spans,
  alternatives, comments, decisions) once they have committed a judgement of their own: a rating or
  "unsure", a span over the step, or a submission of its trace. What a queue may still serve them
  stays hidden until they submitted or skipped it, an exam until it is passed.
* Model scores, credit made from them and the search values of a source open to annotators in the
  same way, or earlier where an assignment of theirs was drawn into the reveal arm, or everywhere
  where the project shows scores.
* Viewers do not judge: they see labels that came with the data, no person's, and scores where the
  project shows them.
* Gold answers, queue orders and arms are never shown to either. What others said of the items of a
  queue with hidden gold never opens, gold or not: everybody answers gold, so the number of voices
  would tell it. Nor do the own judgements of whoever made gold in the project: gold is made of them.

A step is covered by an item if its trace passes through it or if it stands below the item's parent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from django.db.models import Exists, OuterRef, Q

from annotator.models import Assignment, Gold, Queue, QueueItem, Ranking, Rater, StepLabel
from annotator.queries.packed import packed_columns

if TYPE_CHECKING:
    import numpy.typing as npt
    from django.db.models import QuerySet

    from annotator.models import Problem, Step
    from annotator.queries.access import Access
    from scoring.tree import FloatArray, IntArray

Steps = frozenset[int]
COVERS = """
CASE WHEN i.trace_id IS NOT NULL THEN EXISTS (
         SELECT FROM annotator_trace t JOIN annotator_step e ON e.id = t.end_id
         WHERE t.id = i.trace_id AND e.preorder >= s.preorder AND e.preorder < s.subtree_end)
     WHEN i.parent_id IS NOT NULL THEN EXISTS (
         SELECT FROM annotator_step f
         WHERE f.id = i.parent_id AND s.preorder > f.preorder AND s.preorder < f.subtree_end)
     ELSE TRUE END
"""
# Conditions on a step ``s`` for the person ``%(user)s``.
RATED = """EXISTS (
    SELECT FROM annotator_steplabel l JOIN annotator_rater r ON r.id = l.rater_id
    WHERE l.step_id = s.id AND l.source_id IS NULL AND r.user_id = %(user)s
      AND (l.rating IS NOT NULL OR l.unsure)
)"""
SUBMITTED = """EXISTS (
    SELECT FROM annotator_submission u
    JOIN annotator_rater r ON r.id = u.rater_id AND r.user_id = %(user)s
    LEFT JOIN annotator_trace t ON t.id = u.trace_id
    LEFT JOIN annotator_step e ON e.id = t.end_id
    WHERE u.problem_id = s.problem_id
      AND (u.trace_id IS NULL OR (e.preorder >= s.preorder AND e.preorder < s.subtree_end))
)"""
SPANNED = """EXISTS (
    SELECT FROM annotator_step f
    JOIN annotator_spanlabel n ON n.first_id = f.id AND n.source_id IS NULL
    JOIN annotator_rater r ON r.id = n.rater_id AND r.user_id = %(user)s
    JOIN annotator_step e ON e.id = n.last_id
    WHERE f.problem_id = s.problem_id AND n.rating IS NOT NULL
      AND s.preorder >= f.preorder AND s.preorder < f.subtree_end
      AND e.preorder >= s.preorder AND e.preorder < s.subtree_end
)"""
COMMITTED = f"({RATED} OR {SUBMITTED} OR {SPANNED})"
PENDING = f"""EXISTS (
    SELECT FROM annotator_queueitem i
    JOIN annotator_queue q ON q.id = i.queue_id AND q.state <> 'closed'
    WHERE i.problem_id = s.problem_id
      AND CASE WHEN q.is_exam THEN NOT EXISTS (
              SELECT FROM annotator_qualification k
              WHERE k.queue_id = q.id AND k.user_id = %(user)s AND k.passed)
          ELSE NOT EXISTS (
              SELECT FROM annotator_assignment a
              WHERE a.item_id = i.id AND a.user_id = %(user)s
                AND a.state IN ('submitted', 'skipped')) END
      AND {COVERS}
)"""  # noqa: S608 - own text
REVEALED = f"""EXISTS (
    SELECT FROM annotator_queueitem i
    JOIN annotator_assignment a ON a.item_id = i.id
    WHERE i.problem_id = s.problem_id AND a.user_id = %(user)s AND a.scores_shown
      AND a.state IN ('leased', 'submitted')
      AND {COVERS}
)"""
# What others said of the step never opens: it is of a queue among whose items gold is hidden.
HUSHED = f"""EXISTS (
    SELECT FROM annotator_queueitem i
    JOIN annotator_queue q ON q.id = i.queue_id AND q.gold_share > 0 AND NOT q.is_exam
    WHERE i.problem_id = s.problem_id AND {COVERS}
)"""
# Whether a model's score was on screen when a person labelled the step ``s`` of a project ``j`` in
# which they are the member ``m``. What was not served cannot have been shown; in the reveal arm it
# was; between the two the client knows what stood on the screen.
SHOWN = f"""CASE
    WHEN m.role IN ('reviewer', 'owner') OR j.show_scores THEN %(shown_score)s::boolean
    WHEN {REVEALED} THEN TRUE
    WHEN %(shown_score)s::boolean AND {COMMITTED} AND NOT {PENDING} THEN TRUE
    ELSE FALSE END"""
# Most people have no submission, span or revealed item in a problem; asking that once spares a look
# at each of 20,000 steps.
SIGHT = f"""
WITH me AS MATERIALIZED (
    SELECT EXISTS (
               SELECT FROM annotator_submission u
               JOIN annotator_rater r ON r.id = u.rater_id AND r.user_id = %(user)s
               WHERE u.problem_id = %(problem)s) AS submitted,
           EXISTS (
               SELECT FROM annotator_rater r
               JOIN annotator_spanlabel n ON n.rater_id = r.id AND n.source_id IS NULL
               JOIN annotator_step f ON f.id = n.first_id AND f.problem_id = %(problem)s
               WHERE r.user_id = %(user)s) AS spanned,
           EXISTS (
               SELECT FROM annotator_queueitem i JOIN annotator_assignment a ON a.item_id = i.id
               WHERE i.problem_id = %(problem)s AND a.user_id = %(user)s
                 AND a.scores_shown) AS revealed
), sight AS MATERIALIZED (
    SELECT s.id, s.problem_id, s.preorder, s.subtree_end,
           {RATED} OR (me.submitted AND {SUBMITTED}) OR (me.spanned AND {SPANNED}) AS committed,
           me.revealed AND {REVEALED} AS revealed
    FROM annotator_step s, me
    WHERE s.problem_id = %(problem)s AND (%(step)s::bigint IS NULL OR s.id = %(step)s)
), judged AS MATERIALIZED (
    SELECT s.id, s.revealed, s.committed AND NOT {PENDING} AS open, {HUSHED} AS hushed
    FROM sight s WHERE s.committed OR s.revealed
)
SELECT id, (open AND NOT hushed)::int AS labels, (open OR revealed)::int AS scores FROM judged
"""  # noqa: S608 - own text


@dataclass(frozen=True, slots=True)
class Sight:
    """What one person may see of one problem's steps.

    Attributes:
        labels: steps of which the judgements of others are open; None = all.
        scores: steps whose model scores are open; None = all.
        given: labels that came with the data are open everywhere.
    """

    labels: Steps | None
    scores: Steps | None
    given: bool = False

    @property
    def any_scores(self) -> bool:
        """Say whether the score of any step is open."""
        return self.scores is None or bool(self.scores)

    def sees_labels(self, step_id: int) -> bool:
        """Say whether what others said of the step is open."""
        return self.labels is None or step_id in self.labels

    def sees_scores(self, step_id: int) -> bool:
        """Say whether model scores of the step are open."""
        return self.scores is None or step_id in self.scores

    def scored(self, ids: IntArray, values: FloatArray) -> FloatArray:
        """Return ``values`` of the steps ``ids`` with what is hidden as missing (NaN)."""
        if self.scores is None:
            return values
        return np.where(_among(ids, self.scores), values, np.nan)

    def labelled(self, ids: IntArray) -> npt.NDArray[np.bool_]:
        """Return ``(N,)`` whether labels that came with the data are open for each step."""
        if self.labels is None or self.given:
            return np.ones(len(ids), np.bool_)
        return _among(ids, self.labels)


EVERYTHING = Sight(None, None, given=True)


def sight_of(*, access: Access, problem: Problem, step: Step | None = None) -> Sight:
    """Return what the person may see of ``problem``, or only of one step of it."""
    if access.may_review:
        return EVERYTHING
    open_scores: Steps | None = None if access.project.show_scores else frozenset()
    if not access.may_label:
        return Sight(frozenset(), open_scores, given=True)
    ids, labels, scores = packed_columns(
        SIGHT,
        {
            "problem": problem.pk,
            "user": access.user_id,
            "step": step.pk if step is not None else None,
        },
        id="int",
        labels="int",
        scores="int",
    )
    if open_scores is not None:
        open_scores = frozenset(ids[scores > 0].tolist())
    return Sight(frozenset(ids[labels > 0].tolist()), open_scores)


def labels_visible(*, step: Step, access: Access) -> list[StepLabel]:
    """Return the labels of a step that this member may see, their own always."""
    sight = sight_of(access=access, problem=step.problem, step=step)
    rows = (
        StepLabel.objects.filter(step=step)
        .select_related("rater", "error_type", "guideline", "source")
        .order_by("rater__kind", "rater__name", "pk")
    )
    if access.may_review:
        return list(rows)
    if sight.sees_labels(step.pk):
        unheard = gold_makers(access=access)
        return [label for label in rows if label.rater.user_id not in unheard]
    return [
        label
        for label in rows
        if label.rater.user_id == access.user_id or (sight.given and _given(label))
    ]


def _given(label: StepLabel) -> bool:
    """Say whether a label came with the data; what a model here said opens with its scores."""
    kinds = Rater.Kind
    return label.rater.kind != kinds.PERSON and (
        label.rater.kind != kinds.MODEL or label.source_id is not None
    )


def gold_makers(*, access: Access) -> set[int]:
    """Return the other people whose own judgements stay shut for who does not review.

    It depends on the project, never on the step: what stays shut tells nothing about the step.
    """
    made = Gold.objects.filter(project=access.project, created_by__isnull=False)
    return set(made.values_list("created_by", flat=True)) - {access.user_id}


def places_open(*, access: Access, problem: Problem) -> set[tuple[str, int | None, str]]:
    """Return where in a problem other people's rankings are open to who does not review: after one's own.

    Each as ``(level, parent_id, criterion)``: the level is ``step``, ``branch`` or ``trace``, the parent the
    step whose children are ranked (None = the problem), the criterion its key ("" = overall). Two queries,
    however much was ranked.
    """
    if not access.may_label:
        return set()
    own = Ranking.objects.filter(problem=problem, rater__user=access.user_id, source=None)
    shut = _unanswered(access.user_id) | QueueItem.objects.filter(
        queue__gold_share__gt=0, queue__is_exam=False
    )
    waiting = set(
        shut.filter(problem=problem, queue__task__startswith="rank_").values_list(
            "queue__task", "parent"
        )
    )
    places = own.order_by().values_list("level", "parent", "criterion").distinct()
    return {place for place in places if (f"rank_{place[0]}", place[1]) not in waiting}


def labels_counted(*, access: Access) -> QuerySet[StepLabel]:
    """Return the labels that counts, filters and progress may be made of.

    Labels by people that say something. Annotators count their own, viewers nobody's: how often a
    problem was judged would tell gold, which everybody gets, from the rest.
    """
    said = Q(rating__isnull=False) | Q(unsure=True)
    rows = StepLabel.objects.filter(said, rater__kind=Rater.Kind.PERSON)
    return rows if access.may_review else rows.filter(rater__user=access.user_id)


def _unanswered(user_id: int) -> QuerySet[QueueItem]:
    """Return the items that a queue may still serve to a person."""
    answered = Assignment.objects.filter(
        item=OuterRef("pk"),
        user=user_id,
        state__in=[Assignment.State.SUBMITTED, Assignment.State.SKIPPED],
    )
    passed = Queue.objects.filter(
        pk=OuterRef("queue"), qualifications__user=user_id, qualifications__passed=True
    )
    return QueueItem.objects.exclude(queue__state=Queue.State.CLOSED).filter(
        (Q(queue__is_exam=False) & ~Exists(answered)) | (Q(queue__is_exam=True) & ~Exists(passed))
    )


def _among(ids: IntArray, steps: Steps) -> npt.NDArray[np.bool_]:
    return np.asarray(np.isin(ids, np.fromiter(steps, np.int64, len(steps))), np.bool_)
