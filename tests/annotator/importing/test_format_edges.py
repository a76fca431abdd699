"""Corners of single formats: fields that may be absent, and faults in odd places."""

from __future__ import annotations

import subprocess
import sys

import orjson
import pytest

from annotator.errors import ImportRefusedError
from annotator.importers import arrays
from annotator.importers.auto import detect
from annotator.importers.formats import bon_candidates
from annotator.importers.registry import importer
from scoring.errors import UnknownNameError
from scoring.types import Rejected, TreeRecord
from tests.annotator.formats import GOOD, fixture
from tests.annotator.tree_exports import read_bytes, read_rows, reason


def first(key):
    data = fixture(key)
    return orjson.loads(data)[0] if data.startswith(b"[") else orjson.loads(data.splitlines()[0])


def without(key, *names):
    return {name: value for name, value in first(key).items() if name not in names}


@pytest.mark.parametrize(
    ("key", "names"),
    [("bigbench_mistake", ["target"]), ("processbench", ["final_answer_correct"])],
)
def test_without_a_verdict_there_is_no_outcome(key, names):
    (tree,) = read_rows(key, without(key, *names))
    assert tree.traces[0].outcomes == []


def test_prmbench_needs_no_modified_steps():
    (tree,) = read_rows("prmbench", without("prmbench", "modified_steps"))
    assert tree.warnings == []


def test_score_rows_need_no_claims_but_scores():
    (row,) = read_rows("prm_step_scores", without("prm_step_scores", "n_steps", "is_correct"))
    assert row.claims == {}
    words = "field 'step_scores' is empty"
    assert words in reason("prm_step_scores", {**first("prm_step_scores"), "step_scores": []})


def test_gsm8k_needs_a_solution_and_takes_a_gold_answer_or_none():
    words = "no member with a 'solution'"
    assert words in reason("gsm8k_solutions", without("gsm8k_solutions", "toy_small", "toy_large"))
    row = {**first("gsm8k_solutions"), "ground_truth": "2 * 3 = 6\n#### 6"}
    assert read_rows("gsm8k_solutions", row)[0].problem.reference == "6"
    row["ground_truth"] = "nobody knows"
    row["toy_small"]["solution"] = "no answer line"
    (tree,) = read_rows("gsm8k_solutions", row)
    assert tree.problem.reference == ""
    assert tree.nodes[0].kind == "thought"


def test_openr_leaves_may_have_no_children_field():
    tree = {"text": "x", "children": [{"text": "a", "mc_value": None, "children": None}]}
    (record,) = read_rows("openr_tree", {"question": "x", "reasoning_steps": tree})
    assert record.nodes[0].value is None
    assert record.warnings == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b'"\\u0000", "mc_value": NaN', "NUL character"),
        (b'"\xff", "mc_value": NaN', "invalid UTF-8"),
        (b'"a", "mc_value": NaN,,', "not valid JSON"),
    ],
)
def test_openr_is_lenient_about_numbers_only(text, words):
    (item,) = read_bytes(
        "openr_tree", b'{"question": "x", "reasoning_steps": {"text": ' + text + b"}}"
    )
    assert words in item.reason


def test_openr_shows_an_infinite_value_in_the_warning():
    data = fixture("openr_tree").replace(b"NaN", b"1e999")
    (tree,) = read_bytes("openr_tree", data)
    assert "1e999" in tree.warnings[1]


@pytest.mark.parametrize("digits", [b"9" * 18, b"9" * 30, b"9" * 5000])
def test_openr_keeps_reading_beside_an_integer_of_any_length(digits):
    data = fixture("openr_tree").replace(b'"question"', b'"extra": ' + digits + b', "question"', 1)
    (tree,) = read_bytes("openr_tree", data)
    assert tree.meta["extra"] in (10**18 - 1, 1e30, "9" * 5000)


def test_game24_refuses_an_empty_proposal_and_keeps_odd_numbers_last():
    row = first("tot_game24")
    row["steps"][0]["new_ys"][0] = "3 * 4 = 12 (left: x 1 1/2)\n"
    row["steps"][0]["select_new_ys"] = []
    row["steps"] = row["steps"][:1]
    row["ys"], row["infos"] = [], []
    (tree,) = read_rows("tot_game24", row)
    assert tree.nodes[0].state_after == "1 1/2 x"
    row["steps"][0]["new_ys"][0] = "\n"
    assert "field 'steps[0].new_ys[0]': expected text" in reason("tot_game24", row)


