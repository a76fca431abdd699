"""Moving through a tree and the list of problems: links, back, find, and what arrives late."""

from __future__ import annotations

import pytest

from tests.annotator.workbench_data import Node, branching_nodes, write_problem
from tests.browser.waiting import eventually, until
from tests.browser.workbench.data import SAVED, ratings, selected

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_copied_link_restores_the_view(open_bench, reviewer, game):
    problem, steps = game
    page = open_bench(reviewer, problem)
    page.locator("#row-3 .txt").click()
    page.keyboard.press("h")
    page.keyboard.press("v")
    page.locator("#color-search").fill("grpo")
    page.keyboard.press("Enter")
    page.wait_for_selector("#color-by[value=grpo]")
    page.locator("#tab-outcomes").click()
    page.wait_for_selector("#tab-outcomes[aria-current=page]")
    link = page.url.replace(page.evaluate("location.origin"), "")
    again = open_bench(reviewer, problem, link.partition("/problems/")[2].partition("/")[2])
    assert selected(again) == 3
    assert again.locator("#row-3").get_attribute("aria-expanded") == "false"
    assert again.locator("#color-by").get_attribute("value") == "grpo"
    assert again.locator("#tab-outcomes[aria-current=page]").count() == 1
    assert f"step={steps[2].pk}" in link


def test_back_returns_to_the_step_before(open_bench, reviewer, game):
    problem, steps = game
    page = open_bench(reviewer, problem)
    page.locator("#row-5 .txt").click()
    page.wait_for_selector(f"#reader[data-step='{steps[4].pk}']")
    page.go_back()
    page.wait_for_selector(f"#reader[data-step='{steps[0].pk}']")
    assert selected(page) == 1


def test_20000_steps_need_at_most_400_rows(open_bench, reviewer, project):
    problem, _ = write_problem(project, "A long search", branching_nodes(20_000))
    page = open_bench(reviewer, problem)
    box = page.locator("#icicle").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.7, box["y"] + 40)
    page.wait_for_selector(".outline .row[aria-selected=true]")
    until(page, "document.querySelector('.outline [aria-selected=true]').dataset.pos > 9000")
    page.keyboard.press("End")
    for _ in range(30):
        page.keyboard.press("k")
    assert page.locator(".outline .row").count() <= 400
    row = page.locator(".outline .row[aria-selected=true]")
    active = page.locator("#outline").get_attribute("aria-activedescendant")
    eventually(page, lambda: row.get_attribute("id"), active)
    page.wait_for_selector(".outline .row[aria-selected=true] .txt:not(.waiting)")
    assert row.locator(".txt").inner_text().startswith("Step ")


def test_find_marks_hits_and_enter_goes_to_the_next(open_bench, reviewer, game):
    problem, _ = game
    page = open_bench(reviewer, problem)
    page.locator("#find").fill("left: 4 20")
    page.wait_for_selector("#found:has-text('1 hit')")
    page.keyboard.press("Enter")
    page.wait_for_selector("#row-3[aria-selected=true].hit")
    assert selected(page) == 3


def test_fast_moves_show_the_last_step_and_drop_the_others(open_bench, reviewer, game):
    problem, steps = game
    page = open_bench(reviewer, problem)
    held, asked = [], []

    def hold_first(route):
        asked.append(route.request.url)
        if len(asked) == 1:
            held.append(route)
        else:
            route.continue_()

    page.route(f"**/problems/{problem.pk}/?*", hold_first)
    page.keyboard.press("j")
    page.wait_for_selector("#row-2[aria-selected=true]")
    until(page, lambda: held)
    for _ in range(4):
        page.keyboard.press("j")
    page.wait_for_selector(f"#reader[data-step='{steps[5].pk}']")
    page.wait_for_selector("#inspector h2:has-text('Step 3 by method')")
    assert selected(page) == 6
    assert f"step={steps[5].pk}" in asked[-1]
    assert len(asked) < 6


