"""The JSON API: one error shape, the pages' services behind it, blind where people must be."""

from __future__ import annotations

import json
import uuid

import pytest
from django.core.management import call_command
from django.db import OperationalError
from django.test import Client

from annotator.models import Assignment, Job, Project, Step, Upload
from annotator.services.judgements.labels import label_set
from scoring.tree import Tree
from tests.annotator.api_client import Api, assert_error
from tests.annotator.page_world import FILE, world_create
from tests.factories import problem_with_tree

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return world_create()


@pytest.fixture
def as_(world):
    return lambda role: Api(world.people[role])


def test_every_refusal_has_the_same_shape(world, as_, monkeypatch):
    api, step = as_("owner"), f"steps/{world.ids['step']}/labels/"
    assert_error(api("get", "nowhere/at/all"), 404, "not_found")
    assert_error(api("delete", "nowhere/"), 404, "not_found")
    assert_error(api("get", "steps/0/labels/"), 404, "not_found")
    assert_error(api("post", step, {}), 405, "method_not_allowed")
    assert_error(api("get", "projects/", Accept="text/csv"), 406, "not_acceptable")
    assert_error(api("put", step, {"rating": 5}), 422, "invalid")
    assert_error(api("get", "jobs/"), 422, "invalid")
    raw = {"content_type": "application/json"}
    assert_error(api.client.put(f"/api/v1/{step}", "{", **raw), 400, "parse_error")
    assert_error(api.client.put(f"/api/v1/{step}", '{"rating": NaN}', **raw), 400, "parse_error")
    long = api.client.put(f"/api/v1/{step}", '{"rating": ' + "9" * 5000 + "}", **raw)
    assert assert_error(long, 400, "parse_error")["message"].endswith("too many digits.")
    said = assert_error(api("put", step, {"rating": 1, "notes": "lost"}), 422, "invalid")
    assert "There is no such field; known: rating, " in said["fields"]["notes"]
    deep = '{"rating":' + "[" * 100_000
    assert api.client.put(f"/api/v1/{step}", deep, **raw).status_code in {400, 422}
    form = api.client.put(f"/api/v1/{step}", "a=1", content_type="text/csv")
    assert_error(form, 415, "unsupported_media_type")
    assert_error(as_("viewer")("put", step, {"rating": 1}), 403, "forbidden")
    assert_error(Client().get("/api/v1/projects/"), 401, "not_signed_in")

    def fail(**_):
        raise RuntimeError("secret detail")

    monkeypatch.setattr("annotator.api.projects.project_rows", fail)
    said = assert_error(api("get", "projects/"), 500, "internal")
    assert "secret detail" not in said["message"]


def test_a_lost_database_is_an_answer_to_repeat(as_, monkeypatch):
    def fail(**_):
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr("annotator.api.projects.project_rows", fail)
    said = assert_error(as_("viewer")("get", "projects/"), 503, "unavailable")
    assert "send this again" in said["message"]


def test_validation_names_every_field(as_):
    fields = assert_error(as_("owner")("post", "projects/", {"description": []}), 422, "invalid")[
        "fields"
    ]
    assert fields.keys() == {"name", "description"}


def test_text_the_database_cannot_hold_is_refused(world, as_):
    api, step = as_("annotator"), f"steps/{world.ids['step']}/labels/"
    for note in ("a\x00b", "a\ud800b"):
        body = json.dumps({"rating": 1, "note": note})
        assert_error(api("put", step, body), 422, "invalid")
    assert_error(as_("owner")("post", "projects/", {"name": "a\x00"}), 422, "invalid")


def test_a_refusal_quotes_what_utf_8_cannot_hold(world, as_):
    api, step = as_("annotator"), f"steps/{world.ids['step']}/labels/"
    for body in ('{"rating": "\\ud800"}', '{"rating": 1, "\\ud800": 1}'):
        refused = api("put", step, body)
        assert_error(refused, 422, "invalid")
        assert b"\\ud800" in refused.content
    assert "ø" in api("put", step, {"rating": "ø"}).content.decode()


def test_description_is_valid():
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", "/dev/null")


# Labels


