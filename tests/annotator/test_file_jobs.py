"""Export and snapshot jobs that are broken off: made good by the next attempt, and made once."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler

from annotator.errors import FencedOutError, UnavailableError
from annotator.exporters.writer import HashedFile
from annotator.models import Export, Job, Snapshot, Upload
from annotator.services import jobs
from annotator.services.datasets import exports
from annotator.services.imports import uploads
from annotator.services.imports.uploads import upload_store
from annotator.services.jobs.requests import export_request, snapshot_request
from annotator.services.judgements.labels import label_set
from annotator.services.projects.projects import project_create
from scoring.pipelines import io, runner
from tests.factories import MembershipFactory, UserFactory, problem_with_tree
from tests.scoring.stub_runs import hang_up

pytestmark = pytest.mark.django_db(transaction=True)
State = Job.State


@pytest.fixture
def project(settings, tmp_path):
    """Three judged problems."""
    settings.ARTIFACTS_URL = str(tmp_path)
    project, user = project_create(name="files"), UserFactory()
    for name in "abc":
        problem = problem_with_tree([name, [f"{name}!"]], project=project)
        label_set(step=problem.steps.get(text=name), user=user, rating=1)
    return project


def attempt(job):
    """Run the job once as a worker does; returns the row."""
    runner.run_claimed(jobs.job_claim(job_id=job.pk, worker=None))
    return Job.objects.get(pk=job.pk)


def stored(folder):
    """Return the files below the store, by their path in it."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def die_in_the_middle(monkeypatch):
    """Lose the connection at the second problem, once."""
    real, told = io._told, []

    def dying(context, what):
        tell = real(context, what)

        def tell_and_die(done, total):
            tell(done, total)
            told.append(done)
            if len(told) == 2:
                hang_up()

        return tell_and_die

    monkeypatch.setattr(io, "_told", dying)


@pytest.mark.usefixtures("die_in_the_middle")
def test_an_export_whose_connection_dies_is_made_by_the_next_attempt(project, tmp_path):
    job = export_request(project=project, user=None, format_key="tracewood")
    lost = attempt(job)
    assert lost.state == State.QUEUED
    assert lost.message.startswith("The connection to the database was lost (")
    assert stored(tmp_path) == []
    done = attempt(job)
    export = Export.objects.get()
    assert done.state == State.DONE, done.error
    assert done.result == {"export": export.pk, "rows": 3, "excluded": {}}
    names = [file["path"] for file in export.files]
    assert stored(tmp_path) == sorted(f"{export.path}/{n}" for n in ["manifest.json", *names])


@pytest.mark.usefixtures("die_in_the_middle")
def test_a_snapshot_whose_connection_dies_is_made_by_the_next_attempt(project):
    job = snapshot_request(project=project, user=None, name="s", rules={})
    assert attempt(job).state == State.QUEUED
    assert not Snapshot.objects.exists()
    done = attempt(job)
    snapshot = Snapshot.objects.get()
    assert done.state == State.DONE, done.error
    assert (done.result["snapshot"], done.result["problems"]) == (snapshot.pk, 3)


@pytest.mark.parametrize(
    ("request_job", "table"),
    [
        (
            lambda project: export_request(project=project, user=None, format_key="tracewood"),
            Export,
        ),
        (
            lambda project: snapshot_request(project=project, user=None, name="s", rules={}),
            Snapshot,
        ),
    ],
    ids=["export", "snapshot"],
)
def test_a_worker_lost_after_its_work_was_stored_does_not_have_it_done_twice(
    project, monkeypatch, request_job, table
):
    job = request_job(project)

    def killed(**_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(jobs, "job_finish", killed)
        with pytest.raises(KeyboardInterrupt):
            attempt(job)
    row = Job.objects.get(pk=job.pk)
    made = set(table.objects.values_list("pk", flat=True))
    jobs.job_lost(job=row, reason="The worker was lost.")
    done = attempt(job)
    assert done.state == State.DONE, done.error
    assert set(table.objects.values_list("pk", flat=True)) == made
    assert done.result == row.result != {}


def test_an_export_of_a_worker_that_was_thought_dead_leaves_nothing(project, tmp_path):
    job = export_request(project=project, user=None, format_key="tracewood")
    ghost = jobs.job_claim(job_id=job.pk, worker=None)
    jobs.job_lost(job=ghost, reason="The worker was lost.")
    successor = jobs.job_claim(job_id=job.pk, worker=None)
    with pytest.raises(FencedOutError):
        exports.export_create(project=project, format="tracewood", job=ghost)
    assert stored(tmp_path) == []
    assert not Export.objects.exists()
    export = exports.export_create(project=project, format="tracewood", job=successor)
    assert (Path(tmp_path) / export.path / "manifest.json").is_file()


def full(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_an_export_job_on_a_full_disk_says_where_and_can_be_resumed(project, tmp_path, monkeypatch):
    job = export_request(project=project, user=None, format_key="tracewood")
    with monkeypatch.context() as patch:
        patch.setattr(HashedFile, "write", full)
        row = attempt(job)
    assert (row.state, row.error_code) == (State.FAILED, "disk_full")
    assert f"the disk that holds {tmp_path}" in row.error
    assert "make room there" in row.error
    assert stored(tmp_path) == []
    jobs.job_resume(job=row)
    assert attempt(job).state == State.DONE


def test_an_upload_on_a_full_disk_says_where_and_leaves_nothing(project, tmp_path):
    def chunks():
        yield b"first half"
        full()

    with pytest.raises(
        UnavailableError, match=f"the disk that holds {tmp_path} is full"
    ) as refused:
        upload_store(project=project, user=UserFactory(), name="f.jsonl", chunks=chunks())
    assert (refused.value.code, refused.value.status) == ("disk_full", 503)
    assert stored(tmp_path) == []
    assert not Upload.objects.exists()


@pytest.fixture
def send(project, client_for):
    """Send files through the form of the import page as a browser does; returns the answer."""
    client = client_for(MembershipFactory(project=project).user)

    def post(*names):
        files = [SimpleUploadedFile(name, b'{"a": 1}\n' * 10) for name in names]
        return client.post("/p/files/import/", {"file": files, "format": "auto"})

    return post


def test_a_form_whose_second_file_finds_the_disk_full_stores_neither(send, tmp_path, monkeypatch):
    write, calls = uploads.artefact_write, []

    def full_at_the_second(**options):
        calls.append(options)
        if len(calls) == 2:
            options["chunks"] = map(full, options["chunks"])
        return write(**options)

    monkeypatch.setattr(uploads, "artefact_write", full_at_the_second)
    answer = send("a.jsonl", "b.jsonl")
    assert answer.status_code == 422
    assert f"the disk that holds {tmp_path} is full" in answer.content.decode()
    assert len(calls) == 2
    assert stored(tmp_path) == []
    assert not Upload.objects.exists()
    assert not Job.objects.exists()


def test_a_form_whose_temporary_file_finds_the_disk_full_is_answered(send, settings, monkeypatch):
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 10
    monkeypatch.setattr(TemporaryFileUploadHandler, "receive_data_chunk", full)
    answer = send("a.jsonl")
    assert answer.status_code == 503
    folder = settings.FILE_UPLOAD_TEMP_DIR
    assert f"the disk that holds {folder} is full" in answer.content.decode()
    assert not list(Path(folder).glob("*.upload*"))
    assert not Upload.objects.exists()
