"""Hidden gold looks like every other item."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.urls import reverse

from annotator.models import Gold, Queue
from annotator.queries.queues.gates import draw
from annotator.services.judgements.labels import label_set
from annotator.services.queues import assignment_return, assignment_submit, item_next
from tests.annotator.queue_world import queue_world, rate, take

pytestmark = pytest.mark.django_db

# Gold against ordinary items


def plain(text: str) -> str:
    """Drop what differs between any two items: numbers, times, tokens."""
    text = re.sub(r"\b\w{64}\b", "TOKEN", text)  # of a form
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "UUID", text)
    return re.sub(r"\b(item)s\b", r"\1", re.sub(r"-?\d+(\.\d+)?", "N", text))


def gold_world(**wish):
    world = queue_world(traces=4)
    world.gold(world.traces[0], world.traces[2])
    for step in world.traces[0].problem.steps.all():
        step.problem = world.traces[0].problem
        label_set(step=step, user=world.owner, rating=-1, note="how gold was made")
    return world, world.queue(**{"gold_share": 0.5, "seed": 3} | wish)


def served(world, queue, user) -> list:
    """Answer everything; return the assignments in the order in which they came."""
    found: list[Any] = []
    while True:
        if item_next(queue=queue, user=user).outcome != "item":
            return found
        work = take(queue, user)
        found.append(work)
        rate(work, user, 1, -1)
        assignment_submit(assignment=work.assignment, user=user, fence=work.fence)


def test_gold_looks_like_every_other_item(client_for):
    world = queue_world(traces=8)
    world.gold(world.traces[2], world.traces[4])
    queue = world.queue(gold_share=0.5)
    user = world.people[1]
    # A seed under which the first four draws are gold, ordinary, gold, ordinary.
    queue.seed = next(
        seed
        for seed in range(1_000)
        if [draw(seed, "gold", user.pk, n) < 0.5 for n in range(4)] == [True, False, True, False]
    )
    queue.save()
    ends = {world.traces[0].pk, world.traces[-1].pk}  # their pages lack a neighbour
    client = client_for(user)
    shapes: dict[bool, set[str]] = {True: set(), False: set()}
    for _ in range(6):
        work = take(queue, user)
        api = f"/api/v1/assignments/{work.assignment.pk}/"
        page = f"/p/{world.project.name}/work/{queue.pk}/{work.assignment.pk}/"
        problem = f"/p/{world.project.name}/problems/{work.problem.pk}/"
        said = [client.get(url).content.decode() for url in (api, page, problem)]
        said.append(client.get(f"{problem}tree.json").content.decode())
        rate(work, user, 1, -1)
        after = client.post(
            f"{api}submit/", json.dumps({"fence": work.fence}), content_type="application/json"
        )
        assert after.status_code == 200
        said.append(after.content.decode())
        said += [client.get(url).content.decode() for url in (api, page, problem)]
        if work.trace.pk not in ends:
            shapes[work.item.gold_id is not None].add(plain("\n".join(said)))
    assert len(shapes[True]) == 1
    assert shapes[True] == shapes[False]


def labels_read(client, project, trace) -> tuple[list[list[str]], str]:
    """Read over HTTP what is open of a trace: its labels, then who is in its history."""
    found = []
    for step in trace.problem.steps.order_by("preorder"):
        rows = client.get(f"/api/v1/steps/{step.pk}/labels/").json()["results"]
        found.append(sorted(row["rater"]["name"] for row in rows))
    kwargs = {"project": project.name, "pk": trace.problem.pk}
    answer = client.get(reverse("annotator:history-csv", kwargs=kwargs))
    assert answer.status_code == 200
    return found, b"".join(answer).decode()


@pytest.mark.parametrize("closed", [False, True])
def test_after_the_answer_gold_is_as_shut_as_every_other_item(client_for, closed):
    world, queue = gold_world(overlap=2, gold_share=1)  # whatever is drawn, all four are served
    _, ann, bob = world.people
    served(world, queue, bob)
    assert len(served(world, queue, ann)) == 4
    Queue.objects.filter(pk=queue.pk).update(state="closed" if closed else "open")
    client = client_for(ann)
    for trace in world.traces:
        names, history = labels_read(client, world.project, trace)
        assert names == [[ann.username], [ann.username]]
        assert ann.username in history
        assert bob.username not in history
        assert world.owner.username not in history
        assert "how gold was made" not in history


def test_in_a_queue_without_gold_the_answer_opens_what_others_said(client_for):
    world = queue_world(traces=2)
    queue = world.queue(overlap=2)
    _, ann, bob = world.people
    served(world, queue, bob)
    served(world, queue, ann)
    names, history = labels_read(client_for(ann), world.project, world.traces[0])
    assert names == [sorted([ann.username, bob.username])] * 2
    assert bob.username in history


def test_who_made_gold_is_heard_by_annotators_nowhere(client_for):
    world, _ = gold_world()
    Queue.objects.all().delete()
    Gold.objects.filter(trace=world.traces[2]).update(created_by=world.owner)
    _, ann, bob = world.people
    trace = world.traces[0]
    for step in trace.problem.steps.all():
        step.problem = trace.problem
        for person in (ann, bob):
            label_set(step=step, user=person, rating=1)
    names, history = labels_read(client_for(ann), world.project, trace)
    assert names == [sorted([ann.username, bob.username])] * 2
    assert bob.username in history
    assert "how gold was made" not in history
    names, history = labels_read(client_for(world.owner), world.project, trace)
    assert names == [sorted([world.owner.username, ann.username, bob.username])] * 2
    assert "how gold was made" in history


def test_gold_that_was_put_back_comes_last_like_every_other_item():
    world = queue_world(traces=6)
    world.gold(world.traces[0])
    queue = world.queue(gold_share=1.0)
    user = world.people[1]
    gold = take(queue, user)
    assert gold.item.gold_id is not None
    assignment_return(assignment=gold.assignment, user=user, fence=gold.fence)
    after = [work.trace.pk for work in served(world, queue, user)]
    assert after[-1] == world.traces[0].pk
    assert sorted(after) == [trace.pk for trace in world.traces]


def test_ids_follow_the_positions_whatever_is_gold():
    world, queue = gold_world()
    items = list(queue.items.order_by("pk"))
    assert {item.trace_id for item in items} == {trace.pk for trace in world.traces}
    assert [item.position for item in items] == [1.0, 2.0, 3.0, 4.0]
    user = world.people[1]
    ids = [work.assignment.pk for work in served(world, queue, user)]
    assert ids == sorted(ids)


@pytest.mark.parametrize("role", ["annotator", "viewer"])
def test_the_problem_list_does_not_tell_gold_by_its_labels(client_for, role):
    world, _ = gold_world()
    person = world.people[1]
    world.project.memberships.filter(user=person).update(role=role)
    client = client_for(person)
    name = world.project.name
    rows = client.get(f"/api/v1/projects/{name}/problems/").json()["results"]
    assert [row["labelled"] for row in rows] == [0, 0, 0, 0]
    for labels, number in (("none", 4), ("some", 0), ("all", 0)):
        found = client.get(f"/api/v1/projects/{name}/problems/?labels={labels}").json()["results"]
        assert len(found) == number, labels
    rows = client_for(world.owner).get(f"/api/v1/projects/{name}/problems/").json()["results"]
    assert [row["labelled"] for row in rows] == [2, 0, 0, 0]


def test_a_queue_behind_an_exam_has_none_of_its_items():
    world = queue_world(traces=4)
    world.gold(*world.traces[:2])
    exam = world.queue(name="Exam", is_exam=True, pass_mark=0.5)
    queue = world.queue(exam=exam, gold_share=0.5)
    assert {item.trace_id for item in exam.items.all()} == {t.pk for t in world.traces[:2]}
    assert {item.trace_id for item in queue.items.all()} == {t.pk for t in world.traces[2:]}