def test_label_is_set_once_per_key(world, as_):
    api, path = as_("annotator"), f"steps/{world.ids['step']}/labels/"
    key = str(uuid.uuid4())
    said = {"rating": -1, "error_type": "arithmetic", "note": "=1+1"}
    first = api("put", path, said, Idempotency_Key=key).json()
    again = api("put", path, said, Idempotency_Key=key).json()
    assert not first["replayed"]
    assert again["replayed"]
    assert again["event"] == first["event"]
    assert again["label"]["note"] == "=1+1"
    other = api("put", path, {"rating": 1}, Idempotency_Key=key)
    assert_error(other, 409, "idempotency_key_used")
    assert_error(api("put", path, said, Idempotency_Key="x"), 422, "invalid")


def test_null_rating_is_not_zero(world, as_):
    api, path = as_("annotator"), f"steps/{world.ids['step']}/labels/"
    assert api("put", path, {"rating": None}).json()["label"]["rating"] is None
    assert api("put", path, {"rating": 0}).json()["label"]["rating"] == 0
    assert api("delete", path).json()["label"] is None


def test_annotator_is_blind_until_the_own_judgement(world, as_):
    step = Step.objects.select_related("problem__project").get(pk=world.ids["step"])
    label_set(step=step, user=world.people["owner"], rating=-1, note="led astray")
    path = f"steps/{step.pk}/labels/"
    assert len(as_("reviewer")("get", path).json()["results"]) == 1
    annotator = as_("annotator")
    assert annotator("get", path).json()["results"] == []
    assert as_("viewer")("get", path).json()["results"] == []
    annotator("put", path, {"rating": 1})
    # A queue still wants an answer on this step; others' labels open with the submission.
    assert len(annotator("get", path).json()["results"]) == 1
    said = annotator("post", f"assignments/{world.assignments['annotator']}/submit/", {"fence": 1})
    assert said.status_code == 422  # the second step is not rated
    Assignment.objects.filter(user=world.people["annotator"]).update(state="submitted")
    assert len(annotator("get", path).json()["results"]) == 2


def test_scores_are_hidden_where_the_project_asks_for_it(world, as_):
    Project.objects.filter(pk=world.project.pk).update(show_scores=False)
    paths = (
        f"scores/?model={world.ids['model']}",
        f"problems/{world.ids['problem']}/tree/?model={world.ids['model']}",
    )
    for path in paths:
        assert_error(as_("annotator")("get", path), 403, "forbidden")
        assert as_("reviewer")("get", path).status_code == 200


def test_outcome_is_corrected_by_a_reviewer(world, as_):
    path = f"traces/{world.ids['trace']}/outcomes/"
    assert as_("reviewer")("put", path, {"name": "correct", "value": 0.5}).json()["value"] == 0.5
    said = as_("viewer")("get", path).json()["results"]
    assert said == [{"name": "correct", "value": 0.5, "source": "person:reviewer"}]


# Problems and trees


def test_tree_is_what_the_core_reads(world, as_):
    problem = problem_with_tree(
        ["a", ["b!"], ["c", ["d"]]], ["e!"], project=world.project, prompt="The problem"
    )
    body = as_("viewer")("get", f"problems/{problem.pk}/tree/").json()
    tree = Tree.from_records(body["nodes"])
    assert [str(text) for text in tree.text] == ["The problem", "a", "b!", "c", "d", "e!"]
    assert tree.depth.tolist() == [0, 1, 2, 2, 3, 1]
    assert tree.outcomes.tolist() == [1.0, 0.0, 1.0]
    assert body["traces"][0]["outcomes"] == {"correct": 1.0}


def test_problem_pages_join_up(world, as_):
    for _ in range(5):
        problem_with_tree(["a!"], project=world.project)
    api, seen, query = as_("viewer"), [], ""
    while query is not None:
        page = api("get", f"projects/Ours/problems/?size=4{query}").json()
        seen += [row["id"] for row in page["results"]]
        query = f"&after={page['next']}" if page["next"] else None
    assert seen == sorted(set(seen))
    assert len(seen) == 6
    assert_error(api("get", "projects/Ours/problems/?size=0"), 422, "invalid")
    assert_error(api("get", "projects/Ours/problems/?after=x"), 422, "invalid")
    assert_error(api("get", "projects/Ours/problems/?labels=odd"), 422, "invalid")


