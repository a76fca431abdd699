"""Exports from rows: round trips, one changed rating, files all or none, the two commands."""

from __future__ import annotations

import errno
import hashlib
import io
import json
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from annotator.errors import ExportRefusedError, InvalidError, UnavailableError
from annotator.exporters.writer import HashedFile
from annotator.management.commands import export_dataset, rebuild_labels, snapshot_dataset
from annotator.models import Export, Project, Snapshot, StepLabel
from annotator.services.alternatives import alternative_set
from annotator.services.exports import export_create
from annotator.services.imports import import_file
from annotator.services.labels import label_set
from annotator.services.projects import project_create
from annotator.services.snapshots import snapshot_create
from scoring.errors import UnknownNameError
from tests.factories import problem_with_tree

FORMATS = Path(__file__).parents[1] / "data" / "formats"


@pytest.fixture
def project(db):
    return project_create(name="exports")


@pytest.fixture
def judged(project, user):
    """A project whose one problem has a right and a wrong branch, judged by a person."""
    problem = problem_with_tree(["a", ["b!"], ["c"]], project=project)
    for text, rating in (("a", 1), ("b!", 1), ("c", -1)):
        label_set(step=problem.steps.get(text=text), user=user, rating=rating)
    return problem


def imported(project, format_key, suffix="jsonl"):
    path = FORMATS / f"{format_key}.{suffix}"
    import_file(project=project, path=path, format=format_key)
    return path


def rows(folder, name):
    return [json.loads(line) for line in (folder / name).read_bytes().splitlines()]


def canonical(records):
    return sorted(json.dumps(record, sort_keys=True) for record in records)


def test_prm800k_comes_back_json_equal_from_rows(project, tmp_path):
    path = imported(project, "prm800k")
    export = export_create(project=project, format="prm800k", out_dir=tmp_path)
    before = [json.loads(line) for line in path.read_bytes().splitlines()]
    after = rows(tmp_path, "prm800k.jsonl")
    assert canonical(after) == canonical(before)
    assert export.rows == len(before)


def test_one_changed_rating_changes_exactly_that_rating(project, tmp_path, user):
    imported(project, "prm800k")
    label = StepLabel.objects.filter(rating=1).order_by("pk").first()
    old = export_create(project=project, format="prm800k", out_dir=tmp_path / "old")
    label_set(step=label.step, user=user, rating=-1)
    new = export_create(project=project, format="prm800k", out_dir=tmp_path / "new")
    assert old.snapshot != new.snapshot
    pairs = zip(
        rows(tmp_path / "old", "prm800k.jsonl"),
        rows(tmp_path / "new", "prm800k.jsonl"),
        strict=True,
    )
    changes = [change for pair in pairs for change in differences(*pair)]
    assert [(path[-1], old, new) for path, old, new in changes] == [("rating", 1, -1)]


def differences(a, b, path=()):
    """Return (path, old, new) for every leaf in which two JSON values differ."""
    if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        return [d for key in a for d in differences(a[key], b[key], (*path, key))]
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        return [
            d
            for i, pair in enumerate(zip(a, b, strict=True))
            for d in differences(*pair, (*path, i))
        ]
    return [] if a == b else [(path, a, b)]


@pytest.mark.parametrize(
    ("format_key", "suffix"),
    [
        (path.stem, path.suffix[1:])
        for path in sorted(FORMATS.glob("*.json*"))
        if path.stem != "prm_step_scores"
    ],
)
def test_tracewood_export_imports_into_a_project_of_equal_content(
    project, tmp_path, format_key, suffix, user
):
    imported(project, format_key, suffix)
    first = export_create(project=project, format="tracewood", out_dir=tmp_path / "1")
    again = project_create(name="again")
    report = import_file(project=again, path=tmp_path / "1" / "tracewood.jsonl", format="tracewood")
    assert report.rejected == 0
    second = export_create(project=again, format="tracewood", out_dir=tmp_path / "2")
    assert rows(tmp_path / "2", "tracewood.jsonl") == [
        {**row, "key": row["key"]} for row in rows(tmp_path / "1", "tracewood.jsonl")
    ]
    assert first.rows == second.rows > 0


