"""The page Datasets: snapshots and exports are queued; files are saved, never shown."""

from __future__ import annotations

from io import BytesIO
from zipfile import ZipFile

import pytest

from annotator.models import Export, Job, Project, Snapshot
from annotator.services.artefacts import artefact_write
from tests.annotator.page_world import FILE, world_create

pytestmark = pytest.mark.django_db


def test_snapshot_and_export_are_queued_with_their_rules(client_for):
    world = world_create()
    client = client_for(world.people["reviewer"])
    rules = {"name": "June", "aggregate": "latest", "neutral": "soft", "include_machine": "on"}
    assert client.post("/p/Ours/datasets/snapshots/", rules).status_code == 302
    job = Job.objects.latest("pk")
    assert job.args["rules"] == {"aggregate": "latest", "neutral": "soft", "include_machine": True}
    chosen = {"form": "explicit", "level": "every", "outcome": "correct"}
    chosen |= {"margin": "yes", "details": "yes"}
    pair = {"snapshot": world.ids["snapshot"], "separator": "\\n", "max_per_problem": "3", **chosen}
    assert client.post("/p/Ours/datasets/exports/trl_preference/", pair).status_code == 302
    job = Job.objects.latest("pk")
    assert job.args["options"]["separator"] == "\n"
    assert job.args["options"]["max_per_problem"] == 3
    assert job.args["snapshot"] == world.ids["snapshot"]


def test_snapshot_of_another_project_cannot_be_chosen(client_for):
    world = world_create()
    theirs = Snapshot.objects.create(project=Project.objects.get(name="Theirs"), name="s")
    answer = client_for(world.people["reviewer"]).post(
        "/p/Ours/datasets/exports/tracewood/", {"snapshot": theirs.pk}
    )
    assert answer.status_code == 422
    assert not Job.objects.filter(kind=Job.Kind.EXPORT).exists()


def test_taken_snapshot_name_is_said(client_for):
    world = world_create()
    said = {"name": "frozen", "aggregate": "latest", "neutral": "drop"}
    answer = client_for(world.people["reviewer"]).post("/p/Ours/datasets/snapshots/", said)
    assert answer.status_code == 422
    assert "snapshots never change" in answer.content.decode()


def test_export_file_is_saved_never_shown(client_for):
    world = world_create()
    answer = client_for(world.people["reviewer"]).get(
        f"/p/Ours/exports/{world.ids['export']}/files/train.jsonl"
    )
    assert b"".join(answer) == FILE
    assert answer.headers["Content-Disposition"] == 'attachment; filename="train.jsonl"'
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("role", ["viewer", "annotator"])
def test_export_files_hold_everybodys_judgements_and_are_for_reviewers(client_for, role):
    world = world_create()
    client = client_for(world.people[role])
    for file in ("files/train.jsonl", "all.zip"):
        url = f"/p/Ours/exports/{world.ids['export']}/{file}"
        assert client.get(url).status_code == 403
        assert url not in client.get(f"/p/Ours/exports/{world.ids['export']}/").text


def test_all_files_of_an_export_come_as_one_zip_in_their_folders(client_for):
    world = world_create()
    export = Export.objects.get(pk=world.ids["export"])
    stored = artefact_write(path=f"{export.path}/steps/a.parquet", chunks=[b"PAR", b"1"])
    entry = {"path": "steps/a.parquet", "rows": 1, "sha256": stored.sha256}
    Export.objects.update(files=[*export.files, entry])
    url = f"/p/Ours/exports/{export.pk}/all.zip"
    answer = client_for(world.people["reviewer"]).get(url)
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    folder = answer.headers["Content-Disposition"].split('"')[1].removesuffix(".zip")
    assert folder.startswith("Ours-")
    with ZipFile(BytesIO(b"".join(answer))) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == {
            f"{folder}/train.jsonl": FILE,
            f"{folder}/steps/a.parquet": b"PAR1",
            f"{folder}/manifest.json": b"{}",
        }
    assert url in client_for(world.people["reviewer"]).get(f"/p/Ours/exports/{export.pk}/").text


def test_a_zip_of_an_export_that_lost_a_file_is_refused_before_it_starts(client_for):
    world = world_create()
    Export.objects.update(files=[{"path": "gone.jsonl", "rows": 0, "sha256": ""}])
    url = f"/p/Ours/exports/{world.ids['export']}/all.zip"
    assert client_for(world.people["reviewer"]).get(url).status_code == 404


@pytest.mark.parametrize(
    "path", ["../secret_key", "..%2f..%2fsecret_key", "/etc/passwd", "x", "train.jsonl/../../x"]
)
def test_download_cannot_leave_the_manifest(client_for, path):
    world = world_create()
    client = client_for(world.people["owner"])
    base = f"/p/Ours/exports/{world.ids['export']}/files/"
    assert client.get(base + path).status_code == 404


@pytest.mark.parametrize("path", ["../../secret_key", "/etc/passwd", "a\\..\\b", "file:///etc"])
def test_even_a_forged_manifest_stays_inside_the_store(client_for, path):
    world = world_create()
    Export.objects.update(path="..", files=[{"path": path, "rows": 0, "sha256": ""}])
    client = client_for(world.people["owner"])
    answer = client.get(f"/p/Ours/exports/{world.ids['export']}/files/{path}")
    assert answer.status_code in {404, 422}
