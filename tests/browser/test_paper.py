"""Printed pages: white with black words in any theme, colours kept, no navigation, nothing cut off."""

from __future__ import annotations

import re

import pytest

from annotator.services.judgements.labels import label_set
from tests.annotator.workbench_data import (
    GAME,
    Node,
    branching_nodes,
    member,
    project_with_types,
    write_model,
    write_problem,
)
from tests.browser.waiting import eventually, until
from tests.browser.workbench.data import address

pytestmark = pytest.mark.django_db(transaction=True)
PAPER = {"width": 703, "height": 1000}  # A4 between its margins, in CSS pixels
WAYS = ".top nav, .who, .foot, .filters, .pager, .tabs, .modes, .pair-form, .crumbs .button, kbd"
LOOK = """(ways) => {
    const style = getComputedStyle;
    const seen = (element) => element.checkVisibility();
    const cut = (element) => {
        const held = style(element).overflowX !== "visible" && element.scrollWidth > element.clientWidth + 1;
        return held && !element.closest(".visually-hidden");
    };
    const all = [...document.body.querySelectorAll("*")].filter(seen);
    const name = (element) => `${element.tagName}.${element.getAttribute("class")}`;
    return {
        paper: style(document.body).backgroundColor,
        ink: style(document.body).color,
        ways: [...document.querySelectorAll(ways)].filter(seen).map(name),
        cut: all.filter(cut).map(name),
        wider: document.documentElement.scrollWidth - document.documentElement.clientWidth,
        colourless: all.filter((o) => /(^| )heat-/.test(o.getAttribute("class") ?? "")
            && style(o).printColorAdjust !== "exact").map(name),
        breaking: all.filter((o) => /^(TR|LI|FIGURE)$/.test(o.tagName)
            && style(o).breakInside !== "avoid").map(name),
    };
}"""
FIT = {
    "paper": "rgb(255, 255, 255)",
    "ink": "rgb(22, 24, 29)",
    "ways": [],
    "cut": [],
    "wider": 0,
    "colourless": [],
    "breaking": [],
}


@pytest.fixture
def game():
    project = project_with_types()
    problem, steps = write_problem(project, "Make 24. " * 30, GAME)
    for name in "ab":
        write_model(problem, steps, name=name, seed=ord(name))
    reviewer = member(project, "reviewer", "reviewer")
    for step in steps:
        step.problem = problem
        label_set(step=step, user=reviewer, rating=-1)
    return reviewer, problem


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_for_reading_are_fit_for_paper_in_any_theme(open_page, game, theme):
    reviewer, problem = game
    base, own = f"/p/{problem.project.name}", address(problem)
    page = open_page(reviewer, "/", color_scheme=theme, viewport=PAPER)
    origin = page.evaluate("location.origin")
    found = {}
    for path in (
        *(f"{own}figures/{kind}/" for kind in ("tree", "path", "compare")),
        *(f"{own}{name}/" for name in ("compare", "overview", "attribution", "history")),
        *(f"{base}/{name}/" for name in ("problems", "disagreements", "overview", "rankings")),
        own,
    ):
        answer = page.goto(origin + path)
        assert answer.ok, path
        if path == own:
            page.wait_for_selector("html[data-ready]")
        page.emulate_media(media="print", color_scheme=theme)
        found[path] = page.evaluate(LOOK, WAYS)
        page.emulate_media(media="screen", color_scheme=theme)
    assert {path: look for path, look in found.items() if look != FIT} == {}


@pytest.mark.parametrize("kind", ["tree", "path", "compare"])
def test_a_printed_figure_has_its_title_its_limits_and_what_made_it(open_page, game, kind):
    reviewer, problem = game
    page = open_page(reviewer, f"{address(problem)}figures/{kind}/", viewport=PAPER)
    page.emulate_media(media="print")
    assert page.locator(".sheet figcaption").is_visible()
    words = page.locator(".sheet").inner_text()
    assert "data " in words
    assert re.search(r"colours \S+ to \S+, ", words)
    box = page.locator(".fig").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PAPER["width"]
    avoided = "getComputedStyle(document.querySelector('.sheet')).breakInside"
    assert page.evaluate(avoided) == "avoid"


PIXELS = """(selector) => {
    const canvas = document.querySelector(selector);
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
    let dark = 0;
    for (let i = 0; i < data.length; i += 4) dark += data[i + 3] > 200 && data[i] + data[i + 1] + data[i + 2] < 150;
    return dark / (data.length / 4);
}"""
ROWS = "[...document.querySelectorAll('.outline .row')]"
TEXTS = f"{ROWS}.map((row) => row.querySelector('.txt').textContent)"


def test_the_whole_tree_is_printed_in_order_with_its_texts_and_a_light_map(open_page):
    project = project_with_types()
    problem, steps = write_problem(project, "Many", branching_nodes(120))
    write_model(problem, steps)
    reviewer = member(project, "reviewer", "reviewer")
    page = open_page(reviewer, address(problem), color_scheme="dark")
    page.wait_for_selector("html[data-ready]")
    on_screen = page.evaluate(f"{ROWS}.length")
    assert on_screen < 120
    assert page.evaluate(PIXELS, "#icicle") > 0.5
    begins = [step.text.split(":")[0] for step in steps]

    def printed():
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        found = [text.split(":")[0] for text in page.evaluate(TEXTS)]
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        return found

    eventually(page, printed, begins)  # once the texts have come
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(PIXELS, "#icicle") < 0.2
    tops = page.evaluate(f"{ROWS}.map((row) => row.getBoundingClientRect().top)")
    assert tops == sorted(set(tops))
    assert not page.locator("#printed").is_visible()
    page.emulate_media(media="screen", color_scheme="dark")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    until(page, f"{ROWS}.length === {on_screen}")
    assert page.evaluate(PIXELS, "#icicle") > 0.5


def test_a_larger_tree_is_printed_around_the_chosen_step_and_says_so(open_page):
    project = project_with_types()
    problem, _ = write_problem(project, "Larger", [Node(f"Step {at}") for at in range(1_000)])
    reviewer = member(project, "reviewer", "reviewer")
    chosen = problem.steps.get(preorder=700)
    page = open_page(reviewer, address(problem, f"?step={chosen.pk}"))
    page.wait_for_selector("html[data-ready]")

    def printed():
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        return page.evaluate(f"{ROWS}.length"), page.locator("#printed").inner_text()[:32]

    eventually(page, printed, (400, "Rows 500 to 899 of 1000, around "))
    assert "without their text" in page.locator("#printed").inner_text()


def test_the_line_over_the_tokens_is_light_on_paper_and_dark_again_after(open_page, game):
    reviewer, problem = game
    page = open_page(reviewer, f"{address(problem)}attribution/", color_scheme="dark")
    line = "#line canvas"
    until(page, lambda: page.locator(line).count() == 1)
    until(page, lambda: page.evaluate(PIXELS, line) > 0.05)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(PIXELS, line) == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(PIXELS, line) > 0.05
