"""Where people judge: on a phone every target is at least 44 by 44 CSS pixels; the focus is seen."""

from __future__ import annotations

import pytest

from annotator.services.queues import QueueWish, queue_create
from annotator.services.queues.build import queue_build
from tests.annotator.workbench_data import member, project_with_types, write_problem
from tests.browser.team_world import FORK, until

pytestmark = pytest.mark.django_db(transaction=True)

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
# A tick is as large as the label around it. Scrolling areas that only the keyboard enters are none.
SMALL = """() => [...document.querySelectorAll("a[href], button, summary, select, textarea, input")]
  .filter((one) => one.checkVisibility({ visibilityProperty: true }))
  .filter((one) => !one.closest(".visually-hidden, .skip"))
  .map((one) => (one.matches("[type=checkbox], [type=radio]") && one.closest("label")) || one)
  .map((one) => [one.outerHTML.slice(0, 120), one.getBoundingClientRect()])
  .filter(([, { width, height }]) => width && height && Math.min(width, height) < 43.9)
  .map(([html, { width, height }]) => `${Math.round(width)}x${Math.round(height)} ${html}`)"""

# What has the focus by key without looking different from before.
UNSEEN = """() => [...document.querySelectorAll("a[href], button, summary, select, textarea, input, [tabindex='0']")]
  .filter((one) => one.checkVisibility({ visibilityProperty: true }))
  .filter((one) => {
    const look = () => { const { outline, boxShadow, borderColor } = getComputedStyle(one); return outline + boxShadow + borderColor; };
    document.activeElement.blur();
    const before = look();
    one.focus({ focusVisible: true });
    return document.activeElement === one && look() === before;
  })
  .map((one) => one.outerHTML.slice(0, 120))"""


@pytest.fixture
def world():
    project = project_with_types()
    people = {name: member(project, name, role) for name, role in ROLES.items()}
    problem, _ = write_problem(project, "Use 4, 5, 6 and 10 to make 24.", FORK)
    return project, people, problem


ROLES = {"boss": "owner", "ann": "annotator"}


def small(page):
    page.wait_for_selector("html[data-ready]")
    return page.evaluate(SMALL)


def test_judging_a_trace(open_page, world):
    project, people, problem = world
    trace = problem.traces.first()
    address = f"/p/{project.name}/problems/{problem.pk}/?judge={trace.pk}&task=all_steps"
    page = open_page(people["ann"], address, **PHONE)
    assert small(page) == []
    page.keyboard.press("3")
    page.wait_for_selector(".stepcard.current[data-number='2']")
    page.keyboard.press("K")
    page.wait_for_selector("#span-bar:has-text('Steps 1–2 as one')")
    page.locator("#span-bar button[value='1']").tap()
    page.wait_for_selector(".span-chip")
    assert small(page) == []
    page.locator("#span-bar [data-action=escape]").tap()
    page.locator(".stepcard.current [data-action=note]").tap()
    until(page, lambda: page.evaluate("document.activeElement.name") == "note")
    assert small(page) == []
    page.locator("[data-dialog-open=bad-problem-dialog]").tap()
    page.wait_for_selector("#bad-problem-dialog[open]")
    assert small(page) == []


@pytest.mark.parametrize("task", ["first_error", "rank_step", "rank_branch", "rank_trace"])
def test_items_of_a_queue(open_page, world, task):
    project, people, _ = world
    queue, _ = queue_create(project=project, user=people["boss"], wish=QueueWish("Q", task=task))
    queue_build(queue=queue)
    page = open_page(people["ann"], f"/p/{project.name}/work/{queue.pk}/", **PHONE)
    assert small(page) == []
    page.locator("[data-dialog-open=skip-dialog]").tap()
    page.wait_for_selector("#skip-dialog[open]")
    assert small(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("task", ["all_steps", "rank_branch"])
def test_the_focus_is_seen_wherever_it_is(open_page, world, task):
    project, people, _ = world
    queue, _ = queue_create(project=project, user=people["boss"], wish=QueueWish("Q", task=task))
    queue_build(queue=queue)
    page = open_page(people["ann"], f"/p/{project.name}/work/{queue.pk}/")
    page.wait_for_selector("html[data-ready]")
    assert page.evaluate(UNSEEN) == []
