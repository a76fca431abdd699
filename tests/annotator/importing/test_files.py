"""Files as a whole: refused, remembered, cut short, counted, cancelled and completed."""

import gzip
import io
import json
import os
import zipfile

import pytest

from annotator.errors import ImportRefusedError
from annotator.models import Problem, SourceFile, Step, StepLabel, Trace
from annotator.services.imports import import_file
from annotator.services.imports import records as records_module
from scoring.errors import CancelledError, UnknownNameError
from tests.annotator.importing.data import flat
from tests.factories import ProjectFactory, UserFactory

pytestmark = pytest.mark.django_db

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
