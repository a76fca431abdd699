"""The import page: what is sent is stored and queued, or refused without a trace."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from annotator.importers.registry import IMPORTERS
from annotator.models import Job, Upload, Worker
from annotator.services.artefacts import artefact_open
from tests.annotator.page_world import FILE, world_create

pytestmark = pytest.mark.django_db


def send(client, data=FILE, **more):
    file = SimpleUploadedFile("../../etc/tr<aces>.jsonl", data)
    return client.post("/p/Ours/import/", {"file": file, "format": "auto", **more})


def test_upload_is_stored_and_queued(client_for):
    world = world_create()
    answer = send(client_for(world.people["reviewer"]), dry_run="on")
    upload, job = Upload.objects.latest("pk"), Job.objects.latest("pk")
    assert answer["Location"].endswith(f"/p/Ours/jobs/{job.pk}/")
    assert job.kind == Job.Kind.IMPORT
    assert job.args == {
        "upload": upload.pk,
        "name": "tr<aces>.jsonl",
        "format": "auto",
        "dry_run": True,
    }
    with artefact_open(path=upload.path) as stored:
        assert stored.read() == FILE


def test_several_files_become_one_job_each_in_their_order(client_for):
    world = world_create()
    files = [SimpleUploadedFile(f"{name}.jsonl", FILE) for name in ("b", "a", "c")]
    answer = client_for(world.people["reviewer"]).post(
        "/p/Ours/import/", {"file": files, "format": "auto"}
    )
    assert answer["Location"].endswith("/p/Ours/jobs/")
    queued = Job.objects.filter(kind=Job.Kind.IMPORT, args__has_key="upload").order_by("pk")
    assert [job.args["name"] for job in queued][-3:] == ["b.jsonl", "a.jsonl", "c.jsonl"]


def test_upload_over_the_limit_leaves_nothing(client_for, settings):
    world = world_create()
    settings.UPLOAD_MAX_BYTES = 10
    client = client_for(world.people["reviewer"])
    answer = send(client)
    assert answer.status_code == 422
    assert "is larger than" in answer.content.decode()
    assert not Job.objects.filter(kind=Job.Kind.IMPORT).exists()
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    settings.FORM_OVERHEAD = 0
    huge = send(client, b"x" * (2 << 20))
    assert huge.status_code == 413


def test_nobody_else_may_send_large_bodies(client_for, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    anonymous = Client()
    assert anonymous.post("/sign-in/", {"username": "x" * 200}).status_code == 413
    assert send(anonymous, b"x" * 200).status_code == 413
    answer = anonymous.post("/api/v1/projects/", "x" * 200, "application/json")
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "too_large"


def test_unknown_format_is_refused_beside_the_field(client_for):
    world = world_create()
    answer = send(client_for(world.people["reviewer"]), format="odd")
    assert answer.status_code == 422
    assert "no import format called &#x27;odd&#x27;; known: tracewood" in answer.content.decode()


def test_missing_worker_is_a_message(client_for):
    world = world_create()
    client = client_for(world.people["reviewer"])
    assert "No io worker is running" in client.get("/p/Ours/import/").content.decode()
    Worker.objects.create(kind="io", host="here", pid=1)
    assert "No io worker is running" not in client.get("/p/Ours/import/").content.decode()


def test_the_form_names_every_kind_of_file_that_a_format_usually_has(client_for):
    world = world_create()
    page = client_for(world.people["reviewer"]).get("/p/Ours/import/").text
    said = page.split('id="file-help">')[1].split("at most")[0]
    endings = {suffix for row in IMPORTERS.values() for suffix in row.suffixes}
    assert set(re.findall(r"[A-Z]+", said)) == {ending[1:].upper() for ending in endings}
