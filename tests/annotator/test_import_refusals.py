"""Hostile records and files: refused whole, with the place and the field; the others are in."""

import gzip
import io
import json
import math
import os
import zipfile

import pytest

from annotator.errors import ImportRefusedError
from annotator.models import Problem, SourceFile, Step, StepLabel, Trace
from annotator.services.imports import import_file
from annotator.services.imports import records as records_module
from scoring.errors import CancelledError, UnknownNameError
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
from tests.annotator.imports import CHECKER, flat, load
from tests.factories import ProjectFactory, UserFactory

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


LINE = {"prompt": "1 + 1?", "completions": ["1 + 1 = 2", "So 2."], "labels": [True, True]}


def lines(*records):
    return b"".join(
        record if isinstance(record, bytes) else json.dumps(record).encode() + b"\n"
        for record in records
    )


def bring(content, project=None, **options):
    options.setdefault("format", "trl_stepwise")
    options.setdefault("name", "f.jsonl")
    return import_file(project=project or ProjectFactory(), stream=io.BytesIO(content), **options)


def test_a_cut_last_line_leaves_the_lines_before_it():
    report = bring(lines(LINE, json.dumps(LINE).encode()[:30]))

    assert (report.accepted, report.rejected) == (1, 1)
    assert report.errors[0].line == 2


def test_two_tracewood_records_of_one_key_are_not_taken_for_one():
    def record(text):
        steps = {"text": [text], "parent": [-1]}
        return {"tracewood": 1, "key": "17", "problem": {"prompt": "p"}, "steps": steps}

    project = ProjectFactory()
    bring(lines(record("a")), project, format="tracewood", name="mine.jsonl")
    report = bring(
        lines(record("a"), record("b")), project, format="tracewood", name="theirs.jsonl"
    )

    assert (report.accepted, report.counts.unchanged, report.rejected) == (1, 1, 1)
    assert report.errors[0].line == 2
    assert "key '17' is there already" in report.errors[0].reason
    assert "line 1 of mine.jsonl" in report.errors[0].reason


def test_prmbench_records_that_share_an_id_are_both_kept():
    def record(*steps):
        return {
            "idx": "1", "classification": "confidence", "original_question": "p",
            "modified_question": "p", "ground_truth": "2", "original_process": ["a", "b"],
            "modified_process": list(steps), "modified_steps": [2], "error_steps": [2],
            "reason": "",
        }  # fmt: skip

    project = ProjectFactory()
    report = bring(lines(record("a", "c"), record("a", "d")), project, format="prmbench")

    assert (report.accepted, report.counts.unchanged, report.rejected) == (2, 0, 0)
    assert set(Step.objects.values_list("text", flat=True)) == {"a", "b", "c", "d"}


def test_a_file_is_remembered_with_its_report_digest_and_importer():
    content = lines(LINE, b"{\n")
    user = UserFactory(username="ada")

    bring(content, name="../../etc/pass\nwd.jsonl", user=user)

    file = SourceFile.objects.get()
    assert "/" not in file.name
    assert file.name.isprintable()
    assert len(file.sha256) == 64
    assert (file.report["accepted"], file.report["rejected"]) == (1, 1)
    assert file.report["errors"][0]["line"] == 2
    assert file.report["imported_by"] == "ada"


def test_a_dry_run_counts_and_stores_nothing():
    project = ProjectFactory()

    report = bring(lines(LINE, b"{\n"), project, dry_run=True)

    assert (report.accepted, report.rejected, report.counts.steps) == (1, 1, 2)
    assert report.dry_run
    assert not SourceFile.objects.exists()
    assert not Problem.objects.exists()


