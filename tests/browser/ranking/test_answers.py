"""Ranking with real keys and drags: few presses, nothing lost, the same answer either way."""

from __future__ import annotations

from itertools import count

import pytest
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from annotator.models import JudgementEvent, Ranking
from tests.annotator.workbench_data import member
from tests.browser.ranking.data import press, saved
from tests.browser.waiting import eventually, until

pytestmark = pytest.mark.django_db(transaction=True)


def test_four_siblings_take_at_most_eight_presses(open_place, annotator, fork):
    problem, steps = fork
    page = open_place(annotator, problem, f"step/{steps[0].pk}/")
    shown = [int(card.get_attribute("data-item")) for card in page.locator(".rk-card").all()]
    presses = press(page, "2", "1", "3", "2", "Enter")
    saved(page, "Correctness")
    row = Ranking.objects.get()
    a, b, c, d = shown
    assert row.tiers == [[b], sorted([a, d]), [c]]
    assert (row.criterion, row.shown, row.shown_score) == ("correctness", shown, False)
    assert row.milliseconds > 0
    assert presses <= 8


def test_ties_gate_aside_and_undo_by_keys(open_place, annotator, fork):
    problem, steps = fork
    page = open_place(annotator, problem, f"branch/{steps[0].pk}/")
    a, b, c, d = (int(card.get_attribute("data-item")) for card in page.locator(".rk-card").all())
    press(page, "f", "1", "=", "x")  # a fails, b first, c with it, d aside
    assert page.locator(f"#item-{a} [data-failed]").is_visible()
    assert page.locator("#rk-aside .rk-card").get_attribute("data-item") == str(d)
    page.wait_for_selector("#rk-order td:has-text('1 gate')")
    press(page, "u", "Home")
    assert page.locator("#rk-pool .rk-card").get_attribute("data-item") == str(d)
    press(page, "U")
    page.locator(f"#item-{c}").click()
    press(page, "ArrowDown", "ArrowDown")  # out of the tie, then below the failed one
    press(page, "Enter")
    saved(page, "Correctness")
    row = Ranking.objects.get()
    assert (row.tiers, row.aside, row.failed) == ([[b], [a], [c]], [d], [a])
    press(page, "Backspace")
    assert page.locator("#rk-pool .rk-card").get_attribute("data-item") == str(c)
    press(page, "Enter")
    page.wait_for_selector(".toast.bad:has-text('not ranked yet')")
    assert Ranking.objects.get().tiers == [[b], [a], [c]]


def test_tab_walks_the_criteria_and_then_leaves(open_place, annotator, fork):
    problem, steps = fork
    page = open_place(annotator, problem, f"step/{steps[0].pk}/")
    on = page.locator("[data-criterion][aria-current]")
    seen = [on.get_attribute("data-criterion")]
    for _ in range(2):
        press(page, "Tab")
        seen.append(on.get_attribute("data-criterion"))
    assert seen == ["correctness", "clarity", ""]
    press(page, "1", "2", "3", "4")
    press(page, "Shift+Tab")
    assert on.get_attribute("data-criterion") == "clarity"
    assert page.locator("#rk-pool .rk-card").count() == 4
    press(page, "Tab", "Tab")
    assert page.evaluate("document.activeElement.closest('.rk-card') === null")
    press(page, "Shift+Tab")
    page.locator(".rk-card").first.focus()
    press(page, "Enter")
    saved(page, "Overall")
    assert Ranking.objects.get().criterion == ""


def test_a_drag_says_the_same_as_the_keys(open_place, annotator, fork):
    problem, steps = fork
    page = open_place(annotator, problem, f"step/{steps[0].pk}/")
    a, b, c, d = (int(card.get_attribute("data-item")) for card in page.locator(".rk-card").all())

    def grab(item):
        """Take a candidate by its grip; False if it moved away while the page was drawn anew."""
        grip = page.locator(f"#item-{item} .rk-grip").bounding_box()
        page.mouse.move(grip["x"] + 5, grip["y"] + 8)
        page.mouse.down()
        page.mouse.move(grip["x"] + 8, grip["y"] + 14, steps=3)
        try:
            page.wait_for_selector("#ranking.dragging", timeout=2_000)
        except PlaywrightTimeout:
            page.mouse.up()
            return False
        return True

    def drag(item, target, zone):
        """Drag a candidate over a target until it is in a zone, and drop it there."""
        until(page, lambda: grab(item))

        def place():
            box = page.locator(target).bounding_box()
            return box["x"] + box["width"] / 3, box["y"] + box["height"] / 2

        at, looks = place(), count()
        page.mouse.move(*at, steps=12)
        landed = page.locator(f"{zone} #item-{item}")
        # Room that is made for what is dragged may have moved the target away: then follow it.
        until(
            page, lambda: landed.count() or page.mouse.move(*(at if next(looks) < 40 else place()))
        )
        page.mouse.up()
        page.wait_for_selector("#ranking:not(.dragging)")

    press(page, "1", "2")  # a and b; c is dragged into the first rank, d aside
    drag(c, f"#item-{a} .step-text", f".rk-tier:has(#item-{a})")
    page.wait_for_selector(f".rk-tier:has(#item-{a}):has(#item-{c}) [data-tied]:not([hidden])")
    drag(d, "#rk-aside", "#rk-aside")
    page.wait_for_selector(f"#rk-aside:not(.empty-zone) .rk-card[data-item='{d}']")
    eventually(page, page.locator(".rk-tier").count, 2)
    drag(b, ".rk-gap >> nth=0", ".rk-gap")
    page.wait_for_selector(f".rk-tier >> nth=0 >> #item-{b}")
    page.locator(f"#item-{a}").click()
    press(page, "Enter")
    saved(page, "Correctness")
    row = Ranking.objects.get()
    assert (row.tiers, row.aside) == ([[b], sorted([a, c])], [d])


