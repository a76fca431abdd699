"""Rating items of a queue in the browser: the judging surface inside the frame of an item."""

from __future__ import annotations

import pytest

from annotator.models import Assignment, JudgementEvent, StepLabel, Submission
from tests.annotator.queue_world import queue_world
from tests.browser.waiting import Gate, until

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_item_is_rated_and_submitted_by_keyboard(open_page):
    world = queue_world(traces=2)
    queue = world.queue(task="first_error")
    person = world.people[1]
    page = open_page(person, f"/p/{world.project.name}/work/{queue.pk}/")
    page.wait_for_selector("html[data-ready]")
    page.keyboard.press("Enter")
    page.wait_for_selector("#work-said:has-text('Submit opens at the first')")
    assert not Assignment.objects.filter(state="submitted").exists()
    first = page.url
    page.keyboard.press("3")
    page.keyboard.press("1")
    page.wait_for_selector("#judging[data-open='1']")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: url != first)
    done = Assignment.objects.get(state="submitted")
    assert done.milliseconds > 0
    assert Submission.objects.get().reason == "found_error"
    ratings = StepLabel.objects.order_by("step__depth").values_list("rating", flat=True)
    assert list(ratings) == [1, -1]


def test_a_key_for_the_next_item_does_not_change_the_one_that_is_sent(open_page):
    world = queue_world(traces=2)
    queue = world.queue(task="first_error")
    page = open_page(world.people[1], f"/p/{world.project.name}/work/{queue.pk}/")
    page.wait_for_selector("html[data-ready]")
    page.keyboard.press("3")
    page.keyboard.press("1")
    page.wait_for_selector("#judging[data-open='1']")
    gate = Gate(page, "**/submit/")
    first = page.url
    page.keyboard.press("Enter")
    gate.expect()
    page.keyboard.press("3")
    gate.open()
    page.wait_for_url(lambda url: url != first)
    page.wait_for_selector("html[data-ready]")
    waiting = "Object.entries(localStorage).filter(([name]) => name.startsWith('tracewood.labels'))"
    until(page, f"{waiting}.every(([, kept]) => kept === '[]')")
    ratings = StepLabel.objects.order_by("step__depth").values_list("rating", flat=True)
    assert list(ratings) == [1, -1]
    assert JudgementEvent.objects.filter(kind="step_label").count() == 2


def test_giving_up_opens_submit(open_page):
    world = queue_world(traces=1)
    queue = world.queue(task="all_steps")
    page = open_page(world.people[1], f"/p/{world.project.name}/work/{queue.pk}/")
    page.wait_for_selector("html[data-ready]")
    page.keyboard.press("g")
    page.locator("#give-up-note").fill("cannot follow")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#judging[data-submitted='1'][data-open='1']")
    before = page.url
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: url != before)
    assert Assignment.objects.get().state == "submitted"
    assert Submission.objects.get().note == "cannot follow"
