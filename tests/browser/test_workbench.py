"""The workbench with real clicks and keys: what a reviewer does is saved, restored and safe."""

from __future__ import annotations

import re

import pytest

from annotator.models import JudgementEvent, Outcome, StepLabel
from tests.annotator.workbench_data import (
    GAME,
    Node,
    branching_nodes,
    member,
    project_with_types,
    write_model,
    write_problem,
)
from tests.browser.waiting import close_dialog, eventually, until

pytestmark = pytest.mark.django_db(transaction=True)

SAVED = "#saved:has-text('Saved ')"
CUT = "**/label/**"


@pytest.fixture
def project():
    return project_with_types()


@pytest.fixture
def reviewer(project):
    return member(project, "reviewer", "reviewer")


@pytest.fixture
def game(project):
    problem, steps = write_problem(
        project, "Use 4, 5, 6 and 10 to make 24.", GAME, reference="(4 * 5) + (10 - 6)"
    )
    write_model(problem, steps)
    return problem, steps


def address(problem, query=""):
    return f"/p/{problem.project.name}/problems/{problem.pk}/{query}"


@pytest.fixture
def open_bench(open_page):
    def opened(user, problem, query="", **options):
        page = open_page(user, address(problem, query), **options)
        page.wait_for_selector("html[data-ready]")
        return page

    return opened


def ratings(problem):
    rows = StepLabel.objects.filter(step__problem=problem).order_by("step__preorder")
    return list(rows.values_list("step__preorder", "rating"))


def selected(page):
    row = page.locator(".outline .row[aria-selected=true]")
    return int(row.get_attribute("data-pos"))


def test_steps_are_labelled_by_keyboard_alone(open_bench, reviewer, game):
    problem, _ = game
    page = open_bench(reviewer, problem)
    for key in ("3", "1", "4"):
        page.keyboard.press(key)
    page.wait_for_selector("#progress:has-text('3 of 8')")
    page.wait_for_selector("#row-4[aria-selected=true]")
    assert ratings(problem) == [(1, 1), (2, -1), (3, None)]
    assert StepLabel.objects.get(step__preorder=3).unsure
    page.keyboard.press("]")
    eventually(page, lambda: selected(page), 5)
    assert page.locator("#row-2 .label.bad").inner_text() == "−1"


def test_a_rating_key_goes_on_along_the_path_and_undo_comes_back(open_bench, reviewer, game):
    problem, _ = game
    page = open_bench(reviewer, problem)
    for key, step in (("3", 2), ("1", 3), ("u", 2), ("u", 1)):
        page.keyboard.press(key)
        eventually(page, lambda: selected(page), step)
    eventually(page, lambda: ratings(problem), [])
    assert JudgementEvent.objects.count() == 4


def test_going_on_after_a_rating_can_be_turned_off_and_clicks_never_move(
    open_bench, reviewer, game
):
    problem, _ = game
    page = open_bench(reviewer, problem)
    page.get_by_role("button", name="+1 right").click()
    page.wait_for_selector(SAVED)
    assert selected(page) == 1
    page.keyboard.press("?")
    page.locator("#goes-on").uncheck()
    close_dialog(page, "#keys-dialog")
    page.keyboard.press("1")
    page.wait_for_selector("#row-1 .label.bad")
    assert selected(page) == 1
    page.reload()
    page.wait_for_selector("html[data-ready]")
    page.keyboard.press("?")
    page.wait_for_selector("#keys-dialog[open]")
    assert not page.locator("#goes-on").is_checked()


@pytest.mark.parametrize("width", [1440, 1920])
def test_everything_about_a_rating_stands_in_one_row(open_bench, reviewer, game, width):
    page = open_bench(reviewer, game[0], viewport={"width": width, "height": 900})
    for _ in range(2):  # also with a rating that is pressed
        # One look at all of them: the row is drawn anew when the rating is saved.
        tops = page.evaluate(
            """() => [...document.querySelectorAll(".rate button")]
                .filter((button) => button.checkVisibility())
                .map((button) => button.getBoundingClientRect().top)"""
        )
        assert len(tops) > 4
        assert len(set(tops)) == 1
        page.get_by_role("button", name="+1 right").click()
        page.wait_for_selector("button[name=rating][aria-pressed=true]")


