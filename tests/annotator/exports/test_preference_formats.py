"""Every format of preferences is opened by ``datasets`` and says what was ranked."""

from __future__ import annotations

import datasets
import pytest

from scoring.types import NodeRecord, OutcomeRecord, TraceRecord
from tests.annotator.exports.data import problem
from tests.annotator.exports.ranked_data import TREE, decision, order, ranked
from tests.annotator.tree_exports import export, export_rows

PLAIN = {"details": "no"}


SKY = problem(
    nodes=[NodeRecord("blue."), NodeRecord("green.")],
    traces=[TraceRecord(0, model="m1"), TraceRecord(1, model="m2")],
    targets=[],
    rankings=[order([0], [1])],
)


def loaded(key, problems, tmp_path, **options):
    """The rows as ``datasets`` reads them."""
    _, files = export(key, problems, **options)
    paths = []
    for name, data in files.items():
        paths.append(str(tmp_path / name))
        (tmp_path / name).write_bytes(data)
    table = datasets.load_dataset("json", data_files=paths, cache_dir=str(tmp_path / "cache"))
    return list(table["train"])


@pytest.mark.parametrize(
    ("form", "row"),
    [
        ("explicit", {"prompt": "p ", "chosen": "blue.", "rejected": "green."}),
        ("implicit", {"chosen": "p blue.", "rejected": "p green."}),
        (
            "conversational",
            {
                "prompt": [{"role": "user", "content": "p"}],
                "chosen": [{"role": "assistant", "content": "blue."}],
                "rejected": [{"role": "assistant", "content": "green."}],
            },
        ),
    ],
)
def test_trl_preference_forms(form, row, tmp_path):
    rows = loaded("trl_preference", [SKY], tmp_path, form=form, separator=" ", **PLAIN)
    assert rows == [row]


def test_trl_preference_margin_and_details(tmp_path):
    rows = loaded("trl_preference", [SKY], tmp_path, separator=" ", margin="yes")
    assert rows == [
        {
            "prompt": "p ",
            "chosen": "blue.",
            "rejected": "green.",
            "margin": 1.0,
            "level": "trace",
            "decided_by": "ranking",
            "criterion": "overall",
            "margin_unit": "tiers",
            "raters": ["person:ann"],
            "lca_depth": 0,
            "problem_id": "7",
        }
    ]


@pytest.mark.parametrize(
    ("form", "row"),
    [
        ("explicit", {"prompt": "p ", "completion": "a", "label": True}),
        (
            "conversational",
            {
                "prompt": [{"role": "user", "content": "p"}],
                "completion": [{"role": "assistant", "content": "a"}],
                "label": True,
            },
        ),
    ],
)
def test_trl_unpaired_forms(form, row, tmp_path):
    found = problem(nodes=[NodeRecord("a")], targets=[1.0], traces=[])
    rows = loaded("trl_unpaired", [found], tmp_path, form=form, separator=" ", details="no")
    assert rows == [row]


@pytest.mark.parametrize(
    ("form", "row"),
    [
        ("plain", {"prompt": "p ", "chosen": "blue.", "rejected": "green.", "margin": 1.0}),
        (
            "chat",
            {
                "prompt": [{"role": "user", "content": "p"}],
                "chosen": [{"role": "assistant", "content": "blue."}],
                "rejected": [{"role": "assistant", "content": "green."}],
                "margin": 1.0,
            },
        ),
    ],
)
def test_openrlhf_rows(form, row, tmp_path):
    assert loaded("openrlhf_rm", [SKY], tmp_path, form=form, separator=" ") == [row]


def graded(*values):
    """One-step traces "t0", "t1" … with these outcomes."""
    return problem(
        nodes=[NodeRecord(f"t{at}") for at in range(len(values))],
        traces=[
            TraceRecord(at, model=f"m{at}", outcomes=[OutcomeRecord("correct", value)])
            for at, value in enumerate(values)
        ],
        targets=[],
    )


def test_rewardbench2_rows(tmp_path):
    rows = loaded("rewardbench2", [graded(0.0, 1.0, 0.0, 0.0)], tmp_path)
    assert rows == [
        {
            "id": "7",
            "prompt": "p",
            "chosen": ["t1"],
            "rejected": ["t0", "t2", "t3"],
            "num_correct": 1,
            "num_incorrect": 3,
            "total_completions": 4,
            "subset": "Math",
            "models": ["m1", "m0", "m2", "m3"],
        }
    ]


def test_rewardbench2_ties_are_two_rows_of_one_number(tmp_path):
    tied, ref = loaded("rewardbench2", [graded(1.0, 1.0, 0.0)], tmp_path, kind="ties")
    assert (tied["id"].split(":")[0], ref["id"].split(":")[0]) == ("tied", "ref")
    assert int(tied["id"].split(":")[1]) == int(ref["id"].split(":")[1])
    assert (tied["chosen"], tied["rejected"], tied["num_correct"]) == (["t0", "t1"], ["t2"], 2)
    assert ref["chosen"][0] in ("t0", "t1")
    assert (ref["num_correct"], ref["total_completions"], ref["subset"]) == (1, 2, "Ties")


def test_rewardbench2_counts_what_it_leaves_out():
    report, _ = export("rewardbench2", [graded(1.0, 0.0), graded(1.0, 1.0), graded(1.0, None)])
    assert report.excluded == {
        "problem with too few wrong answers": 1,
        "problem without both right and wrong answers": 2,
    }
    same = problem(
        nodes=[NodeRecord("a"), NodeRecord("a")],
        traces=[TraceRecord(at, outcomes=[OutcomeRecord("correct", 1.0 - at)]) for at in (0, 1)],
        targets=[],
    )
    report, _ = export("rewardbench2", [same])
    assert report.excluded["equal answers judged right and wrong"] == 1


def test_rewardbench2_by_ranking():
    found = ranked(order([2], [0, 1]))
    (row,) = export_rows("rewardbench2", [found], by="ranking", rejected=2)
    assert (row["chosen"], row["rejected"], row["models"]) == (
        ["t2"],
        ["t0", "t1"],
        ["m2", "m0", "m1"],
    )


def test_ranking_lists_keep_rankings_as_they_are(tmp_path):
    found = ranked(
        order([2], [0], aside=[1], criterion="clear", shown=[1, 2, 0], scores={2: 5.0, 0: 1.0}),
        adjudications=[decision([0], [1, 2])],
    )
    first, final = loaded("ranking_list", [found], tmp_path, separator="|")
    assert first == {
        "prompt": "p|",
        "items": ["t1", "t2", "t0"],
        "tiers": [[1], [2]],
        "aside": [0],
        "failed": [],
        "scores": [None, 5.0, 1.0],
        "level": "trace",
        "criterion": "clear",
        "rater": "ann",
        "rater_kind": "person",
        "rater_version": "",
        "depth": 0,
        "problem_id": "7",
        "adjudicated": False,
    }
    assert (final["tiers"], final["criterion"], final["adjudicated"]) == (
        [[0], [1, 2]],
        "overall",
        True,
    )


def test_ranking_lists_of_steps_begin_at_their_parent():
    rankings = [order([3], [2], level="step", parent=1)]
    found = problem(nodes=TREE, traces=[], targets=[], rankings=rankings)
    (row,) = export_rows("ranking_list", [found], separator="|")
    assert (row["prompt"], row["items"], row["depth"]) == ("p|x|y|", ["z2", "z"], 2)
