"""What a person answered in an exam beside its known answers; shown when the exam is over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q

from annotator.models import Assignment, Queue, QueueItem, Ranking, Rater, Step, Submission, Trace
from annotator.queries.judgements.judging import ENDED, path_ids, path_ratings
from annotator.queries.queues.gates import RANKING_LEVELS, RATING_TASKS
from annotator.queries.rankings.order import order_of
from annotator.queries.rankings.places import letters, record_of
from scoring.errors import RankingError
from scoring.preference.notation import order_text

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from annotator.models import Problem

WRONG = -1
RATINGS: dict[object, str] = {-1: "−1", 0: "0", 1: "+1", None: "not rated"}


@dataclass(frozen=True, slots=True)
class ExamPart:
    """A step or a ranked thing of an item: what it is called there, and its text."""

    name: str
    text: str


# The person's answer and the known one in words, and what they name.
Compared = tuple[str, str, list[ExamPart]]


@dataclass(frozen=True, slots=True)
class ExamAnswer:
    """One item of an exam as its taker sees it afterwards.

    Attributes:
        own: what the person said, in words; "" where they skipped it.
        known_answer: the gold, in words.
        parts: the steps that the two name, or what the letters of the two orders stand for.
        agreed: right steps or pairs, of ``known``.
    """

    problem: Problem
    trace: Trace | None
    parent: Step | None
    skipped: bool
    right: bool
    agreed: int
    known: int
    own: str
    known_answer: str
    parts: tuple[ExamPart, ...]


def exam_answers(*, queue: Queue, user: User) -> list[ExamAnswer]:
    """Return what a person answered in an exam and what is right, in its order.

    Ask only for an exam that is over for them: which answers are right is told to nobody who may
    take it again.
    """
    rows = (
        Assignment.objects.filter(
            item__in=QueueItem.objects.filter(queue=queue, gold__active=True),
            user=user,
            state__in=[Assignment.State.SUBMITTED, Assignment.State.SKIPPED],
        )
        .select_related("item__trace__end", "item__parent", "item__problem", "item__gold")
        .order_by("item__position", "item_id")
    )
    rater = Rater.objects.filter(project=queue.project_id, user=user).first()
    compared = _rated if queue.task in RATING_TASKS else _ranked
    found = []
    for row in rows:
        result = row.result or {}
        own, known, parts = compared(row.item, queue, rater.pk if rater else 0)
        found.append(
            ExamAnswer(
                problem=row.item.problem,
                trace=row.item.trace,
                parent=row.item.parent,
                skipped=row.state == Assignment.State.SKIPPED,
                right=bool(result.get("right")),
                agreed=int(result.get("agreed", 0)),
                known=int(result.get("known", 0)),
                own=own,
                known_answer=known,
                parts=tuple(parts),
            )
        )
    return found


def _rated(item: QueueItem, queue: Queue, rater_id: int) -> Compared:
    """Compare the ratings of a trace: where each finds the first error, and which steps differ."""
    if item.trace is None or item.gold is None:  # an exam has gold only, of traces for these tasks
        return "", "", []
    ids = path_ids(trace=item.trace)
    own = path_ratings(trace=item.trace, step_ids=ids, rater_id=rater_id)
    gold = {int(pk): rating for pk, rating in item.gold.answer["ratings"].items()}
    said = next((at for at, rating in enumerate(own) if rating == WRONG), None)
    first = item.gold.answer["first_error"]
    known = None if first is None else ids.index(int(first))
    if queue.task == Queue.Task.ALL_STEPS:
        words = {
            at: f": you {RATINGS.get(own[at], own[at])}, right {RATINGS[gold[pk]]}"
            for at, pk in enumerate(ids)
            if pk in gold and own[at] != gold[pk]
        }
    else:
        words = dict.fromkeys(sorted({at for at in (said, known) if at is not None}), "")
    texts = dict(Step.objects.filter(pk__in=[ids[at] for at in words]).values_list("pk", "text"))
    parts = [ExamPart(f"step {at + 1}{more}", texts[ids[at]]) for at, more in words.items()]
    gave_up = Submission.objects.filter(
        Q(trace=None) | Q(trace=item.trace),
        problem=item.problem_id,
        rater=rater_id,
        reason__in=ENDED,
    ).exists()
    return "given up" if gave_up else _error_words(said), _error_words(known), parts


def _ranked(item: QueueItem, queue: Queue, rater_id: int) -> Compared:
    """Compare two orders in letters, which stand in the order of the tree or of the import."""
    if item.gold is None:
        return "", "", []
    tiers = item.gold.answer["tiers"]
    ranked = [pk for tier in tiers for pk in tier]
    level = RANKING_LEVELS[Queue.Task(queue.task)]
    if level == "trace":
        rows = Trace.objects.filter(pk__in=ranked).order_by("ordinal")
        texts = {
            pk: f"trace {ordinal + 1}: … {text}"
            for pk, ordinal, text in rows.values_list("pk", "ordinal", "end__text")
        }
    else:
        steps = Step.objects.filter(pk__in=ranked).order_by("preorder")
        texts = dict(steps.values_list("pk", "text"))
    letter = letters(list(texts))
    records = Ranking.objects.filter(
        problem=item.problem_id, level=level, parent=item.parent_id, rater=rater_id, source=None
    )
    try:
        said = order_of(project=queue.project, records=[record_of(row) for row in records])
    except RankingError:
        said = None
    own = order_text(said.order.tiers, (), (), letter) if said is not None else ""
    parts = [ExamPart(letter[pk], text) for pk, text in texts.items()]
    return own, order_text(tiers, (), item.gold.answer.get("failed", ()), letter), parts


def _error_words(at: int | None) -> str:
    return "no wrong step" if at is None else f"first error at step {at + 1}"
