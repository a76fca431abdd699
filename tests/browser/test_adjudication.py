"""A reviewer decides by keyboard alone, blind first; the guidelines beside what is judged."""

from __future__ import annotations

import pytest

from annotator.models import Adjudication, GuidelineVersion, Step
from annotator.queries.rankings.places import place_of
from annotator.services.adjudication import Rating, step_decide
from annotator.services.guidelines.versions import guideline_set
from annotator.services.judgements.labels import label_set
from annotator.services.rankings.answers import Answer, ranking_set
from tests.annotator.workbench_data import GAME, member, project_with_types, write_problem
from tests.browser.test_accessibility import violations
from tests.browser.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def project():
    """Two annotators differ on two steps and on the order of three siblings."""
    project = project_with_types()
    problem, steps = write_problem(project, "Reach 24 with 4, 5, 6 and 10.", GAME, "24")
    ann, bob = (member(project, name, "annotator") for name in ("ann", "bob"))
    for at, (first, second) in {1: (-1, 1), 7: (0, 1)}.items():
        label_set(step=steps[at], user=ann, rating=first, note="16 is not left" * (at == 1))
        label_set(step=steps[at], user=bob, rating=second)
    place = place_of(problem=problem, level="step", parent_id=steps[2].pk)
    three = list(place.items)
    ranking_set(place=place, user=ann, answer=Answer(tiers=[[item] for item in three]))
    ranking_set(place=place, user=bob, answer=Answer(tiers=[[item] for item in three[::-1]]))
    example = {"step": steps[5].pk, "rating": -1, "why": "It throws away a needed number."}
    guideline_set(project=project, markdown="# Rules\nRate every step.", author=None)
    guideline_set(
        project=project,
        markdown="# Rules\nRate every step, also repeated ones.",
        author=ann,
        change="Repeated steps are rated, too.",
        examples=[example],
    )
    return project


def test_a_formula_of_a_case_is_typeset_and_scrolls_inside_its_step(open_page, project):
    step = Step.objects.get(problem__project=project, preorder=2)
    Step.objects.filter(pk=step.pk).update(text="Then \\[" + "x + " * 60 + "y = 24\\] holds.")
    page = open_page(
        member(project, "rea", "reviewer"),
        f"/p/{project.name}/adjudication/steps/{step.pk}/",
        viewport={"width": 390, "height": 844},
    )
    page.wait_for_selector(".step-text .math.done .katex")
    wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wider) <= 0


def test_two_cases_are_decided_without_a_click(open_page, project):
    page = open_page(member(project, "rea", "reviewer"), f"/p/{project.name}/adjudication/")
    page.locator("tbody a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("html[data-ready] #decide:not([data-decide])")
    assert "16 is not left" not in page.content()
    for key in ("3", "Enter"):
        page.keyboard.press(key)
    page.wait_for_selector("html[data-ready] #decide[data-decide]")
    assert "16 is not left" in page.content()
    assert page.locator(".opinions li").count() == 2
    for key in ("1", "n"):
        page.keyboard.press(key)
    page.keyboard.type("6 and 10 are 16, but 1 and 2 are keys here no more")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(
        "html[data-ready] #decide:not([data-decide])"
    )  # the next case, blind again
    row = Adjudication.objects.get()
    assert (row.decision["rating"], row.blind["rating"]) == (-1, 1)
    for key in ("2", "Enter"):
        page.keyboard.press(key)
    page.wait_for_selector("html[data-ready] #decide[data-decide]")
    for key in ("3", "n"):
        page.keyboard.press(key)
    page.keyboard.type("it is right")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/adjudication/?kind=steps")
    assert Adjudication.objects.count() == 2
    assert "Nobody differs" in page.content()


def test_a_decision_without_a_reason_says_on_the_screen_what_is_missing(open_page, project):
    step = Step.objects.get(problem__project=project, preorder=2)
    path = f"/p/{project.name}/adjudication/steps/{step.pk}/"
    page = open_page(member(project, "rea", "reviewer"), path)
    page.wait_for_selector("html[data-ready]")
    for key in ("3", "Enter"):
        page.keyboard.press(key)
    page.wait_for_selector("html[data-ready] #decide[data-decide]")
    for key in ("3", "Enter"):
        page.keyboard.press(key)
    said = page.locator(".field.invalid .errorlist")
    assert said.inner_text() == "Say why; those who judged otherwise read it."
    uncovered = """(said) => {
        const { left, top, bottom } = said.getBoundingClientRect();
        return [top + 2, bottom - 2].every((y) => said.contains(document.elementFromPoint(left + 4, y)));
    }"""
    until(page, lambda: said.evaluate(uncovered))
    until(page, "document.activeElement.name === 'reason'")
    assert not Adjudication.objects.exists()


def test_the_guidelines_open_beside_the_steps(open_page, project):
    ann = member(project, "ann", "annotator")
    problem = project.problems.get()
    page = open_page(ann, f"/p/{project.name}/problems/{problem.pk}/")
    page.wait_for_selector("html[data-ready]")
    page.locator("#reader").focus()
    page.keyboard.press("i")
    page.wait_for_selector("#guideline-panel h2")
    text = page.locator("#guideline-panel").inner_text()
    assert "also repeated ones" in text
    assert "throws away a needed number" in text
    until(page, "document.activeElement.id === 'guideline-title'")
    page.keyboard.press("Escape")
    page.wait_for_selector("#guideline-panel", state="hidden")
    until(page, "document.activeElement.id === 'reader'")
    page.locator("[data-guidelines-open]").click()
    page.wait_for_selector("#guideline-panel:not([hidden])")
    page.keyboard.press("i")
    page.wait_for_selector("#guideline-panel", state="hidden")
    assert GuidelineVersion.objects.count() == 2


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_have_no_violation_and_fit_a_phone(open_page, project, theme):
    rea, problem = member(project, "rea", "owner"), project.problems.get()
    steps = list(problem.steps.order_by("preorder"))
    bob = member(project, "bob", "annotator")
    label_set(step=steps[0], user=bob, rating=None, unsure=True, note="Is it?")
    step_decide(step=steps[7], user=rea, decision=Rating(1), reason="it holds")
    size = {"width": 390, "height": 800}
    page = open_page(rea, f"/p/{project.name}/adjudication/", color_scheme=theme, viewport=size)
    start = page.url.removesuffix("adjudication/")
    found = {}
    for path in (
        "adjudication/",
        "adjudication/?kind=rankings",
        f"adjudication/steps/{steps[1].pk}/",
        f"adjudication/steps/{steps[7].pk}/",
        f"adjudication/problems/{problem.pk}/rankings/?level=step&parent={steps[2].pk}",
        "inbox/?kind=unsure",
        "inbox/?kind=contradictions",
        f"problems/{problem.pk}/history/",
        "guidelines/",
        "guidelines/2/changes/",
        "guidelines/again/",
    ):
        page.goto(start + path)
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        found[path] = violations(page) + ([("too wide", wide)] if wide > 0 else [])
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{start}problems/{problem.pk}/")
    page.wait_for_selector("html[data-ready]")
    page.locator("#reader").focus()
    page.keyboard.press("i")
    page.wait_for_selector("#guideline-panel h2")
    found["panel"] = violations(page)
    assert {path: said for path, said in found.items() if said} == {}
