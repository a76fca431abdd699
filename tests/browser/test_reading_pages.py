"""Disagreements, figures and overviews: nothing axe-core can see, nothing beyond the edge; PNG is saved."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from annotator.services.judgements.labels import label_set
from tests.annotator.workbench_data import (
    GAME,
    member,
    project_with_types,
    write_model,
    write_problem,
)
from tests.browser.test_accessibility import violations
from tests.browser.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def game():
    project = project_with_types()
    problem, steps = write_problem(project, "Make 24.", GAME)
    for name in "ab":
        write_model(problem, steps, name=name, seed=ord(name))
    reviewer = member(project, "reviewer", "reviewer")
    for step in steps:
        step.problem = problem
        label_set(step=step, user=reviewer, rating=-1)
    return reviewer, problem


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 390)])
def test_the_pages_for_reading_are_fit_for_everybody(open_page, game, theme, width):
    reviewer, problem = game
    base = f"/p/{problem.project.name}"
    own = f"{base}/problems/{problem.pk}"
    page = open_page(reviewer, "/", color_scheme=theme, viewport={"width": width, "height": 800})
    origin = page.evaluate("location.origin")
    found = {}
    for address in (
        *(f"{base}/disagreements/?kind={kind}" for kind in ("people", "models", "methods")),
        *(f"{own}/figures/{kind}/" for kind in ("tree", "path", "compare")),
        *(f"{base}/overview/", f"{own}/overview/"),
    ):
        page.goto(origin + address)
        page.locator("main details").evaluate_all("all => all.forEach((o) => { o.open = true })")
        found[address] = violations(page), page.evaluate(WIDER)
    assert {name: said for name, said in found.items() if said != ([], 0)} == {}


SMALLEST = """() => Math.min(...[...document.querySelectorAll('main svg text')].map((text) =>
  parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a))"""


@pytest.mark.parametrize("media", ["screen", "print"])
def test_letters_in_pictures_are_large_enough_to_be_read(open_page, game, media):
    reviewer, problem = game
    base = f"/p/{problem.project.name}"
    page = open_page(reviewer, f"{base}/overview/", viewport={"width": 1280, "height": 800})
    page.emulate_media(media=media)
    assert page.locator("main .plot svg text").count() > 4
    assert page.evaluate(SMALLEST) >= 11
    for kind in ("tree", "path", "compare"):
        page.goto(f"{page.evaluate('location.origin')}{base}/problems/{problem.pk}/figures/{kind}/")
        assert page.evaluate(SMALLEST) >= 11, kind


def test_the_open_tab_is_in_view_where_not_all_fit(open_page, game):
    reviewer, problem = game
    page = open_page(
        reviewer,
        f"/p/{problem.project.name}/problems/{problem.pk}/figures/compare/",
        viewport={"width": 320, "height": 800},
    )
    shown = """() => {
        const tabs = document.querySelector(".tabs");
        const [outer, inner] = [tabs, tabs.querySelector("[aria-current]")].map((o) => o.getBoundingClientRect());
        return tabs.scrollWidth > tabs.clientWidth && inner.right <= outer.right + 1;
    }"""
    until(page, lambda: page.evaluate(shown))


def test_png_is_made_in_the_browser_under_the_policy(open_page, game):
    reviewer, problem = game
    page = open_page(
        reviewer, f"/p/{problem.project.name}/problems/{problem.pk}/figures/tree/?by=tempo"
    )
    page.wait_for_selector("#png:not([hidden])")
    with page.expect_download() as saved:
        page.locator("#png").click()
    png = saved.value.path().read_bytes()
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    svg = ElementTree.fromstring(page.request.get(page.url.replace("/tree/", "/tree.svg")).text())
    twice = [2 * int(svg.attrib[name]) for name in ("width", "height")]
    assert [int.from_bytes(png[at : at + 4], "big") for at in (16, 20)] == twice
    assert saved.value.suggested_filename.endswith("-tree.png")


CORNERS = """async (source) => {
    const image = new Image();
    image.src = URL.createObjectURL(new Blob([source], { type: "image/svg+xml" }));
    await image.decode();
    const copy = new OffscreenCanvas(image.naturalWidth, image.naturalHeight).getContext("2d");
    copy.drawImage(image, 0, 0);
    const { data } = copy.getImageData(0, 0, image.naturalWidth, image.naturalHeight);
    const inks = new Set();
    for (let i = 0; i < data.length; i += 4) inks.add(data.slice(i, i + 4).join());
    return { corner: [...data.slice(0, 4)], inks: inks.size };
}"""


@pytest.mark.parametrize("kind", ["tree", "path", "compare"])
def test_a_saved_figure_is_on_white_paper_in_the_dark_theme(open_page, game, kind):
    reviewer, problem = game
    own = f"/p/{problem.project.name}/problems/{problem.pk}/figures/{kind}"
    page = open_page(reviewer, f"{own}/", color_scheme="dark")
    source = page.request.get(page.url.replace(f"/{kind}/", f"/{kind}.svg")).text()
    drawn = page.evaluate(CORNERS, source)
    assert drawn["corner"] == [255, 255, 255, 255]
    assert drawn["inks"] > 10
