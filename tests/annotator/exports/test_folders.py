"""The folder of an export opens as it is: the card says which files are data, the manifest is none."""

from __future__ import annotations

import io
import json
from zipfile import ZipFile

import datasets
import pytest
import yaml

from annotator.exporters.registry import EXPORTERS
from annotator.models import Export, Step
from annotator.queries.rankings.places import place_of
from annotator.services.datasets.exports import export_create
from annotator.services.judgements.labels import label_set
from annotator.services.projects.projects import project_create
from annotator.services.rankings.answers import Answer, ranking_set
from tests.factories import problem_with_tree

pytestmark = pytest.mark.django_db
HOSTILE = '<script>alert(1)</script>\n---\n# big: "y" {split: x}'


@pytest.fixture
def project(user):
    """Problems of right and wrong traces, every step rated, siblings and traces ranked."""
    project = project_create(name="Ours", owner=user)
    for number in range(12):
        shape = [[f"{number} a", ["b!"], ["c"]], [f"{number} d"], ["e"], ["f"]]
        problem = problem_with_tree(*shape, project=project, prompt=f"How many? No. {number}")
        problem.project = project
        for at, step in enumerate(Step.objects.filter(problem=problem).order_by("preorder")):
            step.problem = problem
            label_set(step=step, user=user, rating=1 if at % 3 else -1)
        for level in ("step", "trace"):
            place = place_of(problem=problem, level=level, parent_id=None)
            tiers = [[item] for item in place.items]
            ranking_set(place=place, user=user, answer=Answer(tiers=tiers))
    return project


def loaded(folder, cache, *name):
    return datasets.load_dataset(str(folder), *name, cache_dir=str(cache))


@pytest.mark.parametrize("key", EXPORTERS)
def test_every_folder_opens_with_datasets(project, tmp_path, key):
    export = export_create(project=project, format=key, out_dir=tmp_path / "out")
    assert (tmp_path / "out" / "manifest.json").is_file()
    tables = ["steps", "traces", "labels"] if key == "parquet" else [None]
    rows = 0
    for table in tables:
        found = loaded(tmp_path / "out", tmp_path / "cache", *([table] if table else []))
        rows += sum(found.num_rows.values())
    assert rows == export.rows
    card = next(file for file in export.files if file["path"] == "README.md")
    assert card["rows"] == 0


def test_the_card_names_splits_and_no_text_of_the_project_acts():
    row = EXPORTERS["trl_stepwise"]
    text = row.card(HOSTILE, ["train.jsonl", "test.jsonl"])
    front = yaml.safe_load(text.split("\n---\n")[0].removeprefix("---\n"))
    assert front["pretty_name"] == " ".join(HOSTILE.split())
    (config,) = front["configs"]
    assert config["data_files"] == [
        {"split": "train", "path": "train.jsonl"},
        {"split": "test", "path": "test.jsonl"},
    ]
    assert "<script>" not in text.split("\n---\n")[1]
    whole = EXPORTERS["prm800k"].card("x", ["prm800k.jsonl"])
    assert "{split: train, path: prm800k.jsonl}" in whole


def test_the_manifest_counts_rows_and_rankings_by_level(project, tmp_path):
    export_create(project=project, format="trl_preference", out_dir=tmp_path / "pairs")
    pairs = json.loads((tmp_path / "pairs" / "manifest.json").read_text())
    assert pairs["levels"]["rankings"] == {"step": 12, "trace": 12}
    assert pairs["levels"]["rows"].keys() <= {"step", "branch", "trace"}
    assert sum(pairs["levels"]["rows"].values()) == pairs["rows"]
    rows = [
        json.loads(line)
        for path in (tmp_path / "pairs").glob("*.jsonl")
        for line in path.read_text().splitlines()
    ]
    for level, n in pairs["levels"]["rows"].items():
        assert [row["level"] for row in rows].count(level) == n
    assert all("margin" not in row for row in rows)
    export_create(project=project, format="tracewood", out_dir=tmp_path / "all")
    whole = json.loads((tmp_path / "all" / "manifest.json").read_text())
    assert whole["levels"] == {"rows": {}, "rankings": {"step": 12, "trace": 12}}


def test_the_archive_holds_the_card_and_the_manifest(project, client_for, user):
    export = export_create(project=project, format="trl_stepwise")
    answer = client_for(user).get(f"/p/Ours/exports/{export.pk}/all.zip")
    with ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:
        listed = {file["path"] for file in Export.objects.get().files}
        folder = f"{export.project.name}-{export.snapshot.name}-trl_stepwise"
        assert set(archive.namelist()) == {
            f"{folder}/{path}" for path in {*listed, "manifest.json"}
        }
        assert "README.md" in listed
