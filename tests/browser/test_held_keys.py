"""Keys that come before a field is open: text waits for the field, and none of it rates a step."""

from __future__ import annotations

import pytest

from annotator.models import Comment, JudgementEvent, StepLabel
from tests.annotator.workbench_data import GAME, member, project_with_types, write_problem
from tests.browser.waiting import Gate, eventually, until

pytestmark = pytest.mark.django_db(transaction=True)

FOCUS = "[document.activeElement.name, document.activeElement.value]"
SAVING = "**/label/**"
TOO_LATE = 11_000  # milliseconds: longer than keys are held
QUIET = 1_000  # milliseconds: longer than the pause after which keys act again


@pytest.fixture
def game():
    return write_problem(project_with_types(), "Use 4, 5, 6 and 10 to make 24.", GAME)


@pytest.fixture
def opened(open_page, game):
    """Open the workbench, or with a trace the page that judges it."""
    problem, steps = game
    user = member(problem.project, "ann", "annotator")

    def on(surface):
        trace = problem.traces.get(end=steps[4])
        query = (
            f"judge={trace.pk}&task=all_steps" if surface == "judging" else f"step={steps[0].pk}"
        )
        page = open_page(user, f"/p/{problem.project.name}/problems/{problem.pk}/?{query}")
        page.wait_for_selector("html[data-ready]")
        return page

    return on


def reloaded(page, pattern):
    """Load the page again with a gate for what it asks for from the beginning."""
    gate = Gate(page, pattern)
    page.reload()
    page.wait_for_selector("html[data-ready]")
    return gate


def focus(page):
    return page.evaluate(FOCUS)


def labels():
    """Return position, rating and note of every label."""
    rows = StepLabel.objects.order_by("step__preorder")
    return list(rows.values_list("step__preorder", "rating", "note"))


def chosen(page):
    return page.locator(".outline .row[aria-selected=true]").get_attribute("data-pos")


def test_a_note_typed_before_its_script_is_there_is_a_note(opened):
    page = opened("workbench")
    gate = reloaded(page, "**/js/workbench/extras.js")
    page.keyboard.press("n")
    page.keyboard.type("1 is losx")
    page.keyboard.press("Backspace")
    page.keyboard.type("t")
    page.keyboard.press("Enter")
    page.keyboard.type("3")
    gate.expect()
    assert focus(page)[0] != "note"
    gate.open()
    eventually(page, lambda: focus(page), ["note", "1 is lost\n3"])
    page.keyboard.type(", j")
    page.keyboard.press("Escape")
    eventually(page, labels, [(1, None, "1 is lost\n3, j")])
    assert JudgementEvent.objects.count() == 1
    assert chosen(page) == "1"


def test_commands_typed_after_the_note_follow_it(opened):
    page = opened("workbench")
    gate = reloaded(page, "**/js/workbench/extras.js")
    for keys in (("n", *"12", "Escape"), ("j", "n", *"34", "Escape"), ("j",)):
        for key in keys:
            page.keyboard.press(key)
    gate.expect()
    gate.open()
    eventually(page, labels, [(1, None, "12"), (2, None, "34")])
    eventually(page, lambda: chosen(page), "3")
    assert JudgementEvent.objects.count() == 2


def test_a_note_is_for_the_step_that_the_path_is_about_to_show(opened, game):
    page = opened("workbench")
    gate = Gate(page, f"**/problems/{game[0].pk}/?*")
    page.keyboard.press("j")
    page.keyboard.press("n")
    page.keyboard.type("1 again")
    gate.expect()
    gate.open()
    eventually(page, lambda: focus(page), ["note", "1 again"])
    page.keyboard.press("Escape")
    eventually(page, labels, [(2, None, "1 again")])


def test_what_was_typed_is_dropped_when_nothing_opens(opened):
    page = opened("workbench")
    gate = reloaded(page, "**/js/workbench/extras.js")
    page.keyboard.press("n")
    page.keyboard.type("1 is")
    gate.refuse()
    page.wait_for_selector(".toast.bad:has-text('nothing was opened')")
    page.keyboard.type(" lost 3")  # typing goes on for a moment
    page.wait_for_timeout(QUIET)
    page.keyboard.press("2")
    eventually(page, labels, [(1, 0, "")])
    assert JudgementEvent.objects.count() == 1


def test_a_key_of_the_browser_is_never_held(opened):
    page = opened("workbench")
    gate = reloaded(page, "**/js/workbench/extras.js")
    page.evaluate(
        "window.seen = [];"
        " addEventListener('keydown', (event) => window.seen.push([event.key, event.defaultPrevented]))"
    )
    for key in ("n", "1", "Control+b", "F9", "Control+z"):
        page.keyboard.press(key)
    told = page.evaluate("window.seen.filter(([key]) => key.length === 1 || key === 'F9')")
    assert told == [["n", True], ["b", False], ["F9", False]]
    gate.open()
    eventually(page, lambda: focus(page), ["note", "1"])


@pytest.mark.parametrize("surface", ["workbench", "judging"])
def test_a_remark_typed_before_its_dialog_is_a_remark(opened, surface):
    page = opened(surface)
    gate = Gate(page, "**/comments/**")
    page.keyboard.press("c")
    page.keyboard.type("why 1, not 3?")
    gate.expect()
    gate.open()
    eventually(page, lambda: focus(page), ["text", "why 1, not 3?"])
    page.keyboard.press("Control+Enter")
    eventually(
        page, lambda: list(Comment.objects.values_list("text", flat=True)), ["why 1, not 3?"]
    )
    assert not StepLabel.objects.exists()