def zipped(content):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.jsonl", content)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "f.jsonl: the file is empty"),
        (b"\n  \n", "f.jsonl: the file is empty"),
        (gzip.compress(b"0" * 10_000_000), "gzip-compressed: unpack it first (gunzip)"),
        (zipped(b"0" * 10_000_000), "a zip archive: unpack it first (unzip)"),
        (json.dumps(LINE).encode("utf-16"), "UTF-16"),
    ],
    ids=["empty", "blank", "gzip", "zip", "utf-16"],
)
@pytest.mark.parametrize("format_key", ["auto", "trl_stepwise"])
def test_a_file_of_which_nothing_can_be_used_is_refused(content, reason, format_key):
    with pytest.raises(ImportRefusedError) as caught:
        bring(content, format=format_key)

    assert reason in caught.value.message
    assert not SourceFile.objects.exists()


def test_a_folder_and_a_missing_file_are_refused_in_words(tmp_path):
    project = ProjectFactory()
    with pytest.raises(ImportRefusedError, match="is a folder"):
        import_file(project=project, path=tmp_path)
    with pytest.raises(ImportRefusedError, match="does not exist"):
        import_file(project=project, path=tmp_path / "none.jsonl")


def test_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path):
    pipe = tmp_path / "pipe.jsonl"
    os.mkfifo(pipe)
    with pytest.raises(ImportRefusedError, match="not a regular file"):
        import_file(project=ProjectFactory(), path=pipe)


def test_content_of_no_known_format_names_the_known_ones():
    with pytest.raises(ImportRefusedError, match=r"known formats.*tracewood"):
        bring(b'{"what": 1}\n', format="auto")


def test_an_unknown_format_names_the_known_ones():
    with pytest.raises(UnknownNameError, match="known: tracewood"):
        bring(lines(LINE), format="nonsense")


def test_invalid_utf8_costs_only_its_line():
    report = bring(lines(LINE, b'{"prompt": "\xff"}\n', LINE | {"prompt": "2 + 2?"}))

    assert (report.accepted, report.rejected) == (2, 1)
    assert "UTF-8" in report.errors[0].reason


def test_labels_shorter_than_steps_refuse_the_record():
    report = bring(lines(LINE | {"labels": [True]}, LINE))

    assert (report.accepted, report.rejected) == (1, 1)
    assert StepLabel.objects.count() == 2


def many(count):
    return lines(*(LINE | {"prompt": f"{i} + 1?"} for i in range(count)))


def test_a_cancelled_import_keeps_whole_records_and_can_be_completed(monkeypatch):
    monkeypatch.setattr("annotator.services.imports.collect.BATCH_STEPS", 20)
    project, content = ProjectFactory(), many(100)
    asked = iter([False, False, True])

    with pytest.raises(CancelledError, match="stopped after"):
        bring(content, project, should_stop=lambda: next(asked))

    stored = Problem.objects.count()
    assert 0 < stored < 100
    assert Step.objects.count() == 2 * stored == 2 * Trace.objects.count()
    assert SourceFile.objects.get().report["cancelled"] is True

    report = bring(content, project)
    assert (report.accepted, report.counts.unchanged) == (100, stored)
    assert Step.objects.count() == 200


def test_progress_goes_up_to_the_size_of_the_file(monkeypatch):
    monkeypatch.setattr("annotator.services.imports.collect.BATCH_STEPS", 20)
    content, told = many(60), []

    bring(content, on_progress=lambda *seen: told.append(seen))

    assert len(told) > 2
    assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)
    assert told[-1][:2] == (len(content), len(content))
    assert told[-1][2] == "60 records, 120 steps added"


def test_an_error_of_the_source_beyond_the_first_batch_reaches_the_caller(monkeypatch):
    monkeypatch.setattr("annotator.services.imports.collect.BATCH_STEPS", 2)
    project = ProjectFactory()
    file = SourceFile.objects.create(project=project, format="test", name="x")

    def failing():
        for i in range(10):
            yield flat(str(i), "a", "b", prompt=f"{i}?")
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        records_module.import_records(project=project, format="test", items=failing(), file=file)


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