def test_undo_and_redo_work_across_a_reload(open_bench, reviewer, game):
    problem, _ = game
    page = open_bench(reviewer, problem)
    page.keyboard.press("3")
    page.wait_for_selector(SAVED)
    page.keyboard.press("b")
    page.keyboard.press("1")
    page.wait_for_selector("#row-1 .label.bad")
    until(page, "Object.values(localStorage).every((kept) => kept === '[]')")
    page.reload()
    page.wait_for_selector("html[data-ready]")
    page.keyboard.press("u")
    page.wait_for_selector("#row-1 .label.good")
    page.wait_for_selector(".toast:has-text('Undone')")
    assert ratings(problem) == [(1, 1)]
    page.reload()
    page.wait_for_selector("html[data-ready]")
    page.keyboard.press("Shift+U")
    page.wait_for_selector("#row-1 .label.bad")
    page.wait_for_selector(".toast:has-text('Redone')")
    assert ratings(problem) == [(1, -1)]


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_a_message_covers_neither_a_rating_nor_undo(open_bench, reviewer, game, width, height):
    problem, _ = game
    page = open_bench(reviewer, problem, viewport={"width": width, "height": height})
    page.locator(".stepcard.current .rate button", has_text="right").click()
    page.wait_for_selector(SAVED)
    page.locator(".stepcard.current .rate button", has_text="undo").click()
    page.wait_for_selector(".toast:has-text('Undone')")
    # One look at all of them: the path is drawn anew after an undo.
    covered = page.evaluate(
        """() => {
            const toast = document.querySelector(".toast").getBoundingClientRect();
            const apart = (box) => box.right <= toast.left || toast.right <= box.left
                || box.bottom <= toast.top || toast.bottom <= box.top;
            return [...document.querySelectorAll(".stepcard.current .rate button")]
                .filter((button) => button.checkVisibility())
                .map((button) => [button.innerText, !apart(button.getBoundingClientRect())]);
        }"""
    )
    assert len(covered) >= 5, "four ratings and undo"
    assert [name for name, is_covered in covered if is_covered] == []


def test_a_lost_answer_neither_loses_nor_doubles_a_label(open_bench, reviewer, game):
    problem, _ = game
    page = open_bench(reviewer, problem)
    seen = []

    def lose_answer(route):
        seen.append(route.request.post_data)
        if len(seen) == 1:
            route.fetch()  # the server stores it, the answer is lost
            route.abort()
        else:
            route.continue_()

    page.route(CUT, lose_answer)
    page.keyboard.press("3")
    page.wait_for_selector(SAVED)
    assert len(seen) == 2
    assert seen[0] == seen[1]
    assert ratings(problem) == [(1, 1)]
    assert JudgementEvent.objects.count() == 1


def test_a_label_given_offline_is_sent_after_a_reload(open_bench, reviewer, game):
    problem, _ = game
    page = open_bench(reviewer, problem)
    page.route(CUT, lambda route: route.abort())
    page.keyboard.press("1")
    page.wait_for_selector("#queued:has-text('1 judgement waiting')")
    assert ratings(problem) == []
    page.reload()
    page.wait_for_selector("#queued:has-text('1 judgement waiting')")
    assert ratings(problem) == []  # the page that is gone did not send it
    page.unroute(CUT)
    page.wait_for_selector(SAVED)
    assert ratings(problem) == [(1, -1)]
    page.wait_for_selector("#row-1 .label.bad")


def test_a_refused_label_is_taken_back_and_said(open_bench, project, game):
    problem, _ = game
    annotator = member(project, "annotator", "annotator")
    page = open_bench(annotator, problem)
    member(project, "annotator", "viewer")
    page.keyboard.press("3")
    page.wait_for_selector(".toast.bad:has-text('Not saved')")
    assert page.locator("#row-1 .label").count() == 0
    assert ratings(problem) == []


def test_a_viewer_sees_no_rating_and_keys_save_nothing(open_bench, project, game):
    problem, _ = game
    page = open_bench(member(project, "guest", "viewer"), problem)
    assert page.locator(".rate").count() == 0
    page.keyboard.press("3")
    page.wait_for_selector(".toast.bad:has-text('look, not label')")
    assert ratings(problem) == []


def test_a_copied_link_restores_the_view(open_bench, reviewer, game):
    problem, steps = game
    page = open_bench(reviewer, problem)
    page.locator("#row-3 .txt").click()
    page.keyboard.press("h")
    page.locator("#color-by").select_option("grpo")
    page.locator("#tab-outcomes").click()
    page.wait_for_selector("#tab-outcomes[aria-current=page]")
    link = page.url.replace(page.evaluate("location.origin"), "")
    again = open_bench(reviewer, problem, link.partition("/problems/")[2].partition("/")[2])
    assert selected(again) == 3
    assert again.locator("#row-3").get_attribute("aria-expanded") == "false"
    assert again.locator("#color-by").input_value() == "grpo"
    assert again.locator("#tab-outcomes[aria-current=page]").count() == 1
    assert f"step={steps[2].pk}" in link


