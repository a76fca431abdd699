"""No list of a page is cut: what does not fit is on the next page, and the API says where it starts."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from annotator.models import Export, Gold, Job, Queue, RewardModel, Snapshot, SourceFile
from tests.annotator.page_world import world_create
from tests.factories import ProblemFactory

pytestmark = pytest.mark.django_db
MANY = 55


@pytest.fixture
def world():
    return world_create()


def fill(world, list_name):
    """Add ``MANY`` rows to a list."""
    project = world.project
    snapshot = Snapshot.objects.get(project=project)

    def named(model, **fields):
        return [model(project=project, name=f"n{i}", **fields) for i in range(MANY)]

    rows = {
        "queue": lambda: named(Queue, task="all_steps"),
        "snapshot": lambda: named(Snapshot, hash="0" * 64),
        "export": lambda: [
            Export(project=project, snapshot=snapshot, format="parquet", path="x")
            for _ in range(MANY)
        ],
        "file": lambda: named(SourceFile, format="tracewood"),
        "model": lambda: named(RewardModel, kind="prm", ready=True),
        "job": lambda: [Job(project=project, kind=Job.Kind.EXPORT) for _ in range(MANY)],
        "gold": lambda: [
            Gold(
                project=project,
                problem=problem,
                task="rank_trace",
                answer={"tiers": []},
                active=bool(i % 3),
            )
            for i, problem in enumerate(ProblemFactory.create_batch(MANY, project=project))
        ],
    }[list_name]()
    rows[0]._meta.model.objects.bulk_create(rows)


LISTS = [
    ("queue-list", "queue", ""),
    ("gold-list", "gold", ""),
    ("dataset-list", "snapshot", "snapshots"),
    ("dataset-list", "export", "exports"),
    ("import", "file", "files"),
    ("model-list", "model", ""),
    ("job-list", "job", ""),
]


@pytest.mark.parametrize(("route", "noun", "of"), LISTS)
def test_pages_of_a_list_hold_every_row(world, client_for, route, noun, of):
    fill(world, noun)
    client = client_for(world.people["owner"])
    address = reverse(f"annotator:{route}", args=["Ours"])
    seen, query = [], ""
    while query is not None:
        text = client.get(address + query).content.decode()
        seen += re.findall(rf'<(?:tr|tbody) id="{noun}-(\d+)"', text)
        links = re.findall(r'rel="next" href="([^"]+)"', text)
        query = next((link.replace("&amp;", "&") for link in links if of in link), None)
    model = {"file": SourceFile, "model": RewardModel}.get(noun)
    model = model or {m._meta.model_name: m for m in (Queue, Gold, Snapshot, Export, Job)}[noun]
    assert sorted(map(int, seen)) == sorted(model.objects.values_list("pk", flat=True))


@pytest.mark.parametrize("path", ["jobs", "models", "snapshots", "exports", "queues"])
def test_api_lists_say_where_the_next_page_starts(world, client_for, path):
    fill(world, path.removesuffix("s"))
    client = client_for(world.people["owner"])
    seen, query = [], ""
    while query is not None:
        body = client.get(f"/api/v1/{path}/?project=Ours{query}").json()
        seen += [row["id"] for row in body["results"]]
        query = f"&before={body['next']}" if body["next"] else None
    assert len(seen) == len(set(seen)) > MANY
    assert seen == sorted(seen, reverse=True)


def test_every_snapshot_can_be_chosen_for_an_export(world, client_for):
    fill(world, "snapshot")
    address = reverse("annotator:dataset-list", args=["Ours"])
    text = client_for(world.people["owner"]).get(address).content.decode()
    chosen = text.partition('id="export-tracewood-snapshot"')[2].partition("</select>")[0]
    assert chosen.count("<option") == 1 + Snapshot.objects.count()


def test_nonsense_is_refused_and_not_read_as_the_first_page(world, client_for):
    client = client_for(world.people["owner"])
    for route, _, of in LISTS:
        address = reverse(f"annotator:{route}", args=["Ours"])
        assert client.get(f"{address}?{of + '-' if of else ''}after=x").status_code == 422
