"""Fill a queue: collect the candidates, order them, write them in one COPY."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q

from annotator.errors import InvalidError
from annotator.models import Assignment, Job, Project, Queue, QueueItem
from annotator.queries.packed import packed_columns
from annotator.queries.queues.gates import RATING_TASKS
from annotator.services.imports.copying import copy_rows
from annotator.services.jobs import job_hold
from annotator.services.queues.orders.base import Pool
from annotator.services.queues.orders.registry import ORDERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from annotator.services.queues.orders.base import BoolArray, Ordered

    OnProgress = Callable[[int, int | None, str], None]

FEWEST, MOST = 2, 32
COLUMNS = (
    "queue_id",
    "problem_id",
    "trace_id",
    "parent_id",
    "gold_id",
    "position",
    "need",
    "open",
    "propensity",
    "model_version",
    "why",
)
GOLD = """
LEFT JOIN annotator_gold g ON g.problem_id = p.id AND g.task = %(task)s AND g.active
    AND g.trace_id IS NOT DISTINCT FROM {trace} AND g.parent_id IS NOT DISTINCT FROM {parent}
WHERE p.project_id = %(project)s AND (NOT %(exam)s OR g.id IS NOT NULL)
"""
TRACES = f"""
SELECT p.id AS problem, t.id AS trace, 0 AS parent, coalesce(g.id, 0) AS gold
FROM annotator_problem p JOIN annotator_trace t ON t.problem_id = p.id
{GOLD.format(trace="t.id", parent="NULL")}
ORDER BY p.id, t.ordinal
"""  # noqa: S608 - own text
FORKS = f"""
SELECT p.id AS problem, 0 AS trace, coalesce(f.parent, 0) AS parent, coalesce(g.id, 0) AS gold
FROM annotator_problem p JOIN (
    SELECT s.problem_id, s.parent_id AS parent, min(s.preorder) AS place
    FROM annotator_step s JOIN annotator_problem o ON o.id = s.problem_id
    WHERE o.project_id = %(project)s
    GROUP BY s.problem_id, s.parent_id
    HAVING count(*) BETWEEN {FEWEST} AND {MOST}
       AND (NOT %(branches)s OR bool_or(s.subtree_end > s.preorder + 1))
) f ON f.problem_id = p.id
{GOLD.format(trace="NULL", parent="f.parent")}
ORDER BY p.id, f.place
"""  # noqa: S608 - own text
TRACE_SETS = f"""
SELECT p.id AS problem, 0 AS trace, 0 AS parent, coalesce(g.id, 0) AS gold
FROM annotator_problem p
{GOLD.format(trace="NULL", parent="NULL")} AND p.n_traces BETWEEN {FEWEST} AND {MOST}
ORDER BY p.id
"""  # noqa: S608 - own text
EMPTY = {
    Queue.Task.RANK_STEP: f"No step here has {FEWEST} to {MOST} children to rank.",
    Queue.Task.RANK_BRANCH: f"No fork here has {FEWEST} to {MOST} branches to rank.",
    Queue.Task.RANK_TRACE: f"No problem here has {FEWEST} to {MOST} traces to rank.",
}
APART = {
    False: "Everything that could be judged here is the item of an exam, which no other queue serves.",
    True: "Every gold answer for this task stands in another queue, where people meet or met it. "
    "Make gold of something else, or close the queues in which nobody has been served it.",
}
LEFT_OUT = {False: "left_to_exams", True: "in_other_queues"}


def queue_build(
    *, queue: Queue, on_progress: OnProgress | None = None, job: Job | None = None
) -> dict[str, Any]:
    """Put every item into ``queue``, or none; a queue that is filled stays as it is.

    Args:
        queue: as ``queue_create`` made it.
        on_progress: called with items done, items in all and a word; may raise to stop.
        job: the job that does it; nothing is written after another worker took it.

    Returns:
        ``items``: how many there are; how many of them are gold is for reviewers, on the queue.

    Raises:
        InvalidError: nothing to judge, or the order lacks what it needs; the sentence says what.
    """
    tell = on_progress or (lambda *_: None)
    if queue.n_items:
        return {"items": queue.n_items, "unchanged": True}
    tell(0, None, "collecting")
    pool = pool_of(queue=queue)
    tell(0, len(pool), "ordering")
    ordered = ORDERS[queue.order].load()(pool)
    tell(0, len(ordered.picks), "writing")
    with transaction.atomic(), connection.cursor() as cursor:
        # The queues of a project are written one after the other: each sees what the others took.
        Project.objects.select_for_update(no_key=True).get(pk=queue.project_id)
        locked = Queue.objects.select_for_update(no_key=True).get(pk=queue.pk)
        if locked.n_items:
            return {"items": locked.n_items, "unchanged": True}
        ordered = replace(ordered, picks=ordered.picks[_apart(queue, pool)[ordered.picks]])
        n_items = _counted(queue, pool, ordered)
        copy_rows(cursor, QueueItem, COLUMNS, _rows(queue, pool, ordered))
        # A plan made without statistics walks the whole table; autovacuum comes too late.
        cursor.execute("ANALYZE annotator_queueitem")
        if job is not None:
            job_hold(job=job)
        Queue.objects.filter(pk=queue.pk).update(
            n_items=n_items, options={**queue.options, "report": _report(queue, pool, ordered)}
        )
    queue.refresh_from_db()
    return {"items": len(ordered.picks)}


def pool_of(*, queue: Queue) -> Pool:
    """Return everything in the project that the queue's task can be asked of.

    Where the queue serves gold, a thing with a gold answer for the task is gold, never ordinary. An
    exam and the other queues of its project share nothing, see ``_apart``.

    Raises:
        InvalidError: there is nothing.
    """
    if queue.task in RATING_TASKS:
        statement = TRACES
    elif queue.task == Queue.Task.RANK_TRACE:
        statement = TRACE_SETS
    else:
        statement = FORKS
    parameters = {
        "project": queue.project_id,
        "task": queue.task,
        "exam": queue.is_exam,
        "branches": queue.task == Queue.Task.RANK_BRANCH,
    }
    whole = {"problem": "int", "trace": "int", "parent": "int", "gold": "int"}
    problem, trace, parent, gold = packed_columns(statement, parameters, **whole)
    if not len(problem):
        reason = EMPTY.get(Queue.Task(queue.task), "There is no trace to rate in this project.")
        raise InvalidError(reason, code="queue_empty")
    if not queue.is_exam and not queue.gold_share:
        gold = np.zeros_like(gold)
    pool = Pool(
        project=queue.project,
        task=queue.task,
        problem=problem,
        trace=trace,
        parent=parent,
        gold=gold,
        seed=queue.seed,
        model=queue.model,
        options=queue.options,
        limit=queue.options.get("limit"),
    )
    apart = _apart(queue, pool)
    if not apart.any():
        raise InvalidError(APART[queue.is_exam], code="queue_empty")
    return replace(pool.only(apart), left_out=int((~apart).sum()))


def _apart(queue: Queue, pool: Pool) -> BoolArray:
    """Say which candidates may stand in ``queue``, ``(N,)``: an exam shares none with other queues.

    Whoever took an exam was told its answers, so no other queue may ask for them, neither as gold
    nor as ordinary work; and what people met in another queue examines nobody. Whichever is made
    later leaves out what the other has. Items of a closed queue that nobody was served are free.
    """
    tasks = RATING_TASKS if queue.task in RATING_TASKS else {queue.task}
    served = Assignment.objects.filter(item=OuterRef("pk"))
    items = QueueItem.objects.filter(
        ~Q(queue__state=Queue.State.CLOSED) | Exists(served),
        queue__project=queue.project_id,
        queue__task__in=tasks,
    ).exclude(queue=queue.pk)
    if queue.is_exam:
        items = items.filter(problem__in=np.unique(pool.problem).tolist())
    else:
        items = items.filter(queue__is_exam=True)
    known = np.array(
        [
            (one, of_trace or 0, below or 0)
            for one, of_trace, below in items.values_list("problem", "trace", "parent").distinct()
        ],
        dtype=np.int64,
    ).reshape(-1, 3)
    roots = known[(known[:, 1] == 0) & (known[:, 2] == 0), 0]
    met: BoolArray = np.where(
        pool.trace > 0,
        np.isin(pool.trace, known[:, 1]),
        np.where(pool.parent > 0, np.isin(pool.parent, known[:, 2]), np.isin(pool.problem, roots)),
    )
    return ~met


def _counted(queue: Queue, pool: Pool, ordered: Ordered) -> int:
    """Return how many items the queue has, hidden gold left out.

    Raises:
        InvalidError: none; gold is served among others, and would not be hidden where it is all.
    """
    gold = int((pool.gold[ordered.picks] > 0).sum())
    items = gold if queue.is_exam else len(ordered.picks) - gold
    if not items:
        raise InvalidError("Under this order nothing is left to judge.", code="queue_empty")
    return items


def _report(queue: Queue, pool: Pool, ordered: Ordered) -> dict[str, Any]:
    """Return what to know about the queue as a whole, for reviewers."""
    gold = int((pool.gold[ordered.picks] > 0).sum())
    left_out = {LEFT_OUT[queue.is_exam]: pool.left_out} if pool.left_out else {}
    return {**ordered.report, "gold": gold, **left_out}


def _rows(queue: Queue, pool: Pool, ordered: Ordered) -> Iterator[tuple[Any, ...]]:
    """Yield the items in their order, so that ids, too, only say the order."""
    ids = np.stack([pool.problem, pool.trace, pool.parent, pool.gold], axis=1)[ordered.picks]
    propensity = ordered.propensity[ordered.picks]
    for at, (problem, trace, parent, gold) in enumerate(ids.tolist()):
        why = ordered.why_of(int(ordered.picks[at]))
        yield (
            queue.pk,
            problem,
            trace or None,
            parent or None,
            gold or None,
            float(at + 1),
            0 if gold else queue.overlap,
            True,
            float(propensity[at]),
            ordered.model_version,
            json.dumps(why) if why else None,
        )