def test_prm800k_hangs_steps_after_an_open_end_there_and_says_so():
    step = {"completions": [{"text": "a", "rating": 1}], "chosen_completion": None}
    row = {"question": {"problem": "p"}, "label": {"steps": [step, step]}}
    (tree,) = read_rows("prm800k", row)
    assert [node.parent for node in tree.nodes] == [-1, -1]
    assert tree.warnings == ["field 'label.steps[1]' follows a step at which nothing was chosen"]
    row["question"]["pre_generated_steps"] = [1]
    assert "pre_generated_steps[0]': expected text, got 1" in reason("prm800k", row)


def test_tracewood_scores_and_spans_are_checked():
    row = {**first("tracewood"), "spans": [{"first": 0, "last": 0, "rater": 0, "rating": 2}]}
    assert "field 'spans[0].rating': expected -1, 0, 1 or null, got 2" in reason("tracewood", row)


def test_a_number_of_thousands_of_digits_is_refused_in_words():
    (item,) = read_bytes("bigbench_mistake", GOOD.replace(b"null", b"9" * 5000 + b"e,"))
    assert "not valid JSON" in item.reason
    (item,) = read_bytes(
        "bigbench_mistake", GOOD.replace(b"null", b'null, "a": NaN, "b": ' + b"9" * 5000)
    )
    assert "not valid JSON" in item.reason


def test_a_nul_in_one_candidate_costs_that_candidate():
    data = fixture("bon_candidates").replace(b'"text": "Add."', rb'"text": "Add\u0000."')
    items = read_bytes("bon_candidates", data)
    assert "field 'steps[0].text': NUL character at position 3" in items[0].reason
    assert isinstance(items[2], TreeRecord)


def test_a_candidate_file_in_utf16_is_refused_by_name():
    (item,) = read_bytes("bon_candidates", fixture("bon_candidates").decode().encode("utf-16"))
    assert "UTF-16" in item.reason


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"{problem_id: 1}", "expected a field name in quotes at byte 1"),
        (b'{"problem_id" 1}', "expected ':' at byte 14"),
        (b'{"problem_id": "x', "cut off"),
        (b'{"problem_id": "x"', "before ',' or '}'"),
        (b'{"problem_id": "x"} {}', "after the end"),
        (b"{}", "field 'candidates' is missing"),
        (b'{"problem_id": 12', "before ',' or '}'"),
        (b'{"problem_id": "x", "candidates": 3}', "expected '[' at byte"),
        (b'{"candidates": [tru]}', "not valid JSON"),
    ],
)
def test_broken_candidate_files_are_refused_with_the_place(data, words):
    (item,) = read_bytes("bon_candidates", data)
    assert isinstance(item, Rejected)
    assert words in item.reason


def test_a_streamed_candidate_file_survives_small_reads(monkeypatch):
    whole = read_bytes("bon_candidates", fixture("bon_candidates"))
    monkeypatch.setattr(bon_candidates, "_WHOLE", 10)
    monkeypatch.setattr(arrays, "_CHUNK", 3)
    assert read_bytes("bon_candidates", fixture("bon_candidates")) == whole


def test_an_unknown_format_names_the_known_ones():
    with pytest.raises(UnknownNameError, match="tracewood, prm800k"):
        importer("nonsense")


def test_registries_load_no_format_and_nothing_heavy():
    code = (
        "import sys, annotator.importers.auto, annotator.exporters.registry;"
        "bad = [m for m in sys.modules if '.formats.' in m or m.split('.')[0] in"
        " {'pyarrow', 'torch', 'django', 'numpy'}];"
        "sys.exit(f'loaded: {bad}' if bad else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_an_empty_array_has_no_records():
    assert read_bytes("bigbench_mistake", b" [ ] ") == []
    assert read_bytes("bon_candidates", b'{"problem_id": "x", "candidates": []}') == []


def test_a_reference_answer_is_text_or_number():
    words = "field 'target': expected text or a number, got true"
    assert words in reason("bigbench_mistake", {**first("bigbench_mistake"), "target": True})


def test_stray_brackets_in_the_head_do_not_confuse_auto():
    with pytest.raises(ImportRefusedError):
        detect(b'}]"abc": 3')
