"""Filling a queue in a worker: whole or not at all, once, with a reason where it cannot be."""

from __future__ import annotations

import pytest
from django.urls import reverse

from annotator.models import Job, Queue, QueueItem
from annotator.services.jobs import job_cancel_request, job_claim
from annotator.services.queues import QueueWish, queue_create, queue_delete
from annotator.services.queues.build import queue_build
from scoring.pipelines.context import JobContext
from scoring.pipelines.io import run_queue
from scoring.pipelines.runner import run_claimed
from tests.annotator.queue_world import queue_world

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world():
    return queue_world()


def asked(world, **wish):
    wanted = QueueWish(**{"name": "Night", "task": "first_error", **wish})
    return queue_create(project=world.project, user=world.owner, wish=wanted)


def run(job):
    run_claimed(job_claim(job_id=job.pk, worker=None))
    job.refresh_from_db()
    return job


def test_a_worker_fills_the_queue(world):
    queue, job = asked(world, overlap=3, limit=3)
    assert run(job).state == "done"
    assert job.result == {"queue": queue.pk, "items": 3}
    queue.refresh_from_db()
    assert (queue.n_items, queue.items.count()) == (3, 3)
    assert set(queue.items.values_list("need", "open")) == {(3, True)}


def test_a_second_run_adds_nothing(world):
    _, job = asked(world)
    run(job)
    assert queue_build(queue=Queue.objects.get()) == {"items": 4, "unchanged": True}
    assert QueueItem.objects.count() == 4


def test_an_order_that_lacks_something_fails_with_the_reason_on_the_page(world, client_for):
    queue, job = asked(world, order="human_disagreement")
    assert run(job).state == "failed"
    assert (job.error_code, QueueItem.objects.count()) == ("order_lacks", 0)
    page = client_for(world.owner).get(
        reverse("annotator:queue", args=[world.project.name, queue.pk])
    )
    assert job.error in page.content.decode()


def test_a_cancelled_job_leaves_the_queue_empty(world):
    _, job = asked(world)
    claimed = job_claim(job_id=job.pk, worker=None)
    job_cancel_request(job=claimed)
    context = JobContext(claimed)
    context.publish()
    with pytest.raises(Exception, match="asked to stop"):
        run_queue(context)
    assert not QueueItem.objects.exists()


def test_a_queue_deleted_meanwhile_is_said(world):
    queue, job = asked(world)
    queue_delete(queue=queue)
    assert run(job).state == "failed"
    assert job.error == "The queue was deleted before it was filled."


def test_a_worker_that_lost_its_job_writes_nothing(world):
    queue, job = asked(world)
    claimed = job_claim(job_id=job.pk, worker=None)
    Job.objects.filter(pk=job.pk).update(fence=99)
    with pytest.raises(Exception, match="no longer held"):
        queue_build(queue=queue, job=claimed)
    assert not QueueItem.objects.exists()
    assert Queue.objects.get().n_items == 0


def test_gold_is_ordinary_where_the_queue_serves_none(world):
    world.gold(world.traces[1])
    _, job = asked(world)
    run(job)
    assert QueueItem.objects.filter(gold=None).count() == 4


def test_an_exam_has_gold_only(world):
    world.gold(world.traces[1], world.traces[3])
    world.gold(world.traces[2], task="all_steps")
    queue, job = asked(world, is_exam=True, pass_mark=0.5)
    run(job)
    items = queue.items.order_by("position")
    assert [item.trace for item in items] == [world.traces[1], world.traces[3]]
    assert Queue.objects.get().n_items == 2
