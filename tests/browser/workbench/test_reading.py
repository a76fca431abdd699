"""What the workbench shows of a step: text, formulas, token numbers, outcomes, at any width."""

from __future__ import annotations

import re

import pytest

from annotator.models import Outcome
from tests.annotator.workbench_data import Node, write_model, write_problem
from tests.browser.waiting import Gate, close_dialog, eventually, until

pytestmark = pytest.mark.django_db(transaction=True)


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


def test_the_chosen_colours_are_named_whole(open_bench, reviewer, game):
    problem, _ = game
    page = open_bench(reviewer, problem, "?by=stratified_grpo")
    button = page.locator("#color-by")
    assert button.inner_text().replace("\n", " ").startswith("Colour by Stratified GRPO (SAN)")
    assert button.evaluate("(button) => button.scrollWidth - button.clientWidth") <= 0
    box, pane = button.bounding_box(), page.locator("#tree-pane").bounding_box()
    assert box["x"] + box["width"] <= pane["x"] + pane["width"]


def test_a_later_question_for_colours_ends_the_earlier_one(open_bench, reviewer, game):
    page = open_bench(reviewer, game[0])
    gate = Gate(page, "**/credit.json*")
    ended = []
    page.on("requestfailed", lambda request: ended.append(request.url))
    page.keyboard.press("V")
    gate.expect()
    page.keyboard.press("V")
    eventually(page, lambda: [("scale=trace" in url) for url in ended], [True])
    gate.open()
    until(page, "document.getElementById('scale').getAttribute('aria-pressed') === 'false'")
    assert page.locator(".toast.bad").count() == 0


def test_colours_that_do_not_come_are_said_and_the_old_ones_stay(open_bench, reviewer, game):
    page = open_bench(reviewer, game[0])
    before = page.locator("#row-2 .heat").inner_text()
    gate = Gate(page, "**/credit.json*")
    page.keyboard.press("V")
    gate.refuse()
    page.wait_for_selector(".toast.bad:has-text('The colours are as they were')")
    assert page.locator("#row-2 .heat").inner_text() == before


def test_what_is_no_formula_stays_as_it_was_written(open_bench, reviewer, project):
    node = Node(r"Half is \(\frac{1}{2}\), and \[ \undefined{ \] is nothing.", outcomes=[1.0])
    problem, _ = write_problem(project, "Halves", [node])
    page = open_bench(reviewer, problem)
    until(page, "document.querySelectorAll('.stepcard .math.done').length === 2")
    assert page.locator(".stepcard .katex").count() == 1
    assert r"\undefined{" in page.locator(".stepcard .math.done").last.inner_text()
    assert page.locator(".katex-error").count() == 0


def test_a_narrow_window_has_the_keys_at_once_and_finds_by_key(open_bench, reviewer, game):
    page = open_bench(reviewer, game[0], viewport={"width": 390, "height": 800})
    page.keyboard.press("j")
    until(page, f"document.getElementById('reader').dataset.step === '{game[1][1].pk}'")
    page.keyboard.press("/")
    until(page, "document.activeElement.id === 'find'")
    assert page.locator("#find").is_visible()
