"""Answers against gold, by hand."""

from __future__ import annotations

import math

from scoring.agreement.gold import check_all_steps, check_first_error, check_ranking, reaches


def test_first_error_is_found_or_not():
    gold = {0: 1, 1: 1, 2: -1}
    right = check_first_error([1, 0, -1, None], gold, 2)
    assert (right.right, right.score, right.first_error) == (True, 1.0, True)
    assert (right.agreed, right.known) == (2, 3)  # the second step is 0, the gold says 1
    early = check_first_error([1, -1, None, None], gold, 2)
    assert (early.right, early.first_error, early.agreed, early.known) == (False, False, 1, 2)
    missed = check_first_error([1, 1, 1, 1], gold, 2)
    assert (missed.right, missed.agreed, missed.known) == (False, 2, 3)


def test_a_trace_without_errors_is_right_if_nothing_is_called_wrong():
    assert check_first_error([1, "unsure", 1], {0: 1, 1: 1, 2: 1}, None).right
    assert not check_first_error([1, -1, None], {0: 1, 1: 1, 2: 1}, None).right


def test_all_steps_count_each_rated_step():
    gold = {0: 1, 1: 0, 2: -1, 3: -1, 4: 1}
    four = check_all_steps([1, 0, -1, -1, 0], gold, 2)
    assert (four.score, four.right, four.agreed, four.known) == (0.8, True, 4, 5)
    three = check_all_steps([1, 0, -1, None, "unsure"], gold, 2)
    assert (three.score, three.right, three.first_error) == (0.6, False, True)


def test_rankings_count_pairs_and_ties():
    same = check_ranking([[3], [1, 2]], [[3], [1, 2]])
    assert (same.score, same.agreed, same.known, same.tau) == (1.0, 3, 3, 1.0)
    turned = check_ranking([[2], [1], [3]], [[3], [1], [2]])
    assert (turned.score, turned.tau, turned.right) == (0.0, -1.0, False)
    # Gold 3 > 1 = 2; said 3 > 1 > 2: two of three pairs right; tau-b = 2 / sqrt(3 * 2).
    near = check_ranking([[3], [1], [2]], [[3], [1, 2]])
    assert (near.agreed, near.known) == (2, 3)
    assert near.tau is not None
    assert math.isclose(near.tau, 2 / math.sqrt(6))


def test_what_is_left_out_or_all_tied_has_no_tau():
    assert check_ranking([], [[1], [2]]).tau is None
    assert check_ranking([], [[1], [2]]).score == 0.0
    tied = check_ranking([[1, 2]], [[1], [2]])
    assert (tied.score, tied.tau) == (0.0, None)


def test_a_share_that_is_met_exactly_is_reached():
    # by a product 14 of 25 would miss a mark of 0.56: 0.56 * 25 = 14.000000000000002
    for total in range(1, 101):
        for right in range(total + 1):
            for percent in range(101):
                assert reaches(right, total, percent / 100) == (100 * right >= percent * total)
    assert reaches(0, 0, 1.0)
