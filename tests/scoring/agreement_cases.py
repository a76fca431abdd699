"""Published worked examples, with the numbers that their sources print."""

from __future__ import annotations

import itertools

import numpy as np

from scoring.agreement import Ranking, Rankings, Ratings

# Krippendorff 2011, Computing Krippendorff's Alpha-Reliability, part C: four observers, twelve
# units, gaps. Printed there: nominal 0.743, ordinal 0.815, interval 0.849.
KRIPPENDORFF = (
    (1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None),
    (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3),
    (None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None),
    (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None),
)
# Fleiss 1971, table 1: thirty psychiatric patients, six diagnoses each, how many chose each of five.
# Printed there: P̄ = 0.5556, κ = 0.430.
FLEISS = """
    00060 03003 01401 00006 03030 20400 00402 20310 20040 00006
    10050 11040 03300 10050 02031 00501 30012 51000 02040 10203
    00006 01050 02013 20040 10041 05010 40002 02040 10500 00006
"""
# Dawid & Skene 1979, table 1: forty-five patients, four classes; observer 1 three times, then
# observers 2 to 5 once.
DAWID_SKENE = """
    1111111 3334334 1122122 2223121 2223222 2223322 1222111 3333433 2222223
    2322223 4444444 2223343 1111111 2223212 1211111 1112111 1111111 1111111
    2222221 2221322 2222222 2222221 2223222 2212222 1111111 1111111 2322222
    1111111 1111111 1121121 1111111 3333233 1111111 2222222 2223232 4334343
    2212232 2323233 3333432 1111111 1111111 1212111 2322222 1211111 2222222
"""
# Siegel 1956, Nonparametric Statistics, chapter 9: three executives rank six applicants, W = 0.16;
# and from Kendall's book, three rankings of ten with ties, W = 0.828.
APPLICANTS = ((1, 6, 3, 2, 5, 4), (1, 5, 6, 4, 2, 3), (6, 3, 2, 5, 4, 1))
WITH_TIES = (
    (1, 4.5, 2, 4.5, 3, 7.5, 6, 9, 7.5, 10),
    (2.5, 1, 2.5, 4.5, 4.5, 8, 9, 6.5, 10, 6.5),
    (2, 1, 4.5, 4.5, 4.5, 4.5, 8, 8, 8, 10),
)


def krippendorff():
    return Ratings.table(list(zip(*KRIPPENDORFF, strict=True)))


def fleiss():
    rows = [
        [category for category, count in enumerate(row) for _ in range(int(count))]
        for row in FLEISS.split()
    ]
    return Ratings.table(rows)


def dawid_skene():
    """Observer 1's three sessions are one annotator's, which ``Ratings.of`` would refuse."""
    digits = np.array([list(row) for row in DAWID_SKENE.split()], np.int64)
    unit, session = np.indices(digits.shape)
    return Ratings(
        unit=unit.ravel(),
        rater=np.maximum(session - 2, 0).ravel(),
        units=tuple(range(1, 46)),
        raters=(1, 2, 3, 4, 5),
        problem=np.arange(45),
        code=digits.ravel() - 1,
        categories=(1, 2, 3, 4),
        ordered=True,
    )


def ranking(ranks, rater, place="p", **named):
    """Read ranks, smaller = better, equal = tied, None = cannot compare; items are positions."""
    tiers = sorted({rank for rank in ranks if rank is not None})
    items = tuple(tuple(item for item, rank in enumerate(ranks) if rank == tier) for tier in tiers)
    return Ranking(place, rater, items, **named)


def rankings(*rows, **named):
    return Rankings.of(ranking(ranks, rater, **named) for rater, ranks in enumerate(rows))


def simulated(units, raters, accuracies, seed=0, categories=(-1, 0, 1), missing=0.0):
    """Draw true ratings and what annotators of these accuracies say; errors are uniform."""
    rng = np.random.default_rng(seed)
    size = len(categories)
    true = rng.integers(0, size, units)
    given = (true[:, None] + rng.integers(1, size, (units, raters))) % size
    given = np.where(rng.random((units, raters)) < accuracies, true[:, None], given)
    unit, rater = np.nonzero(rng.random((units, raters)) >= missing)
    values = np.array(categories)[given[unit, rater]]
    return true, Ratings.of(unit, rater, values, categories=categories)


def brute_alpha(table, difference):
    """The definition as loops: observed and expected disagreement over ordered pairs of values."""
    units = [[v for v in row if v is not None] for row in table]
    units = [row for row in units if len(row) > 1]
    values = [v for row in units for v in row]
    n = len(values)
    apart = {
        (a, b): difference(a, b, values)
        for a, b in itertools.product(sorted(set(values)), repeat=2)
    }
    observed = sum(
        apart[pair] / (len(row) - 1) for row in units for pair in itertools.permutations(row, 2)
    )
    expected = sum(apart[pair] for pair in itertools.permutations(values, 2))
    return None if expected == 0 else 1 - (n - 1) * observed / expected


def ordinal(a, b, values):
    low, high = min(a, b), max(a, b)
    between = sum(low <= v <= high for v in values)
    return (between - (values.count(a) + values.count(b)) / 2) ** 2


DIFFERENCES = {
    "alpha_nominal": lambda a, b, _: a != b,
    "alpha_ordinal": ordinal,
    "alpha_interval": lambda a, b, _: (a - b) ** 2,
}
