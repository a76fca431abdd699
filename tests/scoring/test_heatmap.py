"""``scoring.heatmap``: limits, classes and words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.heatmap import MISSING, classes, fractions, number_text, scale

NAN = float("nan")
NUMBERS = st.lists(
    st.one_of(st.just(NAN), st.floats(-1e6, 1e6, allow_subnormal=False)), max_size=40
)


def test_signed_limits_are_symmetric_and_shared_by_all_columns():
    limits = scale([0.1, -0.4], [0.2], signed=True, percentile=100)
    assert (limits.low, limits.high) == (-0.4, 0.4)


def test_limits_are_clipped_at_the_98th_percentile_and_say_so():
    values = np.linspace(-1, 1, 101)
    values[0] = -50
    limits = scale(values, signed=True)
    assert limits.high == pytest.approx(np.percentile(np.abs(values), 98))
    assert limits.clipped == int((np.abs(values) > limits.high).sum()) == 2
    assert classes(values, limits)[0] == -4


def test_a_few_values_among_zeros_are_still_seen():
    limits = scale([0.0] * 99 + [-3.0], signed=True)
    assert limits.high == 3.0
    assert classes([0.0, -3.0], limits).tolist() == [0, -4]


def test_nine_classes_are_equally_wide():
    limits = scale([-9.0, 9.0], signed=True, percentile=100)
    middles = [-8, -6, -4, -2, 0, 2, 4, 6, 8]
    assert classes(middles, limits).tolist() == [-4, -3, -2, -1, 0, 1, 2, 3, 4]
    assert classes([-9.0, 9.0, 0.99, 1.01], limits).tolist() == [-4, 4, 0, 1]


def test_missing_is_not_zero():
    limits = scale([NAN, 0.0, 1.0], signed=True)
    assert classes([NAN, 0.0], limits).tolist() == [MISSING, 0]
    assert limits.missing == 1
    assert np.isnan(fractions([NAN], limits)[0])


def test_unsigned_values_use_the_upper_half():
    limits = scale([0.0, 0.5, 1.0], signed=False, percentile=100)
    assert (limits.low, limits.high) == (0.0, 1.0)
    assert classes([0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0], limits).tolist() == [0, 0, 1, 2, 3, 4, 4]
    below = scale([-1.0, 1.0], signed=False, percentile=100)
    assert classes([-1.0, 0.0, 1.0], below).tolist() == [0, 2, 4]


def test_a_probability_has_the_same_colour_on_every_tree_and_one_half_has_none():
    values = [0.0, 0.05, 0.46, 0.5, 0.54, 0.67, 0.95, 1.0]
    limits = scale(values, signed=False, probability=True, unit="score")
    assert (limits.low, limits.neutral, limits.high) == (0.0, 0.5, 1.0)
    # class = floor(|2p - 1| * 4.5 + 0.5): 0.67 is 0.34 * 4.5 + 0.5 = 2.03
    assert classes(values, limits).tolist() == [-4, -4, 0, 0, 0, 2, 4, 4]
    few = scale([0.46, 0.67], signed=False, probability=True)
    assert classes([0.46, 0.67], few).tolist() == [0, 2], "whatever else is on the tree"
    assert few.two_sided
    assert number_text(0.67, signed=few.signed) == "0.67", "a probability has no plus"


def test_scores_outside_0_and_1_are_no_probabilities():
    logits = scale([-2.0, 0.5, 6.0], signed=False, probability=True, percentile=100)
    assert (logits.low, logits.high, logits.two_sided) == (-2.0, 6.0, False)


def test_equal_and_absent_values_have_flat_or_plain_limits():
    assert scale(signed=True).flat
    assert scale([NAN], signed=False).flat
    zeros = scale([0.0, 0.0], signed=True)
    assert zeros.flat
    assert classes([0.0, NAN], zeros).tolist() == [0, MISSING]
    assert classes([0.7], scale([0.7, 0.7], signed=False)).tolist() == [4]


@given(NUMBERS)
def test_negated_values_mirror_their_classes(values):
    array = np.array(values)
    limits = scale(array, signed=True)
    plain, negated = classes(array, limits), classes(-array, limits)
    known = np.isfinite(array)
    np.testing.assert_array_equal(plain[known], -negated[known])
    assert (plain[~known] == MISSING).all()
    assert (np.sign(plain[known]) * np.sign(array[known]) >= 0).all()
    assert (plain[array == 0] == 0).all()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.24, "+0.24"),
        (-0.06, "−0.06"),
        (0.0, "0.00"),
        (-0.0, "0.00"),
        (-0.004, "0.00"),
        (0.004, "0.00"),
        (NAN, "–"),
        (None, "–"),
        (float("inf"), "–"),
        (-12345.678, "−12345.68"),
        (2.5e9, "+2.50e+09"),
    ],
)
def test_numbers_are_written_with_their_sign(value, text):
    assert number_text(value) == text


def test_unsigned_numbers_have_no_plus():
    assert number_text(0.5, signed=False, digits=3) == "0.500"
    assert number_text(-0.5, signed=False) == "−0.50"


def test_a_scale_counts_what_it_clips_and_what_is_missing():
    limits = scale([-1.0] + [0.5] * 98 + [-7.0, NAN], signed=True, unit="deviations")
    assert (number_text(limits.low), number_text(limits.high)) == ("−0.51", "+0.51")
    assert (limits.unit, limits.clipped, limits.missing) == ("deviations", 2, 1)
    nothing = scale([NAN], signed=True)
    assert (nothing.count, nothing.missing) == (0, 1)
