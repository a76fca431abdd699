"""Parts of a page that ask again by themselves."""

from __future__ import annotations

import pytest

from annotator.models import Job
from tests.annotator.workbench_data import member, project_with_types
from tests.browser.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)
LOOK = "document.dispatchEvent(new Event('visibilitychange'))"  # who comes back sees news at once


@pytest.fixture
def members_page(open_page):
    project = project_with_types()
    jobs = [Job.objects.create(project=project, kind=Job.Kind.EXPORT) for _ in range(2)]
    page = open_page(member(project, "owner", "owner"), f"/p/{project.name}/members/")
    page.wait_for_selector("header .count:has-text('2')")
    return page, jobs


def test_the_count_of_open_jobs_follows_and_goes(members_page):
    page, jobs = members_page
    for job, left in zip(jobs, ("1", ""), strict=True):
        Job.objects.filter(pk=job.pk).update(state="done")
        page.evaluate(LOOK)
        eventually(page, lambda: "".join(page.locator("header .count").all_inner_texts()), left)


def test_a_session_that_ended_leads_nobody_away(members_page):
    page, _ = members_page
    page.context.clear_cookies()
    page.evaluate(LOOK)
    page.wait_for_selector(".toast.bad:has-text('Your session has ended')")
    assert page.url.endswith("/members/")
    assert page.locator("[data-poll]").count() == 0