# Jobs, models and datasets


def test_file_is_sent_and_its_import_queued(world, as_):
    api = as_("reviewer")
    sent = api.client.post(
        "/api/v1/projects/Ours/uploads/?name=a.jsonl", FILE, "application/octet-stream"
    )
    assert sent.status_code == 201
    upload = Upload.objects.get(pk=sent.json()["id"])
    assert upload.size == len(FILE)
    body = {"project": "Ours", "kind": "import", "upload": upload.pk, "dry_run": True}
    job = api("post", "jobs/", body)
    assert job.status_code == 202
    assert job.json()["args"]["dry_run"] is True
    assert_error(api("post", "jobs/", {"project": "Ours", "kind": "import"}), 422, "invalid")


def test_upload_of_another_project_is_not_found(world, as_):
    theirs = Project.objects.get(name="Theirs")
    upload = Upload.objects.create(project=theirs, name="x", path="uploads/y", size=1)
    body = {"project": "Ours", "kind": "import", "upload": upload.pk}
    assert_error(as_("owner")("post", "jobs/", body), 404, "not_found")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"kind": "train", "settings": {"steps": "none"}}, "setting"),
        ({"kind": "train", "settings": {"odd": "1"}}, "unknown_name"),
        ({"kind": "train", "reward_model_kind": "odd"}, "unknown_name"),
        ({"kind": "export", "format": "odd"}, "unknown_name"),
        ({"kind": "snapshot", "name": "frozen"}, "name_taken"),
        ({"kind": "snapshot"}, "invalid"),
        ({"kind": "score"}, "invalid"),
    ],
)
def test_work_that_cannot_be_done_is_not_queued(world, as_, body, code):
    before = Job.objects.count()
    answer = as_("reviewer")("post", "jobs/", {"project": "Ours", **body})
    assert_error(answer, 409 if code == "name_taken" else 422, code)
    assert Job.objects.count() == before


def test_job_is_cancelled_and_resumed(world, as_):
    api = as_("reviewer")
    job = api("post", "exports/", {"project": "Ours", "format": "tracewood"}).json()
    assert api("post", f"jobs/{job['id']}/cancel/").json()["state"] == "cancelled"
    assert_error(api("post", f"jobs/{job['id']}/cancel/"), 409, "conflict")
    assert api("post", f"jobs/{job['id']}/resume/").json()["state"] == "queued"
    curves = api("get", f"jobs/{world.ids['job']}/metrics/").json()["results"]
    assert curves == [{"name": "loss", "points": [[1, 0.5]]}]


def test_lists_are_paged_by_id(world, as_):
    for _ in range(3):
        Job.objects.create(project=world.project, kind=Job.Kind.EXPORT)
    api = as_("viewer")
    first = api("get", "jobs/?project=Ours&size=3").json()
    second = api("get", f"jobs/?project=Ours&size=3&before={first['next']}").json()
    seen = [job["id"] for job in first["results"] + second["results"]]
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 4
    assert second["next"] is None


@pytest.mark.parametrize("path", ["models", "snapshots", "exports"])
def test_lists_show_the_project(path, as_):
    rows = as_("viewer")("get", f"{path}/?project=ours").json()["results"]
    assert [row["project"] for row in rows] == ["Ours"]


def test_export_files_come_from_the_manifest(world, as_):
    api = as_("reviewer")
    export = api("get", f"exports/{world.ids['export']}/").json()
    answer = api.client.get(export["files"][0]["url"])
    assert b"".join(answer) == FILE
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert_error(api("get", f"exports/{export['id']}/files/other.jsonl"), 404, "not_found")


def test_project_settings_change_one_by_one(as_):
    api = as_("owner")
    api("patch", "projects/Ours/", {"description": "new"})
    changed = api("patch", "projects/Ours/", {"show_scores": False}).json()
    assert (changed["description"], changed["show_scores"]) == ("new", False)
    made = api("post", "projects/", {"name": "Second"})
    assert made.status_code == 201
    assert_error(api("post", "projects/", {"name": "second"}), 409, "name_taken")
