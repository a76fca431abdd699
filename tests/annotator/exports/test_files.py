"""The files of an export: manifest, folder and store, all or nothing."""

from __future__ import annotations

import errno
import hashlib
import json
from pathlib import Path

import pytest
from django.conf import settings

from annotator.errors import ExportRefusedError, InvalidError, UnavailableError
from annotator.exporters.writer import HashedFile
from annotator.models import Export
from annotator.services.datasets.exports import export_create
from scoring.errors import UnknownNameError
from tests.factories import problem_with_tree


def test_manifest_and_row_say_what_the_files_hold(judged, project, tmp_path, user):
    export = export_create(project=project, format="trl_stepwise", out_dir=tmp_path, user=user)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["snapshot"]["hash"] == export.snapshot.hash
    assert manifest["snapshot"]["rules"]["rater_kinds"] == ["person", "imported", "machine"]
    assert (manifest["rows"], manifest["files"]) == (export.rows, export.files)
    for file in export.files:
        content = (tmp_path / file["path"]).read_bytes()
        assert file["sha256"] == hashlib.sha256(content).hexdigest()
        assert file["rows"] == (0 if file["path"] == "README.md" else len(content.splitlines()))
    assert export.created_by == user
    split = export.snapshot.problems.get().split  # a hash of the problem decides
    written = {path.name for path in tmp_path.iterdir()}
    assert written == {"README.md", "manifest.json", f"{split}.jsonl"}


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
    with pytest.raises(UnavailableError) as refused:
        export_create(project=project, format="tracewood", out_dir=tmp_path / "out")
    assert str(refused.value) == (
        f"The export cannot be written: the disk that holds {tmp_path / 'out'} is full. Nothing of "
        "it was kept; make room there, then try again."
    )
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
