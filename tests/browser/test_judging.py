"""Judging a trace by keyboard: few presses, later steps unseen, nothing lost."""

from __future__ import annotations

import pytest

from annotator.models import JudgementEvent, StepLabel, Submission
from tests.annotator.workbench_data import Node, member, project_with_types, write_problem
from tests.browser.waiting import eventually, until

pytestmark = pytest.mark.django_db(transaction=True)

LONG = 20


@pytest.fixture
def project():
    return project_with_types()


@pytest.fixture
def annotator(project):
    return member(project, "ann", "annotator")


@pytest.fixture
def trace(project):
    nodes = [
        Node(
            f"Step {at + 1}: then \\(x_{{{at + 1}}} = {at}\\).",
            at - 1,
            outcomes=[1.0] * (at == LONG - 1),
        )
        for at in range(LONG)
    ]
    problem, _ = write_problem(project, "What is \\(x_{20}\\)?", nodes, reference="nineteen")
    return problem.traces.get()


@pytest.fixture
def judge(open_page, annotator, trace):
    """Open the trace; the page counts its key presses."""

    def opened(task="all_steps", **options):
        place = f"/p/{trace.problem.project.name}/problems/{trace.problem_id}/"
        page = open_page(annotator, f"{place}?judge={trace.pk}&task={task}", **options)
        page.wait_for_selector("html[data-ready]")
        page.evaluate(
            "window.presses = 0; window.clicks = 0;"
            " addEventListener('keydown', () => { window.presses += 1; }, true);"
            " addEventListener('click', () => { window.clicks += 1; }, true);"
        )
        return page

    return opened


def ratings(trace):
    rows = StepLabel.objects.filter(step__problem=trace.problem_id).order_by("step__depth")
    return list(rows.values_list("rating", flat=True))


def current(page):
    return int(page.locator(".stepcard.current").get_attribute("data-number"))


def test_twenty_steps_take_at_most_22_presses_and_no_click(judge, trace):
    page = judge()
    for _ in range(LONG):
        page.keyboard.press("3")
    page.wait_for_selector("#judging[data-open='1']")
    page.keyboard.press("Enter")
    page.wait_for_selector("#judging[data-submitted='1']")
    presses, clicks = page.evaluate("[window.presses, window.clicks]")
    assert (presses, clicks) == (21, 0)
    assert ratings(trace) == [1] * LONG
    assert Submission.objects.get().reason == "solution"
    spent = StepLabel.objects.values_list("milliseconds", flat=True)
    assert all(0 <= value < 60_000 for value in spent)


def test_later_steps_and_the_answer_are_not_in_the_page(judge):
    page = judge()
    assert "Step 1:" in page.content()
    assert "Step 2:" not in page.content()
    assert "nineteen" not in page.content()
    page.keyboard.press("3")
    page.wait_for_selector(".stepcard.current[data-number='2']")
    assert "Step 3:" not in page.content()


def test_first_error_opens_submit(judge, trace):
    page = judge("first_error")
    button = page.locator("#judging-submit button")
    assert button.is_disabled()
    assert "Submit opens at the first −1" in page.locator("#judging-hint").inner_text()
    page.keyboard.press("Enter")  # says why instead
    page.keyboard.press("3")
    page.keyboard.press("1")
    page.wait_for_selector("#judging[data-open='1']")
    assert page.locator(".stepcard").count() == 2
    page.keyboard.press("Enter")
    page.wait_for_selector("#judging[data-submitted='1']")
    assert (ratings(trace), Submission.objects.get().reason) == ([1, -1], "found_error")


def test_earlier_ratings_are_corrected_in_place(judge, trace):
    page = judge()
    for key in "333":
        page.keyboard.press(key)
    page.wait_for_selector(".stepcard.current[data-number='4']")
    page.keyboard.press("k")
    page.keyboard.press("k")
    page.wait_for_selector(".stepcard.current[data-number='2']")
    page.keyboard.press("1")
    page.wait_for_selector(".stepcard.current[data-number='4']")
    assert ratings(trace) == [1, -1, 1]


