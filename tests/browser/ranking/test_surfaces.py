"""The three surfaces as they look and read, at any width and in both themes."""

from __future__ import annotations

import pytest

from annotator.models import Ranking, Step
from tests.annotator.workbench_data import Node, member, write_problem
from tests.browser.ranking.data import current, press, saved
from tests.browser.test_accessibility import violations

pytestmark = pytest.mark.django_db(transaction=True)


def test_traces_stand_side_by_side_and_follow_the_candidate(open_place, annotator, fork):
    problem, _ = fork
    page = open_place(annotator, problem, "trace/")
    count = problem.n_traces
    assert page.locator(".rk-column").count() == count
    assert page.locator(".rk-prefix summary").inner_text().startswith("Step 1: the same in all")
    press(page, "j")
    assert page.locator(".rk-column.current").get_attribute("data-read") == str(current(page))
    press(page, "o")
    assert "stacked" in page.locator("#ranking").get_attribute("class")
    press(page, "d")
    letter = page.locator(".rk-card.current .no").inner_text()
    page.wait_for_selector(f"#rk-against b:text-is('{letter}')")
    press(page, *"12345", "Enter")
    saved(page, "Correctness")
    assert len(Ranking.objects.get().tiers) == count


def test_equal_texts_cost_a_card_no_line(open_place, annotator, fork):
    problem, steps = fork
    Step.objects.filter(pk=steps[4].pk).update(text=steps[3].text)  # two traces read the same
    page = open_place(annotator, problem, "trace/")
    assert page.locator(".rk-card .badge:has-text('same text as')").count() == 2
    heights = page.locator(".rk-card header").evaluate_all(
        "(all) => all.map((one) => one.offsetHeight)"
    )
    assert len(set(heights)) == 1


def test_an_order_wider_than_its_pane_fades_at_the_edge(open_place, annotator, project):
    nodes = (Node("start"), *(Node(f"way {n}", 0, outcomes=[0.0]) for n in range(9)))
    problem, steps = write_problem(project, "Nine ways.", nodes)
    page = open_place(annotator, problem, f"step/{steps[0].pk}/")
    press(page, *"123456789")
    wrap = page.locator(".rk-matrix-wrap")
    wrap.wait_for()
    assert wrap.evaluate("(wrap) => wrap.scrollWidth > wrap.clientWidth")
    assert "linear-gradient" in wrap.evaluate("(wrap) => getComputedStyle(wrap).backgroundImage")


def test_a_branch_opens_in_place(open_place, annotator, fork):
    problem, steps = fork
    page = open_place(annotator, problem, f"branch/{steps[0].pk}/")
    page.locator(f"#item-{steps[2].pk}").click()
    press(page, "o")
    page.wait_for_selector(f"#branch-{steps[2].pk} .rk-outline >> text=4 + 20 = 24")
    assert page.locator(f"#branch-{steps[2].pk} li").count() == 3


@pytest.mark.parametrize("width", [390, 800, 1280])
@pytest.mark.parametrize("level", ["step", "branch", "trace"])
def test_nothing_hangs_over_the_edge(open_place, annotator, fork, width, level):
    problem, steps = fork
    below = "" if level == "trace" else f"{steps[0].pk}/"
    size = {"width": width, "height": 800}
    page = open_place(annotator, problem, f"{level}/{below}", viewport=size)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator(".rk-card [data-do=up]").first.click()
    assert page.locator(".rk-tier").count() == 1


def test_the_pages_of_rankings_have_no_complaints(open_page, project, fork):
    problem, _ = fork
    owner = member(project, "boss", "owner")
    for path in (
        f"/p/{project.name}/rankings/",
        f"/p/{project.name}/problems/{problem.pk}/rankings/",
        f"/p/{project.name}/criteria/",
    ):
        page = open_page(owner, path, viewport={"width": 390, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert page.locator("h1").count() == 1
        assert violations(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_surfaces_have_no_violation(open_place, project, fork, theme):
    problem, steps = fork
    reviewer = member(project, "reviewer", "reviewer")
    for place in (f"step/{steps[0].pk}/", f"branch/{steps[0].pk}/", "trace/"):
        page = open_place(reviewer, problem, place, color_scheme=theme)
        assert violations(page) == [], place
        press(page, "1", "2", "f", "3", "4", "Enter")
        saved(page, "Correctness")
        page.locator(".rk-strengths summary").click()
        page.wait_for_selector(".rk-strength")
        assert violations(page) == [], place
