"""Choosing a kind of reward model in the browser swaps its settings and keeps what was typed."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from annotator.models import Job
from tests.annotator.queue_world import queue_world
from tests.browser.test_accessibility import violations
from tests.browser.waiting import PATIENCE

pytestmark = pytest.mark.django_db(transaction=True)


def test_choosing_a_kind_shows_its_settings_and_keeps_the_others(open_page):
    world = queue_world(traces=2)
    page = open_page(world.people[0], f"/p/{world.project.name}/models/")
    page.locator("#id_steps").fill("7")
    page.locator("#id_kind").select_option("heron")
    levels = page.locator("#id_levels")
    expect(levels).to_be_visible(timeout=PATIENCE * 1000)
    expect(page.locator("#kind-settings h3")).to_have_text("HERON", timeout=PATIENCE * 1000)
    expect(page.locator("#id_steps")).to_have_value("7")
    assert violations(page) == []
    levels.fill("outcome, length")
    page.get_by_role("button", name="Start training").click()
    expect(page).to_have_url(re.compile(r"/jobs/\d+/"), timeout=PATIENCE * 1000)
    run = Job.objects.get(kind=Job.Kind.TRAIN).args["run"]
    assert (run["kind"], run["model"]["levels"]) == ("heron", "outcome, length")
    assert run["training"]["steps"] == 7
