"""An annotator in a queue with the keyboard only: served, judged, submitted, lost and taken again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from annotator.models import Assignment, JudgementEvent
from annotator.services.queues import QueueWish, queue_create
from annotator.services.queues.build import queue_build
from tests.annotator.workbench_data import Node, member, project_with_types, write_problem
from tests.browser.waiting import eventually, until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def project():
    project = project_with_types()
    for number in range(3):
        nodes = [Node(f"first {number}", -1), Node(f"second {number}", 0, outcomes=[1.0])]
        write_problem(project, f"What is {number} + 1?", nodes)
    return project


@pytest.fixture
def queue(project):
    wish = QueueWish(name="Steps", task="first_error", lease_seconds=900)
    queue, _ = queue_create(project=project, user=None, wish=wish)
    queue_build(queue=queue)
    return queue


@pytest.fixture
def work(open_page, project, queue):
    """Open the queue as an annotator."""

    def opened(name="ann"):
        user = member(project, name, "annotator")
        page = open_page(user, f"/p/{project.name}/work/{queue.pk}/")
        page.wait_for_selector("#workbar[data-held='1']")
        page.wait_for_selector("html[data-ready]")
        return page

    return opened


def states():
    return list(Assignment.objects.order_by("pk").values_list("state", flat=True))


def run_out():
    """End the lease behind the page's back."""
    Assignment.objects.filter(state="leased").update(
        lease_until=timezone.now() - timedelta(seconds=1)
    )


def test_a_queue_is_worked_through_without_a_click(work):
    page = work()
    for presses in ("3", "3"), ("1",), ("3", "1"):
        before = page.url
        for key in presses:
            page.keyboard.press(key)
        page.wait_for_selector("#judging[data-open='1']")
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url, before=before: url != before)
        page.wait_for_selector("#workbar[data-held='1'] , #work-empty")
        if page.locator("#work-empty").count() == 0:
            page.wait_for_selector("html[data-ready]")
    page.wait_for_selector("#work-empty[data-outcome='nothing']")
    assert "nothing left for you" in page.locator("#work-empty").inner_text()
    assert states() == ["submitted"] * 3
    assert JudgementEvent.objects.filter(kind="step_label").count() == 5
    reasons = JudgementEvent.objects.filter(kind="submission").order_by("pk")
    assert [event.payload["reason"] for event in reasons] == [
        "solution",
        "found_error",
        "found_error",
    ]
    assert all(
        ms and ms < 60_000 for ms in Assignment.objects.values_list("milliseconds", flat=True)
    )


def test_a_submit_too_early_says_what_is_missing(work):
    page = work()
    page.keyboard.press("3")
    page.wait_for_selector(".stepcard.current:has-text('second 0')")
    page.keyboard.press("Enter")
    page.wait_for_selector("#work-said:not([hidden])")
    assert "1 of 2 rated" in page.locator("#work-said").inner_text()
    assert states() == ["leased"]


def test_a_lost_lease_is_said_and_the_item_taken_again_by_keyboard(work):
    page = work()
    page.keyboard.press("1")
    page.wait_for_selector("#judging[data-open='1']")
    run_out()
    page.keyboard.press("Enter")
    page.wait_for_selector("#work-lost:not([hidden])")
    assert "What you saved is kept" in page.locator("#work-lost").inner_text()
    until(page, "document.activeElement.textContent === 'Take it again'")
    page.keyboard.press("Enter")
    page.wait_for_selector("html[data-ready] #workbar[data-held='1'][data-fence='2']")
    page.wait_for_selector("#judging[data-open='1']")
    page.keyboard.press("Enter")
    eventually(page, lambda: states()[0], "submitted")
    assert JudgementEvent.objects.filter(kind="step_label").count() == 1


def test_skip_asks_why_and_goes_on(work):
    page = work()
    first = page.url
    page.keyboard.press("Shift+S")
    page.wait_for_selector("#skip-dialog[open]")
    page.keyboard.type("in another language")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: url != first)
    page.wait_for_selector("#workbar[data-held='1']")
    row = Assignment.objects.earliest("pk")
    assert (row.state, row.reason) == ("skipped", "in another language")


def test_put_back_leaves_the_queue_and_the_item_comes_last(work):
    page = work()
    page.keyboard.press("Shift+P")
    page.wait_for_selector("#mine")
    assert states() == ["returned"]


def test_keys_renew_the_lease(work):
    page = work()
    soon = timezone.now() + timedelta(seconds=40)
    Assignment.objects.update(lease_until=soon)
    page.reload()  # asks for the item, not for a new lease
    page.wait_for_selector("#work-lease.notice")
    page.keyboard.press("ArrowDown")
    until(page, lambda: Assignment.objects.get().lease_until > soon + timedelta(seconds=600))
    page.wait_for_selector("#work-lease:not(.notice)")


def test_two_people_never_hold_the_same_item(work):
    one, two = work("ann"), work("bob")
    assert one.locator(".prompt").inner_text() != two.locator(".prompt").inner_text()