def test_rating_is_applied_to_the_rest_and_taken_back_with_one_key(judge, trace):
    page = judge()
    page.keyboard.press("3")
    page.keyboard.press("1")
    page.keyboard.press("a")
    page.wait_for_selector("#judging[data-open='1']")
    assert ratings(trace) == [1] + [-1] * (LONG - 1)
    page.keyboard.press("u")
    page.wait_for_selector(".stepcard.current[data-number='3']")
    assert ratings(trace) == [1, -1]
    page.reload()
    page.wait_for_selector("html[data-ready]")
    page.keyboard.press("U")  # the stack outlives the page
    page.wait_for_selector("#judging[data-open='1']")
    assert ratings(trace) == [1] + [-1] * (LONG - 1)


def test_a_newer_undo_takes_the_place_of_the_older_one_on_screen(judge, trace):
    page = judge()
    page.keyboard.press("1")
    page.keyboard.press("3")
    eventually(page, lambda: ratings(trace), [-1, 1])
    said = []
    for left in (1, 0):
        page.keyboard.press("u")
        eventually(page, lambda: len([r for r in ratings(trace) if r is not None]), left)
        eventually(page, lambda: current(page), left + 1)
        said.append(page.locator("#toasts .toast p").all_inner_texts())
    assert [len(texts) for texts in said] == [1, 1]
    assert said[0] != said[1]


def test_note_error_type_and_repair_by_keyboard(judge, trace):
    page = judge()
    page.keyboard.press("1")
    page.wait_for_selector(".stepcard.current[data-number='2']")
    page.keyboard.press("k")
    page.wait_for_selector(".stepcard.current[data-number='1']")
    page.keyboard.press("e")
    until(page, "document.activeElement.name === 'error_type'")
    page.keyboard.type("logu")  # no type goes on so
    page.keyboard.press("Enter")
    until(page, "document.activeElement.id === 'judging'")
    page.wait_for_selector(".stepcard.current .badge:has-text('Logic')")
    page.keyboard.press("n")
    until(page, "document.activeElement.name === 'note'")
    page.keyboard.type("does not follow")
    page.keyboard.press("Escape")
    page.wait_for_selector(".stepcard.current .badge:has-text('note')")
    page.keyboard.press("m")
    until(page, "document.querySelector('.stepcard.current [name=realises_error]').checked")
    said = StepLabel.objects.values_list("rating", "error_type__key", "note", "realises_error")
    eventually(page, lambda: list(said.all()), [(-1, "logic", "does not follow", True)])


def test_giving_up_needs_a_reason(judge):
    page = judge()
    page.keyboard.press("g")
    page.wait_for_selector("#give-up-dialog[open]")
    page.keyboard.press("Control+Enter")
    page.locator("#give-up-dialog button.primary").click()
    assert page.locator("#give-up-dialog").get_attribute("open") is not None
    page.locator("#give-up-note").fill("I cannot follow it")
    page.locator("#give-up-dialog button.primary").click()
    page.wait_for_selector("#judging[data-submitted='1']")
    row = Submission.objects.get()
    assert (row.reason, row.note) == ("give_up", "I cannot follow it")
    page.keyboard.press("u")
    page.wait_for_selector("#judging[data-submitted='0']")
    assert not Submission.objects.exists()


def test_faulty_problem_has_reasons_of_its_own(judge):
    page = judge()
    page.keyboard.press("G")
    page.wait_for_selector("#bad-problem-dialog[open]")
    page.keyboard.type("A pr")
    page.keyboard.press("Tab")
    page.keyboard.type("x is both")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#judging[data-submitted='1']")
    row = Submission.objects.get()
    assert (row.reason, row.note) == ("bad_problem", "A premise is false: x is both")


def test_ratings_survive_a_server_that_does_not_answer(judge, trace):
    page = judge()
    page.route("**/label/**", lambda route: route.abort())
    page.keyboard.press("3")
    page.wait_for_selector("#queued:not([hidden])")
    page.keyboard.press("1")  # nothing new is on screen: nothing is rated
    page.unroute("**/label/**")
    page.wait_for_selector(".stepcard.current[data-number='2']")
    assert ratings(trace) == [1]
    assert JudgementEvent.objects.count() == 1


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_cut_off(judge, width):
    page = judge(viewport={"width": width, "height": 800})
    for key in "3312":
        page.keyboard.press(key)
    page.wait_for_selector(".stepcard.current[data-number='5']")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    bottom = "document.querySelector('.stepcard.current .rate').getBoundingClientRect().bottom"
    until(page, f"{bottom} <= 800")  # formulas above it are typeset one by one
