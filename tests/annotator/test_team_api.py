"""Decisions, guidelines, inbox and history through the API."""

from __future__ import annotations

import json
import uuid

import pytest

from annotator.models import Adjudication, Comment, Job, JudgementEvent, Queue, StepLabel
from annotator.services.judgements.labels import label_set
from annotator.services.people.raters import rater_for_user
from tests.annotator.adjudication.data import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return World()


@pytest.fixture
def call(client_for):
    """Return a function that sends JSON as somebody."""

    def sent(person, method, path, body=None, **headers):
        return client_for(person).generic(
            method,
            f"/api/v1/{path}",
            b"" if body is None else json.dumps(body).encode(),
            content_type="application/json",
            headers=headers,
        )

    return sent


def differ(world):
    world.rate(world.ada, b=-1)
    world.rate(world.bo, b=1)


def test_disagreements_are_listed_and_decided(world, call):
    differ(world)
    address = f"projects/{world.project.name}/disagreements/"
    (row,) = call(world.rea, "GET", address).json()["results"]
    b = world.step["b"].pk
    assert (row["step"], row["severity"], row["people"]) == (b, 100, 2)
    key = str(uuid.uuid4())
    body = {"decision": {"rating": -1}, "blind": {"rating": 0}, "reason": "odd"}
    for replayed in (False, True):
        saved = call(world.rea, "PUT", f"steps/{b}/decision/", body, **{"Idempotency-Key": key})
        assert saved.status_code == 200
        assert saved.json()["replayed"] == replayed
    assert call(world.rea, "GET", address).json() == {"results": [], "next": ""}
    assert len(call(world.rea, "GET", f"{address}?state=decided").json()["results"]) == 1
    shown = call(world.rik, "GET", f"steps/{b}/decision/").json()["decision"]
    assert (shown["by"], shown["decision"]["rating"], shown["blind"]["rating"]) == ("rea", -1, 0)
    assert call(world.rik, "DELETE", f"steps/{b}/decision/").json()["decision"] is None
    again = call(world.rik, "DELETE", f"steps/{b}/decision/").json()
    assert again["event"] is None
    assert not Adjudication.objects.exists()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"reason": "x"}, 422),
        ({"decision": {"rating": 5}, "reason": "x"}, 422),
        ({"decision": {"rating": 1}, "reason": ""}, 422),
        ({"decision": {"rating": 1}, "reason": "x", "names": 1}, 422),
        ({"decision": {"rating": 1}, "reason": "x"}, 409),  # rea has judged b
    ],
)
def test_decisions_that_are_refused(world, call, body, status):
    world.rate(world.rea, b=1)
    answer = call(world.rea, "PUT", f"steps/{world.step['b'].pk}/decision/", body)
    assert answer.status_code == status
    assert answer.json()["error"]["message"]
    assert not Adjudication.objects.exists()


def test_an_order_is_decided(world, call):
    world.rank(world.ada, "c!", "d")
    world.rank(world.bo, "d", "c!")
    address = f"projects/{world.project.name}/disagreements/?kind=rankings"
    (row,) = call(world.rea, "GET", address).json()["results"]
    place = {name: row[name] for name in ("level", "parent", "criterion")}
    c, d = world.step["c!"].pk, world.step["d"].pk
    body = {**place, "decision": {"tiers": [[d], [c]]}, "reason": "shorter"}
    path = f"problems/{world.problem.pk}/decision/"
    assert call(world.rea, "PUT", path, {**body, "decision": {"tiers": [[d]]}}).status_code == 422
    assert call(world.rea, "PUT", path, body).json()["decision"]["decision"]["tiers"] == [[d], [c]]
    query = f"?level=step&parent={place['parent']}&criterion={place['criterion']}"
    assert call(world.rea, "GET", path + query).json()["decision"]["reason"] == "shorter"
    assert call(world.rea, "GET", path).json() == {"decision": None}


