"""Runs of steps judged as one: chosen with Shift, rated by key, drawn, undone."""

from __future__ import annotations

import pytest

from annotator.models import SpanLabel, StepLabel
from tests.annotator.workbench_data import GAME, member, project_with_types, write_problem
from tests.browser.waiting import Gate, eventually, until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def game():
    project = project_with_types()
    return write_problem(project, "Use 4, 5, 6 and 10 to make 24.", GAME)


@pytest.fixture
def bench(open_page, game):
    problem, steps = game
    user = member(problem.project, "ann", "annotator")

    def opened(at=0, **options):
        address = f"/p/{problem.project.name}/problems/{problem.pk}/?step={steps[at].pk}&trace={steps[4].pk}"
        page = open_page(user, address, **options)
        page.wait_for_selector("html[data-ready]")
        return page

    return opened


def spans():
    rows = SpanLabel.objects.order_by("pk")
    return list(rows.values_list("first__preorder", "last__preorder", "rating"))


def test_span_is_chosen_rated_typed_noted_and_undone_by_keyboard(bench):
    page = bench()
    for key in ("J", "J"):
        page.keyboard.press(key)
    page.wait_for_selector("#span-bar:has-text('Steps 1–3 as one')")
    page.keyboard.press("1")
    page.wait_for_selector(".row.in-span.span-bad.span-foot[data-pos='4']")
    page.wait_for_selector(".stepcard.span-bad.span-top[data-pos='1']")
    assert (spans(), StepLabel.objects.count()) == ([(1, 4, -1)], 0)
    page.keyboard.press("e")
    until(page, "document.activeElement.id === 'span-error'")
    page.keyboard.type("log")
    page.keyboard.press("Tab")
    page.keyboard.type("wrong turn")
    page.keyboard.press("Escape")
    until(page, "document.getElementById('span-bar').hidden")
    page.wait_for_selector(".span-chip:has-text('steps 1–3')")
    said = SpanLabel.objects.values_list("error_type__key", "note")
    eventually(page, lambda: list(said.all()), [("logic", "wrong turn")])
    page.reload()
    page.wait_for_selector("html[data-ready]")
    page.wait_for_selector(".row.in-span.span-top[data-pos='1']")
    for _ in range(3):
        page.keyboard.press("u")
    until(page, "!document.querySelector('.in-span')")
    eventually(page, spans, [])


def test_span_is_chosen_with_shift_and_click_and_cleared(bench):
    page = bench()
    page.locator(".row[data-pos='3'] .txt").click(modifiers=["Shift"])
    page.wait_for_selector("#span-bar:has-text('Steps 1–2 as one')")
    page.locator("#span-bar button[value='1']").click()
    page.wait_for_selector(".row.span-good[data-pos='3']")
    page.keyboard.press("x")
    until(page, "!document.querySelector('.in-span')")
    page.wait_for_selector("#span-bar:not(:has(button[value='clear']))")
    eventually(page, spans, [])
    page.keyboard.press("Escape")
    page.locator("#reader .stepcard[data-pos='4']").click(modifiers=["Shift"])
    page.wait_for_selector("#span-bar:has-text('Steps 1–3 as one')")


def test_span_across_branches_is_refused(bench):
    page = bench(at=1)
    page.locator(".row[data-pos='3'] .txt").click(modifiers=["Shift"])
    page.wait_for_selector(".toast.bad:has-text('consecutive steps of one path')")
    assert page.locator("#span-bar").is_hidden()


def test_a_note_of_a_span_waits_for_its_bar_and_enter_rates_nothing(bench):
    page = bench()
    gate = Gate(page, "**/span/?*")
    for key in ("J", "n", *"1 as 2"):
        page.keyboard.press(key)
    gate.expect()
    gate.open()
    until(page, "document.activeElement.id === 'span-note'")
    eventually(page, lambda: page.input_value("#span-note"), "1 as 2")
    page.keyboard.press("Enter")
    said = SpanLabel.objects.values_list("note", "rating")
    eventually(page, lambda: list(said.all()), [("1 as 2", None)])
    page.keyboard.press("Escape")
    page.keyboard.press("u")
    eventually(page, SpanLabel.objects.count, 0)
