"""Who judged otherwise than a final decision, in Tracewood's own lines and in Parquet."""

from __future__ import annotations

from dataclasses import replace

import pytest

from annotator.exporters.dissent import Dissents
from annotator.exporters.formats import parquet, tracewood
from annotator.exporters.records import ExportProblem
from scoring.types import (
    ROOT,
    AdjudicationRecord,
    LabelRecord,
    NodeRecord,
    ProblemRecord,
    RankingRecord,
    RaterRecord,
    SpanLabelRecord,
)

ADA, BO, CY, REA = (RaterRecord("person", name) for name in ("ada", "bo", "cy", "rea"))


def problem(*, labels=(), rankings=(), adjudications=()):
    return ExportProblem(
        id="p",
        project="P",
        split="train",
        problem=ProblemRecord("What is six?", "6", {}),
        nodes=[NodeRecord("a", ROOT), NodeRecord("b", ROOT)],
        traces=[],
        labels=labels,
        rankings=rankings,
        adjudications=adjudications,
    )


def decided(node, rating, **more):
    """Return a decision as the label and the record that a snapshot has of it."""
    label = LabelRecord(node, REA, rating, adjudicated=True, **more)
    state = {"rating": rating, **more}
    return label, AdjudicationRecord(REA, state, "so", node=node)


def said(found):
    return [rater.name for rater in found.otherwise], found.judged, found.agreeing


def test_who_says_otherwise_of_a_step():
    label, decision = decided(0, -1)
    others = [
        LabelRecord(0, ADA, -1),
        LabelRecord(0, BO, 1),
        LabelRecord(0, CY, None),  # looked, and said nothing
        LabelRecord(1, CY, 1),
    ]
    dissents = Dissents(problem(labels=[*others, label]))
    assert said(dissents.of_decision(decision)) == (["bo"], 2, 0.5)
    assert said(dissents.of_step(1, 1, unsure=False)) == ([], 1, 1.0)
    assert said(Dissents(problem()).of_decision(decision)) == ([], 0, None)


def test_the_last_word_counts_and_unsure_agrees_with_undecided():
    _, decision = decided(0, None, unsure=True)
    labels = [LabelRecord(0, ADA, 1), LabelRecord(0, ADA, None, unsure=True), LabelRecord(0, BO, 0)]
    assert said(Dissents(problem(labels=labels)).of_decision(decision)) == (["bo"], 2, 0.5)


def test_of_a_run_those_count_whose_span_holds_it():
    """0 ── 1 ── 2 and 0 ── 3; decided is 0 … 1."""
    nodes = [
        NodeRecord(text, parent) for text, parent in (("a", ROOT), ("b", 0), ("c", 1), ("d", 0))
    ]
    spans = [
        SpanLabelRecord(0, 2, ADA, 1),
        SpanLabelRecord(0, 1, BO, -1),
        SpanLabelRecord(0, 3, CY, 1),  # another branch
        SpanLabelRecord(1, 2, REA, 1),  # not the first step of the run
    ]
    decision = AdjudicationRecord(REA, {"rating": -1}, "so", level="span", run=(0, 1))
    told = replace(problem(adjudications=[decision]), nodes=nodes, spans=spans)
    assert said(Dissents(told).of_decision(decision)) == (["ada"], 2, 0.5)
    (row,) = tracewood.row(told)["adjudications"]
    assert (row["level"], row["first"], row["last"]) == ("span", 0, 1)
    assert "parent" not in row


@pytest.mark.parametrize(
    ("tiers", "more", "same"),
    [
        ([[1, 0]], {}, True),
        ([[0], [1]], {}, False),
        ([[1]], {"aside": [0]}, False),
        ([[0, 1]], {"failed": [0]}, False),
    ],
)
def test_orders_agree_however_ties_are_written(tiers, more, same):
    decision = AdjudicationRecord(REA, {"tiers": [[0, 1]]}, "so", level="step")
    rankings = [
        RankingRecord("step", tiers, ADA, **more),
        RankingRecord("step", [[0], [1]], BO, criterion="clarity"),
    ]
    found = Dissents(problem(rankings=rankings)).of_decision(decision)
    assert said(found) == (([], 1, 1.0) if same else (["ada"], 1, 0.0))


def test_a_line_names_them_only_where_somebody_differs():
    label, decision = decided(0, -1)
    labels = [LabelRecord(0, ADA, -1), LabelRecord(0, BO, 1), label]
    line = tracewood.row(problem(labels=labels, adjudications=[decision]))
    (row,) = line["adjudications"]
    assert [line["raters"][at]["name"] for at in row["dissent"]] == ["bo"]
    assert row["agreeing"] == 0.5
    line = tracewood.row(problem(labels=[labels[0], label], adjudications=[decision]))
    assert not {"dissent", "agreeing"} & line["adjudications"][0].keys()


def test_the_columns_of_parquet():
    label, _ = decided(0, -1)
    labels = [LabelRecord(0, ADA, -1), LabelRecord(0, BO, 1), LabelRecord(1, CY, 1), label]
    columns = dict(
        zip(parquet.LABELS.names, parquet._label_columns(problem(labels=labels)), strict=True)
    )
    assert columns["dissents"] == [False, True, None, None]
    assert columns["agreeing"] == [None, None, None, 0.5]
