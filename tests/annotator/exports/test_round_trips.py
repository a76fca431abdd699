"""What leaves comes back: files equal their source, one changed rating changes one."""

from __future__ import annotations

import json

import pytest

from annotator.models import StepLabel
from annotator.services.datasets.exports import export_create
from annotator.services.datasets.snapshots import snapshot_create
from annotator.services.imports import import_file
from annotator.services.judgements.alternatives import alternative_set
from annotator.services.judgements.labels import label_set
from annotator.services.projects.projects import project_create
from tests.annotator.exports.data import imported, rows
from tests.annotator.formats import FORMATS
from tests.factories import problem_with_tree


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
