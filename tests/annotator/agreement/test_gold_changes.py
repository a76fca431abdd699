"""Gold decides whose answers count, so a report is old once gold is made, changed or retired."""

from __future__ import annotations

import pytest
from django.urls import reverse

from annotator.models import AgreementReport, Project
from annotator.queries.agreement.reports import agreement_state
from annotator.queries.agreement.scope import Scope
from annotator.services.agreement import agreement_report_make, agreement_request
from annotator.services.quality.gold import GoldTarget, gold_rate, gold_update
from tests.annotator.agreement.data import judge
from tests.annotator.queue_world import queue_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    world = queue_world(traces=2, tag="gold-agree")
    for person in world.people[1:]:
        judge(world.traces[0], person, 1, 1)
    return world


def state(world):
    return agreement_state(project=world.project, scope=Scope())


def made(world):
    return agreement_report_make(project=world.project, scope=Scope(), replicates=10)


def gold(world, at=0, *ratings):
    target = GoldTarget(world.traces[at].problem, "first_error", trace=world.traces[at])
    return gold_rate(target=target, user=world.owner, ratings=ratings or [1, 1])


def test_every_change_of_gold_makes_the_report_old(world):
    made(world)
    assert state(world).is_fresh
    one = gold(world)
    for change in (
        lambda: None,
        lambda: gold(world, 0, -1),
        lambda: gold_update(gold=one, active=False),
    ):
        change()
        assert not state(world).is_fresh
        assert (state(world).newer, state(world).gold_changed) == (0, True)
        before = AgreementReport.objects.get()
        after = made(world)
        assert after.pk != before.pk  # the page knows newer figures by their row
        assert AgreementReport.objects.get() == after
        assert state(world).is_fresh


def test_gold_of_another_project_changes_nothing(world):
    made(world)
    gold(queue_world(traces=1))
    assert state(world).is_fresh


def test_gold_that_comes_while_the_report_is_made_leaves_it_old(world):
    def late(*_):
        Project.objects.filter(pk=world.project.pk).update(gold_changes=9)

    agreement_report_make(project=world.project, scope=Scope(), replicates=10, on_progress=late)
    assert not state(world).is_fresh


def test_the_page_and_the_api_say_so_and_the_next_computation_is_asked_for(world, client_for):
    made(world)
    gold(world)
    client = client_for(world.owner)
    asked = f"/api/v1/projects/{world.project.name}/agreement/?kind=person"
    body = client.get(asked).json()
    assert (body["fresh"], body["newer"], body["gold_changed"]) == (False, 0, True)
    job = agreement_request(project=world.project, scope=Scope(), user=world.owner).job
    assert job.args["gold_changes"] == 1
    page = client.get(reverse("annotator:agreement", args=[world.project.name]) + "?kind=person")
    assert "gold answers were made or changed since then" in page.content.decode()
