"""A reviewer orders the items of a case on the annotators' board: by keys, by mouse, by hand."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from annotator.models import Adjudication
from annotator.queries.rankings.places import place_of
from annotator.services.rankings.answers import Answer, ranking_set
from tests.annotator.workbench_data import GAME, member, project_with_types, write_problem
from tests.browser.test_accessibility import violations

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def project():
    return project_with_types()


@pytest.fixture
def place(project):
    """Two annotators give opposite orders of the three steps at one place."""
    problem, steps = write_problem(project, "Reach 24 with 4, 5, 6 and 10.", GAME, "24")
    here = place_of(problem=problem, level="step", parent_id=steps[2].pk)
    three = list(here.items)
    for name, order in (("ann", three), ("bob", three[::-1])):
        person = member(project, name, "annotator")
        ranking_set(place=here, user=person, answer=Answer([[item] for item in order]))
    return here


@pytest.fixture
def open_case(open_page, project, place):
    def opened(**options):
        path = f"/p/{project.name}/adjudication/problems/{place.problem.pk}/rankings/"
        query = f"?level=step&parent={place.parent_id}"
        return open_page(member(project, "rea", "reviewer"), path + query, **options)

    return opened


def ready(page):
    page.wait_for_selector("html.scripted .rk-card.current")


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def test_blind_by_digits_then_a_given_order_changed_by_arrows(open_case, place):
    page = open_case()
    ready(page)
    order = page.locator("#order-said")
    press(page, "2", "1", "2")
    expect(order).to_have_text("B > A = C")
    expect(page.locator("#id_order")).to_be_hidden()
    press(page, "g")  # nothing is given before one's own answer
    expect(order).to_have_text("B > A = C")
    press(page, "Enter")
    page.wait_for_selector("#decide[data-decide]")
    ready(page)
    expect(page.locator("#blind")).to_contain_text("B > A = C")
    assert page.locator(".opinions [data-order]").count() == 2
    first, second = page.locator(".opinions code").all_inner_texts()
    assert {first, second} == {"A > B > C", "C > B > A"}
    for taken in (first, second):
        press(page, "g")
        expect(order).to_have_text(taken)
    press(page, "u")
    expect(order).to_have_text(first)
    page.locator(".opinions [data-order='A > B > C']").click()
    press(page, "Home", "ArrowDown")
    expect(order).to_have_text("B > A > C")
    press(page, "n")
    expect(page.locator("#id_reason")).to_be_focused()
    page.keyboard.type("2 goes first")
    press(page, "Control+Enter")
    page.wait_for_url("**/adjudication/?kind=rankings")
    a, b, c = place.items
    row = Adjudication.objects.get()
    assert row.decision["tiers"] == [[b], [a], [c]]
    assert row.blind["tiers"] == [[b], [a, c]]


def test_what_is_not_ranked_is_named_and_the_mouse_does_the_rest(open_case, place):
    page = open_case()
    ready(page)
    press(page, "1", "Enter")
    expect(page.locator(".toast.bad")).to_contain_text("B, C not ranked yet")
    _, b, c = place.items
    page.locator(f"#item-{b}").hover()
    page.locator(f"#item-{b} [data-do=aside]").click()
    page.locator(f"#item-{c} [data-do=tie]").click()
    expect(page.locator("#order-said")).to_have_text("A = C | B")
    page.locator("#decide .primary").click()
    page.wait_for_selector("#decide[data-decide]")
    ready(page)
    page.locator(".opinions [data-order]").first.click()
    expect(page.locator("#rk-pool .rk-card")).to_have_count(0)
    expect(page.locator("#order-said")).not_to_have_text("none yet")


def test_without_scripts_the_order_is_typed_into_the_same_field(open_case, place):
    page = open_case(java_script_enabled=False)
    page.fill("#id_order", "B > A")
    page.locator("#decide .primary").click()
    page.wait_for_selector(".errorlist")
    page.fill("#id_order", "B > A = C")
    page.locator("#decide .primary").click()
    page.wait_for_selector("#decide[data-decide]")
    page.fill("#id_order", "C > A = B")
    page.fill("#id_reason", "so")
    page.locator("#decide .primary").click()
    page.wait_for_url("**/adjudication/?kind=rankings")
    a, b, c = place.items
    assert Adjudication.objects.get().decision["tiers"] == [[c], [a, b]]


@pytest.mark.parametrize("level", ["step", "branch", "trace"])
def test_the_board_of_every_level_fits_a_phone_without_violations(open_case, place, level):
    page = open_case(viewport={"width": 390, "height": 800})
    ready(page)
    parent = "" if level == "trace" else f"&parent={place.parent_id}"
    page.goto(f"{page.url.partition('?')[0]}?level={level}{parent}")
    ready(page)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert violations(page) == []
