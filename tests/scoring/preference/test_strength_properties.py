"""What holds of strengths for any rankings, and where they are undefined."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.errors import ParameterError, RankingError, UndefinedError, UnknownNameError
from scoring.preference.aggregate import aggregate
from scoring.preference.data import comparisons
from scoring.preference.registry import STRENGTHS, strength_row
from scoring.preference.types import by_question
from tests.scoring.preference.cases import ranking
from tests.scoring.preference.strength_data import errors, values

METHODS = sorted(STRENGTHS)


@pytest.mark.parametrize("method", METHODS)
def test_derivatives_are_those_of_the_value(method):
    records = [ranking("1 = 2 > 3 > 4"), ranking("4 > 2"), ranking("3 > 1 = 4"), ranking("2 > 1")]
    likelihood = strength_row(method).load()(comparisons(records))
    rng = np.random.default_rng(0)
    theta = rng.normal(size=len(likelihood.start))
    theta[likelihood.n :] = 0.7
    point, h = likelihood(theta), 1e-5
    for k, step in enumerate(np.eye(len(theta)) * h):
        up, down = likelihood(theta + step), likelihood(theta - step)
        assert point.gradient[k] == pytest.approx((up.value - down.value) / (2 * h), abs=1e-6)
        slope = (up.gradient - down.gradient) / (2 * h)
        assert point.hessian[k] == pytest.approx(slope, abs=1e-6)


RANKINGS = st.lists(
    st.lists(st.integers(0, 3), min_size=4, max_size=4).map(
        lambda tiers: " > ".join(
            " = ".join(str(i) for i in range(4) if tiers[i] == t) for t in sorted(set(tiers))
        )
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=40, deadline=None)
@given(RANKINGS, st.permutations(range(4)), st.sampled_from(METHODS))
def test_renaming_items_renames_strengths(texts, names, method):
    def renamed(text):
        return "".join(str(names[int(c)] + 4) if c.isdigit() else c for c in text)

    one = values(aggregate([ranking(t) for t in texts], method))
    other = values(aggregate([ranking(renamed(t)) for t in reversed(texts)], method))
    assert {names[i] + 4: v for i, v in one.items()} == pytest.approx(other, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(RANKINGS, st.sampled_from(METHODS))
def test_reversing_pairs_turns_the_signs_and_every_number_is_finite(texts, method):
    result = aggregate([ranking(t) for t in texts], method)
    assert all(math.isfinite(v) for v in (*values(result).values(), *errors(result).values()))
    assert sum(values(result).values()) == pytest.approx(0, abs=1e-9)
    if STRENGTHS[method].pairwise:
        backwards = [ranking(" > ".join(reversed(t.split(" > ")))) for t in texts]
        assert values(aggregate(backwards, method)) == pytest.approx(
            {i: -v for i, v in values(result).items()}, abs=1e-6
        )


@pytest.mark.parametrize("method", METHODS)
def test_items_that_are_only_tied_are_equally_strong(method):
    result = aggregate([ranking("1 = 2 = 3")] * 3 + [ranking("4 > 1 = 2 = 3")], method)
    assert values(result)[1] == pytest.approx(values(result)[2])
    assert values(result)[2] == pytest.approx(values(result)[3])
    assert values(result)[4] > values(result)[1]


@pytest.mark.parametrize("method", METHODS)
def test_one_persons_ranking_is_finite_through_the_prior_and_says_so(method):
    result = aggregate([ranking("3 > 1 > 2")], method)
    assert [item.item for item in result.items] == [3, 1, 2]
    assert any(
        "finite only through the prior (standard deviation 3): item 3" in n for n in result.notes
    )
    with pytest.raises(UndefinedError, match="item 3 never lost to"):
        aggregate([ranking("3 > 1 > 2")], method, prior_sd=0)


@pytest.mark.parametrize("method", ["davidson", "rao_kupper"])
def test_ties_that_any_parameter_could_explain_are_undefined_without_a_prior(method):
    """1 > 2 = 3 = 1: linked both ways by ties, yet strengths and ties can grow together."""
    records = [ranking("1 > 2"), ranking("2 = 3"), ranking("1 = 3")]
    with pytest.raises(UndefinedError, match="more wins than ties"):
        aggregate(records, method, prior_sd=0)
    assert aggregate([*records, ranking("2 > 1")], method, prior_sd=0).tie is not None
    assert "more wins than ties" in aggregate(records, method).notes[0]


def test_groups_that_nothing_links_are_not_compared():
    result = aggregate([ranking("1 > 2"), ranking("7 > 8", aside=(1,))], "davidson")
    assert result.groups == ((1, 2), (7, 8))
    assert [item.group for item in result.items] == [0, 0, 1, 1]
    assert values(result)[1] == pytest.approx(-values(result)[2])
    assert "2 groups that nothing links" in result.notes[1]
    with pytest.raises(UndefinedError, match="no chain of comparisons links items 1 and 7"):
        result.difference(1, 7)
    assert result.counts == {"decided": 2, "tied": 0, "cannot compare": 2}


def test_set_aside_items_have_no_strength():
    result = aggregate([ranking("1 > 2", aside=(3,)), ranking("3", aside=(1,))], "plackett_luce")
    assert [item.item for item in result.items] == [1, 2]
    with pytest.raises(UndefinedError, match="item 3 was compared with no other"):
        result.difference(1, 3)


def test_nothing_to_compare_has_a_reason():
    with pytest.raises(UndefinedError, match="no ranking compares two items"):
        aggregate([ranking("1", aside=(2,))], "davidson")
    with pytest.raises(UndefinedError, match="there is no ranking"):
        aggregate([], "davidson")


def test_questions_are_never_mixed():
    mixed = [ranking("1 > 2", criterion="clarity"), ranking("2 > 1", criterion="progress")]
    with pytest.raises(RankingError, match="one criterion at a time: found 'clarity'"):
        aggregate(mixed, "davidson")
    assert {key: len(group) for key, group in by_question(mixed).items()} == {
        ("trace", "clarity"): 1,
        ("trace", "progress"): 1,
    }


@pytest.mark.parametrize(
    ("option", "value", "allowed"),
    [
        ("prior_sd", -1.0, "0 or a number from 0.01 to 10,000"),
        ("prior_sd", 1e-200, "0 or a number from 0.01 to 10,000"),
        ("prior_sd", math.nan, "0 or a number from 0.01 to 10,000"),
        ("confidence", 1.0, "between 0 and 1"),
        ("resamples", 10**9, "0 or from 2 to 10,000"),
        ("resamples", 1, "0 or from 2 to 10,000"),
        ("unit", "problem", "'rater' or 'ranking'"),
    ],
)
def test_an_option_out_of_range_is_refused(option, value, allowed):
    with pytest.raises(ParameterError, match=allowed):
        aggregate([ranking("1 > 2")], "davidson", **{option: value})


def test_an_unknown_model_names_the_known():
    with pytest.raises(UnknownNameError, match="bradley_terry, davidson, rao_kupper"):
        aggregate([ranking("1 > 2")], "elo")


def test_too_many_items_are_refused():
    records = [ranking(f"{i} > {i + 1}") for i in range(2001)]
    with pytest.raises(UndefinedError, match="2,002 items"):
        aggregate(records, "davidson")


TABLES = st.lists(
    st.tuples(st.sampled_from([(0, 1), (0, 2), (1, 2), (2, 3), (0, 3)]), st.sampled_from("><=")),
    min_size=1,
    max_size=9,
)


@settings(max_examples=150, deadline=None)
@given(TABLES, st.sampled_from(METHODS))
def test_strengths_are_called_infinite_exactly_if_they_grow_with_the_prior(answers, method):
    """A finite maximum stays where it is when a wide prior is widened; an infinite one runs."""
    records = [
        ranking(f"{b} > {a}" if sign == "<" else f"{a} {sign} {b}") for (a, b), sign in answers
    ]
    near, far = (aggregate(records, method, prior_sd=sd) for sd in (1e2, 1e4))
    moved = max(abs(values(near)[i] - v) for i, v in values(far).items())
    if near.tie is not None:
        moved = max(moved, abs(near.tie.value - far.tie.value))
    infinite = any("only through the prior" in note for note in near.notes)
    assert infinite == (moved > 0.5)
