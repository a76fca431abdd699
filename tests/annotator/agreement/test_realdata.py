"""The natural pool, imported and measured from the database, against figures computed from its sheets.

Nothing here goes through ``scoring.agreement``: τ-b is scipy's, W the textbook formula on scipy's
ranks, α counts every pair of judgements one by one. Set ``TRACEWOOD_REAL_DATA`` to a folder with
``strictprmbench/natural_pool``; without it these are skipped.
"""

from __future__ import annotations

import csv
import itertools
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kendalltau, rankdata

from annotator.models import Problem, Trace
from annotator.queries.agreement.scope import Scope
from annotator.services.agreement import agreement_report_make
from annotator.services.imports import import_file
from tests.factories import ProjectFactory

ROOT = Path(__file__).parents[3]
DATA = Path(os.environ.get("TRACEWOOD_REAL_DATA") or ROOT.parent / "shared" / "data")
POOL = DATA / "strictprmbench" / "natural_pool"
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.realdata,
    pytest.mark.skipif(not POOL.is_dir(), reason=f"no natural pool at {POOL}"),
]
CRITERIA = {
    "completeness": "Completeness",
    "auditability": "Auditability",
    "coherence": "Coherence",
    "supervision_quality": "Supervision Quality",
}
OVERALL = {"A": (2, 1), "B": (1, 2), "No preference": (1, 1)}


@pytest.fixture(scope="module")
def payload(django_db_setup, django_db_blocker):
    """The report of the imported sheets."""
    from django.db import transaction

    with django_db_blocker.unblock(), transaction.atomic():
        project = ProjectFactory.create(name="natural pool")
        names = ["blinded_cards.jsonl", *(path.name for path in sorted(POOL.glob("annotator_*")))]
        for name in names:
            with (POOL / name).open("rb") as stream:
                done = import_file(project=project, stream=stream, name=name, format="natural_pool")
            assert done.rejected == 0, name
        assert Trace.objects.filter(problem__project=project).count() == 2 * len(cards())
        assert Problem.objects.filter(project=project).count() <= len(cards())
        yield agreement_report_make(project=project, scope=Scope(kinds=("imported",))).payload
        transaction.set_rollback(True)


def sheets():
    """Card → row, for each annotator."""
    return [
        {
            row["Card ID"]: row
            for row in csv.DictReader(path.read_text("utf-8").splitlines(keepends=True))
        }
        for path in sorted(POOL.glob("annotator_*.csv"))
    ]


def cards():
    return list(sheets()[0])


def marks(criterion):
    """Per card, everybody's marks of A and B."""

    def of(row):
        if not criterion:
            return OVERALL[row["Overall Preference"]]
        return tuple(int(row[f"{side}: {CRITERIA[criterion]}"]) for side in "AB")

    said = sheets()
    return [[of(sheet[card]) for sheet in said] for card in said[0]]


def taus(table):
    """Mean τ-b over cards and pairs of annotators, and of each pair; ties on both sides are none."""
    by_pair = {
        pair: [kendalltau(row[pair[0]], row[pair[1]]).statistic for row in table]
        for pair in itertools.combinations(range(3), 2)
    }
    everything = np.concatenate(list(by_pair.values()))
    return np.nanmean(everything), [np.nanmean(values) for values in by_pair.values()]


def concordance(table):
    """Mean W over the cards that somebody does not tie."""
    found = []
    for row in table:
        ranks = np.array([rankdata([-mark for mark in said]) for said in row])
        m, n = ranks.shape
        ties = sum(
            sum(size**3 - size for size in Counter(line).values()) for line in ranks.tolist()
        )
        below = m**2 * (n**3 - n) - m * ties
        if below:
            sums = ranks.sum(axis=0)
            found.append((12 * (sums**2).sum() - 3 * m**2 * n * (n + 1) ** 2) / below)
    return np.mean(found)


def alpha(table, difference):
    """Krippendorff's α of "A better, tied, B better", every pair of judgements counted both ways.

    Averaging the coincidences with their mirror image is what makes α blind to which trace is A.
    """
    n, observed, frequency = 0, 0.0, Counter()
    for row in table:
        verdicts = [int(np.sign(b - a)) for a, b in row]
        for one, two in itertools.permutations(verdicts, 2):
            observed += difference(one, two) / (len(verdicts) - 1)
        n += len(verdicts)
        for verdict in verdicts:
            frequency[verdict] += 0.5
            frequency[-verdict] += 0.5
    expected = sum(
        frequency[one] * frequency[two] * difference(one, two)
        for one, two in itertools.product(frequency, repeat=2)
    )
    return 1 - (n - 1) * observed / expected


@pytest.mark.parametrize("criterion", ["", *CRITERIA])
def test_rankings_by_criterion(payload, criterion):
    table = marks(criterion)
    found = payload["rankings"]["criterion"][criterion]
    tau, by_pair = taus(table)
    assert found["tau_b"]["value"] == pytest.approx(tau, abs=1e-12)
    assert [pair["value"] for pair in found["tau_b"]["pairs"]] == pytest.approx(by_pair)
    assert found["tau_b"]["low"] <= tau <= found["tau_b"]["high"]
    assert found["kendall_w"]["value"] == pytest.approx(concordance(table), abs=1e-12)
    nominal = alpha(table, lambda one, two: float(one != two))
    assert found["ranking_alpha_nominal"]["value"] == pytest.approx(nominal, abs=1e-12)
    low, high = (found["ranking_alpha_nominal"][end] for end in ("low", "high"))
    assert low < nominal < high


@pytest.mark.parametrize("criterion", ["", *CRITERIA])
def test_ordinal_alpha_by_criterion(payload, criterion):
    table = marks(criterion)
    counts = Counter()
    for a, b in itertools.chain.from_iterable(table):
        counts[int(np.sign(b - a))] += 0.5
        counts[int(np.sign(a - b))] += 0.5

    def difference(one, two):
        low, high = sorted((one, two))
        between = sum(counts[verdict] for verdict in range(low, high + 1))
        return (between - (counts[low] + counts[high]) / 2) ** 2

    found = payload["rankings"]["criterion"][criterion]["ranking_alpha_ordinal"]
    assert found["value"] == pytest.approx(alpha(table, difference), abs=1e-12)


def test_everybody_ranked_every_card_by_everything(payload):
    counts = payload["counts"]
    asked = len(cards()) * (1 + len(CRITERIA))
    assert (counts["rankings"], counts["questions"]) == (3 * asked, asked)
    assert len(payload["raters"]) == 3


def test_steps_were_not_rated_and_say_so(payload):
    undefined = payload["ratings"]["alpha_nominal"]["undefined"]
    assert undefined == "undefined because no item was judged by two annotators"
