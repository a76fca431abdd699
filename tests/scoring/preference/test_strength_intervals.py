"""Intervals resample people, and say where answers are not independent."""

from __future__ import annotations

import numpy as np
import pytest

from scoring.errors import UndefinedError
from scoring.preference.aggregate import aggregate
from tests.scoring.preference.cases import ranking
from tests.scoring.preference.strength_data import errors, values


def people(n):
    rng = np.random.default_rng(1)
    quality = np.array([0.9, 0.6, 0.3, 0.0])
    noisy = [np.argsort(rng.normal(size=4) + quality)[::-1] for _ in range(n)]
    return [ranking(" > ".join(map(str, o)), rater=f"r{k}") for k, o in enumerate(noisy)]


def test_the_bootstrap_draws_raters_and_repeats_with_its_seed():
    records = people(30)
    plain = aggregate(records, "plackett_luce")
    one, again, other = (
        aggregate(records, "plackett_luce", resamples=300, seed=seed) for seed in (5, 5, 6)
    )
    assert one.items == again.items
    assert one.items != other.items
    assert values(one) == values(plain)
    assert one.interval == "bootstrap over 30 raters, 300 resamples, seed 5"
    for item in one.items:
        assert item.estimate.low < item.estimate.value < item.estimate.high
    # the model is right here, so both kinds of error must agree roughly
    assert list(errors(one).values()) == pytest.approx(list(errors(plain).values()), rel=0.4)


def test_copies_of_one_persons_answers_narrow_only_the_naive_interval():
    """Every person answers five times the same: the information grows, the raters do not."""
    once = people(20)
    often = [record for record in once for _ in range(5)]
    assert (
        errors(aggregate(often, "plackett_luce"))[0]
        < 0.6 * errors(aggregate(once, "plackett_luce"))[0]
    )
    width = [
        errors(aggregate(records, "plackett_luce", resamples=200, prior_sd=100))[0]
        for records in (once, often)
    ]
    assert width[1] == pytest.approx(width[0], rel=0.1)


def test_a_bootstrap_of_one_rater_or_of_scattered_items_is_undefined():
    with pytest.raises(UndefinedError, match="at least two raters"):
        aggregate([ranking("1 > 2")] * 3, "davidson", resamples=10)
    chain = [ranking(f"{i} > {i + 1}", rater=i) for i in range(8)]
    with pytest.raises(UndefinedError, match="of 50 resamples keep all items comparable"):
        aggregate(chain, "davidson", resamples=50)


def warned(records, method, **options):
    notes = aggregate(records, method, **options).notes
    return [note.split(" are counted")[0] for note in notes if "too narrow" in note]


def test_answers_that_the_intervals_wrongly_take_for_independent_are_named():
    once = people(6)
    assert warned(once, "davidson") == ["pairs of one ranking"]
    assert warned(once, "davidson", resamples=20) == []
    assert warned(once, "plackett_luce") == []
    again = [*once, once[0]]
    assert warned(again, "plackett_luce") == ["rankings of one person"]
    assert warned(again, "davidson", resamples=20, unit="ranking") == ["rankings of one person"]
    assert warned(again, "davidson", resamples=20) == []
    assert warned(again, "davidson") == ["pairs of one ranking"]
