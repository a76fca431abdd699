"""Guidelines are saved version by version; newcomers are offered the sample."""

from __future__ import annotations

import pytest

from annotator.models import Job
from tests.annotator.page_world import world_create
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def test_every_save_is_a_version_and_a_stale_one_is_refused(client_for):
    world = world_create()
    client = client_for(world.people["owner"])
    page = "/p/Ours/guidelines/edit/"
    assert (
        client.post(page, {"markdown": "three", "based_on": "2", "change": "new"}).status_code
        == 302
    )
    stale = client.post(page, {"markdown": "four", "based_on": "2", "change": "new"})
    assert stale.status_code == 422
    assert "four" in stale.content.decode()
    assert "Version 3 was saved while you edited version 2" in stale.content.decode()
    assert world.project.guidelines.count() == 3
    client.post(page, {"markdown": "three", "based_on": "3", "change": "nothing"})
    assert world.project.guidelines.count() == 3


def test_sample_is_offered_to_newcomers_and_made_once(client_for):
    client = client_for(UserFactory())
    assert "Load the sample project" in client.get("/").content.decode()
    assert client.post("/sample/").status_code == 302
    assert Job.objects.get().kind == Job.Kind.SAMPLE
    assert client.post("/sample/").status_code == 409