def test_imported_scores_leave_with_the_lossless_format(project, tmp_path):
    imported(project, "bon_candidates", "json")
    imported(project, "prm_step_scores")
    export_create(project=project, format="tracewood", out_dir=tmp_path)
    assert any(row.get("scores") for row in rows(tmp_path, "tracewood.jsonl"))


def test_an_old_snapshot_exports_the_same_bytes_after_later_changes(
    judged, project, tmp_path, user
):
    snapshot = snapshot_create(project=project, name="fixed", rules={})
    call = {"project": project, "snapshot": snapshot, "format": "tracewood"}
    first = export_create(**call, out_dir=tmp_path / "1")
    label_set(step=judged.steps.get(text="a"), user=user, rating=-1)
    alternative_set(problem=judged, parent=None, user=user, text="new")
    problem_with_tree(["x!"], project=project)
    second = export_create(**call, out_dir=tmp_path / "2")
    assert [file["sha256"] for file in first.files] == [file["sha256"] for file in second.files]


def test_manifest_and_row_say_what_the_files_hold(judged, project, tmp_path, user):
    export = export_create(project=project, format="trl_stepwise", out_dir=tmp_path, user=user)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["snapshot"]["hash"] == export.snapshot.hash
    assert manifest["snapshot"]["rules"]["rater_kinds"] == ["person", "imported", "machine"]
    assert (manifest["rows"], manifest["files"]) == (export.rows, export.files)
    for file in export.files:
        content = (tmp_path / file["path"]).read_bytes()
        assert file["sha256"] == hashlib.sha256(content).hexdigest()
        assert file["rows"] == len(content.splitlines())
    assert export.created_by == user
    split = export.snapshot.problems.get().split  # a hash of the problem decides
    assert {path.name for path in tmp_path.iterdir()} == {"manifest.json", f"{split}.jsonl"}


def test_without_a_folder_files_go_into_the_artefact_store(judged, project):
    export = export_create(project=project, format="trl_preference")
    root = Path(settings.ARTIFACTS_URL)
    assert export.path.startswith("exports/")
    assert (root / export.path / "manifest.json").is_file()
    assert (root / export.path / export.files[0]["path"]).is_file()


def test_a_remote_store_gets_every_file_or_none(judged, project, settings, monkeypatch):
    from fsspec.implementations.memory import MemoryFileSystem

    settings.ARTIFACTS_URL = "memory://tracewood"
    export = export_create(project=project, format="parquet")
    held = MemoryFileSystem().find("/tracewood")
    assert sorted(held) == sorted(
        f"/tracewood/{export.path}/{name}"
        for name in ["manifest.json", *(file["path"] for file in export.files)]
    )
    MemoryFileSystem().rm("/tracewood", recursive=True)
    written = []

    def full(self, data):
        written.append(data)
        if len(written) > 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return len(data)

    monkeypatch.setattr("fsspec.implementations.memory.MemoryFile.write", full)
    with pytest.raises(UnavailableError):
        export_create(project=project, format="parquet")
    assert not MemoryFileSystem().find("/tracewood")


