"""Submitted gold: compared with its answer, and what follows for the person and their work."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from django.db.models import Q

from annotator.models import Assignment, Membership, Queue, Ranking
from annotator.queries.judgements.judging import path_ids, path_ratings
from annotator.queries.queues.gates import RANKING_LEVELS, RATING_TASKS
from annotator.queries.rankings.order import order_of
from annotator.queries.rankings.places import record_of
from annotator.services.queues.control import member_leases_return
from annotator.services.queues.leases import items_offer
from annotator.services.queues.work import given_up
from scoring.agreement.gold import (
    GoldCheck,
    check_all_steps,
    check_first_error,
    check_ranking,
    reaches,
)
from scoring.errors import RankingError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from annotator.models import Gold, Project, QueueItem

PAUSED = (
    "Your recent answers differ from the reviewed ones more often than this project allows, so you "
    "are served no items at present. Your work is kept. A reviewer will go through it with you."
)
SETTLED = "settled"
REQUEUED = "requeued"


def gold_check(*, assignment: Assignment, rater_id: int) -> dict[str, Any] | None:
    """Compare a submitted gold item with its answer and keep what came of it.

    Outside exams a person whose recent gold falls below the project's threshold is stopped.

    Args:
        assignment: locked and submitted; its item's gold, queue and trace are loaded.
        rater_id: of the person.

    Returns:
        The result as stored, None for items that are not gold.
    """
    item = assignment.item
    gold = item.gold
    if gold is None:
        return None
    checked = _compared(item, gold, rater_id)
    result = {
        "right": checked.right,
        "score": round(checked.score, 6),
        "known": checked.known,
        "agreed": checked.agreed,
        "first_error": checked.first_error,
        "tau": None if checked.tau is None else round(checked.tau, 6),
    }
    Assignment.objects.filter(pk=assignment.pk).update(result=result)
    assignment.result = result
    if not item.queue.is_exam:
        _pause_if_low(item.queue.project, assignment)
    return result


def gold_answers(*, project: Project, user_id: int) -> Any:
    """Return a person's checked gold answers outside exams, newest first."""
    return Assignment.objects.filter(
        user=user_id,
        state=Assignment.State.SUBMITTED,
        item__queue__project=project,
        item__queue__is_exam=False,
        item__gold__isnull=False,
        result__isnull=False,
    ).order_by("-finished", "-pk")


def _compared(item: QueueItem, gold: Gold, rater_id: int) -> GoldCheck:
    if item.queue.task in RATING_TASKS and item.trace is not None:
        step_ids = path_ids(trace=item.trace)
        ratings = path_ratings(trace=item.trace, step_ids=step_ids, rater_id=rater_id)
        place = {step: at for at, step in enumerate(step_ids)}
        known = {place[int(pk)]: said for pk, said in gold.answer["ratings"].items()}
        first = gold.answer["first_error"]
        whole = item.queue.task == Queue.Task.ALL_STEPS
        check = check_all_steps if whole else check_first_error
        if given_up(item=item, rater_id=rater_id):
            return GoldCheck(0.0, len(known), 0, first_error=False)
        return check(ratings, known, None if first is None else place[int(first)])
    return check_ranking(_order(item, rater_id), gold.answer["tiers"])


def _order(item: QueueItem, rater_id: int) -> Sequence[Sequence[int]]:
    """Return a person's order of the item, overall or from their criteria; empty if it has none."""
    rows = Ranking.objects.filter(
        problem=item.problem_id,
        level=RANKING_LEVELS[Queue.Task(item.queue.task)],
        parent=item.parent_id,
        rater=rater_id,
        source=None,
    )
    try:
        said = order_of(project=item.queue.project, records=[record_of(row) for row in rows])
    except RankingError:
        return ()
    return said.order.tiers if said is not None else ()


def _pause_if_low(project: Project, assignment: Assignment) -> None:
    """Stop the person if too few of their last gold answers are right; older ones are settled."""
    if project.pause_below is None:
        return
    answers = gold_answers(project=project, user_id=assignment.user_id)
    fresh = answers.exclude(result__has_key=SETTLED)
    results = list(fresh.values_list("result", flat=True)[: project.pause_after])
    right = sum(bool(result["right"]) for result in results)
    if len(results) < project.pause_after or reaches(right, len(results), project.pause_below):
        return
    stopped = Membership.objects.filter(
        project=project, user=assignment.user_id, paused="", role=Membership.Role.ANNOTATOR
    ).update(paused=PAUSED)
    if stopped:
        member_leases_return(project=project, user_id=assignment.user_id, reason=PAUSED)
        window_requeue(project=project, user_id=assignment.user_id)


def window_requeue(*, project: Project, user_id: int) -> int:
    """Ask one more person for each item that somebody answered since their last right gold.

    Their judgements stay. An item is asked for again only once.

    Returns:
        How many items.
    """
    good = gold_answers(project=project, user_id=user_id).filter(result__right=True).first()
    window = Assignment.objects.filter(
        user=user_id,
        state=Assignment.State.SUBMITTED,
        item__queue__project=project,
        item__gold__isnull=True,
        result__isnull=True,
    ).exclude(item__queue__state=Queue.State.CLOSED)
    if good is not None:
        window = window.filter(
            Q(finished__gt=good.finished) | Q(finished=good.finished, pk__gt=good.pk)
        )
    found = list(window.order_by("pk").values_list("pk", "item", "item__queue"))
    Assignment.objects.filter(pk__in=[pk for pk, _, _ in found]).update(result={REQUEUED: True})
    items_offer(item_ids=[item for _, item, _ in found])
    for queue_id, number in sorted(Counter(queue for _, _, queue in found).items()):
        queue = Queue.objects.get(pk=queue_id)  # locked by the offer
        queue.options[REQUEUED] = queue.options.get(REQUEUED, 0) + number
        queue.save(update_fields=["options"])
    return len(found)


def gold_settle(*, project: Project, user_id: int) -> None:
    """Let the gold answers so far no longer count towards stopping the person."""
    for answer in gold_answers(project=project, user_id=user_id).exclude(result__has_key=SETTLED):
        answer.result = {**answer.result, SETTLED: True}
        answer.save(update_fields=["result"])
