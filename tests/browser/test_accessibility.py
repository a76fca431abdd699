"""Every page in both themes without a violation that axe-core can see."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from tests.annotator.workbench_data import (
    GAME,
    member,
    project_with_types,
    write_model,
    write_problem,
)
from tests.browser.waiting import close_dialog

pytestmark = pytest.mark.django_db(transaction=True)

VENDOR = Path(__file__).parent / "vendor"
PAGES = (
    *("import", "models", "jobs", "datasets", "guidelines", "members", "problems"),
    *("guidelines/edit", "settings", "delete", "queues", "rankings", "criteria", "taxonomy"),
    *("agreement", "quality", "gold", "adjudication", "inbox"),
)
RUN = "axe.run(document, {resultTypes: ['violations']})"


def violations(page):
    """Return rule and markup of what axe finds on the page as it is now."""
    page.evaluate((VENDOR / "axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate(RUN)["violations"]
    return [(rule["id"], node["html"][:200]) for rule in found for node in rule["nodes"]]


def test_axe_is_the_file_that_is_written_down():
    content = (VENDOR / "axe.min.js").read_bytes()
    written = re.findall(r"`([0-9a-f]{64})`", (VENDOR / "README.md").read_text(encoding="utf-8"))
    assert written == [hashlib.sha256(content).hexdigest()]


@pytest.fixture
def game():
    project = project_with_types()
    problem, steps = write_problem(project, "Make 24.", GAME, reference="(4 * 5) + (10 - 6)")
    write_model(problem, steps)
    return member(project, "owner", "owner"), problem


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_of_a_project_have_no_violation(open_page, game, theme):
    owner, problem = game
    page = open_page(owner, "/", color_scheme=theme)
    origin = page.evaluate("location.origin")
    found = {"/": violations(page)}
    for name in (*(f"/p/{problem.project.name}/{part}/" for part in PAGES), "/tokens/"):
        page.goto(origin + name)
        found[name] = violations(page)
    assert {name: said for name, said in found.items() if said} == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_workbench_has_no_violation_in_any_tab_or_dialog(open_page, game, theme):
    owner, problem = game
    address = f"/p/{problem.project.name}/problems/{problem.pk}/"
    page = open_page(owner, address, color_scheme=theme)
    page.wait_for_selector("html[data-ready]")
    found = {"credit": violations(page)}
    for tab in ("tokens", "labels", "outcomes", "source"):
        page.locator(f"#tab-{tab}").click()
        page.wait_for_selector(f"#tab-{tab}[aria-current=page]")
        found[tab] = violations(page)
    for key, dialog in (("s", "#siblings-dialog"), ("?", "#keys-dialog")):
        page.locator("#outline").focus()
        page.keyboard.press(key)
        page.wait_for_selector(f"{dialog}[open]")
        found[dialog] = violations(page)
        close_dialog(page, dialog)
    assert {name: said for name, said in found.items() if said} == {}


def test_no_page_scrolls_sideways_on_a_phone(open_page, game):
    owner, problem = game
    page = open_page(owner, "/", viewport={"width": 390, "height": 844})
    origin = page.evaluate("location.origin")
    wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    for name in (*(f"/p/{problem.project.name}/{part}/" for part in PAGES), "/tokens/"):
        page.goto(origin + name)
        assert page.evaluate(wider) <= 0, name
        header = page.locator("header.top").bounding_box()
        assert header is not None
        assert header["height"] <= 80, name
