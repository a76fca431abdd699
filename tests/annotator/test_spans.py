"""Spans over HTTP and through the API: one path, own ones only, kept as events."""

from __future__ import annotations

import uuid

import pytest

from annotator.models import JudgementEvent, SpanLabel
from tests.annotator.api_client import Api, assert_error
from tests.annotator.workbench_data import GAME, member, project_with_types, write_problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(client_for):
    project = project_with_types()
    problem, steps = write_problem(project, "Make 24.", GAME)
    user = member(project, "ann", "annotator")
    return problem, steps, user, client_for(user)


def post(world, first, last, **fields):
    problem, steps, _, client = world
    path = f"/p/{problem.project.name}/problems/{problem.pk}/steps/{steps[first].pk}/span/"
    body = {"last": steps[last].pk, **fields}
    return client.post(path, body, headers={"HX-Request": "true"})


def test_rating_keeps_note_and_type_and_right_drops_the_type(world):
    assert post(world, 0, 2, rating="-1", error_type="logic", note="x").status_code == 200
    post(world, 0, 2, rating="0")
    span = SpanLabel.objects.get()
    assert (span.rating, span.error_type.key, span.note) == (0, "logic", "x")
    post(world, 0, 2, rating="1")
    span = SpanLabel.objects.get()
    assert (span.rating, span.error_type, span.note) == (1, None, "x")
    post(world, 0, 2, rating="clear")
    assert not SpanLabel.objects.exists()
    assert JudgementEvent.objects.filter(kind="span_label").count() == 4


def test_repeated_request_is_stored_once(world):
    key = str(uuid.uuid4())
    for _ in range(2):
        assert post(world, 0, 2, rating="-1", key=key).status_code == 200
    assert JudgementEvent.objects.count() == 1


def test_bad_spans_get_sentences(world):
    problem, steps, _, client = world
    across = post(world, 1, 2, rating="1")
    assert across.status_code == 422
    assert "its last step must be its first or below it" in across.content.decode()
    assert post(world, 0, 2, rating="2").status_code == 422
    assert post(world, 0, 2, rating="1", error_type="nothing").status_code == 422
    _, others = write_problem(problem.project, "Make 25.", GAME)
    path = f"/p/{problem.project.name}/problems/{problem.pk}/steps/{steps[0].pk}/span/"
    assert client.get(f"{path}?last={others[2].pk}").status_code == 422
    assert client.get(f"{path}?last={steps[1].pk}").status_code == 200
    assert not SpanLabel.objects.exists()


def test_spans_of_others_are_not_in_the_tree(world, client_for):
    problem, _, _, client = world
    post(world, 0, 2, rating="-1")
    path = f"/p/{problem.project.name}/problems/{problem.pk}/tree.json"
    assert client.get(path).json()["spans"] == [[1, 3, -1]]
    other = client_for(member(problem.project, "bob", "annotator"))
    assert other.get(path).json()["spans"] == []


def test_api_sets_lists_and_clears_own_spans(world):
    problem, steps, user, _ = world
    api = Api(user)
    place = f"problems/{problem.pk}/spans/"
    body = {"first": steps[0].pk, "last": steps[2].pk, "rating": -1, "error_type": "logic"}
    saved = api("put", place, body)
    assert saved.status_code == 200
    assert saved.json()["span"]["error_type"] == "logic"
    other = Api(member(problem.project, "bob", "annotator"))
    assert other("get", place).json() == {"results": []}
    rows = api("get", place).json()["results"]
    assert [(row["first"], row["last"], row["rating"]) for row in rows] == [
        (steps[0].pk, steps[2].pk, -1)
    ]
    assert_error(api("put", place, {**body, "last": steps[7].pk}), 422, "invalid")
    assert_error(api("put", place, {**body, "rating": 3}), 422, "invalid")
    gone = api("delete", f"{place}?first={steps[0].pk}&last={steps[2].pk}")
    assert gone.json()["span"] is None
    assert_error(api("delete", f"{place}?first={steps[0].pk}&last={steps[2].pk}"), 404, "not_found")
