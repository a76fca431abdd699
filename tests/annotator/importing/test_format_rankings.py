"""Formats with rankings: what a record turns into, and which records are refused."""

from __future__ import annotations

import orjson
import pytest

from annotator.importers.auto import detect
from annotator.importers.formats.fine_grained_rlhf import weak_order
from annotator.importers.sentences import sentences
from scoring.types import RankingRecord, RaterRecord, Rejected
from tests.annotator.formats import RESULTS, SHEET, changed, fixture
from tests.annotator.tree_exports import read_bytes, reason

FEEDBACK = RaterRecord("imported", "fine_grained_rlhf")


def one_row(key, row):
    (item,) = read_bytes(key, orjson.dumps([row]))
    return item


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One.", ["One."]),
        ("One. Two! Is it? Yes", ["One.", "Two!", "Is it?", "Yes"]),
        ("Pi is 3.14 here. So.", ["Pi is 3.14 here.", "So."]),
        ("By George W. Bush. It is.", ["By George W. Bush.", "It is."]),
        ("Dr. No came. e.g. so", ["Dr. No came. e.g. so"]),
        ('He said "no." Then "Yes." 3 came.', ['He said "no."', 'Then "Yes."', "3 came."]),
    ],
)
def test_sentences_lose_nothing_but_the_space_between_them(text, parts):
    assert [text[a:b] for a, b in sentences(text)] == parts


# Fine-Grained RLHF


def test_four_predictions_are_four_traces_of_sentences():
    first, _ = read_bytes("fine_grained_rlhf", fixture("fine_grained_rlhf"))
    assert first.problem.reference == "Ann Lee wrote it in 2001."
    assert first.problem.meta["passages"][0][0] == "Tide (song)"
    assert [node.text for node in first.nodes] == [
        "Tide is a song.",
        "It is by Bob Ray and was loved.",
        "Many people sing.",
        "Ann Lee wrote it.",
        "Tide is a song.",
        "Ann Lee wrote it.",
        "Nobody knows.",
    ]
    assert [node.parent for node in first.nodes] == [-1, 0, 1, -1, -1, 4, -1]
    assert [trace.end for trace in first.traces] == [2, 3, 5, 6]
    assert first.traces[0].meta["missing-info"][0]["error type"] == "Missing-Answer"


def test_errors_mark_sentences_and_keep_their_exact_places():
    first, _ = read_bytes("fine_grained_rlhf", fixture("fine_grained_rlhf"))
    assert [(x.node, x.rating, x.error_type, x.note) for x in first.labels] == [
        (1, -1, "Wrong-Grounding", "Ann Lee"),
        (2, 0, "Irrelevant", ""),
    ]
    sentence = first.nodes[1].text
    places = [(e["start"], e["end"]) for e in first.labels[0].meta["errors"]]
    assert [sentence[a:b] for a, b in places] == ["by Bob Ray", "and was loved."]


def test_the_corrected_prediction_is_an_alternative_to_the_whole_answer():
    first, second = read_bytes("fine_grained_rlhf", fixture("fine_grained_rlhf"))
    (alternative,) = first.alternatives
    assert (alternative.parent, alternative.replaces) == (-1, None)
    assert alternative.text == "Ann Lee wrote Tide."
    assert second.alternatives == []


def test_a_weak_order_is_one_ranking_of_four():
    first, _ = read_bytes("fine_grained_rlhf", fixture("fine_grained_rlhf"))
    assert first.rankings == [RankingRecord("trace", [[1, 2], [0], [3]], FEEDBACK)]
    assert first.warnings == []


def test_answers_that_are_no_order_stay_six_comparisons_and_are_flagged():
    _, second = read_bytes("fine_grained_rlhf", fixture("fine_grained_rlhf"))
    # 1 = 2 = 3, yet 1 beats 3
    assert [ranking.tiers for ranking in second.rankings] == [
        [[0, 1]], [[0], [2]], [[0], [3]], [[1, 2]], [[1], [3]], [[2], [3]],
    ]  # fmt: skip
    assert all(ranking.meta == {"pairwise": True} for ranking in second.rankings)
    assert "six comparisons" in second.warnings[0]


@pytest.mark.parametrize(
    ("answers", "tiers"),
    [
        ([0] * 6, [[0, 1, 2, 3]]),
        ([1] * 6, [[0], [1], [2], [3]]),
        ([2] * 6, [[3], [2], [1], [0]]),
        ([1, 2, 1, 1, 1, 1], None),  # 1 > 2 > 3 > 1
        ([0, 0, 1, 0, 1, 1], [[0, 1, 2], [3]]),
        ([0, 1, 1, 0, 1, 1], None),
    ],
)
def test_weak_orders_by_hand(answers, tiers):
    assert weak_order(answers) == tiers


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"preference": [0, 1]}, "field 'preference': expected 6 numbers"),
        ({"preference": [0, 1, 2, 0, 1, 3]}, "field 'preference[5]': expected an integer from 0"),
        ({"preference": [0, 1, 2, 0, 1, True]}, "field 'preference[5]'"),
        ({"prediction 3": ""}, "field 'prediction 3'"),
        ({"feedback": []}, "field 'feedback': expected an object"),
        ({"feedback": {"errors": [{"start": 0, "end": 999}]}}, "feedback.errors[0].end"),
        ({"feedback": {"errors": [{"start": 5, "end": 5}]}}, "feedback.errors[0].end"),
    ],
)
def test_fine_grained_refuses(fields, words):
    item = one_row("fine_grained_rlhf", changed("fine_grained_rlhf", **fields))
    assert isinstance(item, Rejected)
    assert words in item.reason


