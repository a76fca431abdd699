"""Ratings in the workbench by keys and clicks: saved once, undone, sent again, refused."""

from __future__ import annotations

import pytest

from annotator.models import ErrorType, JudgementEvent, StepLabel
from tests.annotator.workbench_data import member
from tests.browser.waiting import close_dialog, eventually, until
from tests.browser.workbench.data import SAVED, address, ratings, selected

pytestmark = pytest.mark.django_db(transaction=True)

CUT = "**/label/**"


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


def test_labelling_works_with_scripts_off(open_page, reviewer, game):
    problem, _ = game
    page = open_page(reviewer, address(problem), java_script_enabled=False)
    page.get_by_role("button", name="+1 right").click()
    page.wait_for_selector(".stepcard.current .label.good")
    page.locator(".outline-static a").nth(1).click()
    page.wait_for_selector(".stepcard.current .no:text-is('2')")
    assert ratings(problem) == [(1, 1)]


def test_a_type_of_error_is_kept_with_enter_and_the_key_of_undo_chooses_none(
    open_bench, reviewer, game, project
):
    problem, _ = game
    for at, label in enumerate(("Unsupported claim", "Argument left out"), 2):
        ErrorType.objects.create(
            project=project, key=label.split()[0].lower(), label=label, position=at
        )
    page = open_bench(reviewer, problem)
    for key in ("1", "b"):
        page.keyboard.press(key)
    page.wait_for_selector("#row-1 .label.bad")
    page.wait_for_selector(".stepcard.current[data-pos='1']")
    kept = page.locator(".stepcard.current select[name=error_type]")
    page.keyboard.press("e")
    until(page, "document.activeElement.name === 'error_type'")
    hint = page.locator(".stepcard.current select + .keep")
    assert hint.evaluate("(hint) => getComputedStyle(hint).visibility") == "visible"
    for key in (*"ari", "u", "Backspace", "ArrowDown", "u", "ArrowUp"):
        page.keyboard.press(key)
    assert kept.input_value() == "arithmetic"
    assert not StepLabel.objects.exclude(error_type=None).exists(), "nothing is kept yet"
    page.keyboard.press("Enter")
    until(page, "document.activeElement.id === 'outline'")
    page.wait_for_selector(".stepcard.current .badge:has-text('Arithmetic')")
    types = StepLabel.objects.values_list("error_type__key", flat=True)
    assert list(types.all()) == ["arithmetic"]
    assert hint.evaluate("(hint) => getComputedStyle(hint).visibility") == "hidden"
    page.keyboard.press("u")
    eventually(page, lambda: list(types.all()), [None])
    page.keyboard.press("u")
    eventually(page, lambda: list(types.all()), [])
    assert JudgementEvent.objects.count() == 4  # two judgements, each taken back


def test_a_note_is_kept_with_control_and_enter_without_the_line_it_ended_with(
    open_bench, reviewer, game
):
    problem, _ = game
    page = open_bench(reviewer, problem)
    page.keyboard.press("n")
    until(page, "document.activeElement.name === 'note'")
    page.keyboard.type("7 is not left")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+Enter")
    until(page, "document.activeElement.id === 'outline'")
    notes = StepLabel.objects.values_list("note", flat=True)
    eventually(page, lambda: list(notes.all()), ["7 is not left"])
