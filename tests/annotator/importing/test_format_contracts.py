"""What every importer promises, whatever its format."""

from __future__ import annotations

import gzip
import io

import orjson
import pytest

from annotator.errors import ImportRefusedError
from annotator.importers import arrays, lines
from annotator.importers.auto import detect
from annotator.importers.registry import IMPORTERS
from scoring.types import RATINGS, STEP_KINDS, Rejected, TraceScoresRecord, TreeRecord
from tests.annotator.formats import GOOD, fixture
from tests.annotator.tree_exports import read_bytes

EVERY = [pytest.param(row, id=row.key) for row in IMPORTERS.values()]
KEY = "bigbench_mistake"


@pytest.mark.parametrize("row", EVERY)
def test_its_fixture_is_read(row):
    items = list(row.read(io.BytesIO(fixture(row.key))))
    taken = [item for item in items if not isinstance(item, Rejected)]
    assert taken
    assert [item.record for item in items] == list(range(len(items)))
    assert len({item.key for item in taken}) == len(taken)


@pytest.mark.parametrize("row", EVERY)
def test_records_are_well_formed_trees(row):
    for item in row.read(io.BytesIO(fixture(row.key))):
        if not isinstance(item, TreeRecord):
            continue
        n = len(item.nodes)
        assert all(-1 <= node.parent < at for at, node in enumerate(item.nodes))
        assert all(node.kind in STEP_KINDS for node in item.nodes)
        assert all(0 <= trace.end < n for trace in item.traces)
        assert all(0 <= label.node < n for label in item.labels)
        assert all(label.rating is None or label.rating in RATINGS for label in item.labels)
        assert all(label.rater.kind != "person" for label in item.labels)


@pytest.mark.parametrize("row", EVERY)
def test_reading_twice_gives_equal_records(row):
    data = fixture(row.key)
    assert list(row.read(io.BytesIO(data))) == list(row.read(io.BytesIO(data)))


@pytest.mark.parametrize("row", EVERY)
def test_auto_knows_the_fixture_by_its_content(row):
    assert detect(fixture(row.key)) == row.key


@pytest.mark.parametrize("row", EVERY)
def test_auto_knows_a_head_that_cuts_the_record(row):
    data = fixture(row.key)
    assert detect(data[: len(data) * 4 // 5]) == row.key


@pytest.mark.parametrize("row", EVERY)
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n \n",
        b"hello\n",
        b"{",
        b"[",
        b"[}",
        b"null",
        b'"',
        b"\x00\x01\xff",
        b"{}\n[]\n3",
        b"[1, 2]",
    ],
    ids=repr,
)
def test_bad_content_never_raises_and_yields_nothing_usable(row, data):
    items = list(row.read(io.BytesIO(data)))
    assert all(isinstance(item, Rejected) and item.reason for item in items)
    assert bool(items) == bool(data.strip())


@pytest.mark.parametrize("row", EVERY)
def test_every_cut_of_its_fixture_keeps_the_records_before_it(row):
    data = fixture(row.key)
    whole = list(row.read(io.BytesIO(data)))
    for cut in range(0, len(data), 97):
        items = list(row.read(io.BytesIO(data[:cut])))
        kept = [item for item in items if not isinstance(item, Rejected)]
        good = [item for item in whole if not isinstance(item, Rejected)]
        assert kept == good[: len(kept)]


def test_a_bad_line_costs_only_itself_and_is_named():
    items = read_bytes(KEY, GOOD + b"\n\n" + GOOD[:40] + b"\n" + GOOD.replace(b"1+1", b"2+2"))
    assert [type(item) for item in items] == [TreeRecord, Rejected, TreeRecord]
    assert (items[1].line, items[1].record) == (3, 1)
    assert "cut off" in items[1].reason
    assert items[2].line == 4


def test_a_json_array_is_read_like_lines():
    data = b"[" + GOOD + b",\n3, " + GOOD.replace(b"1+1", b"2+2") + b"]"
    items = read_bytes(KEY, data)
    assert [type(item) for item in items] == [TreeRecord, Rejected, TreeRecord]
    assert [item.line for item in items] == [None] * 3
    assert detect(data) == KEY


@pytest.mark.parametrize(
    ("tail", "words"),
    [
        (b"", "ends at byte"),
        (b",", "where a value should start"),
        (b", {", "cut off"),
        (b" 1]", "',' or ']'"),
        (b"] x", "after the end"),
    ],
)
def test_a_broken_array_keeps_what_came_before(tail, words):
    items = read_bytes(KEY, b"[" + GOOD + tail)
    assert [type(item) for item in items] == [TreeRecord, Rejected]
    assert words in items[1].reason


def test_a_byte_order_mark_is_tolerated():
    (item,) = read_bytes(KEY, b"\xef\xbb\xbf" + GOOD)
    assert isinstance(item, TreeRecord)
    assert detect(b"\xef\xbb\xbf" + GOOD) == KEY


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_other_encodings_are_refused_by_name(encoding):
    data = GOOD.decode().encode(encoding)
    (item,) = read_bytes(KEY, data)
    assert "UTF-16" in item.reason
    assert item.line == 1
    with pytest.raises(ImportRefusedError, match="UTF-16"):
        detect(data)


