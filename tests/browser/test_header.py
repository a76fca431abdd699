"""The header by keyboard and without script; its width at the sizes people use."""

from __future__ import annotations

import pytest

from tests.annotator.workbench_data import member, project_with_types
from tests.browser.test_accessibility import violations
from tests.browser.waiting import eventually, until

pytestmark = pytest.mark.django_db(transaction=True)
CUT_OFF = "nav => nav.scrollWidth - nav.clientWidth"


@pytest.fixture
def criteria():
    """Return an owner and a page that a group of the header leads to."""
    project = project_with_types()
    return member(project, "owner", "owner"), f"/p/{project.name}/criteria/"


@pytest.mark.parametrize(("width", "height"), [(1280, 44), (900, 80), (390, 80)])
def test_all_entries_fit_in_one_row_and_in_two_where_it_is_narrow(
    open_page, criteria, width, height
):
    page = open_page(*criteria, viewport={"width": width, "height": 800})
    header = page.locator("header.top")
    assert header.bounding_box()["height"] <= height
    assert header.locator("nav").evaluate(CUT_OFF) <= 0
    header.get_by_text("Project", exact=True).click()
    assert header.bounding_box()["height"] <= height, "an open group moves nothing"
    menu = header.locator("details[open] .menu").bounding_box()
    assert menu["x"] >= 0
    assert menu["x"] + menu["width"] <= width
    assert violations(page) == []


def test_a_group_opens_by_key_one_at_a_time_and_gives_the_focus_back(open_page, criteria):
    page = open_page(*criteria)
    summary = page.locator("header summary", has_text="Judge")
    summary.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    until(page, "document.activeElement.textContent === 'Queues'")
    page.keyboard.press("Escape")
    eventually(page, page.locator("header details[open]").count, 0)
    assert summary.evaluate("it => it === document.activeElement")
    page.keyboard.press("Enter")
    page.wait_for_selector("header details[open]:has-text('Judge')")
    page.locator("header summary", has_text="Data").click()
    page.wait_for_selector("header details[open]:has-text('Data')")
    eventually(page, page.locator("header details[open]").count, 1)
    page.locator("h1").click(position={"x": 4, "y": 4})
    eventually(page, page.locator("header details[open]").count, 0)


def test_without_script_a_group_opens_and_its_links_lead_on(open_page, criteria):
    page = open_page(*criteria, java_script_enabled=False)
    page.locator("header summary", has_text="Judge").click()
    page.locator("header .menu a", has_text="Rankings").click()
    page.wait_for_url("**/rankings/")
