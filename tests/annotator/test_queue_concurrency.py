"""Queues under real parallel connections: places, fences, waiting, nobody starved."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from annotator.errors import AnnotatorError, ConflictError
from annotator.models import Assignment, JudgementEvent, Queue, QueueCursor, QueueItem
from annotator.queries.access import project_for_user
from annotator.queries.queues.gates import assignment_for_user
from annotator.services.people.members import member_remove
from annotator.services.queues import assignment_skip, assignment_submit, item_next
from tests.annotator.queue_world import answer, queue_world, rate, take

pytestmark = pytest.mark.django_db(transaction=True)
CLIENTS = 8


def together(*calls):
    """Run the calls at the same moment, each on a connection of its own; return what came of each."""
    start = threading.Barrier(len(calls))

    def run(call):
        try:
            start.wait(10)
            return call()
        except AnnotatorError as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result(60) for future in [pool.submit(run, call) for call in calls]]


class Holding:
    """A transaction of another connection that holds rows until ``release``."""

    def __init__(self, *items):
        self._ready, self._end = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._hold, args=(items,))
        self._thread.start()
        assert self._ready.wait(10)

    def _hold(self, items):
        with transaction.atomic():
            list(QueueItem.objects.select_for_update().filter(pk__in=items).order_by("pk"))
            self._ready.set()
            self._end.wait(30)
        connection.close()

    def release(self):
        self._end.set()
        self._thread.join(10)


def test_overlap_is_never_exceeded_and_nobody_starves():
    world = queue_world(traces=12, people=CLIENTS + 1)
    queue = world.queue(overlap=3)

    def work(user):
        def run():
            done = 0
            while item_next(queue=queue, user=user).outcome == "item":
                held = take(queue, user)
                rate(held, user, -1)
                assignment_submit(assignment=held.assignment, user=user, fence=held.fence)
                done += 1
            return done

        return run

    done = together(*(work(user) for user in world.people[1:]))
    assert sum(done) == 12 * 3
    submitted = Assignment.objects.filter(state="submitted")
    assert set(Counter(submitted.values_list("item", flat=True)).values()) == {3}
    assert Assignment.objects.count() == 36
    assert set(QueueItem.objects.values_list("need", "open")) == {(0, False)}
    assert JudgementEvent.objects.filter(kind="submission").count() == 36
    assert sum(QueueCursor.objects.values_list("submitted", flat=True)) == 36


def test_two_windows_of_one_person_get_the_same_item():
    world = queue_world()
    queue, ann = world.queue(), world.people[1]
    served = together(*[lambda: item_next(queue=queue, user=ann)] * 4)
    assert len({row.assignment_id for row in served}) == 1
    assert Assignment.objects.get().fence == 1


def test_two_submits_at_once_are_one_answer():
    world = queue_world()
    queue, ann = world.queue(), world.people[1]
    held = take(queue, ann)
    rate(held, ann, -1)
    results = together(
        *[lambda: assignment_submit(assignment=held.assignment, user=ann, fence=held.fence)] * 4
    )
    assert sorted(result.replayed for result in results) == [False, True, True, True]
    assert JudgementEvent.objects.filter(kind="submission").count() == 1
    assert QueueCursor.objects.get().submitted == 1


def test_submit_and_skip_at_once_only_one_counts():
    world = queue_world()
    queue, ann = world.queue(), world.people[1]
    held = take(queue, ann)
    rate(held, ann, -1)
    results = together(
        lambda: assignment_submit(assignment=held.assignment, user=ann, fence=1),
        lambda: assignment_skip(assignment=held.assignment, user=ann, fence=1, reason="no"),
    )
    lost = [result for result in results if isinstance(result, ConflictError)]
    assert [error.code for error in lost] == ["lease_lost"]
    row = Assignment.objects.get()
    assert QueueItem.objects.get(pk=row.item_id).need == (0 if row.state == "submitted" else 1)


def test_an_item_that_somebody_holds_is_met_again():
    world = queue_world(traces=4)
    queue, ann = world.queue(overlap=2), world.people[1]
    first = queue.items.earliest("position")
    holding = Holding(first.pk)
    assert answer(queue, ann).trace == world.traces[1]
    cursor = QueueCursor.objects.get()
    assert (cursor.position, cursor.last_id) == (first.position, first.pk - 1)
    holding.release()
    assert [answer(queue, ann).trace for _ in range(3)] == [world.traces[n] for n in (0, 2, 3)]
    assert item_next(queue=queue, user=ann).outcome == "nothing"


def test_with_only_held_items_left_next_waits_instead_of_saying_nothing():
    world = queue_world(traces=2)
    queue, ann = world.queue(overlap=2), world.people[1]
    holding = Holding(*queue.items.values_list("pk", flat=True))
    with ThreadPoolExecutor(1) as pool:

        def ask():
            try:
                return item_next(queue=queue, user=ann)
            finally:
                connection.close()

        future = pool.submit(ask)
        assert _waits_for_a_lock()
        holding.release()
        assert future.result(10).outcome == "item"


def test_a_given_back_item_that_somebody_holds_is_met_again():
    world = queue_world(traces=4)
    queue = world.queue(overlap=1)
    _, ann, bob = world.people
    back = [take(queue, bob)]
    assignment_skip(assignment=back[0].assignment, user=bob, fence=1, reason="no")
    assert answer(queue, ann).trace == back[0].trace
    given = answer_and_give_back(queue, bob, 2)
    holding = Holding(given[0].item.pk)
    assert answer(queue, ann).trace == given[1].trace
    holding.release()
    assert answer(queue, ann).trace == given[0].trace


def answer_and_give_back(queue, user, n):
    given = []
    for _ in range(n):
        given.append(take(queue, user))
        assignment_skip(assignment=given[-1].assignment, user=user, fence=1, reason="no")
    return given


def test_expired_leases_are_given_back_once_however_many_ask():
    world = queue_world(traces=10, people=2 * CLIENTS + 1)
    queue = world.queue(overlap=1)
    gone, asking = world.people[1 : CLIENTS + 1], world.people[CLIENTS + 1 :]
    for user in gone:
        take(queue, user)
    Assignment.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    version = Queue.objects.get().version
    served = together(*(lambda user=user: item_next(queue=queue, user=user) for user in asking))
    assert [row.outcome for row in served] == ["item"] * CLIENTS
    assert Assignment.objects.filter(state="expired").count() == CLIENTS
    leased = Assignment.objects.filter(state="leased")
    assert len(set(leased.values_list("item", flat=True))) == CLIENTS
    assert sorted(QueueItem.objects.values_list("need", flat=True)) == [0] * CLIENTS + [1, 1]
    assert Queue.objects.get().version == version + CLIENTS
    freed = QueueItem.objects.filter(freed__isnull=False).values_list("freed", flat=True)
    assert len(set(freed)) == len(freed)


def test_the_old_holder_loses_to_the_new_one():
    world = queue_world(traces=1)
    queue = world.queue()
    _, ann, bob = world.people
    late = take(queue, ann)
    rate(late, ann, -1)
    Assignment.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    results = together(
        lambda: assignment_submit(assignment=late.assignment, user=ann, fence=1),
        lambda: item_next(queue=queue, user=bob),
    )
    assert results[0].code == "lease_lost"
    # Whoever looks while the late submit holds the lease passes it by, and finds it the next time.
    assert results[1].outcome in {"item", "nothing"}
    assert take(queue, bob).trace == late.trace
    assert QueueItem.objects.get().need == 0


def test_a_member_removed_in_mid_task_gives_the_item_back_and_keeps_the_work():
    world = queue_world(traces=1)
    queue = world.queue()
    _, ann, bob = world.people
    held = take(queue, ann)
    rate(held, ann, -1)
    access = project_for_user(user=world.owner, name=world.project.name)
    together(
        lambda: member_remove(access=access, user_id=ann.pk),
        lambda: item_next(queue=queue, user=bob),
    )
    assert take(queue, bob).trace == held.trace
    with pytest.raises(AnnotatorError) as gone:
        assignment_for_user(user=ann, pk=held.assignment.pk)
    assert gone.value.code == "not_found"
    with pytest.raises(ConflictError) as lost:
        assignment_submit(assignment=held.assignment, user=ann, fence=1)
    assert "You do not judge in this project any more" in lost.value.message
    assert JudgementEvent.objects.filter(user=ann, kind="step_label").count() == 1


def _waits_for_a_lock() -> bool:
    """Wait until another connection of this test waits for a lock."""
    for _ in range(500):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                " AND datname = current_database()"
            )
            if cursor.fetchone()[0]:
                return True
    return False
