"""α, κ, percent and first-error agreement: published examples, peers, brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from scoring.agreement import FirstErrors, Ratings, measure
from scoring.agreement.base import ALL_EQUAL, NO_NUMBERS, NO_ORDER, NOTHING_SHARED
from tests.scoring.agreement_cases import DIFFERENCES, brute_alpha, fleiss, krippendorff, simulated

OF_RATINGS = [
    "alpha_nominal",
    "alpha_ordinal",
    "alpha_interval",
    "kappa_linear",
    "kappa_quadratic",
    "kappa_fleiss",
    "percent",
]


def value(key, data):
    return measure(key, data, replicates=0).estimate.value


# --- Krippendorff's α ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "printed"),
    [("alpha_nominal", 0.743), ("alpha_ordinal", 0.815), ("alpha_interval", 0.849)],
)
def test_alpha_of_krippendorffs_example(key, printed):
    found = measure(key, krippendorff()).estimate
    assert found.value == pytest.approx(printed, abs=0.0005)
    assert (found.n, found.n_raters) == (11, 4)  # unit 12 has one rating
    assert found.low < found.value < found.high <= 1


TABLES = st.integers(2, 4).flatmap(
    lambda raters: st.lists(
        st.lists(st.sampled_from([None, -1, 0, 1, 3]), min_size=raters, max_size=raters),
        min_size=1,
        max_size=6,
    )
)


@pytest.mark.parametrize("key", DIFFERENCES)
@settings(max_examples=60, deadline=None)
@given(table=TABLES)
def test_alpha_is_its_definition(key, table):
    expected = brute_alpha(table, DIFFERENCES[key])
    found = value(key, Ratings.table(table))
    assert (found is None) == (expected is None)
    if expected is not None:
        assert found == pytest.approx(expected, abs=1e-12)


def test_alpha_counts_an_unused_category_as_nothing():
    table = [[-1, 1], [1, 1], [-1, -1], [1, 0]]
    for key in DIFFERENCES:
        scheme = Ratings.table(table, categories=(-1, 0, 1, 2))
        assert value(key, scheme) == pytest.approx(value(key, Ratings.table(table)), abs=1e-12)


# --- κ -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "weights"), [("kappa_linear", "linear"), ("kappa_quadratic", "quadratic")]
)
def test_weighted_kappa_is_sklearns_for_every_pair_and_their_mean(key, weights):
    _, ratings = simulated(300, 4, [0.9, 0.8, 0.6, 0.5], missing=0.3)
    found = measure(key, ratings, replicates=0)
    assert len(found.pairs) == 6
    expected = []
    for pair in found.pairs:
        said = [
            dict(
                zip(
                    ratings.unit[ratings.rater == who],
                    ratings.code[ratings.rater == who],
                    strict=True,
                )
            )
            for who in (pair.first, pair.second)
        ]
        common = sorted(said[0].keys() & said[1].keys())
        expected.append(
            cohen_kappa_score(
                [said[0][unit] for unit in common],
                [said[1][unit] for unit in common],
                labels=[0, 1, 2],
                weights=weights,
            )
        )
        assert pair.n == len(common)
        assert pair.value == pytest.approx(expected[-1], abs=1e-12)
    assert found.estimate.value == pytest.approx(np.mean(expected), abs=1e-12)


def test_weighted_kappa_by_hand():
    # o = [[2, 1], [0, 1]], N = 4: Σ w o = 1; Σ w r k = 3·2 + 1·2 = 8; κ = 1 − 4·1/8
    ratings = Ratings.table([[0, 0], [0, 0], [0, 1], [1, 1]])
    assert value("kappa_linear", ratings) == pytest.approx(0.5)


def test_a_pair_without_a_value_is_left_out_of_the_mean_and_counted():
    ratings = Ratings.table([[1, 1, None], [1, 1, 0], [None, 0, 0], [None, 1, 1]])
    found = measure("kappa_linear", ratings, replicates=0)
    reasons = {(pair.first, pair.second): pair.undefined for pair in found.pairs}
    assert reasons == {(0, 1): ALL_EQUAL, (0, 2): "", (1, 2): ""}
    assert found.estimate.notes == ("1 of 3 pairs without a value left out",)


def test_fleiss_kappa_of_the_psychiatric_example():
    found = measure("kappa_fleiss", fleiss()).estimate
    assert found.value == pytest.approx(0.430, abs=0.0005)
    assert (found.n, found.n_raters) == (30, 6)
    assert value("percent", fleiss()) == pytest.approx(0.5556, abs=0.00005)


def test_fleiss_kappa_takes_the_most_frequent_number_of_ratings():
    rows = [[1, 1, 0], [0, 0, 0], [1, 1, None], [0, 1, None]]
    both = measure("kappa_fleiss", Ratings.table(rows), replicates=0).estimate
    assert both.n == 2  # of equally frequent numbers the larger
    assert both.notes == ("2 items without exactly 3 ratings left out",)
    more = measure("kappa_fleiss", Ratings.table([*rows, [1, 1, None]]), replicates=0).estimate
    assert more.n == 3
    # ratings 1 five times, 0 once: P̄ = 2/3, P̄ₑ = 25/36 + 1/36
    assert more.value == pytest.approx((2 / 3 - 26 / 36) / (10 / 36))


# --- shares --------------------------------------------------------------------------------------


def test_percent_agreement_by_hand_with_pairs():
    found = measure("percent", Ratings.table([[1, 1, 1], [1, 0, 0], [0, 0, None], [1, None, None]]))
    assert found.estimate.value == pytest.approx((1 + 1 / 3 + 1) / 3)
    assert [(p.first, p.second, p.value, p.n) for p in found.pairs] == [
        (0, 1, pytest.approx(2 / 3), 3),
        (0, 2, 0.5, 2),
        (1, 2, 1.0, 2),
    ]


def errors(*rows):
    cells = [(t, r, p) for t, row in enumerate(rows) for r, p in enumerate(row) if p != "-"]
    return FirstErrors.of(*zip(*cells, strict=True))


def test_first_errors_by_hand():
    data = errors((3, 3), (3, 4), (3, 5), (None, None), (None, 0), (2, "-"))
    exact, near = measure("first_error_exact", data), measure("first_error_near", data)
    assert exact.estimate.value == pytest.approx(2 / 5)
    assert near.estimate.value == pytest.approx(3 / 5)  # "none" is no neighbour of step 0
    assert (near.estimate.n, near.estimate.n_raters) == (5, 2)
    assert [(pair.value, pair.n) for pair in near.pairs] == [(pytest.approx(3 / 5), 5)]


def test_first_errors_of_three_annotators_weigh_traces_equally():
    found = measure("first_error_exact", errors((1, 1, 2), (0, 0, "-")))
    assert found.estimate.value == pytest.approx((1 / 3 + 1) / 2)


# --- undefined -----------------------------------------------------------------------------------


@pytest.mark.parametrize("key", OF_RATINGS)
@pytest.mark.parametrize("rows", [[], [[1, None], [None, 0]]], ids=["empty", "disjoint"])
def test_without_a_common_item_there_is_a_reason(key, rows):
    found = measure(key, Ratings.table(rows))
    assert found.estimate.value is None
    assert found.estimate.undefined == NOTHING_SHARED
    assert found.pairs == ()


@pytest.mark.parametrize("key", [key for key in OF_RATINGS if key != "percent"])
def test_equal_ratings_have_a_reason(key):
    found = measure(key, Ratings.table([[1, 1], [1, 1], [0, None]])).estimate
    assert (found.value, found.low, found.high) == (None, None, None)
    assert found.undefined == ALL_EQUAL


def test_names_have_no_order_unless_one_is_given():
    table = [["bad", "bad"], ["good", "good"], ["okay", "good"]]
    named = Ratings.table(table)
    assert measure("alpha_nominal", named).estimate.value is not None
    for key in ("alpha_ordinal", "kappa_linear", "kappa_quadratic"):
        assert measure(key, named).estimate.undefined == NO_ORDER
    assert measure("alpha_interval", named).estimate.undefined == NO_NUMBERS
    ordered = Ratings.table(table, categories=("bad", "okay", "good"))
    numbered = Ratings.table([[-1, -1], [1, 1], [0, 1]])
    assert value("alpha_ordinal", ordered) == pytest.approx(value("alpha_ordinal", numbered))