def test_invalid_utf8_is_refused_with_its_byte():
    bad = GOOD.replace(b"So 2.", b"So \xff.")
    items = read_bytes(KEY, GOOD + b"\n" + bad)
    assert items[1].line == 2
    assert f"invalid UTF-8 at byte {bad.index(0xFF)}" in items[1].reason
    assert "0xff" in items[1].reason


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (rb"So \u0000.", "field 'steps[1]': NUL character at position 3"),
        (rb"So \ud800.", "field 'steps[1]': lone surrogate U+D800 at position 3"),
        (rb"So \udc00.", "lone surrogate U+DC00"),
    ],
)
def test_characters_that_postgresql_refuses_are_named(text, words):
    items = read_bytes(KEY, GOOD.replace(b"So 2.", text) + b"\n" + GOOD)
    assert words in items[0].reason
    assert isinstance(items[1], TreeRecord)


def test_an_escaped_backslash_before_u0000_is_text():
    (item,) = read_bytes(KEY, GOOD.replace(b"So 2.", rb"So \\u0000"))
    assert item.nodes[1].text == r"So \u0000"


@pytest.mark.parametrize(
    ("number", "shown"), [(b"NaN", "nan"), (b"-Infinity", "-inf"), (b"1e999", "inf")]
)
def test_numbers_that_json_lacks_are_refused_by_field(number, shown):
    (item,) = read_bytes(KEY, GOOD.replace(b"null", b'null, "extra": {"a": [1, ' + number + b"]}"))
    assert f"field 'extra.a[1]': {shown}" in item.reason


@pytest.mark.parametrize("depth", [1100, 200_000])
def test_deep_nesting_is_refused_naming_the_limit(depth):
    deep = b"[" * depth + b"]" * depth
    (item,) = read_bytes(KEY, GOOD.replace(b"null", b'null, "extra": ' + deep))
    assert "nested deeper than" in item.reason
    assert "levels" in item.reason


def test_a_kept_field_that_no_writer_could_give_back_is_refused():
    deep = b"[" * 150 + b"]" * 150
    (item,) = read_bytes(KEY, GOOD.replace(b"null", b'null, "extra": ' + deep))
    assert item.reason == "field 'extra' is nested deeper than 100 levels"


def test_a_ten_megabyte_step_is_taken():
    (item,) = read_bytes(KEY, GOOD.replace(b"So 2.", b"x" * 10_000_000))
    assert len(item.nodes[1].text) == 10_000_000


def test_a_line_over_the_limit_is_skipped_without_losing_its_neighbours(monkeypatch):
    monkeypatch.setattr(lines, "MAX_RECORD_BYTES", 1 << 10)
    items = read_bytes(KEY, GOOD + b"\n" + b"x" * 5000 + b"\n" + GOOD.replace(b"1+1", b"2+2"))
    assert [type(item) for item in items] == [TreeRecord, Rejected, TreeRecord]
    assert items[1].line == 2
    assert "longer than" in items[1].reason


def test_an_array_element_over_the_limit_ends_the_file_with_a_reason(monkeypatch):
    monkeypatch.setattr(arrays, "MAX_RECORD_BYTES", 1 << 10)
    monkeypatch.setattr(arrays, "_CHUNK", 256)
    items = read_bytes(KEY, b"[" + GOOD + b"," + GOOD.replace(b"So 2.", b"x" * 5000) + b"]")
    assert [type(item) for item in items] == [TreeRecord, Rejected]
    assert "larger than" in items[1].reason


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 64])
def test_the_array_scanner_finds_the_same_elements_for_any_chunk(monkeypatch, chunk):
    monkeypatch.setattr(arrays, "_CHUNK", chunk)
    values = [{"a": 'x"]}\\', "b": [1, {"c": "\\\\"}]}, [], {}, ["]"], [[["é"]]], {"k": None}]
    data = orjson.dumps(values)
    scanner = arrays.Scanner(lines.chained(data, io.BytesIO()))
    assert [orjson.loads(raw) for raw in arrays.elements(scanner)] == values


def test_streams_that_only_read_are_enough():
    data = gzip.compress(GOOD + b"\n" + GOOD)
    with gzip.open(io.BytesIO(data)) as stream:
        items = list(IMPORTERS[KEY].read(stream))
    assert len(items) == 2


def test_auto_refuses_an_empty_file_and_unknown_content():
    with pytest.raises(ImportRefusedError, match="empty"):
        detect(b" \n")
    with pytest.raises(ImportRefusedError, match=r"none of the known formats.*prm800k"):
        detect(b'{"foo": 1}')


def test_auto_names_both_of_two_matches():
    both = b'{"input": "x", "steps": ["a"], "mistake_index": null, "problem": "x", "final_answer_correct": true}'
    with pytest.raises(ImportRefusedError, match=r"\(processbench\) and .*\(bigbench_mistake\)"):
        detect(both)


def test_html_scripts_and_formulas_are_kept_as_they_are():
    hostile = "<script>alert(1)</script>=HYPERLINK(1)"
    (item,) = read_bytes(KEY, GOOD.replace(b"So 2.", hostile.encode()))
    assert item.nodes[1].text == hostile


def test_score_rows_point_at_candidates():
    (first, second) = read_bytes("prm_step_scores", fixture("prm_step_scores"))
    candidates = read_bytes("bon_candidates", fixture("bon_candidates"))
    trace_keys = {t.key for item in candidates if isinstance(item, TreeRecord) for t in item.traces}
    assert isinstance(first, TraceScoresRecord)
    assert {first.trace_key, second.trace_key} == trace_keys