def test_a_rating_never_waits_for_a_path_that_was_left(open_bench, reviewer, game):
    problem, _ = game
    page = open_bench(reviewer, problem)
    page.keyboard.press("j")  # the followed trace ends here, the next step is on another one
    held = []
    page.route(f"**/problems/{problem.pk}/?*", lambda route: held.append(route))
    page.keyboard.press("j")
    page.keyboard.press("3")
    page.wait_for_selector("#row-3[aria-selected=true] .label.good")
    page.keyboard.press("j")
    page.keyboard.press("1")
    page.wait_for_selector("#row-4 .label.bad")
    until(page, "document.querySelector('#progress').textContent.includes('2 of 8')")
    assert ratings(problem) == [(3, 1), (4, -1)]
    for route in held:
        route.abort()


def test_a_path_that_cannot_be_loaded_is_said(open_bench, reviewer, game):
    page = open_bench(reviewer, game[0])
    page.route(f"**/problems/{game[0].pk}/?*", lambda route: route.abort())
    page.keyboard.press("j")
    page.wait_for_selector(".toast.bad:has-text('cannot be reached')")
    page.keyboard.press("3")  # its text is not on the screen
    page.wait_for_selector(".toast.bad:has-text('takes no rating')")
    page.unroute(f"**/problems/{game[0].pk}/?*")
    page.wait_for_selector(f"#reader[data-step='{game[1][1].pk}']")  # it is asked for again
    page.keyboard.press("3")
    page.wait_for_selector(SAVED)
    assert ratings(game[0]) == [(2, 1)]


def test_enter_in_the_problem_list_finds_without_a_complaint(open_page, reviewer, project):
    write_problem(project, "Eggs", [Node("a")])
    write_problem(project, "Apples", [Node("b")])
    page = open_page(reviewer, f"/p/{project.name}/problems/")
    page.locator("#id_q").fill("Eggs")
    page.keyboard.press("Enter")
    page.wait_for_selector("#problems:not(:has-text('Apples')) tr:has-text('Eggs')")
    page.wait_for_timeout(400)  # the delayed request for the typing has had its time
    assert "q=Eggs" in page.url


def test_the_strip_of_pages_follows_step_and_colours_and_is_walked_by_keyboard(
    open_bench, reviewer, game
):
    problem, steps = game
    page = open_bench(reviewer, problem, f"?step={steps[1].pk}")

    def tokens():
        return page.locator("#problem-strip a", has_text="Tokens").get_attribute("href")

    eventually(page, lambda: tokens().partition("?")[2], f"end={steps[1].pk}")
    page.keyboard.press("j")
    eventually(page, lambda: tokens().partition("?")[2], f"end={steps[2].pk}")
    page.keyboard.press("v")
    page.locator("#color-search").fill("grpo")
    page.keyboard.press("Enter")
    figures = page.locator("#problem-strip a", has_text="Figures")
    until(page, lambda: figures.get_attribute("href").endswith("by=grpo"))
    figures.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#problem-strip a[aria-current=page]:text-is('Figures')")
    assert page.locator("h1").inner_text() == problem.prompt
    page.locator("h1 a").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("html[data-ready] #outline")
    page.go_back()


def test_colours_that_a_problem_opens_with_stay_and_say_why_until_others_are_chosen(
    open_bench, reviewer, project
):
    nodes = [Node("One."), Node("Two.", 0), Node("Three.", 1, outcomes=[1.0])]
    problem, steps = write_problem(project, "One trace.", nodes)
    page = open_bench(reviewer, problem)
    assert "by=leaf_value" in page.url
    assert "comes first here" in page.locator("#legend-why").inner_text()
    page.keyboard.press("1")
    eventually(page, lambda: selected(page), 2)
    page.wait_for_selector(f"#reader[data-step='{steps[1].pk}']")
    assert "by=leaf_value" in page.url, "a rating does not change the colours under one's hands"
    page.keyboard.press("v")
    page.locator("#color-search").fill("rating")
    page.keyboard.press("Enter")
    page.wait_for_selector("#color-by[value=rating]")
    page.wait_for_selector("#legend-why", state="hidden")
    assert "by=rating" in page.url
