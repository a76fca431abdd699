"""A signal along a path, by keys: what has no value is said so, never as 0."""

from __future__ import annotations

import pytest

from annotator.models import Job
from annotator.queries.attribution.path import path_of
from annotator.services.jobs import job_claim, job_create
from annotator.services.models.attributions import attribution_store
from tests.annotator.attribution.test_signals import measured
from tests.annotator.workbench_data import (
    GAME,
    member,
    project_with_types,
    write_model,
    write_problem,
)
from tests.browser.test_accessibility import violations
from tests.browser.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_signal_is_read_by_keys_with_its_gaps(open_page):
    project = project_with_types()
    problem, steps = write_problem(project, "Make 24.", GAME)
    model, end = write_model(problem, steps), steps[4]
    job = job_create(project=project, kind=Job.Kind.ATTRIBUTE, args={}, user=None)
    attribution_store(
        job=job_claim(job_id=job.pk, worker=None),
        model=model,
        end=end,
        found=measured(path_of(end=end)),
    )
    where = f"/p/{project.name}/problems/{problem.pk}/attribution/?end={end.pk}&method=signal:fai"
    page = open_page(member(project, "owner", "owner"), where)
    page.wait_for_selector("html[data-ready]")
    until(page, "document.activeElement.id === 'token-text'")

    def readout():
        return page.locator("#token-readout").inner_text()

    page.keyboard.press("ArrowRight")
    until(page, lambda: ": 0.1000 · Future attention influence" in readout())
    page.keyboard.press("n")
    until(page, lambda: ": 0.4000 ·" in readout())
    page.keyboard.press("ArrowRight")
    until(page, lambda: "mark of the layout: no value ·" in readout())
    page.wait_for_selector("#line canvas")
    assert not violations(page)
    page.select_option("#choose-method", "running_reward")
    until(page, lambda: "adds up" in page.locator("#read-title").inner_text())
    until(page, lambda: "Point at a token" in readout())
    page.locator("#token-text .t").first.hover()
    until(page, lambda: "reward after it" in readout())
