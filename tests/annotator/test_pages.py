"""The pages: hostile text stays text, forms answer honestly, live parts rest, files stay inside."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from io import BytesIO
from zipfile import ZipFile

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.test import Client

from annotator.markdown import markdown_html
from annotator.models import Export, Job, Project, Snapshot, Upload, Worker
from annotator.services.artefacts import artefact_open, artefact_write
from annotator.views.pages.charts import charts
from annotator.views.pages.metric_rows import metric_rows
from tests.annotator.page_world import FILE, HOSTILE, world_create
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

PAGES = (
    "/",
    "/tokens/",
    "/p/Ours/problems/",
    "/p/Ours/import/",
    "/p/Ours/models/",
    "/p/Ours/models/{model}/",
    "/p/Ours/jobs/",
    "/p/Ours/jobs/{job}/",
    "/p/Ours/datasets/",
    "/p/Ours/exports/{export}/",
    "/p/Ours/guidelines/",
    "/p/Ours/guidelines/edit/",
    "/p/Ours/members/",
    "/p/Ours/settings/",
)


class Elements(HTMLParser):
    """What a browser would act on: handlers, inline styles, script addresses, foreign images."""

    def __init__(self):
        super().__init__()
        self.acting, self.scripts, self.scripts_with_source = [], 0, 0

    def handle_starttag(self, tag, attrs):
        said = dict(attrs)
        self.scripts += tag == "script"
        self.scripts_with_source += tag == "script" and said.get("src", "").startswith("/static/")
        address = (said.get("href") or said.get("action") or "").lower()
        handlers = [name for name in said if name.startswith("on") or name == "style"]
        if handlers or tag in {"img", "iframe", "object"} or address.startswith("javascript:"):
            self.acting.append((tag, said))


@pytest.mark.parametrize("page", PAGES)
def test_hostile_text_stays_text(page, client_for):
    world = world_create(text=HOSTILE)
    answer = client_for(world.people["owner"]).get(page.format(**world.ids))
    assert answer.status_code == 200
    found = Elements()
    found.feed(answer.content.decode())
    assert not found.acting
    assert found.scripts == found.scripts_with_source


@pytest.mark.parametrize("page", PAGES)
def test_no_secret_is_in_a_page(page, client_for):
    world = world_create()
    client = client_for(world.people["owner"])
    html = client.get(page.format(**world.ids)).content.decode()
    for secret in (settings.SECRET_KEY, client.session.session_key, str(settings.TRACEWOOD_HOME)):
        assert secret not in html


def test_markdown_cannot_act():
    html = markdown_html(
        "<script>x</script> **bold** [a](javascript:alert(1)) [b](https://e.org) ![i](http://e/x.png)"
    )
    assert "<strong>bold</strong>" in html
    assert "<script" not in html
    assert 'href="javascript' not in html
    assert "<img" not in html
    assert 'rel="noopener noreferrer nofollow"' in html


def test_cookies_are_closed(client_for):
    client = Client(enforce_csrf_checks=True)
    person = UserFactory()
    person.set_password("a long password 1")
    person.save()
    page = client.get("/sign-in/")
    token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', page.content.decode())[1]
    said = {"username": person.username, "password": "a long password 1"}
    assert client.post("/sign-in/", said).status_code == 403
    answer = client.post("/sign-in/", {**said, "csrfmiddlewaretoken": token})
    assert answer.status_code == 302
    session = answer.cookies[settings.SESSION_COOKIE_NAME]
    assert session["httponly"]
    assert session["samesite"] == "Lax"


def test_too_many_wrong_passwords_must_wait():
    person = UserFactory()
    person.set_password("a long password 1")
    person.save()
    client = Client()
    for _ in range(10):
        client.post("/sign-in/", {"username": person.username, "password": "wrong"})
    right = {"username": person.username, "password": "a long password 1"}
    page = client.post("/sign-in/", right)
    assert "Wait 15 minutes" in page.content.decode()
    assert "_auth_user_id" not in client.session


def test_sign_in_does_not_lead_elsewhere(client_for):
    person = UserFactory()
    answer = client_for(person).get("/sign-in/?next=https://evil.example/")
    assert answer["Location"] == "/"


def test_errors_are_plain_for_scripts_and_pages_for_browsers(client_for):
    client = client_for(UserFactory())
    for headers in ({}, {"HX-Request": "true", "Accept": "text/html"}):
        answer = client.get("/p/Nothing/problems/", headers=headers)
        assert answer.status_code == 404
        assert answer.headers["Content-Type"].startswith("text/plain")
        assert "no project called" in answer.content.decode()
    browser = client.get("/p/<b>Nothing/problems/", headers={"Accept": "text/html"})
    assert browser.status_code == 404
    assert "<h1>Not here</h1>" in browser.content.decode()
    assert "&lt;b&gt;Nothing" in browser.content.decode()
    unknown = client.get("/nowhere/", headers={"Accept": "text/html"})
    assert unknown.status_code == 404
    assert "There is no page" in unknown.content.decode()


def test_ended_session_sends_the_whole_page_to_sign_in():
    answer = Client().get("/p/Ours/jobs/", headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == settings.LOGIN_URL


def test_failure_has_a_reference_and_needs_no_database(client_for, monkeypatch):
    world = world_create()
    client = client_for(world.people["owner"])
    client.raise_request_exception = False

    def fail(**_):
        raise RuntimeError("secret detail")

    monkeypatch.setattr("annotator.views.pages.members.members_of", fail)
    answer = client.get("/p/Ours/members/", headers={"Accept": "text/html"})
    assert answer.status_code == 500
    assert answer.headers["X-Request-Id"] in answer.content.decode()
    assert "secret detail" not in answer.content.decode()


@pytest.mark.parametrize(
    "away", ["webapp.sessions.prepared_row", "annotator.views.pages.members.members_of"]
)
def test_a_database_that_is_away_is_said_plainly(client_for, monkeypatch, away):
    client = client_for(world_create().people["owner"])
    client.raise_request_exception = False

    def fail(*_, **__):
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(away, fail)
    answer = client.get("/p/Ours/members/", headers={"Accept": "text/html"})
    assert answer.status_code == 503
    assert "The database does not answer just now" in answer.content.decode()
    assert client.get("/p/Ours/members/").headers["Content-Type"].startswith("text/plain")


# Import


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


# Jobs


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
    page = client_for(world.people["viewer"]).get(f"/p/Ours/jobs/{job.pk}/").content.decode()
    names = re.findall(r"<dt>(.*?)</dt>", page)
    assert names == ["Accepted", "Already there", "Refused"]


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


# Models and datasets


def test_training_form_comes_from_the_config_and_checks_before_queueing(client_for):
    world = world_create()
    client = client_for(world.people["reviewer"])
    page = client.get("/p/Ours/models/").content.decode()
    for name in ("learning_rate", "held_out", "step_tokens"):
        assert f'name="{name}"' in page
    wrong = client.post("/p/Ours/models/", {"kind": "prm", "base": "tiny", "held_out": "2"})
    assert wrong.status_code == 422
    assert not Job.objects.filter(state="queued").exists()
    said = {"kind": "prm", "base": "tiny", "steps": "40", "name": "mine"}
    assert client.post("/p/Ours/models/", said).status_code == 302
    job = Job.objects.get(state="queued")
    assert job.args["run"]["training"]["steps"] == 40
    assert job.args["name"] == "mine"


def test_poor_numbers_are_shown_beside_the_baseline(client_for):
    world = world_create()
    model = world.project.reward_models.get()
    model.metrics["length_auroc"] = {"value": 0.55, "low": 0.5, "high": 0.6, "n": 10}
    model.metrics["above_length_auroc"] = {"value": -0.05, "low": -0.1, "high": 0.02, "n": 10}
    model.metrics["undecided"] = {"value": 3.0, "low": None, "high": None, "n": 13}
    model.provenance["measured_on"] = {"": {"machine": 10}}
    model.save()
    page = client_for(world.people["viewer"]).get(f"/p/Ours/models/{model.pk}/").content.decode()
    assert "0.500" in page
    assert "0.550" in page
    assert "Not shown to be better than step length." in page
    assert "Labelled steps left out: target 0.5" in page
    assert "checkers' labels" in html.unescape(page)


def test_a_curve_of_a_part_of_the_held_out_problems_says_so():
    drawn = charts({"auroc": [(10, 0.5), (20, 0.6)], "loss": [(10, 0.5)]})
    assert [chart.note for chart in drawn] == ["on the first 60 held-out problems at most", ""]


def test_being_above_the_baseline_is_read_from_the_paired_difference():
    found = {
        "auroc": {"value": 0.7, "low": 0.5, "high": 0.9, "n": 10},
        "length_auroc": {"value": 0.6, "low": 0.4, "high": 0.8, "n": 10},
    }
    assert [row.beats_baseline for row in metric_rows(found)] == [None]
    found["above_length_auroc"] = {"value": 0.1, "low": 0.05, "high": 0.15, "n": 10}
    measured_on = {"": {"person": 1200, "machine": 4}}
    (row,) = metric_rows(found, measured_on)
    assert row.beats_baseline is True
    assert row.judges == "1,200 people's, 4 checkers' labels"


def test_curves_download_cannot_be_a_formula(client_for):
    world = world_create()
    job = world.project.jobs.get()
    job.metrics.create(step=2, name="=cmd()", value=1.0)
    answer = client_for(world.people["viewer"]).get(
        f"/p/Ours/models/{world.ids['model']}/metrics.csv"
    )
    rows = answer.content.decode().splitlines()
    assert rows[0] == "metric,step,value"
    assert "loss,1,0.5" in rows
    assert "'=cmd(),2,1.0" in rows


def test_snapshot_and_export_are_queued_with_their_rules(client_for):
    world = world_create()
    client = client_for(world.people["reviewer"])
    rules = {"name": "June", "aggregate": "latest", "neutral": "soft", "include_machine": "on"}
    assert client.post("/p/Ours/datasets/snapshots/", rules).status_code == 302
    job = Job.objects.latest("pk")
    assert job.args["rules"] == {"aggregate": "latest", "neutral": "soft", "include_machine": True}
    pair = {"snapshot": world.ids["snapshot"], "separator": "\\n", "max_per_problem": "3"}
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
    answer = client_for(world.people["viewer"]).get(
        f"/p/Ours/exports/{world.ids['export']}/files/train.jsonl"
    )
    assert b"".join(answer) == FILE
    assert answer.headers["Content-Disposition"] == 'attachment; filename="train.jsonl"'
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_all_files_of_an_export_come_as_one_zip_in_their_folders(client_for):
    world = world_create()
    export = Export.objects.get(pk=world.ids["export"])
    stored = artefact_write(path=f"{export.path}/steps/a.parquet", chunks=[b"PAR", b"1"])
    entry = {"path": "steps/a.parquet", "rows": 1, "sha256": stored.sha256}
    Export.objects.update(files=[*export.files, entry])
    url = f"/p/Ours/exports/{export.pk}/all.zip"
    answer = client_for(world.people["viewer"]).get(url)
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    with ZipFile(BytesIO(b"".join(answer))) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == {
            "train.jsonl": FILE,
            "steps/a.parquet": b"PAR1",
        }
    assert url in client_for(world.people["viewer"]).get(f"/p/Ours/exports/{export.pk}/").text


def test_a_zip_of_an_export_that_lost_a_file_is_refused_before_it_starts(client_for):
    world = world_create()
    Export.objects.update(files=[{"path": "gone.jsonl", "rows": 0, "sha256": ""}])
    url = f"/p/Ours/exports/{world.ids['export']}/all.zip"
    assert client_for(world.people["viewer"]).get(url).status_code == 404


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


# Guidelines


def test_every_save_is_a_version_and_a_stale_one_is_refused(client_for):
    world = world_create()
    client = client_for(world.people["owner"])
    page = "/p/Ours/guidelines/edit/"
    assert client.post(page, {"markdown": "three", "based_on": "2"}).status_code == 302
    stale = client.post(page, {"markdown": "four", "based_on": "2"})
    assert stale.status_code == 422
    assert "four" in stale.content.decode()
    assert "Version 3 was saved while you edited version 2" in stale.content.decode()
    assert world.project.guidelines.count() == 3
    client.post(page, {"markdown": "three", "based_on": "3"})
    assert world.project.guidelines.count() == 3


def test_sample_is_offered_to_newcomers_and_made_once(client_for):
    client = client_for(UserFactory())
    assert "Load the sample project" in client.get("/").content.decode()
    assert client.post("/sample/").status_code == 302
    assert Job.objects.get().kind == Job.Kind.SAMPLE
    assert client.post("/sample/").status_code == 409
