"""Gold made with the pages: from a ranking that was just given, and from a file of ids."""

from __future__ import annotations

import csv
import io

import pytest
from playwright.sync_api import expect

from annotator.models import Gold, Ranking
from tests.annotator.workbench_data import Node, member, project_with_types, write_problem
from tests.browser.waiting import PATIENCE

pytestmark = pytest.mark.django_db(transaction=True)
FORK = (
    Node("4 * 5 = 20", -1),
    Node("20 + 4 = 24", 0, outcomes=[1.0]),
    Node("10 - 6 = 4", -1),
    Node("4 + 4 = 8", 2, outcomes=[0.0]),
)


@pytest.fixture
def project():
    return project_with_types("Gilded")


@pytest.fixture
def reviewer(project):
    return member(project, "rea", "reviewer")


def test_an_overall_ranking_becomes_gold_without_a_reload(open_page, project, reviewer):
    problem, _ = write_problem(project, "Make 24.", FORK)
    page = open_page(reviewer, f"/p/Gilded/problems/{problem.pk}/rank/step/?on=")
    page.wait_for_selector("html[data-ready]")
    page.wait_for_selector("#rk-gold:has-text('under Overall')")
    for key in ("1", "2", "Enter"):
        page.keyboard.press(key)
    button = page.locator("#rk-gold").get_by_role("button", name="Use my ranking as gold")
    button.wait_for()
    button.click()
    page.wait_for_url("**/p/Gilded/gold/")
    page.wait_for_selector(".toast:has-text('Kept as the gold answer')")
    assert Gold.objects.get().answer["tiers"] == Ranking.objects.get().tiers


def test_a_file_of_ids_is_filled_in_and_given_back(open_page, project, reviewer):
    write_problem(project, "Make 24.", FORK)
    page = open_page(reviewer, "/p/Gilded/gold/")
    with page.expect_download() as download:
        page.locator("#gold-ids a").first.click()
    assert download.value.suggested_filename == "Gilded-gold-first_error.csv"
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text(encoding="utf-8"))))
    assert [row["text"].partition(": … ")[0] for row in rows] == [
        "Make 24. | trace 1",
        "Make 24. | trace 2",
    ]
    rows[1] |= {"task": "first_error", "first_error": "2"}
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys())
    writer.writeheader()
    writer.writerows(rows)
    page.locator("[name=text]").fill(text.getvalue())
    page.get_by_role("button", name="Add").click()
    kept = page.locator(".notice-bar:has-text('1 gold answer kept')")
    expect(kept).to_be_in_viewport(timeout=PATIENCE * 1000)
    assert Gold.objects.get().trace_id == int(rows[1]["trace"])
