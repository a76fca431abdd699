"""A judge from its form to its verdicts: added and asked by keyboard alone, served over real HTTP."""

from __future__ import annotations

import re
import threading

import pytest
from django.db import connections

from annotator.models import Job, RewardModel, Step
from annotator.services import jobs
from scoring.pipelines import runner
from tests.annotator.judges.data import SHAPES
from tests.browser.test_accessibility import violations
from tests.browser.waiting import PATIENCE, eventually, until
from tests.factories import MembershipFactory, ProjectFactory, problem_with_tree
from tests.scoring.judge.servers import answering, judging

pytestmark = pytest.mark.django_db(transaction=True)
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
MOST_STOPS = 80  # more than the page has places that Tab reaches


@pytest.fixture
def project(transactional_db):
    """A problem with a tree of six steps, one of which the server finds wrong."""
    made = ProjectFactory(name="judged")
    problem_with_tree(*SHAPES, project=made, prompt="first", reference="42")
    return made


def focused(page):
    return page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()")


def tab_to(page, place):
    """Press Tab until an element with this id, or a button of these words, has the focus."""
    for _ in range(MOST_STOPS):
        if focused(page) == place:
            return
        page.keyboard.press("Tab")
    pytest.fail(f"Tab does not reach {place!r}")


def typed(page, field, text):
    """Replace what stands in a field, as somebody without a mouse does."""
    tab_to(page, field)
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(text)


def worked_off(job):
    """Run a queued job beside the page, as a worker does."""

    def work():
        try:
            runner.run_claimed(jobs.job_claim(job_id=job.pk, worker=None))
        finally:
            connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def row(page, name):
    """The number beside ``name`` in the table of what a judge used, None while it is not there."""
    found = page.locator("table.kv tr").filter(has=page.get_by_text(name, exact=True))
    return found.locator("td").text_content() if found.count() == 1 else None


def test_a_judge_is_added_asked_and_read_without_a_mouse(open_page, project):
    user = MembershipFactory(project=project, role="reviewer").user
    with answering(lambda asked: (200, judging(asked[-1], wrong="x"))) as (address, asked):
        page = open_page(user, "/p/judged/models/")
        tab_to(page, "add-kind")
        page.keyboard.press("g")  # the one kind that begins so
        page.wait_for_selector("#add-endpoint")
        eventually(page, lambda: focused(page), "add-kind")
        typed(page, "add-name", "strict")
        typed(page, "add-endpoint", address)
        typed(page, "add-model", "m")
        typed(page, "add-price_in", "1000000")
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(r"/models/\d+/"))
        model = RewardModel.objects.get(name="strict")
        assert (model.kind, model.config["endpoint"]) == ("judge", address)

        tab_to(page, "Score the project")
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(r"/jobs/\d+/"))
        job = Job.objects.get(kind=Job.Kind.JUDGE)
        page.get_by_text("No io worker is running").wait_for()
        thread = worked_off(job)
        page.locator(".badge.good", has_text="Done").wait_for()  # the page looks by itself
        thread.join(PATIENCE)
        assert len(asked) == 4, "one question for each leaf"

    for name, value in (("Calls", "4"), ("Tokens read", "400"), ("Tokens written", "40")):
        eventually(page, lambda name=name: row(page, name), value)
    eventually(page, lambda: row(page, "Cost, by the prices given"), "400")
    page.goto(page.url.partition("/jobs/")[0] + f"/models/{model.pk}/")
    page.get_by_text("6 steps scored in this project").wait_for()
    eventually(page, lambda: row(page, "Calls"), "4")

    steps = {step.text: step for step in Step.objects.all()}
    base = page.url.partition("/models/")[0] + f"/problems/{steps['dx'].problem_id}/"
    for text, verdict in (("dx", "wrong"), ("c", "right")):
        page.goto(f"{base}?step={steps[text].pk}&tab=credit")
        page.get_by_text(f"I read {text}", exact=True).wait_for()
        until(page, lambda verdict=verdict: page.get_by_text(verdict, exact=True).count())


def test_what_a_judge_may_not_be_comes_back_to_the_field(open_page, project):
    user = MembershipFactory(project=project, role="owner").user
    page = open_page(user, "/p/judged/models/?kind=judge")
    page.fill("#add-endpoint", "http://judge.invalid/v1")
    page.fill("#add-model", "m")
    tab_to(page, "Add the model")
    page.keyboard.press("Enter")
    page.locator("#add [role=alert], #add .errorlist").first.wait_for()
    assert page.input_value("#add-endpoint") == "http://judge.invalid/v1"
    assert "TRACEWOOD_JUDGE_HOSTS" in page.locator("#add").text_content()
    assert not RewardModel.objects.exists()


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 390)])
def test_the_pages_of_a_judge_are_fit_for_everybody(open_page, project, theme, width):
    user = MembershipFactory(project=project, role="owner").user
    page = open_page(
        user, "/p/judged/models/?kind=judge", color_scheme=theme,
        viewport={"width": width, "height": 800},
    )  # fmt: skip
    page.wait_for_selector("#add-endpoint")
    assert (violations(page), page.evaluate(WIDER)) == ([], 0)
