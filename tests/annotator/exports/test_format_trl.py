"""TRL files: rows by hand, exclusions counted, and ``datasets`` opens them."""

from __future__ import annotations

from itertools import combinations

import datasets
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotator.errors import InvalidError
from annotator.exporters.comparisons import Pair, Pairs, shared
from annotator.exporters.registry import EXPORTERS, exporter
from scoring.errors import UnknownNameError
from scoring.preference.groups import Group, Judged
from scoring.types import NodeRecord, OutcomeRecord, TraceRecord
from tests.annotator.exports.data import problem
from tests.annotator.tree_exports import export, export_rows


def test_stepwise_rows_are_the_labelled_paths():
    rows = export_rows("trl_stepwise", [problem()])
    assert rows == [
        {"prompt": "p", "completions": ["a", "b"], "labels": [True, True]},
        {"prompt": "p", "completions": ["a", "d", "e"], "labels": [True, False, True]},
        {"prompt": "p", "completions": ["f"], "labels": [False]},
    ]


def test_stepwise_soft_labels_are_the_targets_themselves():
    targets = [0.9, 0.5, None, 0.25, None, None]
    rows = export_rows("trl_stepwise", [problem(targets=targets)], labels="soft")
    assert [row["labels"] for row in rows] == [[0.9, 0.5], [0.9, 0.25]]


def test_stepwise_counts_what_it_leaves_out():
    report, _ = export("trl_stepwise", [problem(targets=[None, 1.0, None, None, None, 0.5])])
    assert report.rows == 0
    assert report.excluded == {
        "labelled step behind an unlabelled one": 1,
        "step whose target 0.5 is neither true nor false": 1,
        "problem without a labelled first step": 1,
    }


def test_preference_pairs_come_from_siblings_and_traces():
    rows = export_rows("trl_preference", [problem()], separator="|", margin="yes")
    assert [
        (r["level"], r["lca_depth"], r["prompt"], r["chosen"], r["rejected"], r["margin"])
        for r in rows
    ] == [
        ("step", 0, "p|", "a", "f", 1.0),
        ("step", 1, "p|a|", "b", "d", 1.0),
        ("trace", 1, "p|a|", "b|c", "d|e", 1.0),
        ("trace", 0, "p|", "a|b|c", "f", 1.0),
    ]


def test_preference_counts_ties_equal_texts_and_the_limit():
    report, _ = export("trl_preference", [problem()])
    assert report.excluded == {"tie": 1}
    same = [NodeRecord("a"), NodeRecord("a")]
    report, _ = export("trl_preference", [problem(nodes=same, targets=[1.0, 0.0], traces=[])])
    assert report.excluded == {"pair of equal texts": 1}
    report, _ = export("trl_preference", [problem()], max_per_problem=1)
    assert report.rows == 1
    assert report.excluded["pair over the limit per problem"] == 3


def test_a_trace_that_begins_another_is_no_pair():
    traces = [
        TraceRecord(end, outcomes=[OutcomeRecord("correct", v)]) for end, v in ((0, 1.0), (1, 0.0))
    ]
    report, _ = export("trl_preference", [problem(traces=traces, targets=[])])
    assert report.excluded == {"one trace is the beginning of the other": 1}


def test_the_outcome_that_compares_traces_can_be_chosen():
    rows = export_rows("trl_preference", [problem(targets=[])], outcome="reward")
    assert rows == []


def test_samples_are_the_same_every_time_and_differ_by_problem():
    nodes = [NodeRecord(str(i)) for i in range(40)]
    targets = [i / 40 for i in range(40)]
    first, second, other = (
        export_rows("trl_preference", [problem(id=i, nodes=nodes, targets=targets, traces=[])])
        for i in ("1", "1", "2")
    )
    assert len(first) == 64
    assert first == second
    assert [r["chosen"] for r in first] != [r["chosen"] for r in other]


@given(st.lists(st.integers(0, 3), min_size=1, max_size=8))
def test_numbered_pairs_are_all_ordered_pairs_without_ties(values):
    group = Group("step", [Judged(at, float(value)) for at, value in enumerate(values)])
    pairs = {tuple(sorted((a.node, b.node))) for a, b in map(group.pair, range(len(group)))}
    assert all(a.value > b.value for a, b in map(group.pair, range(len(group))))
    expected = {(i, j) for i, j in combinations(range(len(values)), 2) if values[i] != values[j]}
    assert pairs == expected
    assert group.ties == len(list(combinations(values, 2))) - len(expected)


def test_pairs_of_a_problem_are_numbered_siblings_first():
    pairs = Pairs(problem(), "correct")
    assert (len(pairs), pairs.excluded["tie"]) == (4, 1)
    assert [pairs[number] for number in range(4)] == [
        Pair("step", Judged(0, 1.0), Judged(5, 0.0)),
        Pair("step", Judged(1, 1.0), Judged(3, 0.0)),
        Pair("trace", Judged(2, 1.0), Judged(4, 0.0)),
        Pair("trace", Judged(2, 1.0), Judged(5, 0.0)),
    ]
    assert len(Pairs(problem(targets=[], traces=[]), "correct")) == 0


