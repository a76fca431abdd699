"""Who is served what: order, places, reservations, gold, what was given back, nothing left."""

from __future__ import annotations

from datetime import timedelta
from itertools import count

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from annotator.models import Assignment, Gold, Queue, QueueCursor, QueueItem
from annotator.queries.queues.gates import draw
from annotator.services.queues import (
    assignment_return,
    assignment_skip,
    item_assign,
    item_next,
    queue_state_set,
)
from annotator.services.queues.leases import leases_sweep
from tests.annotator.queue_world import answer, queue_world, take

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return queue_world()


def expire(work) -> None:
    """Let a lease run out."""
    Assignment.objects.filter(pk=work.assignment.pk).update(
        lease_until=timezone.now() - timedelta(seconds=1)
    )


def traces_of(queue, user, n):
    return [answer(queue, user).trace.pk for _ in range(n)]


def test_items_come_in_their_order_once_per_person(world):
    queue = world.queue(overlap=2)
    _, ann, bob = world.people
    wanted = [trace.pk for trace in world.traces]
    assert traces_of(queue, ann, 4) == wanted
    assert item_next(queue=queue, user=ann).outcome == "nothing"
    assert traces_of(queue, bob, 4) == wanted
    assert not QueueItem.objects.filter(open=True).exists()
    assert list(QueueItem.objects.values_list("need", flat=True)) == [0, 0, 0, 0]


def test_next_is_one_statement(world):
    queue = world.queue()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        item_next(queue=queue, user=world.people[1])
    assert len(queries) == 1


def test_asking_again_gives_the_same_item_under_the_same_fence(world):
    queue, ann = world.queue(), world.people[1]
    first, again = take(queue, ann), take(queue, ann)
    assert (again.assignment.pk, again.fence) == (first.assignment.pk, 1)
    assert again.lease_until >= first.lease_until
    assert QueueCursor.objects.get().served == 1


def test_a_lease_takes_a_place(world):
    queue = world.queue(overlap=1)
    _, ann, bob = world.people
    assert take(queue, ann).trace == world.traces[0]
    assert take(queue, bob).trace == world.traces[1]


def test_an_expired_lease_goes_to_whoever_asks_next(world):
    queue = world.queue(overlap=1)
    _, ann, bob = world.people
    late = take(queue, ann)
    traces_of(queue, bob, 2)
    expire(late)
    assert take(queue, bob).trace == late.trace  # given back: before the rest of the order
    late.assignment.refresh_from_db()
    assert late.assignment.state == "expired"
    assert QueueItem.objects.get(pk=late.item.pk).need == 0


def test_own_expired_lease_goes_on_under_a_new_fence(world):
    queue, ann = world.queue(overlap=1), world.people[1]
    late = take(queue, ann)
    expire(late)
    again = take(queue, ann)
    assert (again.assignment.pk, again.fence) == (late.assignment.pk, 2)
    assert again.held
    assert QueueItem.objects.get(pk=late.item.pk).need == 0


def test_the_reaper_ends_leases_where_nobody_asks(world):
    queue, other = world.queue(), world.queue(name="Other")
    _, ann, bob = world.people
    late, held = take(queue, ann), take(other, bob)
    expire(late)
    leases_sweep()
    assert list(Assignment.objects.order_by("pk").values_list("state", flat=True)) == [
        "expired",
        "leased",
    ]
    item = QueueItem.objects.get(pk=late.item.pk)
    assert (item.need, item.open, item.freed) == (1, True, 2)
    assert QueueItem.objects.get(pk=held.item.pk).need == 0


def test_what_was_given_back_is_found_by_somebody_with_nothing_left(world):
    queue = world.queue(overlap=1)
    _, ann, bob = world.people
    held = take(queue, bob)
    traces_of(queue, ann, 3)
    assert item_next(queue=queue, user=ann).outcome == "nothing"
    assert QueueCursor.objects.get(user=ann).exhausted == queue.version
    assignment_skip(assignment=held.assignment, user=bob, fence=held.fence, reason="not my field")
    assert take(queue, ann).trace == held.trace