def test_back_returns_to_the_step_before(open_bench, reviewer, game):
    problem, steps = game
    page = open_bench(reviewer, problem)
    page.locator("#row-5 .txt").click()
    page.wait_for_selector(f"#reader[data-step='{steps[4].pk}']")
    page.go_back()
    page.wait_for_selector(f"#reader[data-step='{steps[0].pk}']")
    assert selected(page) == 1


def test_20000_steps_need_at_most_400_rows(open_bench, reviewer, project):
    problem, _ = write_problem(project, "A long search", branching_nodes(20_000))
    page = open_bench(reviewer, problem)
    box = page.locator("#icicle").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.7, box["y"] + 40)
    page.wait_for_selector(".outline .row[aria-selected=true]")
    until(page, "document.querySelector('.outline [aria-selected=true]').dataset.pos > 9000")
    page.keyboard.press("End")
    for _ in range(30):
        page.keyboard.press("k")
    assert page.locator(".outline .row").count() <= 400
    row = page.locator(".outline .row[aria-selected=true]")
    active = page.locator("#outline").get_attribute("aria-activedescendant")
    eventually(page, lambda: row.get_attribute("id"), active)
    page.wait_for_selector(".outline .row[aria-selected=true] .txt:not(.waiting)")
    assert row.locator(".txt").inner_text().startswith("Step ")


def test_text_of_steps_is_never_markup_and_money_is_not_math(open_bench, reviewer, project):
    text = (
        "<img src=x onerror=alert(1)><script>alert(2)</script> {{ 7 }} costs $5 and $7, \\(x^2\\)"
    )
    node = Node(text, outcomes=[1.0])
    problem, steps = write_problem(project, f"<b>bold</b> {text}", [node], reference=text)
    write_model(problem, steps)
    page = open_bench(reviewer, problem, "?tab=source")
    dialogs = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    page.keyboard.press("s")
    page.wait_for_selector("#siblings-dialog[open]")
    close_dialog(page, "#siblings-dialog")
    page.keyboard.press("t")
    page.wait_for_selector(".stepcard .katex")
    card = page.locator(".stepcard .step-text.rendered")
    assert "costs $5 and $7" in card.inner_text()
    assert card.locator(".math").count() == 1
    assert page.locator(".step-text.source").text_content() == text
    assert page.locator("#main img, #main script, .prompt b").count() == 0
    assert dialogs == []


def test_the_token_numbers_show_on_hover_and_in_the_table(open_bench, reviewer, game):
    problem, steps = game
    page = open_bench(reviewer, problem, f"?step={steps[2].pk}&tab=tokens")
    page.locator("#reader .t").nth(1).hover()
    page.wait_for_selector("#token-readout:has-text('Token 2')")
    cell = page.locator("#inspector tr.pointed .heat").inner_text()
    assert re.fullmatch(r"[+−]?\d\.\d{4}", cell)
    assert cell in page.locator("#token-readout").inner_text()
    assert page.locator("#inspector .badge.good").inner_text() == "sums to within 0.00001"


def test_a_corrected_outcome_recolours_the_tree(open_bench, reviewer, game):
    problem, steps = game
    page = open_bench(reviewer, problem, f"?step={steps[1].pk}&tab=outcomes&by=leaf_value")
    before = page.locator("#row-2 .heat").inner_text()
    page.locator(".outcome input[name=value]").fill("1")
    page.locator(".outcome:has([name=value]) button").click()
    page.wait_for_selector("#row-2 .heat:has-text('1.00')")
    assert before == "0.00"
    assert Outcome.objects.get(trace__end=steps[1]).value == 1.0


def test_keys_rest_while_typing_and_escape_gives_the_focus_back(open_bench, reviewer, game):
    problem, _ = game
    page = open_bench(reviewer, problem)
    page.keyboard.press("/")
    page.keyboard.type("24 j3")
    eventually(page, lambda: page.locator("#find").input_value(), "24 j3")
    page.keyboard.press("Escape")
    until(page, "document.activeElement.id === 'outline'")
    page.keyboard.press("n")
    page.keyboard.type("1 is lost")
    page.keyboard.press("Escape")
    labels = StepLabel.objects.values_list("note", "rating")
    eventually(page, lambda: list(labels.all()), [("1 is lost", None)])
    assert ratings(problem) == [(1, None)]


def test_letters_can_be_turned_off(open_bench, reviewer, game):
    problem, _ = game
    page = open_bench(reviewer, problem)
    page.keyboard.press("?")
    page.locator("#letters-off").check()
    close_dialog(page, "#keys-dialog")
    page.keyboard.press("3")
    page.keyboard.press("ArrowDown")
    eventually(page, lambda: selected(page), 2)
    assert page.locator(".outline .label").count() == 0
    assert ratings(problem) == []