@pytest.mark.parametrize(
    ("a", "b", "steps"),
    [([], [], 0), ([0, 1], [0, 1, 2], 2), ([0, 1, 4], [0, 2, 4], 1), ([3], [5], 0)],
)
def test_paths_share_what_they_begin_with(a, b, steps):
    assert shared(a, b) == shared(b, a) == steps


def test_unpaired_rows_are_judged_steps_and_traces():
    rows = export_rows(
        "trl_unpaired", [problem(targets=[1.0, 0.5, None, 0.0, None, None])], separator="|"
    )
    assert [(r["level"], r["prompt"], r["completion"], r["label"]) for r in rows] == [
        ("step", "p|", "a", True),
        ("step", "p|a|", "d", False),
        ("trace", "p|", "a|b|c", True),
        ("trace", "p|", "a|d|e", False),
        ("trace", "p|", "f", False),
    ]


def test_one_text_is_not_true_as_a_step_and_false_as_a_trace():
    judged = problem(
        targets=[None, None, None, None, 1.0, 1.0]
    )  # the traces through e and f are wrong
    report, _ = export("trl_unpaired", [judged])
    rows = export_rows("trl_unpaired", [judged], separator="|")
    assert [(r["level"], r["completion"], r["label"]) for r in rows] == [
        ("step", "e", True),
        ("step", "f", True),
        ("trace", "a|b|c", True),
        ("trace", "a|d|e", False),  # another text: the step e stands behind a and d in the prompt
    ]
    assert report.excluded == {"trace whose text is a judged step's": 1}
    rows = export_rows("trl_unpaired", [judged], separator="|", form="conversational")
    assert [(r["level"], r["completion"][0]["content"], r["label"]) for r in rows] == [
        ("step", "a|d|e", True),
        ("step", "f", True),
        ("trace", "a|b|c", True),
    ]
    rows = export_rows("trl_unpaired", [judged], level="trace")
    assert [(r["level"], r["label"]) for r in rows] == [
        ("trace", True),
        ("trace", False),
        ("trace", False),
    ]


def test_unpaired_counts_what_is_undecided_or_over_the_limit():
    report, _ = export("trl_unpaired", [problem(targets=[0.5] * 6)], max_per_problem=2)
    assert report.rows == 2
    assert report.excluded == {
        "value 0.5 is neither true nor false": 6,
        "row over the limit per problem": 1,
    }


@pytest.mark.parametrize("key", ["trl_stepwise", "trl_preference", "trl_unpaired"])
def test_files_are_by_split_and_open_with_datasets(tmp_path, key):
    problems = [problem(), problem(id="8", split="test"), problem(id="9")]
    report, files = export(key, problems)
    assert sorted(files) == ["test.jsonl", "train.jsonl"]
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    paths = {name.split(".")[0]: str(tmp_path / name) for name in files}
    loaded = datasets.load_dataset("json", data_files=paths, cache_dir=str(tmp_path / "cache"))
    assert sum(loaded.num_rows.values()) == report.rows
    expected = {
        "trl_stepwise": "completions",
        "trl_preference": "chosen",
        "trl_unpaired": "completion",
    }
    assert expected[key] in loaded["train"].column_names


def test_unknown_options_and_values_name_the_known_ones():
    row = exporter("trl_stepwise")
    with pytest.raises(UnknownNameError, match="labels"):
        row.checked_options({"colour": "red"})
    with pytest.raises(InvalidError, match="bool or soft"):
        row.checked_options({"labels": "maybe"})
    with pytest.raises(InvalidError, match="whole number from 0"):
        exporter("trl_preference").checked_options({"max_per_problem": "many"})
    assert (
        exporter("trl_preference").checked_options({"max_per_problem": "5"})["max_per_problem"] == 5
    )
    with pytest.raises(UnknownNameError, match="tracewood, prm800k"):
        exporter("nonsense")


@pytest.mark.parametrize("key", EXPORTERS)
def test_every_exporter_writes_what_its_row_says(key):
    row = EXPORTERS[key]
    report, files = export(key, [problem()])
    known = {name.replace("{split}", "train") for name in row.files}
    assert files.keys() <= known
    assert {entry.path for entry in report.files} == files.keys()


def test_a_split_cannot_be_a_path():
    with pytest.raises(ValueError, match="letters, digits"):
        problem(split="../x")


def test_a_source_that_fails_closes_every_file():
    def failing():
        yield problem()
        raise RuntimeError("the database went away")

    with pytest.raises(RuntimeError, match="went away"):
        export("trl_stepwise", failing())


@pytest.mark.parametrize("key", ["trl_preference", "trl_unpaired"])
def test_zero_means_no_limit(key):
    nodes = [NodeRecord(str(i)) for i in range(100)]
    targets = [i % 2 for i in range(100)]
    report, _ = export(key, [problem(nodes=nodes, targets=targets, traces=[])], max_per_problem=0)
    assert report.rows == {"trl_preference": 2500, "trl_unpaired": 100}[key]


def test_long_exports_leave_in_pieces_and_arrive_whole():
    nodes = [NodeRecord("x" * 100_000) for _ in range(12)]
    report, files = export("trl_stepwise", [problem(nodes=nodes, targets=[1.0] * 12)])
    assert report.rows == files["train.jsonl"].count(b"\n") == 12