def test_nothing_left_is_one_look_at_the_cursor(world):
    queue, ann = world.queue(overlap=2), world.people[1]
    traces_of(queue, ann, 4)
    assert item_next(queue=queue, user=ann).outcome == "nothing"
    # Were the items looked at again, this one would be found.
    QueueItem.objects.filter(pk=QueueItem.objects.earliest("pk").pk).update(freed=10**6)
    Assignment.objects.filter(item=QueueItem.objects.earliest("pk")).delete()
    assert item_next(queue=queue, user=ann).outcome == "nothing"
    Queue.objects.update(version=10**6)
    assert item_next(queue=queue, user=ann).outcome == "item"


def test_skipped_never_returned_last_for_the_same_person(world):
    queue = world.queue(overlap=1)
    _, ann, bob = world.people
    skipped = take(queue, ann)
    assignment_skip(assignment=skipped.assignment, user=ann, fence=1, reason="unreadable")
    returned = take(queue, ann)
    assert returned.trace == world.traces[1]
    assignment_return(assignment=returned.assignment, user=ann, fence=1)
    assert traces_of(queue, ann, 3) == [world.traces[2].pk, world.traces[3].pk, returned.trace.pk]
    assert item_next(queue=queue, user=ann).outcome == "nothing"
    assert take(queue, bob).trace == skipped.trace


def test_paused_and_closed_queues_serve_only_what_is_in_hand(world):
    queue = world.queue()
    _, ann, bob = world.people
    held = take(queue, ann)
    for state in ("paused", "closed"):
        queue_state_set(queue=queue, state=state)
        assert item_next(queue=queue, user=bob).outcome == state
        assert take(queue, ann).assignment == held.assignment
    queue_state_set(queue=queue, state="open")
    assert item_next(queue=queue, user=bob).outcome == "item"


def test_stopped_members_viewers_and_strangers_get_nothing(world):
    queue = world.queue()
    _, ann, bob = world.people
    world.project.memberships.filter(user=ann).update(paused="drift")
    world.project.memberships.filter(user=bob).update(role="viewer")
    assert item_next(queue=queue, user=ann).outcome == "stopped"
    assert item_next(queue=queue, user=bob).outcome == "stranger"
    stranger = queue_world(traces=0).people[1]
    assert item_next(queue=queue, user=stranger).outcome == "stranger"
    assert not Assignment.objects.exists()


def test_an_exam_comes_before_its_queue(world):
    world.gold(world.traces[3])
    exam = world.queue(name="Exam", is_exam=True, pass_mark=0.8)
    queue = world.queue(exam=exam)
    ann = world.people[1]
    assert item_next(queue=queue, user=ann).outcome == "exam"
    assert answer(exam, ann).trace == world.traces[3]
    assert item_next(queue=exam, user=ann).outcome == "nothing"
    assert not exam.qualifications.get(user=ann).passed  # the first step is not the first error
    assert item_next(queue=queue, user=ann).outcome == "exam"
    exam.qualifications.update(passed=True)
    assert item_next(queue=queue, user=ann).outcome == "item"


def test_a_reserved_item_waits_for_its_person_only(world):
    queue = world.queue(overlap=2)
    _, ann, bob = world.people
    item = QueueItem.objects.order_by("position")[2]
    item_assign(item=item, to=bob)
    assert traces_of(queue, ann, 3) == [world.traces[n].pk for n in (0, 1, 3)]
    assert item_next(queue=queue, user=ann).outcome == "nothing"
    assert take(queue, bob).trace == world.traces[2]
    # Its second place is open to everybody now, also to those who passed it.
    assert take(queue, ann).trace == world.traces[2]


def test_draw_is_the_same_in_python_and_in_the_database():
    with connection.cursor() as cursor:
        for parts in ((7, "gold", 3, 0), (0, "reveal", 12, 99)):
            cursor.execute("SELECT annotator_draw(concat_ws(':', %s, %s, %s, %s))", parts)
            assert cursor.fetchone()[0] == draw(*parts)


