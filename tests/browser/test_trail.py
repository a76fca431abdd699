"""The line of ancestors above the outline: whole words, whole links, the full text at hand."""

from __future__ import annotations

import pytest

from tests.annotator.workbench_data import Node, member, project_with_types, write_problem
from tests.browser.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)

LONG = "Substituting the previous equation gives another equation"
TRAIL = "[...document.querySelectorAll('#trail button')]"


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 800), (720, 450)])
def test_links_of_the_trail_are_cut_at_words_and_fit(open_page, width, height):
    project = project_with_types()
    nodes = [Node(f"{LONG} {at}", at - 1, outcomes=[1.0] * (at == 119)) for at in range(120)]
    problem, steps = write_problem(project, "How far?", nodes)
    user = member(project, "ann", "annotator")
    page = open_page(
        user,
        f"/p/{project.name}/problems/{problem.pk}/?step={steps[110].pk}",
        viewport={"width": width, "height": height},
    )
    page.wait_for_selector("html[data-ready]")
    if width < 760:
        page.locator("[data-pane=tree]").click()
    outline = page.locator("#outline")
    outline.evaluate("pane => { pane.scrollTop = 0; }")
    until(page, "document.querySelector('#trail').hidden")
    outline.evaluate("pane => { pane.scrollTop = 26 * 8; }")
    until(page, f"{TRAIL}.length > 0 && {TRAIL}.every((link) => link.textContent.length > 4)")
    for text, title in page.evaluate(f"{TRAIL}.map((link) => [link.textContent, link.title])"):
        number, shown = text.split(" ", 1)
        assert title == f"{LONG} {int(number) - 1}"
        assert shown.endswith("…")
        assert title.startswith(f"{shown[:-1]} ")
    assert page.locator("#trail").bounding_box()["height"] >= 18
    assert page.evaluate(
        "document.querySelector('#trail').scrollWidth <= document.querySelector('#trail').clientWidth"
    )
    edge = page.evaluate("document.querySelector('#trail').getBoundingClientRect().right")
    assert all(
        right <= edge
        for right in page.evaluate(f"{TRAIL}.map((link) => link.getBoundingClientRect().right)")
    )