def test_drafts_survive_a_reload_and_a_lost_answer(open_place, annotator, fork):
    problem, steps = fork
    page = open_place(annotator, problem, f"step/{steps[0].pk}/")
    press(page, "2", "1")
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert page.locator(".rk-tier").count() == 2
    assert page.locator("#rk-state").inner_text() == "2 of 4 not ranked yet"
    assert "Nothing is sent until you submit" in page.locator(".foot").inner_text()
    lost = []

    def lose_first(route):
        if route.request.method == "POST" and not lost:
            lost.append(route.fetch())  # the server has stored it; the answer never arrives
            route.abort()
        else:
            route.continue_()

    page.route(f"**/rank/step/{steps[0].pk}/", lose_first)
    press(page, "3", "4", "Enter")
    saved(page, "Correctness")
    assert lost[0].status == 200
    assert JudgementEvent.objects.filter(kind="ranking").count() == 1
    assert (
        page.evaluate("Object.keys(localStorage).filter((k) => k.includes('.ranking.')).length")
        == 0
    )
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert page.locator("[data-criterion=correctness] [data-done]").is_visible()
    foot = page.locator(".foot")
    assert "Nothing is sent" in foot.inner_text(), "the next criterion waits"
    page.locator("[data-criterion=correctness]").click()
    assert "Nothing is sent" not in foot.inner_text()
    press(page, "x")
    eventually(page, lambda: "Nothing is sent until you submit" in foot.inner_text(), True)


def test_what_takes_the_focus_after_a_dialog_keeps_it(open_place, annotator, fork):
    """The close event of a dialog comes after the key that follows Escape."""
    problem, steps = fork
    page = open_place(annotator, problem, f"step/{steps[0].pk}/")
    until(page, "document.activeElement.matches('.rk-card.current')")
    page.keyboard.press("?")
    page.wait_for_selector("#keys-dialog[open]")
    page.evaluate(
        """() => new Promise((done) => {
            const dialog = document.getElementById("keys-dialog");
            dialog.addEventListener("close", () => requestAnimationFrame(done));
            dialog.close();
            document.querySelectorAll(".rk-card")[1].focus();
        })"""
    )
    assert page.evaluate("document.activeElement === document.querySelectorAll('.rk-card')[1]")


def test_a_viewer_may_look_and_keys_change_nothing(open_place, project, fork):
    problem, steps = fork
    page = open_place(member(project, "guest", "viewer"), problem, f"step/{steps[0].pk}/")
    press(page, "1")
    page.wait_for_selector(".toast.bad:has-text('look, not rank')")
    assert page.locator(".rk-tier").count() == 0


def test_ranking_works_with_scripts_off(open_page, annotator, project, fork):
    problem, steps = fork
    path = f"/p/{project.name}/problems/{problem.pk}/rank/step/{steps[0].pk}/?on=clarity"
    page = open_page(annotator, path, java_script_enabled=False)
    items = [steps[n].pk for n in (1, 2, 5, 7)]
    for item, rank in zip(items, ("2", "1", "2", "x"), strict=True):
        page.locator(f"[name=rank-{item}]").fill(rank)
    page.get_by_role("button", name="Submit this criterion").click()
    page.wait_for_selector("#rk-order td:has-text('2 clarity')")
    row = Ranking.objects.get()
    assert (row.criterion, row.aside) == ("clarity", [items[3]])
    assert [sorted(tier) for tier in row.tiers] == [[items[1]], sorted([items[0], items[2]])]