def test_guidelines_are_read_by_all_and_written_by_owners(world, call):
    owner = world.project.memberships.get(role="owner").user
    path = f"projects/{world.project.name}/guidelines/"
    body = {"markdown": "one", "examples": [{"step": world.step["a"].pk, "rating": 1, "why": "so"}]}
    assert call(owner, "POST", path, body).json()["number"] == 1
    assert call(owner, "POST", path, {"markdown": "two"}).status_code == 422
    stale = {"markdown": "two", "change": "new", "based_on": 0}
    assert call(owner, "POST", path, stale).status_code == 409
    saved = call(owner, "POST", path, {**stale, "based_on": 1}).json()
    assert (saved["number"], saved["examples"][0]["why"]) == (2, "so")
    listed = call(world.ada, "GET", path).json()["results"]
    assert [row["number"] for row in listed] == [2, 1]
    assert call(world.rea, "POST", path, body).status_code == 403


def test_old_labels_are_queued_again(world, call):
    label_set(step=world.step["d"], user=world.ada, rating=-1)
    world.project.guidelines.create(number=1)
    path = f"projects/{world.project.name}/guidelines/again/"
    answer = call(world.rea, "POST", path, {"name": "Again", "ratings": [-1]})
    assert answer.status_code == 202
    queue = Queue.objects.get()
    job = Job.objects.get(kind=Job.Kind.QUEUE)
    assert answer.json() == {"queue": queue.pk, "job": job.pk, "labels": 1}
    assert queue.order == "relabel"
    assert call(world.rea, "POST", path, {"name": "x", "versions": [7]}).status_code == 422


def test_the_inbox_is_answered(world, call):
    label = label_set(step=world.step["b"], user=world.ada, rating=None, unsure=True).label
    flag = Comment.objects.create(
        project=world.project,
        problem=world.problem,
        step=world.step["b"],
        rater=rater_for_user(project=world.project, user=world.ada),
        kind="flag",
        text="why?",
    )
    path = f"projects/{world.project.name}/inbox/"
    (row,) = call(world.rea, "GET", path).json()["results"]
    assert (row["label_id"], row["comment"], row["by"]) == (label.pk, None, "ada")
    assert call(world.bo, "GET", path).json()["results"] == []
    answer = {"answer": "No."}
    sure = label_set(step=world.step["b"], user=world.bo, rating=1).label
    for row in (label, sure):  # one status for both: an annotator learns nothing of a rating
        assert call(world.ada, "PUT", f"labels/{row.pk}/answer/", answer).status_code == 403
    assert call(world.rea, "PUT", f"labels/{sure.pk}/answer/", answer).status_code == 404
    assert call(world.rea, "PUT", f"labels/{label.pk}/answer/", answer).status_code == 204
    assert call(world.rea, "PUT", f"comments/{flag.pk}/answer/", answer).status_code == 204
    assert call(world.rea, "GET", path).json()["results"] == []
    (row,) = call(world.ada, "GET", f"{path}?kind=flag&state=answered").json()["results"]
    assert (row["answer"], row["answered_by"]) == ("No.", "rea")
    assert call(world.rea, "DELETE", f"comments/{flag.pk}/answer/").status_code == 204
    assert len(call(world.rea, "GET", f"{path}?kind=flag").json()["results"]) == 1
    assert call(world.rea, "GET", f"{path}?kind=contradictions").status_code == 422


def test_history_restores_and_undoes(world, call):
    world.rate(world.ada, b=-1)
    first = JudgementEvent.objects.latest("pk")
    world.rate(world.ada, b=1)
    path = f"problems/{world.problem.pk}/history/"
    page = call(world.ada, "GET", f"{path}?size=1").json()
    assert page["results"][0]["what"] == "rated +1 (before: −1)"
    rest = call(world.ada, "GET", path, None)
    assert [row["id"] for row in rest.json()["results"]][-1] == first.pk
    assert call(world.bo, "GET", path).json()["results"] == []
    assert call(world.bo, "POST", f"{path}{first.pk}/restore/", {}).status_code == 404
    done = call(world.ada, "POST", f"{path}{first.pk}/restore/", {}).json()
    assert done["said"] == ["Restored, as a new entry."]
    assert StepLabel.objects.get().rating == -1
    assert call(world.ada, "POST", f"{path}{first.pk}/restore/", {}).status_code == 409
    done = call(world.ada, "POST", f"{path}{first.pk}/undo/").json()
    assert len(done["events"]) == 3
    assert not StepLabel.objects.exists()
