"""Comparisons by keyboard, in both themes, from a phone to a wide screen."""

from __future__ import annotations

import pytest

from tests.annotator.workbench_data import (
    GAME,
    member,
    project_with_types,
    write_model,
    write_problem,
)
from tests.browser.test_accessibility import violations
from tests.browser.waiting import close_dialog, eventually, until

pytestmark = pytest.mark.django_db(transaction=True)
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
FOCUSED = "document.activeElement.id"


@pytest.fixture
def game():
    project = project_with_types()
    problem, steps = write_problem(project, "Make 24.", GAME)
    write_model(problem, steps)
    return member(project, "reviewer", "reviewer"), problem, steps


def address(problem, query=""):
    return f"/p/{problem.project.name}/problems/{problem.pk}/compare/{query}"


def test_differences_and_sides_by_keyboard(open_page, game):
    reviewer, problem, steps = game
    one, two = problem.traces.get(end=steps[4]), problem.traces.get(end=steps[5])
    page = open_page(reviewer, address(problem, f"?a=t{one.pk}&b=t{two.pk}&by=tempo"))
    page.wait_for_selector("html[data-ready]")
    differing = page.locator(".pair-row[data-differs]").evaluate_all("all => all.map(o => o.id)")
    assert len(differing) > 1
    for wanted in differing:
        page.keyboard.press("j")
        eventually(page, lambda: page.evaluate(FOCUSED), wanted)
    page.keyboard.press("j")  # there is none below
    page.keyboard.press("k")
    eventually(page, lambda: page.evaluate(FOCUSED), differing[-2])
    page.keyboard.press("x")
    until(page, lambda: f"a=t{two.pk}" in page.url)
    eventually(page, lambda: page.locator("#path-a").input_value(), f"t{two.pk}")
    eventually(page, lambda: page.evaluate(FOCUSED), differing[-2])  # the place stays
    page.keyboard.press("j")
    eventually(page, lambda: page.evaluate(FOCUSED), differing[-1])
    page.keyboard.press("?")
    page.wait_for_selector("#keys-dialog[open]")
    close_dialog(page, "#keys-dialog")
    page.locator("#by-b").select_option("grpo")
    until(page, lambda: "by_b=grpo" in page.url)
    page.go_back()
    eventually(page, lambda: page.locator("#by-b").input_value(), "")


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 390), ("light", 1920)])
def test_the_comparison_is_fit_for_everybody(open_page, game, theme, width):
    reviewer, problem, steps = game
    page = open_page(
        reviewer,
        address(problem, f"?a=s{steps[4].pk}&b=s{steps[5].pk}"),
        color_scheme=theme,
        viewport={"width": width, "height": 800},
    )
    page.wait_for_selector("html[data-ready]")
    assert (violations(page), page.evaluate(WIDER)) == ([], 0)