def test_a_note_waits_for_the_rating_before_it(opened):
    page = opened("judging")
    gate = Gate(page, SAVING)
    page.keyboard.press("3")
    gate.expect()
    page.keyboard.press("n")
    page.keyboard.type("1 2 3")
    page.keyboard.press("Escape")
    gate.open()
    eventually(page, labels, [(1, 1, ""), (3, None, "1 2 3")])
    assert JudgementEvent.objects.count() == 2


def test_a_type_of_error_is_found_by_its_first_letters(opened):
    page = opened("judging")
    gate = Gate(page, SAVING)
    for key in ("1", "k", "e", *"log", "Escape"):
        page.keyboard.press(key)
    gate.expect()
    gate.open()
    eventually(
        page,
        lambda: list(StepLabel.objects.values_list("rating", "error_type__key")),
        [(-1, "logic")],
    )


def test_fast_ratings_wait_for_slow_answers_and_none_is_lost(opened):
    page = opened("judging")
    gate = Gate(page, SAVING)
    for key in "312":
        page.keyboard.press(key)
    for _ in "312":
        gate.let_one_pass()
    eventually(page, labels, [(1, 1, ""), (3, -1, ""), (4, 0, "")])
    gate.open()
    for key in ("3", "Enter"):  # the last step, and the submit waits for it
        page.keyboard.press(key)
    page.wait_for_selector("#judging[data-submitted='1']")
    assert [rating for _, rating, _ in labels()] == [1, -1, 0, 1]


def test_a_server_that_never_answers_opens_nothing_later(opened):
    page = opened("judging")
    page.clock.install()
    gate = reloaded(page, SAVING)
    page.keyboard.press("3")
    gate.expect()
    page.keyboard.press("n")
    page.keyboard.type("1 is lost")
    page.clock.fast_forward(TOO_LATE)
    page.wait_for_selector(".toast.bad:has-text('does not answer')")
    page.keyboard.type(" 1")
    gate.open()
    page.wait_for_selector(".stepcard.current[data-number='2']")
    page.clock.fast_forward(QUIET)
    page.keyboard.press("2")
    eventually(page, labels, [(1, 1, ""), (3, 0, "")])
    assert focus(page)[0] != "note"


def test_a_panel_that_fails_costs_no_rating(opened):
    page = opened("judging")
    gate = Gate(page, "**/comments/**")
    page.keyboard.press("c")
    gate.refuse()
    page.wait_for_selector(".toast.bad:has-text('cannot be reached')")
    page.wait_for_timeout(QUIET)
    page.keyboard.press("3")
    eventually(page, labels, [(1, 1, "")])


def test_ratings_wait_for_those_that_were_kept_before_the_page_was_loaded(opened):
    page = opened("judging")
    page.route(SAVING, lambda route: route.abort())
    page.keyboard.press("3")
    page.wait_for_selector("#queued:not([hidden])")
    gate = reloaded(page, SAVING)  # takes over from the route above
    gate.expect()
    page.keyboard.press("1")
    gate.open()
    eventually(page, labels, [(1, 1, ""), (3, -1, "")])


def test_text_stays_in_a_field_that_is_drawn_anew(opened):
    page = opened("workbench")
    page.keyboard.press("n")
    page.keyboard.type("half")
    eventually(page, lambda: focus(page), ["note", "half"])
    page.evaluate(
        "document.activeElement.dataset.old = '1'; document.dispatchEvent(new Event('talk-changed'))"
    )
    until(page, "document.activeElement.name === 'note' && !document.activeElement.dataset.old")
    page.keyboard.type(" and half")
    page.keyboard.press("Escape")
    eventually(page, labels, [(1, None, "half and half")])


@pytest.mark.parametrize("surface", ["workbench", "judging"])
def test_enter_beside_a_note_rates_nothing(opened, surface):
    page = opened(surface)
    page.keyboard.press("n")
    eventually(page, lambda: focus(page)[0], "note")
    page.keyboard.press("Tab")
    eventually(page, lambda: focus(page)[0], "realises_error")
    page.keyboard.press("Enter")
    page.keyboard.press("Space")
    eventually(
        page,
        lambda: list(StepLabel.objects.values_list("rating", "realises_error")),
        [(None, True)],
    )
    assert JudgementEvent.objects.count() == 1


def test_a_note_is_kept_while_the_server_does_not_answer(opened):
    page = opened("judging")
    page.keyboard.press("n")
    until(page, "document.activeElement.name === 'note'")
    page.keyboard.press("Escape")
    page.route(SAVING, lambda route: route.abort())
    page.get_by_role("button", name="+1 right").click()
    page.wait_for_selector("#queued:has-text('1 judgement')")
    page.locator(".stepcard.current [name=note]").click()
    page.keyboard.type("kept")
    page.keyboard.press("Escape")
    page.wait_for_selector("#queued:has-text('2 judgements')")
    page.unroute(SAVING)
    eventually(page, labels, [(1, 1, "kept")])
