"""τ-b, W and α of rankings: published examples, scipy, brute force, gaps."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau

from scoring.agreement import Rankings, measure, measure_by
from scoring.agreement.statistics.kendall import ALL_TIED, kendall_w
from tests.scoring.agreement_cases import APPLICANTS, WITH_TIES, brute_alpha, ranking, rankings


def value(key, data):
    return measure(key, data, replicates=0).estimate.value


@pytest.mark.parametrize(
    ("ranks", "printed", "places"), [(APPLICANTS, 0.16, 0.005), (WITH_TIES, 0.828, 0.0005)]
)
def test_w_of_the_textbook_examples(ranks, printed, places):
    assert value("kendall_w", rankings(*ranks)) == pytest.approx(printed, abs=places)


def test_w_is_one_for_equal_and_zero_for_opposite_rankings():
    assert kendall_w(np.array([[1, 2, 2, 3]] * 3)) == pytest.approx(1)
    assert kendall_w(np.array([[1, 2, 3], [3, 2, 1]])) == pytest.approx(0)


RANKS = st.integers(2, 6).flatmap(
    lambda n: st.lists(st.lists(st.integers(0, 3), min_size=n, max_size=n), min_size=2, max_size=2)
)


@settings(max_examples=100, deadline=None)
@given(ranks=RANKS)
def test_tau_b_is_scipys(ranks):
    expected = kendalltau(*ranks).statistic if all(len(set(row)) > 1 for row in ranks) else None
    found = value("tau_b", rankings(*ranks))
    assert found == (None if expected is None else pytest.approx(expected, abs=1e-12))


def test_tau_b_uses_common_items_and_averages_over_questions():
    rows = Rankings.of(
        [
            ranking((1, 2, 3, None), "ann", "p"),
            ranking((2, 1, 3, 4), "bob", "p"),  # on three common items: 1 − 2 · 1/3
            ranking((1, 2), "ann", "q"),
            ranking((1, 2), "bob", "q"),
            ranking((1, 2), "ann", "r"),
            ranking((1, 1), "bob", "r"),  # all tied: no τ
        ]
    )
    found = measure("tau_b", rows)
    assert found.estimate.value == pytest.approx((1 / 3 + 1) / 2)
    assert (found.estimate.n, found.estimate.n_raters) == (2, 2)
    assert found.estimate.notes == ("1 of 3 pairs of rankings tie all: left out",)
    ((first, second, mean, n),) = [(p.first, p.second, p.value, p.n) for p in found.pairs]
    assert (first, second, n) == ("ann", "bob", 2)
    assert mean == pytest.approx(2 / 3)


def test_a_pair_that_only_ties_has_a_reason():
    rows = [
        ranking(ranks, who) for who, ranks in (("ann", (1, 1)), ("bob", (1, 2)), ("cyd", (1, 2)))
    ]
    reasons = [
        (pair.value, pair.n, pair.undefined) for pair in measure("tau_b", Rankings.of(rows)).pairs
    ]
    assert reasons == [(None, 0, ALL_TIED), (None, 0, ALL_TIED), (1.0, 1, "")]


def test_w_leaves_incomplete_rankings_out_and_counts_them():
    rows = [
        ranking((1, 2, 3), "ann", "p"),
        ranking((1, 2, 3), "bob", "p"),
        ranking((1, 2, None), "cyd", "p"),
        ranking((1, 1), "ann", "q"),
        ranking((1, 1), "bob", "q"),
    ]
    found = measure("kendall_w", Rankings.of(rows), replicates=0).estimate
    assert (found.value, found.n, found.n_raters) == (1, 1, 2)
    assert found.notes == (
        "1 incomplete rankings left out",
        "1 questions on which all items are tied left out",
    )


@settings(max_examples=60, deadline=None)
@given(ranks=RANKS, third=st.lists(st.integers(0, 3), min_size=6, max_size=6), data=st.data())
def test_alpha_of_rankings_does_not_depend_on_the_items_names(ranks, third, data):
    rows = [*ranks, third[: len(ranks[0])]]
    order = data.draw(st.permutations(range(len(ranks[0]))))
    turned = [[row[item] for item in order] for row in rows]
    for key in ("ranking_alpha_nominal", "ranking_alpha_ordinal"):
        found = value(key, rankings(*rows))
        if found is None:
            assert value(key, rankings(*turned)) is None
        else:
            assert value(key, rankings(*turned)) == pytest.approx(found, abs=1e-12)


def verdicts(rows):
    """Every pair of items with each ranking's verdict, both ways round."""
    pairs = itertools.permutations(range(len(rows[0])), 2)
    return [[int(np.sign(row[b] - row[a])) for row in rows] for a, b in pairs]


@settings(max_examples=60, deadline=None)
@given(ranks=RANKS)
def test_alpha_of_rankings_is_alpha_of_verdicts_counted_both_ways(ranks):
    expected = brute_alpha(verdicts(ranks), lambda a, b, _: a != b)
    assume(expected is not None)
    # Twice as many verdicts: only the correction (n − 1) for small samples differs, n of each
    n = len(ranks[0]) * (len(ranks[0]) - 1)
    expected = 1 - (1 - expected) / (2 * n - 1) * 2 * (n - 1)
    assert value("ranking_alpha_nominal", rankings(*ranks)) == pytest.approx(expected, abs=1e-12)


def test_by_level_and_by_criterion():
    rows = [
        ranking(ranks, who, level=level, criterion=criterion)
        for level, criterion, pair in (
            ("step", "clarity", ((1, 2), (1, 2))),
            ("step", "correctness", ((1, 2), (2, 1))),
            ("trace", "clarity", ((1, 2), (1, 2))),
        )
        for who, ranks in enumerate(pair)
    ]
    both = Rankings.of(rows)
    levels = measure_by("tau_b", both, "level", replicates=0)
    assert {name: found.estimate.value for name, found in levels.items()} == {"step": 0, "trace": 1}
    criteria = measure_by("tau_b", both, "criterion", replicates=0)
    assert {name: found.estimate.value for name, found in criteria.items()} == {
        "clarity": 1,
        "correctness": -1,
    }


@pytest.mark.parametrize(
    "key", ["tau_b", "kendall_w", "ranking_alpha_nominal", "ranking_alpha_ordinal"]
)
@pytest.mark.parametrize(
    "rows",
    [
        (),
        (((1, 2), "ann"),),
        (((1, 2, None), "ann"), ((None, 1, 2), "bob")),
        (((1, 1), "ann"), ((1, 1), "bob")),
    ],
    ids=["none", "one annotator", "one common item", "all tied"],
)
def test_what_cannot_be_compared_has_a_reason(key, rows):
    found = measure(key, Rankings.of(ranking(*row) for row in rows)).estimate
    assert found.value is None
    assert found.undefined.startswith("undefined because")
