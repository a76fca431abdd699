"""What goes into the statistics: names, problems, hostile columns, and what loads what."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest

from scoring.agreement import (
    ANNOTATORS,
    CONSENSUS,
    STATISTICS,
    FirstErrors,
    Ranking,
    Rankings,
    Ratings,
    measure,
    measure_by,
)
from scoring.agreement.registry import INPUTS
from scoring.errors import AgreementError, MissingInputError, ParameterError, UnknownNameError

ROWS = {**STATISTICS, **CONSENSUS, **ANNOTATORS}


def test_columns_become_positions_in_sorted_names():
    ratings = Ratings.of(["b", "a", "b"], [9, 9, 4], [1, 0, -1], problems=["q", "p", "q"])
    assert (ratings.units, ratings.raters, ratings.categories) == (("a", "b"), (4, 9), (-1, 0, 1))
    assert ratings.unit.tolist() == [1, 0, 1]
    assert ratings.rater.tolist() == [1, 1, 0]
    assert ratings.code.tolist() == [2, 1, 0]
    assert ratings.problem.tolist() == [0, 1]
    assert (ratings.n_compared, ratings.n_comparing) == (1, 2)


def test_arrays_and_lists_give_the_same():
    columns = [3, 3, 5], [1, 2, 1], [0, 1, 1]
    lists, arrays = Ratings.of(*columns), Ratings.of(*map(np.array, columns))
    for name in ("unit", "rater", "code", "problem"):
        assert getattr(lists, name).tolist() == getattr(arrays, name).tolist()
    assert (lists.units, lists.categories) == (arrays.units, arrays.categories)


def test_pairs_are_all_pairs_of_an_item_once():
    ratings = Ratings.of([0, 1, 0, 0, 1, 2], [2, 1, 0, 1, 0, 0], [0] * 6)
    left, right = ratings.pairs
    found = {
        (int(ratings.unit[i]), int(ratings.rater[i]), int(ratings.rater[j]))
        for i, j in zip(left, right, strict=True)
    }
    assert found == {(0, 0, 1), (0, 0, 2), (0, 1, 2), (1, 0, 1)}
    assert len(left) == 4
    couples, which = ratings.couples
    assert couples.tolist() == [[0, 1], [0, 2], [1, 2]]
    assert sorted(which.tolist()) == [0, 0, 1, 2]


@pytest.mark.parametrize(
    ("columns", "named", "message"),
    [
        (([1, 1], [1], [0, 0]), {}, "different lengths: 2, 1, 2"),
        (([1, 1], [1, 2], [0, 0]), {"problems": [1]}, "different lengths: 2, 2, 2, 1"),
        (([1, 1], ["ann", "ann"], [0, 1]), {}, "annotator ann judged 1 twice"),
        (([1, 1], [1, 2], [0, None]), {}, "rating of a judgement is missing"),
        (([1, 1], [1, 2], [0, math.nan]), {}, "rating of a judgement is missing"),
        (([1, 1], [1, 2], np.array([0, np.inf])), {}, "rating of a judgement is missing"),
        (([1, None], [1, 2], [0, 1]), {}, "item of a judgement is missing"),
        (([1, 1], [1, 2], [0, 2]), {"categories": (-1, 0, 1)}, "a rating is 2, which is none of"),
        (([1, 1], [1, 2], [0, 0]), {"problems": ["p", "q"]}, "item 1 is in two problems"),
        ((range(101), range(101), range(101)), {}, "101 different ratings; at most 100"),
    ],
)
def test_bad_columns_are_refused_with_what_is_wrong(columns, named, message):
    with pytest.raises(AgreementError, match=message):
        Ratings.of(*columns, **named)


@pytest.mark.parametrize("position", [-1, 1.5, True, "2"])
def test_a_first_error_is_a_step_or_none(position):
    with pytest.raises(AgreementError, match="not at a step counted from 0"):
        FirstErrors.of([1], [1], [position])


def test_bad_rankings_are_refused():
    with pytest.raises(AgreementError, match="by ann has an item twice"):
        Rankings.of([Ranking("p", "ann", ((1,), (2, 1)))])
    row = Ranking("p", "ann", ((1,), (2,)))
    with pytest.raises(AgreementError, match="ann ranked p twice"):
        Rankings.of([row, row])
    other = Ranking("p", "ann", ((1,), (2,)), criterion="clarity")
    assert len(Rankings.of([row, other]).questions) == 2


def test_a_category_given_twice_is_one():
    ratings = Ratings.of([1, 2], [1, 1], [0, 1], categories=(-1, 0, 0, 1))
    assert ratings.categories == (-1, 0, 1)
    assert ratings.code.tolist() == [1, 2]


def test_a_negative_number_of_resamplings_is_refused():
    with pytest.raises(ParameterError, match="'replicates' of 'percent' must be 0 or more"):
        measure("percent", Ratings.table([[1, 1]]), replicates=-1)


def test_rankings_split_by_level_or_criterion_only():
    with pytest.raises(UnknownNameError, match="known: level, criterion"):
        measure_by("tau_b", Rankings.of([]), "rater")


def test_an_unknown_statistic_names_the_known():
    with pytest.raises(UnknownNameError, match="alpha_ordinal"):
        measure("alfa", Ratings.table([[1, 1]]))


@pytest.mark.parametrize("row", [pytest.param(row, id=key) for key, row in STATISTICS.items()])
def test_the_wrong_kind_of_data_says_what_is_needed(row):
    data = FirstErrors.of([], [], []) if row.needs == ("ratings",) else Ratings.table([])
    with pytest.raises(MissingInputError, match=row.needs[0]):
        measure(row.key, data)


@pytest.mark.parametrize("row", [pytest.param(row, id=key) for key, row in ROWS.items()])
def test_every_row_loads_and_every_need_is_explained(row):
    assert callable(row.load())
    assert set(row.needs) <= set(INPUTS)


def test_a_result_names_its_statistic_and_version():
    found = measure("percent", Ratings.table([[1, 1]]))
    assert (found.key, found.version) == ("percent", STATISTICS["percent"].version)


def test_menus_do_not_load_scipy_or_a_statistic():
    code = (
        "import sys; from scoring.agreement import STATISTICS; "
        "print([m for m in sys.modules if m.startswith(('scipy', 'sklearn', 'torch', 'django', "
        "'scoring.agreement.statistics', 'scoring.agreement.consensus'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
