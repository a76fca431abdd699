"""The pages of jobs: who sees what, ended and running, cancel and resume."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from annotator.errors import ImportRefusedError
from annotator.models import Job, Rater, SourceFile, Worker
from annotator.queries.jobs import missing_worker
from annotator.templatetags.pages import rater_name
from annotator.views.pages.jobs.rows import JobRow
from annotator.views.pages.models.metrics import metric_rows
from tests.annotator.page_world import world_create
from tests.factories import JobFactory

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).parents[3]


def test_hosts_are_shown_to_those_who_run_jobs(client_for):
    world = world_create()
    worker = Worker.objects.create(kind="gpu", host="host-of-the-team", pid=7, device="cuda:0")
    Job.objects.filter(pk=world.ids["job"]).update(worker=worker)
    for role, sees in (("viewer", 0), ("annotator", 0), ("reviewer", 1), ("owner", 1)):
        client = client_for(world.people[role])
        for path in ("/p/Ours/jobs/", f"/p/Ours/jobs/{world.ids['job']}/"):
            text = client.get(path).content.decode()
            assert ("host-of-the-team" in text) == bool(sees), (role, path)
    assert (
        "1 worker</span>"
        in client_for(world.people["viewer"]).get("/p/Ours/jobs/").content.decode()
    )


def test_a_cancelled_job_says_how_far_it_came(client_for):
    world = world_create()
    Job.objects.filter(pk=world.ids["job"]).update(state="cancelled", done=31, total=1600)
    page = client_for(world.people["viewer"]).get(f"/p/Ours/jobs/{world.ids['job']}/")
    assert "It came to 31 of 1,600." in page.content.decode()


def test_an_import_that_was_broken_off_shows_no_zeros(client_for):
    world = world_create()
    file = SourceFile.objects.create(project=world.project, format="tracewood", name="cut.jsonl")
    client = client_for(world.people["viewer"])
    assert "not ended" in client.get("/p/Ours/import/").content.decode()
    file.report = {"accepted": 3, "steps": 9}
    file.save()
    assert "not ended" not in client.get("/p/Ours/import/").content.decode()


def test_a_job_says_what_it_left_out_and_why(client_for):
    world = world_create()
    excluded = {"tie": 7, "its path is longer than <b>": 1200}
    Job.objects.filter(pk=world.ids["job"]).update(state="done", result={"excluded": excluded})
    page = client_for(world.people["reviewer"]).get(f"/p/Ours/jobs/{world.ids['job']}/")
    text = page.content.decode()
    assert "its path is longer than &lt;b&gt;" in text
    assert text.index("1,200") < text.index(">7<")


def test_checkers_are_called_what_people_call_them():
    (row,) = metric_rows({"game24/auroc": {"value": 0.5}})
    assert row.label == "AUROC · Game of 24"
    assert rater_name(Rater(name="checker:game24", kind="machine")) == "Game of 24"
    assert rater_name(Rater(name="game24", kind="person")) == "game24"
    assert rater_name(Rater(name="checker:gone", kind="machine")) == "checker:gone"


def test_open_job_polls_and_an_ended_one_rests(client_for):
    world = world_create()
    job = Job.objects.create(project=world.project, kind=Job.Kind.EXPORT, done=5, total=20)
    client = client_for(world.people["viewer"])
    live = client.get(f"/p/Ours/jobs/{job.pk}/", headers={"HX-Request": "true"})
    assert live.status_code == 200
    assert "data-poll" in live.content.decode()
    assert "<html" not in live.content.decode()
    Job.objects.filter(pk=job.pk).update(state="done")
    ended = client.get(f"/p/Ours/jobs/{job.pk}/", headers={"HX-Request": "true"})
    assert ended.status_code == 286
    assert "data-poll" not in ended.content.decode()
    rows = client.get("/p/Ours/jobs/").content.decode()
    assert "5 of 20" not in rows, "progress is told now and then: an ended job has done it all"


def test_an_ended_import_says_what_came_in_and_leaves_out_what_did_not_happen(client_for):
    world = world_create()
    result = {"accepted": 3, "unchanged": 2, "rejected": 1, "dry_run": False, "n_warnings": 0}
    job = Job.objects.create(
        project=world.project, kind=Job.Kind.IMPORT, state="done", result=result
    )
    page = client_for(world.people["reviewer"]).get(f"/p/Ours/jobs/{job.pk}/").content.decode()
    facts = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page)
    assert facts == [("New", "1"), ("Already there", "2"), ("Refused", "1")]
    SourceFile.objects.create(
        project=world.project, format="tracewood", name="again.jsonl", report=result
    )
    listed = client_for(world.people["viewer"]).get("/p/Ours/import/").content.decode()
    cells = re.findall(r'<td class="num">(?:<span[^>]*>)?(\d+)', listed.split("again.jsonl")[1])
    assert cells[:3] == ["1", "2", "1"], "new, already there, refused"


@pytest.mark.parametrize(
    "ended",
    [
        {"state": "done", "result": {"accepted": 0, "unchanged": 0, "rejected": 2}},
        {"state": "failed", "error": "the file is empty", "error_code": "empty_file"},
    ],
)
def test_an_import_that_took_nothing_leads_back_and_does_not_resume(client_for, ended):
    world = world_create()
    job = Job.objects.create(project=world.project, kind=Job.Kind.IMPORT, **ended)
    page = client_for(world.people["reviewer"]).get(f"/p/Ours/jobs/{job.pk}/").content.decode()
    assert re.search(r'href="/p/Ours/import/">Import again<', page)
    assert f"/jobs/{job.pk}/resume/" not in page


def test_an_import_that_lost_its_server_resumes(client_for):
    world = world_create()
    job = Job.objects.create(
        project=world.project, kind=Job.Kind.IMPORT, state="failed", error_code="disk_full"
    )
    page = client_for(world.people["reviewer"]).get(f"/p/Ours/jobs/{job.pk}/").content.decode()
    assert f"/jobs/{job.pk}/resume/" in page


def test_every_refusal_of_a_file_is_known():
    sources = (ROOT / "annotator").rglob("*.py")
    raised = re.findall(
        r'ImportRefusedError\((?:[^()]|\([^()]*\))*?code="(\w+)"',
        "".join(path.read_text(encoding="utf-8") for path in sources),
    )
    assert set(raised) == ImportRefusedError.CODES


def test_cancel_and_resume(client_for):
    world = world_create()
    job = Job.objects.create(project=world.project, kind=Job.Kind.EXPORT)
    client = client_for(world.people["reviewer"])
    page = client.post(f"/p/Ours/jobs/{job.pk}/cancel/", headers={"HX-Request": "true"})
    assert "Cancelled" in page.content.decode()
    again = client.post(f"/p/Ours/jobs/{job.pk}/cancel/", headers={"HX-Request": "true"})
    assert again.status_code == 409
    assert client.post(f"/p/Ours/jobs/{job.pk}/resume/").status_code == 302
    job.refresh_from_db()
    assert job.state == Job.State.QUEUED


def test_job_list_has_a_fixed_number_of_queries(client_for, django_assert_num_queries):
    world = world_create()
    client = client_for(world.people["viewer"])
    counts = []
    for _ in range(2):
        with django_assert_num_queries(8, exact=False) as counted:
            client.get("/p/Ours/jobs/")
        counts.append(len(counted))
        for _ in range(20):
            Job.objects.create(project=world.project, kind=Job.Kind.EXPORT)
    assert counts[0] == counts[1]


def test_a_job_that_waits_says_which_it_is_and_for_whom():
    job = JobFactory(kind=Job.Kind.TRAIN, args={"name": "first"})
    assert JobRow(job).waits == "Train first waits for a gpu worker"
    said = missing_worker(Worker.Kind.GPU, job)
    assert said.startswith(f"No gpu worker is running, so job {job.pk} (train) waits.")
    io = JobFactory(kind=Job.Kind.AGREEMENT, args={})
    assert JobRow(io).waits == "Agreement waits for an io worker"


def test_the_page_of_a_waiting_job_names_it(client_for):
    world = world_create()
    Job.objects.filter(pk=world.ids["job"]).update(state="queued", message="", done=0, total=0)
    row = JobRow(Job.objects.get(pk=world.ids["job"]))
    page = client_for(world.people["viewer"]).get(f"/p/Ours/jobs/{world.ids['job']}/")
    assert row.waits in page.content.decode()
