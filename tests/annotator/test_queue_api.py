"""Queues and assignments over the API: one error shape, tokens, nothing that gives gold away."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from annotator.models import Assignment, Job, Queue
from annotator.services.people.tokens import token_create
from annotator.services.queues.build import queue_build
from tests.annotator.queue_world import queue_world, rate, take

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return queue_world()


@pytest.fixture
def api():
    """Return a function that asks as a person with their token."""

    def asking(user):
        created = token_create(user=user, name="test")
        secret = created.secret

        def ask(method, path, body=None, **headers):
            answer = Client().generic(
                method.upper(),
                f"/api/v1/{path}",
                json.dumps(body or {}),
                content_type="application/json",
                headers={"Authorization": f"Bearer {secret}", **headers},
            )
            return answer.status_code, (answer.json() if answer.content else None)

        return ask

    return asking


def test_a_round_trip_with_a_token(world, api):
    reviewer, annotator = api(world.owner), api(world.people[1])
    wish = {"project": world.project.name, "name": "Night", "task": "first_error", "overlap": 2}
    status, made = reviewer("post", "queues/", wish)
    assert status == 202
    assert made["job"]["kind"] == "queue"
    queue = Queue.objects.get(pk=made["queue"]["id"])
    assert made["queue"]["items"] == 0
    assert annotator("post", f"queues/{queue.pk}/next/")[1]["outcome"] == "building"
    queue_build(queue=queue)

    status, served = annotator("post", f"queues/{queue.pk}/next/")
    held = served["assignment"]
    assert (status, served["outcome"], held["state"], held["fence"]) == (200, "item", "leased", 1)
    assert (held["trace"], held["task"]) == (world.traces[0].pk, "first_error")
    own, fence = f"assignments/{held['id']}/", {"fence": 1}
    assert annotator("post", f"{own}heartbeat/", fence)[1]["lease_until"] >= held["lease_until"]
    assert annotator("put", f"{own}draft/", {"draft": {"a": [1]}})[0] == 204
    assert annotator("get", own)[1]["draft"] == {"a": [1]}

    status, body = annotator("post", f"{own}submit/", fence)
    assert (status, body["error"]["code"]) == (422, "work_missing")
    rate(take(queue, world.people[1]), world.people[1], -1)
    key = {"Idempotency-Key": str(uuid.uuid4())}
    sent = {**fence, "milliseconds": 5}
    status, body = annotator("post", f"{own}submit/", sent, **key)
    assert (status, body["replayed"], body["assignment"]["state"]) == (200, False, "submitted")
    assert annotator("post", f"{own}submit/", sent, **key)[1]["replayed"] is True

    status, shown = reviewer("get", f"queues/{queue.pk}/")
    assert shown["progress"] == {"wanted": 8, "done": 1, "in_work": 0}
    assert shown["people"][0]["submitted"] == 1


def test_a_lost_lease_is_409_in_the_one_shape(world, api):
    queue, ann = world.queue(), world.people[1]
    work = take(queue, ann)
    Assignment.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    own, ask = f"assignments/{work.assignment.pk}/", api(ann)
    for verb, body in (
        ("submit", {}),
        ("heartbeat", {}),
        ("return", {}),
        ("skip", {"reason": "x"}),
    ):
        status, answer = ask("post", f"{own}{verb}/", {"fence": 1, **body})
        assert (status, answer["error"]["code"]) == (409, "lease_lost"), verb
        assert set(answer["error"]) == {"code", "message", "fields"}
    status, taken = ask("post", f"{own}retake/")
    assert (status, taken["fence"], taken["state"]) == (200, 2, "leased")


def test_skip_return_and_why_there_is_nothing(world, api):
    queue, ann = world.queue(limit=2), world.people[1]
    ask = api(ann)
    first = ask("post", f"queues/{queue.pk}/next/")[1]["assignment"]
    status, body = ask("post", f"assignments/{first['id']}/skip/", {"fence": 1, "reason": ""})
    assert (status, list(body["error"]["fields"])) == (422, ["reason"])
    ask("post", f"assignments/{first['id']}/skip/", {"fence": 1, "reason": "unclear"})
    second = ask("post", f"queues/{queue.pk}/next/")[1]["assignment"]
    status, body = ask("post", f"assignments/{second['id']}/return/", {"fence": 1})
    assert (status, body["assignment"]["state"]) == (200, "returned")
    Queue.objects.update(state="paused")
    status, body = ask("post", f"queues/{queue.pk}/next/")
    assert (status, body["outcome"], body["assignment"]) == (200, "paused", None)
    assert body["reason"].startswith("This queue is paused")


def test_annotators_see_nothing_that_tells_gold_or_order(world, api):
    world.gold(world.traces[1])
    world.scored()
    queue = world.queue(gold_share=0.5, reveal_share=0.5)
    ask = api(world.people[1])
    shown = [ask("get", f"queues/{queue.pk}/")[1]]
    shown += ask("get", f"queues/?project={world.project.name}")[1]["results"]
    hidden = {"order", "seed", "gold_share", "reveal_share", "items", "options", "people"}
    assert all(hidden.isdisjoint(row) for row in shown)
    jobs = ask("get", f"jobs/?project={world.project.name}")[1]["results"]
    assert "gold" not in json.dumps(jobs)
    Queue.objects.update(gold_share=1)
    gold = ask("post", f"queues/{queue.pk}/next/")[1]["assignment"]
    Assignment.objects.update(state="skipped")
    plain = ask("post", f"queues/{queue.pk}/next/")[1]["assignment"]
    assert Assignment.objects.get(pk=gold["id"]).item.gold_id is not None
    assert Assignment.objects.get(pk=plain["id"]).item.gold_id is None
    assert gold.keys() == plain.keys()
    assert "gold" not in json.dumps([gold, plain])
    assert ask("get", f"queues/{queue.pk}/items/")[0] == 403


def test_the_assignment_of_somebody_else_does_not_exist(world, api):
    work = take(world.queue(), world.people[1])
    for user in (world.people[2], world.owner):
        status, body = api(user)("get", f"assignments/{work.assignment.pk}/")
        assert (status, body["error"]["code"]) == (404, "not_found")


def test_items_are_listed_and_kept_for_a_member(world, api):
    queue = world.queue()
    ask = api(world.owner)
    _, first = ask("get", f"queues/{queue.pk}/items/?size=3")
    _, rest = ask("get", f"queues/{queue.pk}/items/?size=3&after={first['next']}")
    assert [len(first["results"]), len(rest["results"]), rest["next"]] == [3, 1, None]
    item = first["results"][2]
    path = f"queues/{queue.pk}/items/{item['id']}/assign/"
    status, kept = ask("post", path, {"user": world.people[2].get_username()})
    assert (status, kept["reserved_for"]) == (200, world.people[2].get_username())
    assert take(queue, world.people[2]).item.pk == item["id"]
    status, body = ask("post", path, {"user": "nobody"})
    assert (status, list(body["error"]["fields"])) == (422, ["user"])
    assert ask("get", f"queues/{queue.pk}/items/?after=x")[0] == 422


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"task": "sleep"}, "task"),
        ({"order": "astrology"}, "order"),
        ({"order": "uncertainty"}, "model"),
        ({"overlap": 0}, "overlap"),
        ({"overlap": 101}, "overlap"),
        ({"lease_seconds": 5}, "lease_seconds"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**63}, "seed"),
        ({"limit": 0}, "limit"),
        ({"gold_share": 2}, "gold_share"),
        ({"reveal_share": -0.5}, "reveal_share"),
        ({"is_exam": True, "pass_mark": 0.5}, "is_exam"),
        ({"pass_mark": 7}, "pass_mark"),
        ({"name": " "}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"nonsense": 1}, "nonsense"),
    ],
)
def test_a_queue_that_cannot_be_names_its_field(world, api, changed, field):
    wish = {"project": world.project.name, "name": "Night", "task": "first_error", **changed}
    status, body = api(world.owner)("post", "queues/", wish)
    assert status == 422
    assert field in body["error"]["fields"]
    assert not Queue.objects.exists()
    assert not Job.objects.exists()


def test_names_are_unique_in_a_project(world, api):
    world.queue(name="Night")
    wish = {"project": world.project.name, "name": " Night ", "task": "first_error"}
    status, body = api(world.owner)("post", "queues/", wish)
    assert (status, body["error"]["code"]) == (409, "name_taken")


def test_models_and_exams_of_other_projects_do_not_exist(world, api):
    other = queue_world(traces=1)
    other.gold(other.traces[0])
    exam = other.queue(is_exam=True, pass_mark=1)
    wish = {"project": world.project.name, "name": "Night", "task": "first_error"}
    assert api(world.owner)("post", "queues/", {**wish, "exam": exam.pk})[0] == 404


def test_state_changes_and_delete(world, api):
    queue, ask = world.queue(), api(world.owner)
    assert ask("patch", f"queues/{queue.pk}/", {"state": "closed"})[1]["state"] == "closed"
    assert ask("patch", f"queues/{queue.pk}/", {"state": "asleep"})[0] == 422
    assert ask("delete", f"queues/{queue.pk}/")[0] == 204
    assert ask("get", f"queues/{queue.pk}/")[0] == 404
