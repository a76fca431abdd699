"""Agreement over the API: reading, asking for a report, filters."""

from __future__ import annotations

import pytest
from django.urls import reverse

from annotator.models import Job
from annotator.queries.agreement.scope import Scope
from annotator.services.agreement import agreement_report_make
from tests.annotator.agreement.data import judge


class TestApi:
    @pytest.fixture
    def client(self, client_for, world):
        return client_for(world.owner)

    def address(self, world, query=""):
        return reverse("api:agreement", args=[world.project.name]) + query

    def test_reading_computes_nothing(self, client, world):
        judge(world.traces[0], world.people[1], 1)
        body = client.get(self.address(world)).json()
        assert (body["report"], body["fresh"], body["job"]) == (None, False, None)
        assert not Job.objects.filter(kind=Job.Kind.AGREEMENT).exists()

    def test_asking_queues_one_job_per_scope(self, client, world):
        judge(world.traces[0], world.people[1], 1)
        asked = [
            client.post(self.address(world), said, content_type="application/json")
            for said in ({}, {"kind": ["person"]}, {"kind": ["imported", "person"]})
        ]
        assert [answer.status_code for answer in asked] == [202] * 3
        ids = [answer.json()["job"]["id"] for answer in asked]
        assert ids[0] == ids[1] != ids[2]

    def test_a_report_with_names(self, client, world):
        judge(world.traces[0], world.people[1], 1)
        judge(world.traces[0], world.people[2], 1)
        agreement_report_make(project=world.project, scope=Scope(), replicates=0)
        body = client.get(self.address(world)).json()
        assert body["fresh"] is True
        assert [rater["name"] for rater in body["raters"]] == ["agree-1", "agree-2"]
        assert body["report"]["ratings"]["percent"]["value"] == 1.0
        alpha = body["report"]["ratings"]["alpha_nominal"]
        assert alpha["undefined"] == "undefined because all ratings are equal"
        again = client.post(self.address(world), {}, content_type="application/json")
        assert again.status_code == 200

    def test_filters_are_read_from_the_query(self, client, world):
        world_queue = world.queue()
        query = f"?kind=person&kind=imported&queue={world_queue.pk}&since=2026-01-01"
        body = client.get(self.address(world, query)).json()
        assert body["scope"] == {
            "kinds": ["imported", "person"],
            "queue": world_queue.pk,
            "guideline": None,
            "since": "2026-01-01",
            "until": None,
        }

    @pytest.mark.parametrize("query", ["?kind=robot", "?queue=0", "?queue=77", "?since=soon"])
    def test_bad_filters_are_named(self, client, world, query):
        answer = client.get(self.address(world, query))
        assert answer.status_code == 422
        assert answer.json()["error"]["fields"]

    def test_annotators_are_refused(self, client_for, world):
        assert client_for(world.people[1]).get(self.address(world)).status_code == 403
