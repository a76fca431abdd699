"""Spans on the judging surface: open steps alone, an answer for its steps, time spent, taken back."""

from __future__ import annotations

import pytest

from annotator.models import JudgementEvent, SpanLabel
from annotator.queries.judgements.judging import judging_of
from annotator.services.judgements.labels import label_set
from annotator.services.judgements.spans import span_label_set
from tests.annotator.api_client import Api, assert_error
from tests.annotator.workbench_data import Node, member, project_with_types, write_problem

pytestmark = pytest.mark.django_db

CHAIN = [Node(f"text of {at + 1}", at - 1, outcomes=[0.0] * (at == 4)) for at in range(5)]


@pytest.fixture
def world(client_for):
    project = project_with_types()
    user = member(project, "ann", "annotator")
    problem, steps = write_problem(project, "1 + 1 = ?", CHAIN)
    label_set(step=steps[0], user=user, rating=1)
    label_set(step=steps[1], user=user, rating=1)
    return problem.traces.get(), steps, user, client_for(user)


def address(world):
    trace, *_ = world
    place = f"/p/{trace.problem.project.name}/problems/{trace.problem_id}/traces/{trace.pk}/span/"
    return f"{place}?task=all_steps"


def post(world, first, last, **fields):
    body = {"first": first, "last": last, **fields}
    return world[3].post(address(world), body, headers={"HX-Request": "true"})


def revealed(world):
    trace, _, user, _ = world
    return judging_of(trace=trace, user=user, task="all_steps").revealed


def test_a_span_over_the_open_step_opens_the_next_one(world):
    page = post(world, 2, 3, rating="-1", milliseconds="1200")
    assert page.status_code == 200
    text = page.content.decode()
    assert "text of 4" in text
    assert "text of 5" not in text
    assert "Steps 2–3 as one" in text
    assert text.count("in-span") == 2
    span = SpanLabel.objects.get()
    assert (span.first, span.last, span.rating) == (world[1][1], world[1][2], -1)
    assert span.milliseconds == 1200
    assert JudgementEvent.objects.get(kind="span_label").payload["milliseconds"] == 1200


@pytest.mark.parametrize(("first", "last"), [(3, 4), (4, 5), (1, 5)])
def test_a_span_reaches_no_step_that_is_not_open(world, first, last):
    refused = post(world, first, last, rating="1")
    assert refused.status_code == 409
    assert f"Step {last} is not open yet" in refused.content.decode()
    shown = world[3].get(f"{address(world)}&first={first}&last={last}")
    assert shown.status_code == 409
    assert not SpanLabel.objects.exists()


@pytest.mark.parametrize(("first", "last"), [(3, 2), (1, 6), (0, 2)])
def test_what_is_no_run_of_the_trace_is_refused(world, first, last):
    assert post(world, first, last, rating="1").status_code == 422
    assert world[3].get(f"{address(world)}&first={first}&last={last}").status_code == 422


def test_the_bar_shows_what_was_said(world):
    post(world, 2, 3, rating="0", note="both halves", error_type="logic")
    bar = world[3].get(f"{address(world)}&first=2&last=3").content.decode()
    assert 'value="both halves"' in bar
    assert "text of" not in bar
    post(world, 2, 3, rating="1")
    span = SpanLabel.objects.get()
    assert (span.note, span.error_type) == ("both halves", None)


def test_a_span_over_shut_steps_is_taken_back_also_when_the_answer_was_lost(world):
    _, steps, user, _ = world
    span_label_set(first=steps[2], last=steps[4], user=user, rating=1)
    assert revealed(world) == 5
    for _ in range(2):
        cleared = post(world, 3, 5, rating="clear", key="6b1d7c7e-3f3e-4f0a-9d2e-0d6a3a1c8f10")
        assert cleared.status_code == 200
        assert revealed(world) == 3
    assert JudgementEvent.objects.filter(payload__cleared=True).count() == 1


def test_spans_that_reach_hidden_steps_are_not_drawn(world):
    _, steps, user, client = world
    span_label_set(first=steps[1], last=steps[4], user=user, rating=None, note="seen")
    page = client.get(address(world).replace("/span/", "/judge/"), headers={"HX-Request": "true"})
    assert "in-span" not in page.content.decode()


def test_others_and_viewers_are_shut_out(world, client_for):
    trace, *_ = world
    viewer = client_for(member(trace.problem.project, "vic", "viewer"))
    body = {"first": 1, "last": 2, "rating": "1"}
    assert viewer.post(address(world), body).status_code == 403
    stranger = client_for(member(project_with_types("Other"), "eve", "annotator"))
    assert stranger.post(address(world), body).status_code == 404


def test_the_api_stores_the_time_of_a_span(world):
    trace, steps, user, _ = world
    api = Api(user)
    place = f"problems/{trace.problem_id}/spans/"
    body = {"first": steps[0].pk, "last": steps[1].pk, "rating": 1, "milliseconds": 700}
    assert api("put", place, body).json()["span"]["milliseconds"] == 700
    assert_error(api("put", place, {**body, "milliseconds": 90_000_000}), 422, "invalid")
