"""One job at a time scores a project with a model; who asks again is led to it."""

from __future__ import annotations

import pytest

from annotator.errors import ConflictError
from annotator.models import Job, RewardModel
from annotator.services.jobs.requests import score_request
from tests.annotator.page_world import world_create

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return world_create()


@pytest.fixture
def job(world):
    return score_request(model=RewardModel.objects.get(), user=world.people["owner"])


def scoring():
    return Job.objects.filter(kind=Job.Kind.SCORE)


@pytest.mark.parametrize("state", [Job.State.QUEUED, Job.State.RUNNING])
def test_a_second_job_is_refused_while_one_is_open(job, state):
    scoring().update(state=state)
    with pytest.raises(ConflictError, match=f"Job {job.pk} scores") as refused:
        score_request(model=RewardModel.objects.get(), user=None)
    assert refused.value.code == "job_open"
    assert scoring().get() == job


@pytest.mark.parametrize("state", [Job.State.DONE, Job.State.FAILED, Job.State.CANCELLED])
def test_after_it_ended_the_project_can_be_scored_again(job, state):
    scoring().update(state=state)
    assert score_request(model=RewardModel.objects.get(), user=None) != job


def test_another_model_is_scored_beside_it(world, job):
    other = RewardModel.objects.create(
        project=world.project, name="other", kind="prm", ready=True, artefact="models/2"
    )
    assert score_request(model=other, user=None) != job


def test_pages_lead_to_the_job_and_the_api_says_conflict(world, job, client_for):
    client = client_for(world.people["reviewer"])
    model = world.ids["model"]
    address = f"/p/Ours/jobs/{job.pk}/"
    page = client.get(f"/p/Ours/models/{model}/").content.decode()
    assert f'href="{address}">Scoring: job {job.pk}' in page
    assert "Score the project" not in page
    answer = client.post(f"/p/Ours/models/{model}/score/", follow=True)
    assert answer.redirect_chain == [(address, 302)]
    assert "already" in answer.content.decode()
    sent = {"project": "Ours", "kind": "score", "model": model}
    refused = client.post("/api/v1/jobs/", sent, content_type="application/json")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "job_open")
    assert scoring().get() == job