def test_gold_comes_where_the_seed_says_and_never_twice():
    world = queue_world(traces=40, people=2)
    world.gold(*world.traces[::4])
    ann = world.people[1]

    def draws(seed):
        return [draw(seed, "gold", ann.pk, served) < 0.25 for served in range(30)]

    # About the share, and fewer than there are; which seed does that depends on the person's id.
    seed = next(seed for seed in count() if 3 < sum(draws(seed)) < 10)
    drawn = draws(seed)
    queue = world.queue(gold_share=0.25, seed=seed)
    assert queue.n_items == 30
    served = [answer(queue, ann) for _ in range(30)]
    assert [work.item.gold_id is not None for work in served] == drawn
    assert len({work.trace.pk for work in served}) == 30
    cursor = QueueCursor.objects.get()
    assert (cursor.submitted, cursor.gold) == (30, sum(drawn))


def test_gold_stands_among_the_others_and_nobody_uses_it_up():
    world = queue_world(traces=12, people=3)
    golds = world.gold(world.traces[5])
    queue = world.queue(gold_share=1)
    ids = list(queue.items.order_by("position").values_list("pk", "trace", "gold"))
    assert {trace for _, trace, _ in ids} == {trace.pk for trace in world.traces}
    assert [pk for pk, _, _ in ids] == sorted(pk for pk, _, _ in ids)
    assert [gold for _, _, gold in ids if gold] == [golds[0].pk]
    for person in world.people:
        assert take(queue, person).item.gold_id == golds[0].pk
    assert QueueItem.objects.get(gold__isnull=False).need == 0


def test_gold_that_was_not_drawn_is_not_made_up_for_at_the_end():
    world = queue_world(traces=4)
    (gold,) = world.gold(world.traces[1])
    queue = world.queue(gold_share=1e-12)  # no draw is as small
    ordinary = {trace.pk for trace in world.traces} - {gold.trace_id}
    assert {answer(queue, world.people[1]).trace.pk for _ in range(3)} == ordinary
    assert item_next(queue=queue, user=world.people[1]).outcome == "nothing"


def test_file_order_does_not_give_gold_away():
    world = queue_world(traces=12, people=2)
    traces = [trace.pk for trace in world.traces]
    plain = world.queue(name="plain", limit=5)
    assert list(plain.items.order_by("position").values_list("trace", flat=True)) == traces[:5]
    world.gold(world.traces[10], world.traces[11])
    queue = world.queue(gold_share=0.5, limit=5)
    served = list(queue.items.order_by("position").values_list("trace", flat=True))
    assert sorted(served) == [*traces[:5], *traces[10:]]  # the file's first, and gold
    ordinary = [trace for trace in served if trace in traces[:5]]
    assert ordinary != sorted(ordinary)


def test_inactive_gold_is_not_served(world):
    world.gold(world.traces[1])
    queue = world.queue(gold_share=1)
    Gold.objects.update(active=False)
    assert take(queue, world.people[1]).item.gold_id is None


def test_a_late_joiner_gets_no_run_of_gold():
    world = queue_world(traces=60, people=3)
    world.gold(*world.traces[::3])
    queue = world.queue(gold_share=0.1, overlap=1, seed=1)
    _, ann, bob = world.people
    traces_of(queue, ann, 25)
    run = [answer(queue, bob).item.gold_id is not None for _ in range(15)]
    assert run == [draw(1, "gold", bob.pk, n) < 0.1 for n in range(15)]


def test_an_empty_queue_is_still_being_built(world):
    queue = Queue.objects.create(project=world.project, name="empty", task="first_error")
    served = item_next(queue=queue, user=world.people[1])
    assert (served.outcome, served.assignment_id) == ("building", None)
    assert "being put together" in served.reason


def test_scores_are_shown_in_the_reveal_arm_only(world):
    world.scored()
    queue, ann = world.queue(reveal_share=0.5, seed=3), world.people[1]
    for _ in range(4):
        work = answer(queue, ann)
        assert work.scores_shown == (draw(3, "reveal", ann.pk, work.item.pk) < 0.5)
