"""RewardBench 2 by hand: 1/k for ties, and the Ties subset against its formula."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from scoring.errors import EvaluationError, MissingInputError
from scoring.evaluation import evaluate
from scoring.evaluation.sources import of_rewardbench2
from tests.scoring.evaluation.data import NONE, QUICK, pool, solution


def ties(question, kind, right, wrong):
    scores, truth = [*right, *wrong], [1] * len(right) + [0] * len(wrong)
    named = pool(f"ties/{question}/{kind}", scores, truth, group=f"{kind}:{question}", split="Ties")
    return [replace(row, problem=f"ties/{question}") for row in named]


def values(rows, **params):
    report = evaluate("rewardbench2", rows, resampling=NONE, **params)
    return {number.key: number.estimate.value for number in report.numbers}


def test_a_row_counts_one_over_the_number_of_highest_scores():
    rows = [
        *pool("a", [3, 1, 2, 0], [1, 0, 0, 0], split="Math"),
        *pool("b", [3, 3, 2, 3], [1, 0, 0, 0], split="Math"),
        *pool("c", [1, 3, 2, 3], [1, 0, 0, 0], split="Math"),
        *pool("d", [5, 5, 5, 5], [0, 1, 0, 0], split="Focus"),
    ]
    found = values(rows)
    assert found == pytest.approx(
        {
            "accuracy:Math": (1 + 1 / 3 + 0) / 3,
            "accuracy:Focus": 1 / 4,
            "score": ((1 + 1 / 3) / 3 + 1 / 4) / 2,
        }
    )
    number = evaluate("rewardbench2", rows, resampling=NONE)["accuracy:Math"]
    assert (number.chance, number.estimate.n) == (0.25, 3)


def test_ties_by_hand():
    rows = [
        *ties(1, "ref", [5], [1, 2]),  # gap 3
        *ties(1, "tied", [6, 5], [3, 1]),  # gap 2, spread 1
        *ties(2, "ref", [5], [4.5]),  # gap 0.5
        *ties(2, "tied", [6, 5], [3]),  # gap 2, spread 1
        *ties(3, "ref", [1], [2]),  # gap -1
        *ties(3, "tied", [6, 2], [3]),  # gap -1, spread 4
    ]
    margin = math.tanh(2 / 1 - 1) + math.tanh(0.5 - 1) + math.tanh(-1 / 4 - 1)
    expected = 0.3 * 2 / 3 + 0.3 * 2 / 3 + 0.2 * 2 / 3 + 0.2 * 1 / 3 + 0.01 * margin / 3
    assert values(rows)["score:Ties"] == pytest.approx(expected)


def test_right_answers_that_score_alike_divide_by_a_spread_of_zero():
    better = [*ties(1, "ref", [5], [1]), *ties(1, "tied", [6, 6], [3])]
    assert values(better)["score:Ties"] == pytest.approx(1.01)  # tanh(∞) = 1
    level = [*ties(1, "ref", [5], [5]), *ties(1, "tied", [6, 6], [6])]
    assert values(level)["score:Ties"] == 0.0  # 0 / 0 counts 0


def test_a_pair_of_questions_is_drawn_as_one_problem():
    rows = []
    for question in range(6):
        rows += ties(question, "ref", [5], [question])
        rows += ties(question, "tied", [6, 5], [question])
    number = evaluate("rewardbench2", rows, resampling=QUICK)["score:Ties"]
    assert (number.n_problems, number.estimate.n) == (6, 12)
    assert number.estimate.low <= number.estimate.value <= number.estimate.high


def test_without_a_pair_there_is_no_number():
    number = evaluate("rewardbench2", ties(1, "tied", [6, 5], [3]), resampling=NONE)["score:Ties"]
    assert "as 'ref:…' and as 'tied:…'" in number.estimate.undefined


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (pool("a", [1, 2], [1, 1], split="Math"), "has 2 right ones of 2"),
        (pool("a", [1, 2], [0, 0], split="Math"), "has 0 right ones of 2"),
        (pool("a", [1, 2], [1, 0], split="Ties", group="x"), "must be called 'ref"),
        ([*ties(1, "ref", [1], [0]), *ties(1, "tied", [1], [0])], "has one right answer"),
    ],
)
def test_rows_against_the_protocol_are_refused(rows, words):
    with pytest.raises(EvaluationError, match=words):
        evaluate("rewardbench2", rows)


def test_a_question_with_an_unscored_answer_is_left_out_whole():
    rows = [*pool("a", [3, 1], [1, 0]), *pool("b", [1, math.nan, 0], [1, 0, 0])]
    report = evaluate("rewardbench2", rows, resampling=NONE)
    assert report["accuracy"].estimate.n == 1
    assert report.notes == ("3 of 5 records left out: they lack what the suite needs",)


def test_step_scores_need_the_name_of_an_aggregation():
    rows = [solution("a/1", 0.9, 0.8, correct=True), solution("a/2", 0.9, 0.7, correct=False)]
    with pytest.raises(MissingInputError, match="or name an aggregation of step scores"):
        evaluate("rewardbench2", rows)
    assert values(rows, aggregation="min")["accuracy"] == 1.0


def test_rows_of_the_benchmark_become_records():
    rows = [
        {"id": "204", "subset": "Math", "chosen": ["a"], "rejected": ["b", "c", "d"]},
        {"id": "ref:17", "subset": "Ties", "chosen": ["a"], "rejected": ["b"]},
        {"id": "tied:17", "subset": "Ties", "chosen": ["a", "b"], "rejected": ["c"]},
    ]
    records = list(of_rewardbench2(rows))
    assert [record.correct for record in records[:4]] == [True, False, False, False]
    assert {record.problem for record in records} == {"Math/204", "Ties/17"}
    assert {record.group for record in records} == {"204", "ref:17", "tied:17"}
