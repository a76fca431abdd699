"""The coverage of intervals that ``docs/rankings.md`` tells, on the same simulated rankings."""

from __future__ import annotations

import numpy as np
import pytest

from scoring.preference.aggregate import aggregate
from tests.scoring.preference.cases import ranking

TRUE = np.array([1.0, 0.5, 0.0, -0.5, -1.0])


def simulated(rng, *, raters, taste, each):
    """Plackett–Luce rankings; every rater's log-strengths differ from ``TRUE`` by ``taste``."""
    out = []
    for rater in range(raters):
        own = TRUE + taste * rng.normal(size=5) if taste else TRUE
        for _ in range(each):
            order = np.argsort(-(own + rng.gumbel(size=5)))
            out.append(ranking(" > ".join(map(str, order)), rater=rater))
    return out


COMMON = {"raters": 20, "taste": 0.0, "each": 1}
OWN = {"raters": 10, "taste": 1.0, "each": 5}


def coverage(data, method, repetitions, **options):
    hits = [
        item.estimate.low <= TRUE[item.item] <= item.estimate.high
        for seed in range(repetitions)
        for item in aggregate(
            simulated(np.random.default_rng(seed), **data), method, prior_sd=10, **options
        ).items
    ]
    return float(np.mean(hits))


@pytest.mark.parametrize(
    ("data", "method", "told"),
    [
        (COMMON, "plackett_luce", 0.96),
        (COMMON, "bradley_terry", 0.87),
        (OWN, "plackett_luce", 0.69),
        (OWN, "bradley_terry", 0.60),
    ],
)
def test_intervals_from_the_information_cover_what_the_page_says(data, method, told):
    assert coverage(data, method, 150) == pytest.approx(told, abs=0.015)


@pytest.mark.slow
@pytest.mark.parametrize(("data", "told"), [(COMMON, 0.92), (OWN, 0.85)])
def test_intervals_from_a_bootstrap_over_raters_cover_what_the_page_says(data, told):
    assert coverage(data, "plackett_luce", 40, resamples=100) == pytest.approx(told, abs=0.05)
