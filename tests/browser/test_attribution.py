"""The tokens of a path by pointer and keys: exact numbers, units, one text that only changes its colours."""

from __future__ import annotations

import pytest

from annotator.models import Job, RewardModel
from annotator.queries.attribution.path import path_of
from annotator.services.jobs import job_claim, job_create
from annotator.services.models.attributions import attribution_store
from tests.annotator.attribution.test_page import found
from tests.annotator.workbench_data import (
    GAME,
    Node,
    member,
    project_with_types,
    write_model,
    write_problem,
)
from tests.browser.test_accessibility import violations
from tests.browser.waiting import eventually, until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world():
    """Write a scored tree; return problem, steps and model."""
    problem, steps = write_problem(project_with_types(), "Make 24.", GAME)
    return problem, steps, write_model(problem, steps)


@pytest.fixture
def path_page(open_page, world):
    """Return a function that opens the tokens of the longest path."""
    problem, steps, _ = world
    owner = member(problem.project, "owner", "owner")
    where = f"/p/{problem.project.name}/problems/{problem.pk}/attribution/?end={steps[4].pk}"

    def opened(query="", **options):
        page = open_page(owner, where + query, **options)
        page.wait_for_selector("html[data-ready]")
        return page

    return opened


def readout(page):
    return page.locator("#token-readout").inner_text()


def test_tokens_are_read_by_keys_and_pointer(path_page):
    page = path_page()
    until(page, "document.activeElement.id === 'token-text'")
    page.keyboard.press("ArrowRight")
    until(page, lambda: readout(page).startswith("Step 1, token “4␣*”"))
    page.keyboard.press("j")
    until(page, lambda: readout(page).startswith("Step 2, token"))
    page.keyboard.press("n")
    strongest = page.evaluate(
        """() => {
            const { sums } = JSON.parse(document.getElementById("numbers").textContent);
            const sizes = sums.map(Math.abs);
            return sizes.indexOf(Math.max(...sizes));
        }"""
    )
    eventually(
        page, lambda: page.locator("#token-text .pointed").get_attribute("data-i"), str(strongest)
    )
    page.locator("#token-text .t").first.hover()
    until(page, lambda: readout(page).startswith("Step 1, token"))
    page.wait_for_selector("#line canvas")


def test_only_the_running_reward_is_called_a_reward(path_page, world):
    problem, steps, model = world
    job = job_create(project=problem.project, kind=Job.Kind.ATTRIBUTE, args={}, user=None)
    attribution_store(
        job=job_claim(job_id=job.pk, worker=None),
        model=model,
        end=steps[4],
        found=found(path_of(end=steps[4])),
    )
    page = path_page()
    until(page, "document.activeElement.id === 'token-text'")
    page.keyboard.press("ArrowRight")
    until(page, lambda: " · reward after it " in readout(page))
    strip = "document.querySelector('#problem-strip a').href"
    before = page.evaluate(strip)
    page.select_option("#choose-method", "integrated_gradients")
    until(page, lambda: page.locator("#read-title").inner_text().startswith("Integrated gradients"))
    page.keyboard.press("ArrowRight")
    until(page, lambda: " · f(baseline) and credits so far " in readout(page))
    ends = page.evaluate("[...document.getElementById('choose-end').options].map((o) => o.value)")
    page.select_option("#choose-end", ends[-1])
    until(page, lambda: f"end={ends[-1]}" in page.url)
    until(page, lambda: page.evaluate(strip) != before)
    assert f"step={ends[-1]}" in page.evaluate(strip), "the other pages go where this one is"


def test_a_method_that_was_not_run_is_offered_where_its_picture_will_be(path_page, world):
    RewardModel.objects.filter(pk=world[2].pk).update(artefact="somewhere")
    page = path_page("&method=step_shapley")
    offer = page.locator(".token-pane .run-form")
    assert offer.get_by_role("button", name="Run on this path").is_enabled()
    assert page.locator(".method-pane .run-form").count() == 0
    top = offer.bounding_box()
    assert top["y"] + top["height"] < page.viewport_size["height"]


