"""Records hold together, in any order; their hash tells what they are and not what a model said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from scoring.errors import EvaluationError
from scoring.evaluation import Record
from scoring.evaluation.records import Records
from tests.scoring.evaluation.data import solution, worded


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([Record("a", "p"), Record("a", "q")], "'a' is there twice"),
        ([solution("a", 0.5, step_labels=[1.0, 0.0])], "has 2 steps and 1 step_scores"),
        ([solution("a", 0.5, step_labels=[1.5])], "label outside 0 to 1"),
        ([solution("a", 0.5, first_error=1)], "first error at 1, but 1 steps"),
        ([solution("a", 0.5, first_error=-2)], "first error at -2"),
        ([solution("a", np.inf)], "infinite score"),
        ([Record("a", "p", group="g"), Record("b", "q", group="g")], "'g' is in two problems"),
    ],
)
def test_records_that_contradict_themselves_are_refused(rows, words):
    with pytest.raises(EvaluationError, match=words):
        Records.of(rows)


def test_the_order_of_records_does_not_matter():
    rows = worded()
    assert Records.of(rows).digest() == Records.of(rows[::-1]).digest()


@pytest.mark.parametrize(
    "change",
    [
        {"id": "p00/9"},
        {"problem": "other"},
        {"group": "g"},
        {"split": "s"},
        {"correct": False},
        {"gold": 0.25},
        {"first_error": 3},
        {"step_labels": np.array([1.0, 1.0, 1.0, 0.5])},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_is_known_of_a_record_is_part_of_the_hash(change):
    rows = worded()
    changed = [replace(rows[0], **change), *rows[1:]]
    assert Records.of(rows).digest() != Records.of(changed).digest()


def test_scores_and_texts_are_no_part_of_the_hash():
    rows = worded()
    changed = [replace(row, score=0.5, step_scores=row.step_scores / 2, steps=()) for row in rows]
    assert Records.of(rows).digest() == Records.of(changed).digest()


def test_labels_follow_from_the_first_error_as_far_as_it_says():
    labels = solution("a", 0.1, 0.2, 0.3, 0.4, first_error=1).labels
    np.testing.assert_array_equal(labels, [1, 0, np.nan, np.nan])
    np.testing.assert_array_equal(solution("a", 0.1, 0.2, first_error=-1).labels, [1, 1])
    assert not len(solution("a", 0.1).labels)
