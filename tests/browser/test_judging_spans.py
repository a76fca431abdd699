"""Spans on the judging surface: by keys as in the workbench, and by thumb on a narrow screen."""

from __future__ import annotations

import pytest

from annotator.models import SpanLabel, StepLabel
from tests.annotator.workbench_data import Node, member, project_with_types, write_problem
from tests.browser.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)

STEPS = 6
NARROW = {"viewport": {"width": 390, "height": 800}, "has_touch": True}


@pytest.fixture
def judge(open_page):
    """Open a trace of which the first two steps are rated."""
    project = project_with_types()
    user = member(project, "ann", "annotator")
    nodes = [
        Node(f"Step {at + 1} of some length.", at - 1, outcomes=[1.0] * (at == STEPS - 1))
        for at in range(STEPS)
    ]
    problem, _ = write_problem(project, "What is it?", nodes)
    trace = problem.traces.get()

    def opened(**options):
        address = f"/p/{project.name}/problems/{problem.pk}/?judge={trace.pk}&task=all_steps"
        page = open_page(user, address, **options)
        page.wait_for_selector("html[data-ready]")
        for number in (2, 3):
            page.keyboard.press("3")
            page.wait_for_selector(f".stepcard.current[data-number='{number}']")
        return page

    return opened


def spans():
    rows = SpanLabel.objects.order_by("pk")
    return list(rows.values_list("first__depth", "last__depth", "rating"))


def test_a_span_is_chosen_rated_typed_and_undone_by_keyboard(judge):
    page = judge()
    page.keyboard.press("K")
    page.wait_for_selector("#span-bar:has-text('Steps 2–3 as one')")
    page.keyboard.press("1")
    page.wait_for_selector("#judging[data-revealed='4']")
    page.wait_for_selector(".stepcard.span-bad.span-top[data-pos='2']")
    page.wait_for_selector(".stepcard.span-bad.span-foot[data-pos='3']")
    assert (spans(), StepLabel.objects.count()) == ([(2, 3, -1)], 2)
    assert 0 <= SpanLabel.objects.get().milliseconds < 60_000
    page.keyboard.press("e")
    until(page, lambda: page.evaluate("document.activeElement.id") == "span-error")
    page.keyboard.type("log")
    page.keyboard.press("Escape")
    page.wait_for_selector(".stepcard.current[data-number='4']")  # what is due once one leaves
    assert page.locator("#span-bar").is_hidden()
    until(page, lambda: SpanLabel.objects.filter(error_type__key="logic").exists())
    page.keyboard.press("u")
    until(page, lambda: SpanLabel.objects.filter(error_type=None).exists())
    page.keyboard.press("u")
    page.wait_for_selector("#judging[data-revealed='3']")
    page.wait_for_selector(".stepcard:not(.in-span)[data-pos='2']")
    assert spans() == []


def test_a_span_ends_at_the_step_that_is_open(judge):
    page = judge()
    page.keyboard.press("J")
    page.wait_for_selector("#status:has-text('The next step is shown once this one is judged')")
    assert page.locator("#span-bar").is_hidden()


def test_a_span_is_chosen_and_rated_by_thumb(judge):
    page = judge(**NARROW)
    page.locator(".stepcard.current [data-action=span]").tap()
    page.wait_for_selector("#span-bar:has-text('From step 3')")
    page.locator(".stepcard[data-pos='1'] .step-text").tap()
    page.wait_for_selector("#span-bar:has-text('Steps 1–3 as one')")
    page.wait_for_selector(".stepcard.chosen[data-pos='2']")
    page.locator("#span-bar button[value='1']").tap()
    page.wait_for_selector(".stepcard.span-good[data-pos='1']")
    assert spans() == [(1, 3, 1)]
    page.wait_for_selector("#judging[data-revealed='4']")
    page.locator("#span-bar [data-action=escape]").tap()
    page.wait_for_selector(".stepcard.current[data-number='4']")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator(".span-chip").tap()
    page.wait_for_selector("#span-bar:has-text('Steps 1–3 as one')")
    page.locator("#span-bar button[value='clear']").tap()
    page.wait_for_selector("#judging[data-revealed='3']")
    assert spans() == []