def test_full_disk_is_a_sentence_and_leaves_nothing(judged, project, tmp_path, monkeypatch):
    def full(self, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(HashedFile, "write", full)
    with pytest.raises(UnavailableError, match="disk is full") as refused:
        export_create(project=project, format="tracewood", out_dir=tmp_path / "out")
    assert refused.value.code == "disk_full"
    assert not (tmp_path / "out").exists()
    assert not Export.objects.exists()


def test_failure_keeps_what_was_in_the_folder_before(judged, project, tmp_path, monkeypatch):
    (tmp_path / "notes.txt").write_text("mine")
    export_create(project=project, format="tracewood", out_dir=tmp_path)
    before = {p: p.read_bytes() for p in tmp_path.iterdir()}

    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_create(project=project, format="tracewood", out_dir=tmp_path, on_progress=stop)
    assert {p: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_folder_that_is_a_file_is_a_sentence(judged, project, tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(UnavailableError, match="cannot be written"):
        export_create(project=project, format="tracewood", out_dir=tmp_path / "out")


def test_nothing_to_export_says_why(project, tmp_path):
    problem_with_tree(["a!"], project=project)
    with pytest.raises(ExportRefusedError, match="problem without a labelled first step"):
        export_create(project=project, format="trl_stepwise", out_dir=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_unknown_formats_and_options_name_the_known_ones(project, tmp_path):
    with pytest.raises(UnknownNameError, match="known: tracewood, prm800k"):
        export_create(project=project, format="nonsense", out_dir=tmp_path)
    with pytest.raises(UnknownNameError, match="labels"):
        export_create(project=project, format="trl_stepwise", options={"x": 1}, out_dir=tmp_path)
    with pytest.raises(InvalidError):
        export_create(
            project=project, format="trl_stepwise", options={"labels": "x"}, out_dir=tmp_path
        )


def test_progress_counts_problems(judged, project, tmp_path):
    problem_with_tree(["z!"], project=project)
    seen = []
    export_create(
        project=project,
        format="tracewood",
        out_dir=tmp_path,
        on_progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(1, 2), (2, 2)]


def run(command, *arguments):
    """Run a command as the command line does; return exit status and the JSON object."""
    out, err = io.StringIO(), io.StringIO()
    instance = command.Command(stdout=out, stderr=err)
    status = 0
    try:
        instance.run_from_argv(
            ["manage.py", command.__name__.rsplit(".", 1)[-1], *map(str, arguments), "--json"]
        )
    except SystemExit as left:
        status = int(left.code or 0)
    (line,) = out.getvalue().splitlines()
    return status, json.loads(line)


@pytest.fixture(autouse=True)
def _keep_connection(monkeypatch):
    """Stop commands from closing the connection that holds the transaction of the test."""
    monkeypatch.setattr("django.core.management.base.connections.close_all", lambda: None)


def test_snapshot_command_prints_the_contract(judged, db):
    status, answer = run(
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
    status, answer = run(snapshot_dataset, "--project", "new", "--name", "v1", *arguments)
    assert status == 2
    assert answer["error"]["message"]
    assert not Project.objects.exists()


def test_snapshot_command_refuses_a_taken_name_with_two(judged):
    run(snapshot_dataset, "--project", "exports", "--name", "v1")
    status, answer = run(snapshot_dataset, "--project", "exports", "--name", "v1")
    assert (status, answer["error"]["code"]) == (2, "name_taken")


def test_snapshot_command_creates_a_missing_project(db):
    status, answer = run(snapshot_dataset, "--project", "new", "--name", "empty")
    assert (status, answer["problems"]) == (0, 0)
    assert Project.objects.get().name == "new"


def test_export_command_prints_the_contract(judged, tmp_path):
    status, answer = run(
        export_dataset, "--project", "exports", "--format", "trl_stepwise", "--out", tmp_path / "o"
    )
    assert status == 0
    assert set(answer) == {"format", "snapshot", "rows", "excluded", "files"}
    (file,) = answer["files"]
    assert set(file) == {"path", "rows", "sha256"}
    assert len(Path(file["path"]).read_bytes().splitlines()) == file["rows"] == answer["rows"] == 2


def test_export_command_takes_snapshot_and_options_by_name(judged, tmp_path):
    run(snapshot_dataset, "--project", "exports", "--name", "v1")
    status, answer = run(
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
    run(snapshot_dataset, "--project", "exports", "--name", "v1")
    status, answer = run(export_dataset, "--project", "exports", *arguments, "--out", tmp_path)
    assert status == 2
    assert known in answer["error"]["message"]


def test_export_command_of_nothing_is_two(db, tmp_path):
    status, answer = run(
        export_dataset, "--project", "nowhere", "--format", "tracewood", "--out", tmp_path / "o"
    )
    assert (status, answer["error"]["code"]) == (2, "export_refused")


def test_rebuild_command_reports_and_repairs(judged):
    StepLabel.objects.filter(rating=-1).delete()
    status, answer = run(rebuild_labels, "--project", "exports", "--dry-run")
    assert (status, answer["missing"]) == (1, 1)
    # the factory wrote outcomes without events; they are what has to go
    status, answer = run(rebuild_labels, "--project", "exports")
    assert (status, answer["missing"], answer["extra"]) == (0, 1, 2)
    assert StepLabel.objects.filter(rating=-1).exists()
    status, answer = run(rebuild_labels, "--project", "nowhere")
    assert status == 2
    assert "exports" in answer["error"]["message"]


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
    status, answer = run(rebuild_labels, "--project", "imports", "--dry-run")
    assert status == 0, answer