def test_another_unit_changes_colours_and_keeps_the_text(path_page):
    page = path_page()
    page.evaluate("document.querySelector('#token-text .t').kept = true")
    text = page.locator("#token-text").inner_text()
    page.keyboard.press("g")
    until(page, lambda: "by=word" in page.url)
    until(page, "document.querySelector('#token-text .t').kept === true")
    for unit in ("sentence", "step"):
        page.keyboard.press("g")
        until(page, lambda unit=unit: f"by={unit}" in page.url)
    until(page, "JSON.parse(document.getElementById('numbers').textContent).grain === 'step'")
    assert page.locator("#token-text").inner_text() == text
    levels = page.evaluate(
        """() => [...document.querySelectorAll(".token-block")].map((block) =>
            new Set([...block.querySelectorAll(".t")].map((token) => token.className.replace(" pointed", ""))).size)"""
    )
    assert set(levels) == {1}
    page.go_back()
    until(page, lambda: "by=step" not in page.url)
    until(page, "JSON.parse(document.getElementById('numbers').textContent).grain !== 'step'")
    until(page, "document.querySelectorAll('#token-text .t').length > 0")
    page.wait_for_selector("#line canvas")
    page.keyboard.press("Home")
    until(page, lambda: readout(page).startswith("Step 1, "))


@pytest.mark.parametrize(("width", "theme"), [(390, "dark"), (1280, "light")])
def test_the_page_fits_and_has_no_violation(path_page, width, theme):
    page = path_page(viewport={"width": width, "height": 800}, color_scheme=theme)
    page.wait_for_selector("#line canvas")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(page) == []


@pytest.fixture
def long_page(open_page):
    """Return a page of the tokens of 120 steps with scores, hostile texts among them."""
    project = project_with_types()
    texts = ["A line\r\nof 👍🏽 <b>text</b> é " + "word " * 60 for _ in range(120)]
    nodes = [Node(text, parent=at - 1) for at, text in enumerate(texts)]
    problem, steps = write_problem(project, "Long.", nodes)
    write_model(problem, steps)
    where = f"/p/{project.name}/problems/{problem.pk}/attribution/?end={steps[-1].pk}"
    page = open_page(member(project, "owner", "owner"), where)
    page.wait_for_selector("html[data-ready]")
    return page, texts


DRAWN = "document.querySelectorAll('#token-text .t').length"
SPELLED = """[...document.querySelectorAll(".token-block")].map(
    (block) => block.querySelector(".step-text").textContent)"""


def test_tokens_are_drawn_before_they_are_seen_and_spell_the_text(long_page):
    page, texts = long_page
    total = page.evaluate("JSON.parse(document.getElementById('cut').textContent).lengths.length")
    assert 0 < page.evaluate(DRAWN) < total / 2
    assert page.evaluate(SPELLED) == texts
    until(page, "document.activeElement.id === 'token-text'")
    page.keyboard.press("End")
    until(page, lambda: readout(page).startswith("Step 120, token"))
    last = page.locator("#block-120 .t").last
    until(page, lambda: last.get_attribute("class").endswith("pointed"))
    assert last.bounding_box()["y"] < page.viewport_size["height"]
    page.keyboard.press("g")
    until(page, "JSON.parse(document.getElementById('numbers').textContent).grain === 'word'")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(DRAWN) == total
    assert page.evaluate(SPELLED) == texts
    differs = page.evaluate(
        """() => {
            const { levels } = JSON.parse(document.getElementById("numbers").textContent);
            const names = ["neg-4", "neg-3", "neg-2", "neg-1", "zero", "pos-1", "pos-2", "pos-3", "pos-4", "none"];
            return [...document.querySelectorAll("#token-text .t")].filter((token, at) =>
                Number(token.dataset.i) !== at || !token.classList.contains(`heat-${names[levels.charCodeAt(at) - 97]}`)).length;
        }"""
    )
    assert differs == 0, "drawn before or after: the same colours"
