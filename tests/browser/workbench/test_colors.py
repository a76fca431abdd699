"""Colours and search by keyboard: the picker, settings and limits in the URL, hits one after another."""

from __future__ import annotations

import pytest

from annotator.models import StepScore
from tests.browser.waiting import eventually, until
from tests.browser.workbench.data import selected

pytestmark = pytest.mark.django_db(transaction=True)


def by(page):
    return page.evaluate("new URLSearchParams(location.search).get('by')")


def test_a_method_its_settings_and_limits_are_chosen_by_keyboard_and_restored(
    open_bench, reviewer, game
):
    problem, _ = game
    page = open_bench(reviewer, problem)
    page.keyboard.press("v")
    page.keyboard.type("rloo")  # before the picker stands there
    page.wait_for_selector("#color-rloo.active")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "single"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.locator("#color-about form:not([hidden]) button").press("Enter")
    page.wait_for_selector("#color-by[value='rloo:single=zero']")
    page.wait_for_selector("#credit-head:text-is('RLOO')")
    eventually(page, lambda: by(page), "rloo:single=zero")
    page.keyboard.press("V")
    page.wait_for_selector("#legend-text:has-text('limits of this trace')")
    link = page.url.partition("/problems/")[2].partition("/")[2]
    again = open_bench(reviewer, problem, link)
    assert again.locator("#color-by").get_attribute("value") == "rloo:single=zero"
    assert "limits of this trace" in again.locator("#legend-text").inner_text()
    again.go_back()


def test_what_a_method_lacks_is_read_where_it_stands(open_bench, reviewer, game):
    problem, _ = game
    page = open_bench(reviewer, problem)
    before = page.url
    page.keyboard.press("v")
    page.locator("#color-search").fill("gigpo")
    page.wait_for_selector("#color-gigpo.active[aria-disabled=true]")
    said = "Needs environment states: import traces with environment states"
    assert page.locator("#color-about form:not([hidden]) .notice-bar").inner_text().startswith(said)
    page.keyboard.press("Enter")
    until(page, f"document.querySelector('#status').textContent.startsWith('{said}')")
    page.keyboard.press("Escape")
    page.wait_for_selector("#colors-dialog:not([open])", state="attached")
    assert page.url == before


def test_hits_of_several_tests_are_gone_through_by_key(open_bench, reviewer, game):
    problem, _ = game
    page = open_bench(reviewer, problem)
    page.locator("#row-6 .txt").click()
    page.keyboard.press("1")
    page.wait_for_selector("#row-6 .label.bad")
    page.locator("#row-2 .txt").click()
    page.keyboard.press("/")
    page.locator("#find").fill("outcome=0 -label:any 5")
    page.wait_for_selector("#found:has-text('2 hits')")
    page.keyboard.press("Enter")
    eventually(page, lambda: selected(page), 7)
    page.wait_for_selector("#found:has-text('1 of 2 hits')")
    page.keyboard.press(">")
    eventually(page, lambda: selected(page), 8)
    page.keyboard.press("<")
    eventually(page, lambda: selected(page), 7)
    assert page.locator(".outline .row.hit").count() == 2
    link = page.url.partition("/problems/")[2].partition("/")[2]
    again = open_bench(reviewer, problem, link)
    again.wait_for_selector("#found:has-text('2 hits')")


def test_people_against_the_model_and_what_cannot_be_read(open_bench, reviewer, game):
    problem, steps = game
    StepScore.objects.filter(step=steps[2]).update(score=0.95)
    page = open_bench(reviewer, problem)
    page.locator("#row-3 .txt").click()
    page.keyboard.press("1")
    page.wait_for_selector("#row-3 .label.bad")
    eventually(page, lambda: steps[2].labels.count(), 1)
    page.locator("#find").fill("disagree>0.9")
    page.wait_for_selector("#row-3.hit")
    eventually(page, lambda: page.locator("#found").inner_text(), "1 hit")
    for query, said in (
        ("label:wrong", "After label stands -1, 0, 1, unsure, seen, none or any"),
        ("credti<1", "There is no credti; did you mean credit?"),
        ('"left', "is not closed"),
        ("credit<1..2", "After credit stands a number"),
    ):
        page.locator("#find").fill(query)
        page.wait_for_selector("#find[aria-invalid=true]")
        eventually(page, lambda said=said: said in page.locator("#find-said").inner_text(), True)
    page.locator("#find").fill("x=5 −4")
    page.wait_for_selector("#find[aria-invalid=false]")
    eventually(page, lambda: page.locator("#found").inner_text(), "no hits")
