"""The three annotators of the natural pool: their agreement, computed here a second time.

Set ``TRACEWOOD_REAL_DATA`` to a folder with ``strictprmbench/natural_pool``; without it these are
skipped.
"""

from __future__ import annotations

import csv
import itertools
import os
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from scoring.agreement import Ranking, Rankings, Ratings, measure, measure_by
from tests.scoring.agreement_cases import DIFFERENCES, brute_alpha

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("TRACEWOOD_REAL_DATA") or ROOT.parent / "shared" / "data")
POOL = DATA / "strictprmbench" / "natural_pool"
pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not POOL.is_dir(), reason=f"no natural pool at {POOL}"),
]
SCHEME = ("A", "No preference", "B")
CRITERIA = ("Completeness", "Auditability", "Coherence", "Supervision Quality")


@pytest.fixture(scope="module")
def sheets():
    """Card → row, for each annotator."""
    return [
        {
            row["Card ID"]: row
            for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines(keepends=True))
        }
        for path in sorted(POOL.glob("annotator_*.csv"))
    ]


def test_overall_preferences(sheets):
    table = [[sheet[card]["Overall Preference"] for sheet in sheets] for card in sheets[0]]
    assert np.array(table).shape == (220, 3)
    ratings = Ratings.table(table, categories=SCHEME)
    codes = [[SCHEME.index(said) for said in row] for row in table]
    for key in ("alpha_nominal", "alpha_ordinal"):
        found = measure(key, ratings).estimate
        assert found.value == pytest.approx(brute_alpha(codes, DIFFERENCES[key]), abs=1e-12)
        assert found.low < found.value < found.high
    kappa = measure("kappa_linear", ratings, replicates=0)
    percent = measure("percent", ratings, replicates=0)
    for index, (a, b) in enumerate(itertools.combinations(zip(*codes, strict=True), 2)):
        assert kappa.pairs[index].value == pytest.approx(
            cohen_kappa_score(a, b, labels=[0, 1, 2], weights="linear"), abs=1e-12
        )
        assert percent.pairs[index].value == pytest.approx(np.mean(np.equal(a, b)))


def test_rankings_by_criterion(sheets):
    def sign(row, criterion):
        return int(np.sign(int(row[f"B: {criterion}"]) - int(row[f"A: {criterion}"])))

    tiers = {-1: (("A",), ("B",)), 0: (("A", "B"),), 1: (("B",), ("A",))}
    rows = Rankings.of(
        Ranking(card, rater, tiers[sign(row, criterion)], level="trace", criterion=criterion)
        for rater, sheet in enumerate(sheets)
        for card, row in sheet.items()
        for criterion in CRITERIA
    )
    taus = measure_by("tau_b", rows, "criterion", replicates=0)
    alphas = measure_by("ranking_alpha_nominal", rows, "criterion", replicates=0)
    assert tuple(taus) == CRITERIA
    for criterion in CRITERIA:
        signs = [[sign(sheet[card], criterion) for sheet in sheets] for card in sheets[0]]
        decided = [a * b for row in signs for a, b in itertools.combinations(row, 2) if a * b]
        tau = taus[criterion].estimate
        assert tau.value == (pytest.approx(np.mean(decided)) if decided else None)
        # α = 1 − (n − 1) D / E with both directions of every verdict counted half
        both = list(signs) + [[-said for said in row] for row in signs]
        doubled = brute_alpha(both, DIFFERENCES["alpha_nominal"])
        n = 3 * len(signs)
        expected = 1 - (1 - doubled) * 2 * (n - 1) / (2 * n - 1)
        assert alphas[criterion].estimate.value == pytest.approx(expected, abs=1e-12)
