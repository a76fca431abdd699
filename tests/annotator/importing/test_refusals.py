"""Hostile records: each refused alone, with the place and the reason."""

import math

import pytest

from annotator.models import Step
from annotator.services.imports import records as records_module
from scoring.types import (
    AlternativeRecord,
    LabelRecord,
    NodeRecord,
    OutcomeRecord,
    RaterRecord,
    Rejected,
    ScoreRecord,
    SpanLabelRecord,
    TraceScoresRecord,
)
from tests.annotator.importing.data import CHECKER, flat, load
from tests.factories import ProjectFactory

pytestmark = pytest.mark.django_db

DEEP: dict = {}
for _ in range(3_000):
    DEEP = {"in": DEEP}


def spoil(change):
    """A good record with one thing changed."""
    record = flat("bad", "a", "b", correct=1, labels=[1])
    change(record)
    return record


def put(path, value):
    """Set an attribute somewhere inside a record: "nodes.1.text"."""

    def change(record):
        *way, last = path.split(".")
        target = record
        for name in way:
            target = target[int(name)] if name.isdigit() else getattr(target, name)
        setattr(target, last, value)

    return change


HOSTILE = {
    "NUL in a step": (put("nodes.1.text", "x\0y"), "nodes[1].text holds U+0000 at character 1"),
    "surrogate in a step": (put("nodes.1.text", "x\ud800"), "nodes[1].text holds a lone surrogate"),
    "step that is no text": (put("nodes.1.text", None), "nodes[1].text is NoneType"),
    "NUL in the prompt": (put("problem.prompt", "\0"), "problem.prompt holds U+0000"),
    "surrogate in the reference": (put("problem.reference", "\udfff"), "problem.reference holds"),
    "NUL in the key": (put("key", "a\0"), "key holds U+0000"),
    "no key": (put("key", ""), "key is empty"),
    "own parent": (put("nodes.1.parent", 1), "nodes[1].parent is 1"),
    "orphan": (put("nodes.1.parent", 7), "nodes[1].parent is 7"),
    "parent that is a boolean": (put("nodes.1.parent", False), "nodes[1].parent is False"),
    "unknown kind": (put("nodes.0.kind", "musing"), "nodes[0].kind is 'musing'; known: thought"),
    "unknown level": (put("nodes.0.level", "high"), "nodes[0].level is 'high'"),
    "NaN value": (put("nodes.0.value", math.nan), "nodes[0].value is nan"),
    "negative visits": (put("nodes.0.visits", -1), "nodes[0].visits is -1"),
    "visits past four bytes": (put("nodes.0.visits", 2**31), "nodes[0].visits is 2147483648"),
    "NUL in a state": (put("nodes.0.state_after", "\0"), "nodes[0].state_after holds U+0000"),
    "caller past the end": (put("nodes.0.caller", 2), "nodes[0].caller is 2"),
    "NUL in meta": (put("nodes.0.meta", {"a": ["b\0"]}), "nodes[0].meta.a[0] holds U+0000"),
    "NUL in a key of meta": (put("meta", {"a\0": 1}), "meta key holds U+0000"),
    "surrogate in meta": (put("meta", {"a": "\ud800"}), "meta holds a lone surrogate"),
    "NaN in meta": (put("problem.meta", {"x": math.nan}), "problem.meta holds NaN"),
    "infinity in sampling": (put("traces.0.sampling", {"t": math.inf}), "traces[0].sampling holds"),
    "meta without end": (put("meta", DEEP), "meta is nested too deep"),
    "meta that is no JSON": (put("meta", {"x": {1, 2}}), "meta is not JSON"),
    "end past the last step": (
        put("traces.0.end", 2),
        "traces[0].end is 2; the record has nodes 0",
    ),
    "infinite outcome": (
        put("traces.0.outcomes", [OutcomeRecord("correct", math.inf)]),
        "outcomes 'correct' is inf",
    ),
    "outcome named twice": (
        put("traces.0.outcomes", [OutcomeRecord("r", 1.0), OutcomeRecord("r", 0.0)]),
        "'r' is there twice",
    ),
    "outcome with a long name": (
        put("traces.0.outcomes", [OutcomeRecord("r" * 61, 1.0)]),
        "is 61 characters long; the limit is 60",
    ),
    "label past the last step": (put("labels.0.node", 2), "labels[0].node is 2"),
    "label of a boolean": (put("labels.0.rating", True), "labels[0].rating is True"),
    "rating two": (put("labels.0.rating", 2), "labels[0].rating is 2; known: -1, 0, 1 and null"),
    "NUL in a note": (put("labels.0.note", "\0"), "labels[0].note holds U+0000"),
    "unknown rater": (put("labels.0.rater", RaterRecord("crowd", "x")), "rater.kind is 'crowd'"),
    "rater without end": (
        put("labels.0.rater", RaterRecord("imported", "x" * 10_000)),
        "rater.name is 10,000 characters long",
    ),
    "contradicting labels": (
        lambda record: record.labels.append(LabelRecord(0, CHECKER, -1)),
        "labels[1]: rater 'checker:test' judges node 0 twice",
    ),
    "span against the path": (
        put("spans", [SpanLabelRecord(1, 0, CHECKER, 1)]),
        "spans[0]: step 0 does not follow step 1",
    ),
    "alternative for another's child": (
        put("alternatives", [AlternativeRecord(-1, "x", CHECKER, replaces=1)]),
        "alternatives[0].replaces is 1",
    ),
    "NaN score": (put("scores", [ScoreRecord("m", [0], [math.nan])]), "scores[0].values[0] is nan"),
    "scores too few": (put("scores", [ScoreRecord("m", [0, 1], [0.5])]), "1 values for 2 nodes"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_record_is_refused_alone(case):
    change, reason = HOSTILE[case]
    project = ProjectFactory()

    report = load(project, flat("1", "a"), spoil(change), flat("2", "b"))

    assert (report.accepted, report.rejected, report.records) == (2, 1, 3)
    (error,) = report.errors
    assert (error.file, error.line, error.record) == ("test.jsonl", 2, 1)
    assert reason in error.reason
    assert sorted(Step.objects.values_list("text", flat=True)) == ["a", "b"]


def test_markup_and_formulas_are_kept_as_the_text_they_are():
    text = '<script>alert(1)</script> =HYPERLINK("x") {{ 7*7 }} \'; DROP TABLE x; --\t\\N\\.'

    load(ProjectFactory(), flat("1", text, text + "\n\\."))

    assert Step.objects.get(preorder=1).text == text


def test_an_escaped_backslash_before_u0000_is_not_a_nul():
    record = flat("1", "a")
    record.meta = {"text": "\\u0000"}

    assert load(ProjectFactory(), record).accepted == 1


def test_what_the_checks_overlook_costs_only_its_own_record(monkeypatch):
    write = records_module.write_trees

    def overlooked(target, batch):
        for prepared in batch:
            if prepared.record.key == "2":
                prepared.record.key = "2\0"
        return write(target, batch)

    monkeypatch.setattr(records_module, "write_trees", overlooked)

    report = load(ProjectFactory(), flat("1", "a"), flat("2", "b"), flat("3", "c"))

    assert (report.accepted, report.rejected) == (2, 1)
    assert report.errors[0].line == 2
    assert "the database refused it" in report.errors[0].reason


def test_only_the_first_hundred_errors_are_listed_but_all_are_counted():
    rejected = [Rejected("broken", i + 1, i) for i in range(250)]

    report = load(ProjectFactory(), *rejected, flat("1", "a"))

    assert (report.rejected, len(report.errors)) == (250, 100)
    assert report.errors[99].line == 100


def test_importer_warnings_are_counted_but_refuse_nothing():
    record = flat("1", "a")
    record.warnings = ["field 'mc_value' is NaN: kept as missing"]

    report = load(ProjectFactory(), record)

    assert (report.accepted, report.n_warnings) == (1, 1)
    assert report.warnings[0].line == 1


def test_a_score_row_out_of_range_is_refused():
    rows = [
        TraceScoresRecord("k", "test", "1", "prm", [value])
        for value in (math.nan, 1.5, -0.1, True, None, "0.5")
    ]

    report = load(ProjectFactory(), flat("1", "a"), *rows)

    assert (report.accepted, report.rejected) == (1, 6)
    assert all("not a score from 0 to 1" in error.reason for error in report.errors)


def test_a_node_without_steps_after_it_may_be_empty():
    record = flat("1", "a")
    record.nodes.append(NodeRecord("", 0))

    assert load(ProjectFactory(), record).counts.steps == 2
