"""Remarks, questions and alternatives by keyboard, in the workbench and while judging."""

from __future__ import annotations

import pytest

from annotator.models import Alternative, Comment
from tests.annotator.workbench_data import GAME, member, project_with_types, write_problem
from tests.browser.waiting import close_dialog, eventually, until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def game():
    return write_problem(project_with_types(), "Use 4, 5, 6 and 10 to make 24.", GAME)


@pytest.fixture(params=["workbench", "judging"])
def page(request, open_page, game):
    problem, steps = game
    trace = problem.traces.get(end=steps[4])
    query = f"judge={trace.pk}" if request.param == "judging" else f"step={steps[0].pk}"
    user = member(problem.project, "ann", "annotator")
    opened = open_page(user, f"/p/{problem.project.name}/problems/{problem.pk}/?{query}")
    opened.wait_for_selector("html[data-ready]")
    return opened


def write(page, key, text):
    page.keyboard.press(key)
    page.wait_for_selector("#panel-dialog[open]")
    until(page, "document.activeElement.matches('[data-first]')")
    page.keyboard.type(text)


def test_remark_question_and_alternative_by_keyboard(page, game):
    _, steps = game
    write(page, "c", "where is the 10?")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector(".thread:has-text('where is the 10?')")
    close_dialog(page, "#panel-dialog")
    write(page, "f", "may a step be skipped?")
    assert page.locator("#panel [name=kind]").is_checked()
    title = page.locator("#panel-dialog .dialog-head h2")
    assert title.inner_text() == "Step 1: a question about the guidelines"
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".thread .badge:has-text('question')")
    close_dialog(page, "#panel-dialog")
    write(page, "w", "5 * 4 = 20")
    page.locator("#panel button.primary").press("Enter")
    page.wait_for_selector("#panel .notice-bar:has-text('Saved.')")
    close_dialog(page, "#panel-dialog")
    kinds = Comment.objects.order_by("pk").values_list("kind", "step")
    assert list(kinds) == [("comment", steps[0].pk), ("flag", steps[0].pk)]
    assert Alternative.objects.get().text == "5 * 4 = 20"
    page.keyboard.press("u")
    page.wait_for_selector(".toast:has-text('alternative')")
    eventually(page, Alternative.objects.count, 0)
