"""Who does not review reads their own numbers only: of labels, of members, of jobs and datasets."""

from __future__ import annotations

import re

import pytest

from annotator.models import Export, Job, Snapshot, Step, StepLabel
from annotator.services.judgements.labels import label_set
from tests.annotator.page_world import world_create
from tests.page_text import without_tokens

pytestmark = pytest.mark.django_db
SECRETS = IN_JOB, LABELS, PAIRS, LEFT_OUT = range(60606061, 60606065)
EVERYBODYS = 3  # two of the colleague, one of the annotator


@pytest.fixture
def world():
    world = world_create()
    first, second, _ = Step.objects.order_by("preorder")
    for person, step in (("colleague", first), ("colleague", second), ("annotator", first)):
        StepLabel.objects.filter(step=step, rater__user=world.people[person]).delete()
        label_set(step=step, user=world.people[person], rating=1)
    StepLabel.objects.filter(unsure=True).delete()
    counts = {"problems": 1, "steps": 3, "labels": LABELS, "pairs": PAIRS}
    Snapshot.objects.update(counts=counts)
    Export.objects.update(excluded={"unsure step": LEFT_OUT})
    filled = {"project": world.project, "kind": Job.Kind.QUEUE, "state": Job.State.DONE}
    world.ids["done"] = Job.objects.create(**filled, result={"gold": IN_JOB}).pk
    Job.objects.create(
        project=world.project, kind=Job.Kind.EXPORT, created_by=world.people["owner"]
    )
    return world


@pytest.mark.parametrize(
    ("role", "labels"), [("owner", EVERYBODYS), ("reviewer", EVERYBODYS), ("annotator", 1)]
)
def test_projects_count_what_the_person_may_know(world, client_for, role, labels):
    client = client_for(world.people[role])
    row = client.get("/api/v1/projects/Ours/").json()
    listed = client.get("/api/v1/projects/").json()["results"]
    assert (row["labels"], [found["labels"] for found in listed]) == (labels, [labels])
    page = client.get("/").content.decode()
    assert (' <span class="muted">yours</span>' in page) == (role == "annotator")
    assert ("1 open" in page) == (role != "annotator")
    header = client.get("/p/Ours/problems/").content.decode()
    count = re.search(r'class="count live"[^>]*>1<', header)
    assert bool(count) == (role != "annotator")


def test_a_viewer_has_no_number_of_labels(world, client_for):
    client = client_for(world.people["viewer"])
    assert client.get("/api/v1/projects/Ours/").json()["labels"] == 0
    assert "yours" not in without_tokens(client.get("/").content.decode())


def test_jobs_of_ones_own_are_counted(world, client_for):
    Job.objects.filter(kind=Job.Kind.EXPORT).update(created_by=world.people["annotator"])
    assert "1 open" in client_for(world.people["annotator"]).get("/").content.decode()


@pytest.mark.parametrize("role", ["reviewer", "annotator", "viewer"])
def test_members_show_the_labels_of_others_to_reviewers(world, client_for, role):
    client = client_for(world.people[role])
    rows = client.get("/api/v1/projects/Ours/members/").json()["results"]
    labels = {row["username"]: row["labels"] for row in rows}
    assert labels["colleague"] == (2 if role == "reviewer" else None)
    assert labels[role] == (1 if role == "annotator" else 0)
    page = client.get("/p/Ours/members/").content.decode()
    row = page.partition(f'id="member-{world.member.pk}"')[2].partition("</tr>")[0]
    assert ('<td class="num">2</td>' in row) == (role == "reviewer")


@pytest.mark.parametrize("role", ["reviewer", "annotator", "viewer"])
def test_results_of_jobs_and_counts_of_datasets_are_for_reviewers(world, client_for, role):
    client = client_for(world.people[role])
    ids = world.ids
    addresses = [
        f"/p/Ours/jobs/{ids['done']}/",
        f"/api/v1/jobs/{ids['done']}/",
        "/api/v1/jobs/?project=Ours",
        "/p/Ours/datasets/",
        f"/p/Ours/exports/{ids['export']}/",
        "/api/v1/snapshots/?project=Ours",
        f"/api/v1/snapshots/{ids['snapshot']}/",
        "/api/v1/exports/?project=Ours",
        f"/api/v1/exports/{ids['export']}/",
    ]
    for address in addresses:
        text = client.get(address).content.decode().replace(",", "")
        told = [secret for secret in SECRETS if f"{secret}" in text]
        assert bool(told) == (role == "reviewer"), address


def test_the_jobs_page_counts_the_queues_of_all_projects_for_reviewers(world, client_for):
    for role in ("reviewer", "annotator"):
        text = client_for(world.people[role]).get("/p/Ours/jobs/").content.decode()
        assert ("0 running, 1 waiting" in text) == (role == "reviewer")