# PandaLM


def test_three_annotators_stay_three_raters():
    first, second = read_bytes("pandalm", fixture("pandalm"))
    assert first.problem.prompt == "Make it shorter.\n\nIt is what it is."
    assert second.problem.prompt == "Is 2 even?"
    assert [(r.rater.name, r.tiers) for r in first.rankings] == [
        ("pandalm annotator1", [[0], [1]]),
        ("pandalm annotator2", [[0, 1]]),
        ("pandalm annotator3", [[1], [0]]),
    ]
    assert {r.rater.kind for r in first.rankings} == {"imported"}
    assert first.meta == {"motivation_app": "Grammarly", "cmp_key": "toy-1_toy-2"}


def test_boolean_and_empty_responses_are_kept():
    _, second = read_bytes("pandalm", fixture("pandalm"))
    assert [node.text for node in second.nodes] == ["True", ""]
    assert second.warnings == ["field 'response1' is a boolean, kept as the text 'True'"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"annotator2": 3}, "field 'annotator2': expected an integer from 0 to 2"),
        ({"annotator2": None}, "field 'annotator2'"),
        ({"annotator3": False}, "field 'annotator3'"),
        ({"response2": 5}, "field 'response2': expected text"),
        ({"idx": "0"}, "field 'idx'"),
        ({"instruction": " ", "input": ""}, "field 'instruction': expected text, or an input"),
        ({"instruction": None}, "field 'instruction'"),
    ],
)
def test_pandalm_refuses(fields, words):
    item = one_row("pandalm", changed("pandalm", **fields))
    assert isinstance(item, Rejected)
    assert words in item.reason


# natural pool


def test_cards_are_two_traces_without_the_chat_preamble():
    first, second = read_bytes("natural_pool", fixture("natural_pool"))
    assert [trace.key for trace in first.traces] == ["NP_0001:A", "NP_0001:B"]
    assert [node.text for node in first.nodes] == [
        "We add.", "2 + 3 = 5.", "We add.", "We count to 5.", "So 5.",
    ]  # fmt: skip
    assert first.rankings == []
    assert [node.text for node in second.nodes] == ["It is 2.", "It is 3."]


@pytest.mark.parametrize("data", [SHEET, RESULTS, b"\xef\xbb\xbf" + SHEET])
def test_auto_knows_the_tables_by_their_header(data):
    assert detect(data) == "natural_pool"


def test_marks_become_rankings_with_scores():
    first, second = read_bytes("natural_pool", SHEET)
    assert (first.trace_format, first.trace_keys) == ("natural_pool", ["NP_0001:A", "NP_0001:B"])
    assert [(r.criterion, r.tiers, r.scores, r.note) for r in first.rankings] == [
        ("", [[0], [1]], None, "clear, and\nshort"),
        ("completeness", [[0], [1]], {0: 5.0, 1: 4.0}, ""),
        ("supervision_quality", [[0, 1]], {0: 3.0, 1: 3.0}, ""),
    ]
    assert [(r.criterion, r.tiers) for r in second.rankings] == [
        ("", [[0, 1]]),
        ("completeness", [[0, 1]]),
        ("supervision_quality", [[1], [0]]),
    ]
    assert (first.line, second.line) == (2, 4)


def test_the_second_round_has_raters_of_its_own():
    first, second = read_bytes("natural_pool", RESULTS)
    assert [(r.rater.name, r.rater.version, r.tiers, r.meta) for r in first.rankings] == [
        ("annotator_1", "round 2", [[0, 1]], {"round": 2, "source": "no_preference"}),
        ("annotator_2", "round 2", [[1], [0]], {"round": 2, "source": "native"}),
    ]
    assert first.meta == {
        "prm": "toy_prm",
        "benchmark": "gsm8k",
        "problem_id": "gsm8k_442",
        "majority_vote": "split",
    }
    assert second.key == "round 2:NP_0002"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            b"5,4,3,3,A",
            b"6,4,3,3,A",
            "field 'A: Completeness': expected a whole number from 1 to 5",
        ),
        (b"5,4,3,3,A", b",4,3,3,A", "field 'A: Completeness'"),
        (b"5,4,3,3,A", b"5,4,3,3,C", "field 'Overall Preference': expected 'A' or 'B'"),
        (b"5,4,3,3,A", b"5,4,3,A", "the row has 6 columns, the header 7"),
        (b"NP_0001", b"", "names no card"),
        (b"clear", b"cle\xffar", "invalid UTF-8"),
        (b"clear", b"cle\0ar", "NUL character"),
    ],
)
def test_a_bad_row_of_a_sheet_costs_only_itself(old, new, words):
    items = read_bytes("natural_pool", SHEET.replace(old, new, 1))
    assert isinstance(items[0], Rejected)
    assert words in items[0].reason
    assert items[0].line == 2
    assert items[-1].key == "NP_0002"


def test_a_sheet_without_judgements_or_with_equal_columns_is_refused():
    (item,) = read_bytes("natural_pool", b"Card ID,Notes\nNP_0001,x\n")
    assert "no column with a judgement" in item.reason
    (item,) = read_bytes("natural_pool", b"Card ID,Notes,Notes\nNP_0001,x,y\n")
    assert "same name" in item.reason


def test_an_open_quote_does_not_swallow_memory():
    items = read_bytes("natural_pool", SHEET + b'NP_3,1,1,1,1,A,"' + b"x\n" * 100_000)
    assert "not valid CSV" in items[2].reason


def test_a_card_is_refused_by_field():
    assert "field 'trace_B_text'" in reason("natural_pool", changed("natural_pool", trace_B_text=3))
