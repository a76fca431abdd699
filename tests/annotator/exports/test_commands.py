"""The commands for snapshots, exports and rebuilding: what they print and refuse."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.core.management import call_command

from annotator.management.commands import export_dataset, rebuild_labels, snapshot_dataset
from annotator.models import Project, Snapshot, StepLabel
from annotator.services.projects.projects import project_create
from tests.annotator.commands import run_command
from tests.annotator.exports.data import imported, rows
from tests.annotator.formats import FORMATS
from tests.factories import problem_with_tree


@pytest.fixture(autouse=True)
def _keep_connection(monkeypatch):
    """Stop commands from closing the connection that holds the transaction of the test."""
    monkeypatch.setattr("django.core.management.base.connections.close_all", lambda: None)


def test_snapshot_command_prints_the_contract(judged, db):
    status, answer = run_command(
        snapshot_dataset, "--project", "exports", "--name", "v1", "--neutral", "positive"
    )
    snapshot = Snapshot.objects.get()
    assert status == 0
    assert answer == {
        "snapshot": "v1",
        "hash": snapshot.hash,
        "problems": 1,
        "traces": 2,
        "steps": 3,
        "labels": 3,
        "pairs": 2,
        "excluded": {},
    }
    assert snapshot.rules["neutral"] == "positive"


@pytest.mark.parametrize(
    "arguments", [["--neutral", "maybe"], ["--aggregate", "mean"], ["--colour", "red"]]
)
def test_snapshot_command_refuses_unknown_rules_with_two(db, arguments):
    status, answer = run_command(snapshot_dataset, "--project", "new", "--name", "v1", *arguments)
    assert status == 2
    assert answer["error"]["message"]
    assert not Project.objects.exists()


def test_snapshot_command_refuses_a_taken_name_with_two(judged):
    run_command(snapshot_dataset, "--project", "exports", "--name", "v1")
    status, answer = run_command(snapshot_dataset, "--project", "exports", "--name", "v1")
    assert (status, answer["error"]["code"]) == (2, "name_taken")


def test_snapshot_command_creates_a_missing_project(db):
    status, answer = run_command(snapshot_dataset, "--project", "new", "--name", "empty")
    assert (status, answer["problems"]) == (0, 0)
    assert Project.objects.get().name == "new"


def test_export_command_prints_the_contract(judged, tmp_path):
    status, answer = run_command(
        export_dataset, "--project", "exports", "--format", "trl_stepwise", "--out", tmp_path / "o"
    )
    assert status == 0
    assert set(answer) == {"format", "snapshot", "rows", "excluded", "files"}
    file, card = answer["files"]
    assert Path(card["path"]).name == "README.md"
    assert set(file) == {"path", "rows", "sha256"}
    assert len(Path(file["path"]).read_bytes().splitlines()) == file["rows"] == answer["rows"] == 2


def test_export_command_takes_snapshot_and_options_by_name(judged, tmp_path):
    run_command(snapshot_dataset, "--project", "exports", "--name", "v1")
    status, answer = run_command(
        export_dataset, "--project", "exports", "--snapshot", "v1", "--format", "trl_stepwise",
        "--set", "labels=soft", "--out", tmp_path,
    )  # fmt: skip
    assert (status, answer["snapshot"]) == (0, "v1")
    written = Path(answer["files"][0]["path"])  # its split follows from the problem's text
    assert rows(written.parent, written.name)[0]["labels"] == [1.0, 1.0]


@pytest.mark.parametrize(
    ("arguments", "known"),
    [
        (["--format", "nonsense"], "trl_stepwise"),
        (["--format", "trl_stepwise", "--snapshot", "v9"], "v1"),
        (["--format", "trl_stepwise", "--set", "colour=red"], "labels"),
    ],
)
def test_export_command_names_the_known_ones_with_two(judged, tmp_path, arguments, known):
    run_command(snapshot_dataset, "--project", "exports", "--name", "v1")
    status, answer = run_command(
        export_dataset, "--project", "exports", *arguments, "--out", tmp_path
    )
    assert status == 2
    assert known in answer["error"]["message"]


def test_export_command_of_nothing_is_two(db, tmp_path):
    status, answer = run_command(
        export_dataset, "--project", "nowhere", "--format", "tracewood", "--out", tmp_path / "o"
    )
    assert (status, answer["error"]["code"]) == (2, "export_refused")


def test_rebuild_command_reports_and_repairs(judged):
    StepLabel.objects.filter(rating=-1).delete()
    status, answer = run_command(rebuild_labels, "--project", "exports", "--dry-run")
    assert (status, answer["missing"]) == (1, 1)
    # the factory wrote outcomes without events; they are what has to go
    status, answer = run_command(rebuild_labels, "--project", "exports")
    assert (status, answer["missing"], answer["extra"]) == (0, 1, 2)
    assert StepLabel.objects.filter(rating=-1).exists()
    status, answer = run_command(rebuild_labels, "--project", "nowhere")
    assert status == 2
    assert "exports" in answer["error"]["message"]


def test_rebuild_command_tells_how_far_it_is_on_stderr(judged, project, monkeypatch):
    monkeypatch.setattr(rebuild_labels, "TELL_EVERY", 2)
    for name in "xyz":
        problem_with_tree([name], project=project)
    out, err = io.StringIO(), io.StringIO()
    call_command("rebuild_labels", project="exports", stdout=out, stderr=err)
    assert err.getvalue().splitlines() == [
        "2 of 4 problems compared (50%)",
        "4 of 4 problems compared (100%)",
    ]
    assert "rows of 4 problems compared with their events." in out.getvalue()
    err = io.StringIO()
    call_command("rebuild_labels", project="exports", json=True, stdout=io.StringIO(), stderr=err)
    assert err.getvalue() == ""


def test_commands_speak_plainly_without_json(judged, tmp_path):
    out = io.StringIO()
    call_command("snapshot_dataset", project="exports", name="v1", stdout=out)
    call_command(
        "export_dataset", project="exports", format="tracewood", out=str(tmp_path), stdout=out
    )
    assert "Snapshot 'v1': 1 problems" in out.getvalue()
    assert "1 rows of snapshot" in out.getvalue()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("format_key", "suffix"),
    [(path.stem, path.suffix[1:]) for path in sorted(FORMATS.glob("*.json*"))],
)
def test_rebuild_finds_every_import_equal_to_its_events(format_key, suffix):
    project = project_create(name="imports")
    if format_key == "prm_step_scores":
        imported(project, "bon_candidates", "json")
    imported(project, format_key, suffix)
    status, answer = run_command(rebuild_labels, "--project", "imports", "--dry-run")
    assert status == 0, answer
