"""Our own format loses nothing."""

from __future__ import annotations

from dataclasses import replace

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotator.exporters import records
from annotator.importers import slices
from scoring.types import (
    LEVELS,
    STEP_KINDS,
    AlternativeRecord,
    LabelRecord,
    NodeRecord,
    OutcomeRecord,
    ProblemRecord,
    RaterRecord,
    ScoreRecord,
    SpanLabelRecord,
    TraceRecord,
    TreeRecord,
)
from tests.annotator.formats import fixture
from tests.annotator.tree_exports import export, export_problem, export_rows, preorder, read_rows

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=6)
names = texts.filter(str.strip)
numbers = st.floats(allow_nan=False, allow_infinity=False, width=32)
metas = st.dictionaries(
    texts, st.none() | numbers | texts | st.lists(texts, max_size=2), max_size=2
)
raters = st.builds(RaterRecord, st.sampled_from(["imported", "machine", "model"]), names, texts)
ratings = st.sampled_from([None, -1, 0, 1])
counts = st.none() | st.integers(0, 2**40)
times = st.none() | st.integers(0, 2**31 - 1)


@st.composite
def trees(draw):
    n = draw(st.integers(0, 6))
    nodes = [
        NodeRecord(
            draw(texts), draw(st.integers(-1, at - 1)), draw(st.sampled_from(STEP_KINDS)), draw(texts),
            draw(st.sampled_from(LEVELS)), draw(st.none() | st.integers(0, at - 1)) if at else None,
            draw(st.none() | texts), draw(st.none() | texts), draw(st.none() | numbers), draw(counts),
            draw(counts), draw(metas),
        )
        for at in range(n)
    ]  # fmt: skip
    at = st.integers(0, max(n - 1, 0))
    some = (lambda s: draw(st.lists(s, max_size=3))) if n else (lambda s: [])
    tree = TreeRecord(
        draw(names),
        ProblemRecord(draw(names), draw(texts), draw(metas)),
        nodes,
        some(
            st.builds(
                TraceRecord,
                at,
                st.just(""),
                texts,
                metas,
                st.lists(st.builds(OutcomeRecord, names, st.none() | numbers, texts), max_size=2),
                metas,
            )
        ),
        False,
        some(
            st.builds(
                LabelRecord,
                at,
                raters,
                ratings,
                st.booleans(),
                texts,
                st.booleans(),
                texts,
                counts,
                metas,
            )
        ),
        [
            SpanLabelRecord(
                node, node, draw(raters), draw(ratings), draw(texts), draw(texts), draw(times)
            )
            for node in some(at)
        ],
        some(st.builds(AlternativeRecord, at, texts, raters, st.none() | at, metas)),
        [],
        draw(metas),
    )
    pairs = set()
    tree.labels = [
        x
        for x in tree.labels
        if (k := (x.node, x.rater.kind, x.rater.name, x.rater.version)) not in pairs
        and not pairs.add(k)
    ]
    if n:
        tree.scores = [ScoreRecord("m", [draw(at)], [draw(numbers)], draw(texts))]
    if preorder(tree) != list(range(n)):  # the database keeps nodes in pre-order
        problem = export_problem(tree, "tracewood")
        tree = replace(
            tree, nodes=[replace(node, caller=None) for node in problem.nodes], traces=list(problem.traces),
            labels=list(problem.labels), spans=list(problem.spans), alternatives=list(problem.alternatives),
            scores=list(problem.scores),
        )  # fmt: skip
    return tree


@given(trees())
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_what_was_exported_is_read_back_equal(tree):
    (row,) = export_rows("tracewood", [export_problem(tree, "tracewood")])
    (again,) = read_rows("tracewood", row)
    assert replace(again, line=None) == tree


def test_the_fixture_comes_back_but_for_the_person():
    line = orjson.loads(fixture("tracewood"))
    (tree,) = read_rows("tracewood", line)
    (row,) = export_rows("tracewood", [export_problem(tree, "tracewood")])
    assert row["raters"] == [
        {"kind": "imported", "name": "ann", "version": "person"},
        line["raters"][1],
    ]
    assert read_rows("tracewood", row) == [tree]


def test_columns_of_defaults_are_left_out():
    tree = TreeRecord("k", ProblemRecord("p"), [NodeRecord("a")], [], False)
    (row,) = export_rows("tracewood", [export_problem(tree, "tracewood")])
    assert row == {
        "tracewood": 1,
        "key": "k",
        "problem": {"prompt": "p", "reference": ""},
        "merge": False,
        "steps": {"text": ["a"], "parent": [-1]},
    }


def test_two_judgements_of_one_rater_on_a_shared_step_both_survive():
    rater = RaterRecord("imported", "x")
    labels = [LabelRecord(0, rater, 1), LabelRecord(0, rater, -1)]
    tree = TreeRecord("k", ProblemRecord("p"), [NodeRecord("a")], [], False, labels)
    (row,) = export_rows("tracewood", [export_problem(tree, "trl_stepwise")])
    (again,) = read_rows("tracewood", row)
    assert [(label.rater.version, label.rating) for label in again.labels] == [("", 1), ("~2", -1)]


def test_sources_of_a_problem_survive_two_backups():
    tree = TreeRecord(
        "k", ProblemRecord("p"), [NodeRecord("a"), NodeRecord("b", 0)], [TraceRecord(1)], True
    )
    (row,) = export_rows("tracewood", [export_problem(tree, "processbench")])
    assert row["sources"] == [
        {
            "format": "processbench",
            "key": "k",
            "nodes": [0, 1],
            "traces": [0],
            "labels": [],
            "alternatives": [],
        }
    ]
    (again,) = read_rows("tracewood", row)
    assert export_rows("tracewood", [export_problem(again, "tracewood")]) == [row]


def test_depth_twenty_thousand_goes_out_and_in():
    n = 20_000
    tree = TreeRecord(
        "k",
        ProblemRecord("p"),
        [NodeRecord("x", at - 1) for at in range(n)],
        [TraceRecord(n - 1)],
        False,
    )
    (row,) = export_rows("tracewood", [export_problem(tree, "tracewood")])
    assert read_rows("tracewood", row) == [replace(tree, line=1)]


def test_an_export_of_nothing_is_an_empty_file_in_the_manifest():
    report, files = export("tracewood", [])
    assert files == {"tracewood.jsonl": b""}
    assert [(entry.path, entry.rows) for entry in report.files] == [("tracewood.jsonl", 0)]


def test_reader_and_writer_agree_on_where_sources_travel():
    assert records.SLICES_META == slices.SLICES_META
