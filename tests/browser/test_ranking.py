"""Ranking with real keys and drags: few presses, nothing lost, the same answer either way."""

from __future__ import annotations

from itertools import count

import pytest
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from annotator.models import Assignment, JudgementEvent, Ranking, Step
from annotator.services.queues import QueueWish, queue_create
from annotator.services.queues.build import queue_build
from tests.annotator.workbench_data import Node, member, project_with_types, write_problem
from tests.browser.test_accessibility import violations
from tests.browser.waiting import close_dialog, eventually, until

pytestmark = pytest.mark.django_db(transaction=True)

FORK = (
    Node("4 * 5 = 20 (left: 6 10 20)"),
    Node("6 + 10 = 16 (left: 16 20)", 0, outcomes=[0.0]),
    Node("10 - 6 = 4 (left: 4 20)", 0),
    Node("4 + 20 = 24 (left: 24)", 2, outcomes=[1.0]),
    Node("20 - 4 = 16 (left: 16)", 2, outcomes=[0.0]),
    Node("20 - 6 = 14 (left: 10 14)", 0),
    Node("10 + 14 = 24 (left: 24)", 5, outcomes=[1.0]),
    Node("20 / 10 = 2 (left: 2 6)", 0, outcomes=[0.0]),
)


@pytest.fixture
def project():
    project = project_with_types()
    project.criteria = [
        {
            "key": "correctness",
            "label": "Correctness",
            "help": "All true.",
            "margin": 0,
            "gate": True,
        },
        {"key": "clarity", "label": "Clarity", "help": "", "margin": 0, "gate": False},
    ]
    project.save()
    return project


@pytest.fixture
def annotator(project):
    return member(project, "annotator", "annotator")


@pytest.fixture
def fork(project):
    return write_problem(project, "Use 4, 5, 6 and 10 with + - * / to make 24.", FORK)


@pytest.fixture
def open_place(open_page):
    def opened(user, problem, place, **options):
        path = f"/p/{problem.project.name}/problems/{problem.pk}/rank/{place}"
        page = open_page(user, path, **options)
        page.wait_for_selector("html[data-ready]")
        return page

    return opened


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)
    return len(keys)


def current(page):
    return int(page.locator(".rk-card.current").get_attribute("data-item"))


def shown_part(page, selector):
    """Return the share of an element's height that no pane, bar or edge hides."""
    return page.evaluate(
        """(selector) => {
            const part = document.querySelector(selector);
            const { left, top, width, height } = part.getBoundingClientRect();
            const on = (n) => document.elementFromPoint(left + width / 2, top + 4 + (n * (height - 8)) / 8);
            const seen = [...Array(9).keys()].filter((n) => part.contains(on(n)));
            return seen.length / 9;
        }""",
        selector,
    )


def saved(page, label):
    page.wait_for_selector(f"#rk-saved:has-text('{label} saved')")


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


def test_a_viewer_may_look_and_keys_change_nothing(open_place, project, fork):
    problem, steps = fork
    page = open_place(member(project, "guest", "viewer"), problem, f"step/{steps[0].pk}/")
    press(page, "1")
    page.wait_for_selector(".toast.bad:has-text('look, not rank')")
    assert page.locator(".rk-tier").count() == 0


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


def test_in_a_queue_enter_saves_submits_and_goes_on(open_page, annotator, project, fork):
    boss = member(project, "boss", "owner")
    wish = QueueWish(name="Forks", task="rank_branch")
    queue, _ = queue_create(project=project, user=boss, wish=wish)
    queue_build(queue=queue)
    page = open_page(annotator, f"/p/{project.name}/work/{queue.pk}/")
    page.wait_for_selector("html[data-ready]")
    until(page, "document.activeElement.matches('.rk-card.current')")
    assert page.locator(".rk-levels a").count() == 0  # nothing leads out of the item
    page.keyboard.press("?")
    page.wait_for_selector("#keys-dialog[open]")
    close_dialog(page, "#keys-dialog")
    press(page, "1", "Enter")
    page.wait_for_selector("#work-said:has-text('not ranked yet')")
    assert not Ranking.objects.exists()
    assert page.locator("#work-said").get_attribute("role") == "alert"
    left = page.locator("#rk-pool .rk-card").count()
    for gone in range(left):
        until(page, "document.activeElement.matches('.rk-card.current')")
        eventually(page, page.locator("#rk-pool .rk-card").count, left - gone)
        page.keyboard.press("3")
    before = page.url
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: url != before)
    row = Ranking.objects.get()
    assert row.level == "branch"
    done = Assignment.objects.get(state=Assignment.State.SUBMITTED)
    assert done.item.parent_id == row.parent_id
    assert done.user == annotator


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


@pytest.mark.parametrize("size", [(640, 400), (390, 844)])
def test_the_candidate_that_is_ranked_is_on_the_screen(
    open_place, open_page, annotator, project, fork, size
):
    """Where the page scrolls as one, the texts of the traces do not push their cards away."""
    problem, _ = fork
    viewport = dict(zip(("width", "height"), size, strict=True))
    boss = member(project, "boss", "owner")
    queue, _ = queue_create(
        project=project, user=boss, wish=QueueWish(name="All", task="rank_trace")
    )
    queue_build(queue=queue)
    at = open_place(annotator, problem, "trace/", viewport=viewport)
    served = open_page(annotator, f"/p/{project.name}/work/{queue.pk}/", viewport=viewport)
    served.wait_for_selector("html[data-ready]")
    for page in (at, served):
        page.wait_for_selector(".rk-card.current:focus")
        if size[1] > 600:
            assert shown_part(page, "#ranking .prompt") == 1
        for key in ("", "j", "k", "End", "1", "j", "ArrowDown"):
            if key:
                page.keyboard.press(key)
            assert shown_part(page, ".rk-card.current") == 1, key