def test_find_marks_hits_and_enter_goes_to_the_next(open_bench, reviewer, game):
    problem, _ = game
    page = open_bench(reviewer, problem)
    page.locator("#find").fill("left: 4 20")
    page.wait_for_selector("#found:has-text('1 hit')")
    page.keyboard.press("Enter")
    page.wait_for_selector("#row-3[aria-selected=true].hit")
    assert selected(page) == 3


def test_labelling_works_with_scripts_off(open_page, reviewer, game):
    problem, _ = game
    page = open_page(reviewer, address(problem), java_script_enabled=False)
    page.get_by_role("button", name="+1 right").click()
    page.wait_for_selector(".stepcard.current .label.good")
    page.locator(".outline-static a").nth(1).click()
    page.wait_for_selector(".stepcard.current .no:text-is('2')")
    assert ratings(problem) == [(1, 1)]


@pytest.mark.parametrize("width", [390, 640, 1280])
def test_nothing_hangs_over_the_edge_of_the_page(open_bench, reviewer, game, width):
    page = open_bench(reviewer, game[0], viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_words_inside_a_formula_stay_on_one_line(open_bench, reviewer, project):
    node = Node("So \\[ \\text{eggs used per day} = 3 + 4 = 7 \\] in all.", outcomes=[1.0])
    problem, _ = write_problem(project, "Eggs", [node])
    page = open_bench(reviewer, problem)
    formula = page.locator(".stepcard .katex-html")
    formula.wait_for()
    assert formula.bounding_box()["height"] < 40


def test_fast_moves_show_the_last_step_and_drop_the_others(open_bench, reviewer, game):
    problem, steps = game
    page = open_bench(reviewer, problem)
    held, asked = [], []

    def hold_first(route):
        asked.append(route.request.url)
        if len(asked) == 1:
            held.append(route)
        else:
            route.continue_()

    page.route(f"**/problems/{problem.pk}/?*", hold_first)
    page.keyboard.press("j")
    page.wait_for_selector("#row-2[aria-selected=true]")
    until(page, lambda: held)
    for _ in range(4):
        page.keyboard.press("j")
    page.wait_for_selector(f"#reader[data-step='{steps[5].pk}']")
    page.wait_for_selector("#inspector h2:has-text('Step 3 by method')")
    assert selected(page) == 6
    assert f"step={steps[5].pk}" in asked[-1]
    assert len(asked) < 6


def test_a_rating_never_waits_for_a_path_that_was_left(open_bench, reviewer, game):
    problem, _ = game
    page = open_bench(reviewer, problem)
    page.keyboard.press("j")  # the followed trace ends here, the next step is on another one
    held = []
    page.route(f"**/problems/{problem.pk}/?*", lambda route: held.append(route))
    page.keyboard.press("j")
    page.keyboard.press("3")
    page.wait_for_selector("#row-3[aria-selected=true] .label.good")
    page.keyboard.press("j")
    page.keyboard.press("1")
    page.wait_for_selector("#row-4 .label.bad")
    until(page, "document.querySelector('#progress').textContent.includes('2 of 8')")
    assert ratings(problem) == [(3, 1), (4, -1)]
    for route in held:
        route.abort()


def test_a_path_that_cannot_be_loaded_is_said(open_bench, reviewer, game):
    page = open_bench(reviewer, game[0])
    page.route(f"**/problems/{game[0].pk}/?*", lambda route: route.abort())
    page.keyboard.press("j")
    page.wait_for_selector(".toast.bad:has-text('cannot be reached')")
    page.keyboard.press("3")  # its text is not on the screen
    page.wait_for_selector(".toast.bad:has-text('takes no rating')")
    page.unroute(f"**/problems/{game[0].pk}/?*")
    page.wait_for_selector(f"#reader[data-step='{game[1][1].pk}']")  # it is asked for again
    page.keyboard.press("3")
    page.wait_for_selector(SAVED)
    assert ratings(game[0]) == [(2, 1)]


def test_enter_in_the_problem_list_finds_without_a_complaint(open_page, reviewer, project):
    write_problem(project, "Eggs", [Node("a")])
    write_problem(project, "Apples", [Node("b")])
    page = open_page(reviewer, f"/p/{project.name}/problems/")
    page.locator("#id_q").fill("Eggs")
    page.keyboard.press("Enter")
    page.wait_for_selector("#problems:not(:has-text('Apples')) tr:has-text('Eggs')")
    page.wait_for_timeout(400)  # the delayed request for the typing has had its time
    assert "q=Eggs" in page.url
