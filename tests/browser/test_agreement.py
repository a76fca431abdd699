"""The Agreement page in a browser: it waits for its figures, shows them, and holds on a phone."""

from __future__ import annotations

import pytest

from annotator.models import Job
from annotator.queries.agreement.scope import Scope
from annotator.services import jobs
from annotator.services.agreement import agreement_report_make
from scoring.pipelines import runner
from tests.annotator.agreement.data import judge, ranked
from tests.annotator.queue_world import queue_world
from tests.browser.test_accessibility import violations

pytestmark = pytest.mark.django_db(transaction=True)
SAID = {1: (1, 1, -1, 0, 1, 1), 2: (1, -1, -1, 0, 1, -1), 3: (1, 1, -1, 1, 1, 1)}


@pytest.fixture
def world():
    """Three people on six traces, and two on rankings by two criteria."""
    world = queue_world(traces=6, people=4, tag="agree")
    for number, given in SAID.items():
        for trace, rating in zip(world.traces, given, strict=True):
            judge(trace, world.people[number], rating, 1)
    for number, trace in enumerate(world.traces):
        for user in world.people[1:3]:
            better = [[1], [2]] if number % 3 or user == world.people[1] else [[2], [1]]
            for criterion, level in (("soundness", "step"), ("", "trace")):
                ranked(world, user, trace, better, criterion=criterion, level=level)
    return world


def address(world):
    return f"/p/{world.project.name}/agreement/"


def test_the_page_shows_the_figures_when_the_job_is_done(open_page, world):
    page = open_page(world.owner, address(world))
    page.get_by_text("The figures are being computed by").or_(
        page.get_by_text("No io worker is running")
    ).wait_for()
    job = Job.objects.get(kind=Job.Kind.AGREEMENT)
    runner.run_claimed(jobs.job_claim(job_id=job.pk, worker=None))
    page.get_by_role("heading", name="Pairs of annotators").wait_for()
    row = page.locator("#figure-percent")
    assert "0.833" in row.inner_text()  # three of 12 steps split two to one: 1 − 3 · (2/3) / 12
    assert Job.objects.filter(kind=Job.Kind.AGREEMENT).count() == 1


def test_a_filter_is_an_address(open_page, world):
    agreement_report_make(project=world.project, scope=Scope(), replicates=50)
    agreement_report_make(project=world.project, scope=Scope(kinds=("imported",)), replicates=50)
    page = open_page(world.owner, address(world))
    page.get_by_label("People").uncheck()
    page.get_by_label("Imported labelers").check()
    page.get_by_role("button", name="Show").click()
    page.get_by_text("Nothing to compare").wait_for()
    assert "kind=imported" in page.url
    page.get_by_role("link", name="All that people said").click()
    page.get_by_role("heading", name="Ratings of steps").wait_for()


def test_a_step_they_disagree_on_opens_in_its_tree(open_page, world):
    agreement_report_make(project=world.project, scope=Scope(), replicates=50)
    page = open_page(world.owner, address(world))
    page.locator(".table.apart a").first.click()
    page.wait_for_url("**/problems/*/?step=*")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_both_themes_and_a_phone(open_page, world, theme, width):
    agreement_report_make(project=world.project, scope=Scope(), replicates=50)
    page = open_page(
        world.owner,
        address(world),
        color_scheme=theme,
        viewport={"width": width, "height": 800},
    )
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
