"""Places to rank as a queue serves them."""

from __future__ import annotations

import pytest

from annotator.models import Assignment, Ranking
from annotator.services.queues import QueueWish, queue_create
from annotator.services.queues.build import queue_build
from tests.annotator.workbench_data import member
from tests.browser.ranking.data import press, shown_part
from tests.browser.waiting import close_dialog, eventually, until

pytestmark = pytest.mark.django_db(transaction=True)


def test_in_a_queue_enter_saves_submits_and_goes_on(open_page, annotator, project, fork):
    boss = member(project, "boss", "owner")
    wish = QueueWish(name="Forks", task="rank_branch")
    queue, _ = queue_create(project=project, user=boss, wish=wish)
    queue_build(queue=queue)
    page = open_page(annotator, f"/p/{project.name}/work/{queue.pk}/")
    page.wait_for_selector("html[data-ready]")
    until(page, "document.activeElement.matches('.rk-card.current')")
    assert page.locator(".rk-levels a").count() == 0  # nothing leads out of the item
    page.keyboard.press("?")
    page.wait_for_selector("#keys-dialog[open]")
    close_dialog(page, "#keys-dialog")
    press(page, "1", "Enter")
    page.wait_for_selector("#work-said:has-text('not ranked yet')")
    assert not Ranking.objects.exists()
    assert page.locator("#work-said").get_attribute("role") == "alert"
    left = page.locator("#rk-pool .rk-card").count()
    for gone in range(left):
        until(page, "document.activeElement.matches('.rk-card.current')")
        eventually(page, page.locator("#rk-pool .rk-card").count, left - gone)
        page.keyboard.press("3")
    before = page.url
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: url != before)
    row = Ranking.objects.get()
    assert row.level == "branch"
    done = Assignment.objects.get(state=Assignment.State.SUBMITTED)
    assert done.item.parent_id == row.parent_id
    assert done.user == annotator


@pytest.mark.parametrize("size", [(640, 400), (390, 844)])
def test_the_candidate_that_is_ranked_is_on_the_screen(
    open_place, open_page, annotator, project, fork, size
):
    """Where the page scrolls as one, the texts of the traces do not push their cards away."""
    problem, _ = fork
    viewport = dict(zip(("width", "height"), size, strict=True))
    boss = member(project, "boss", "owner")
    queue, _ = queue_create(
        project=project, user=boss, wish=QueueWish(name="All", task="rank_trace")
    )
    queue_build(queue=queue)
    at = open_place(annotator, problem, "trace/", viewport=viewport)
    served = open_page(annotator, f"/p/{project.name}/work/{queue.pk}/", viewport=viewport)
    served.wait_for_selector("html[data-ready]")
    for page in (at, served):
        page.wait_for_selector(".rk-card.current:focus")
        if size[1] > 600:
            assert shown_part(page, "#ranking .prompt") == 1
        for key in ("", "j", "k", "End", "1", "j", "ArrowDown"):
            if key:
                page.keyboard.press(key)
            assert shown_part(page, ".rk-card.current") == 1, key
