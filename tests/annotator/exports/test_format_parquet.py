"""Parquet: ``datasets`` opens the folder by its card, and the card is only text."""

from __future__ import annotations

import hashlib
import io

import datasets
import pyarrow.parquet as pq
import pytest
import yaml

from annotator.exporters.card import inert
from annotator.exporters.formats import parquet
from scoring.types import LabelRecord, NodeRecord, RaterRecord
from tests.annotator.exports.data import problem
from tests.annotator.tree_exports import export

LABELS = [LabelRecord(0, RaterRecord("person", "ann"), None, unsure=True, note="=1+1")]
HOSTILE = '<script>alert(1)</script> [x](javascript:1) `a` https://e.x\n---\n# big: "y"'


def problems():
    ratings = [1, 1, None, -1, 1, -1]
    yield problem(labels=LABELS, ratings=ratings)
    yield problem(id="8", split="test", targets=[], ratings=[])


@pytest.fixture
def folder(tmp_path):
    report, files = export("parquet", problems())
    for name, data in files.items():
        path = tmp_path / "export" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return report, files, tmp_path


def test_datasets_opens_every_table_by_the_card(folder):
    _, _, path = folder
    loaded = {
        name: datasets.load_dataset(str(path / "export"), name, cache_dir=str(path / "cache"))
        for name in ("steps", "traces", "labels")
    }
    assert loaded["steps"].num_rows == {"train": 6, "test": 6}
    assert loaded["traces"].num_rows == {"train": 4, "test": 4}
    assert loaded["labels"].num_rows == {"train": 1}
    steps = loaded["steps"]["train"]
    assert steps["text"] == [*"abcdef"]
    assert steps["parent"] == [-1, 0, 1, 0, 3, -1]
    assert steps["depth"] == [1, 2, 3, 2, 3, 1]
    assert steps["target"] == [1.0, 1.0, None, 0.0, 1.0, 0.0]
    assert loaded["steps"]["test"]["target"] == [None] * 6
    assert loaded["labels"]["train"][0]["rating"] is None
    assert loaded["labels"]["train"][0]["adjudicated"] is False
    assert loaded["traces"]["train"]["correct"] == [1.0, 0.0, 0.0, None]


def test_the_manifest_agrees_with_the_files(folder):
    report, files, _ = folder
    assert report.rows == 12 + 8 + 1
    assert {entry.path for entry in report.files} == files.keys()
    for entry in report.files:
        assert entry.sha256 == hashlib.sha256(files[entry.path]).hexdigest()
        assert entry.size == len(files[entry.path])


def test_the_card_has_valid_front_matter(folder):
    _, files, _ = folder
    front = yaml.safe_load(files["README.md"].decode().split("---\n")[1])
    assert [config["config_name"] for config in front["configs"]] == ["steps", "traces", "labels"]
    info = front["dataset_info"][0]
    assert [split["num_examples"] for split in info["splits"]] == [6, 6]
    assert {f["name"]: f["dtype"] for f in info["features"]}["target"] == "float64"


def test_hostile_names_are_only_text_in_the_card():
    _, files = export("parquet", [problem(project=HOSTILE)])
    text = files["README.md"].decode()
    head, front, *rest = text.split("---\n")
    assert head == ""
    assert yaml.safe_load(front)["pretty_name"] == " ".join(HOSTILE.split())
    page = "".join(rest)
    assert "<script>" not in page
    assert "](javascript" not in page
    assert "https://" not in page
    assert page.lstrip().startswith("# \\`".replace("\\`", "&lt;script&gt;"))


def test_inert_text_is_one_escaped_line():
    assert inert("a\nb  <i>*c*") == "a b &lt;i&gt;\\*c\\*"


def test_rows_leave_in_groups_so_that_memory_stays_flat(monkeypatch):
    monkeypatch.setattr(parquet, "_ROWS", 10)
    nodes = [NodeRecord(str(i), i - 1) for i in range(45)]
    _, files = export("parquet", [problem(nodes=nodes, targets=[], traces=[])])
    file = pq.ParquetFile(io.BytesIO(files["steps/train-00000.parquet"]))
    assert file.metadata.num_rows == 45
    assert file.metadata.num_row_groups == 5


def test_a_few_long_texts_make_a_group_of_their_own(monkeypatch):
    monkeypatch.setattr(parquet, "_BYTES", 100)
    nodes = [NodeRecord("x" * 200)]
    _, files = export(
        "parquet", [problem(id=str(i), nodes=nodes, targets=[], traces=[]) for i in range(3)]
    )
    file = pq.ParquetFile(io.BytesIO(files["steps/train-00000.parquet"]))
    assert file.metadata.num_row_groups == 3


def test_a_failing_source_leaves_no_file_open():
    def failing():
        yield problem()
        raise RuntimeError("the database went away")

    with pytest.raises(RuntimeError, match="went away"):
        export("parquet", failing())


def test_an_export_of_nothing_is_a_card_alone():
    report, files = export("parquet", [])
    assert files.keys() == {"README.md"}
    assert report.rows == 0
    assert "configs" not in files["README.md"].decode()
