"""The statistics of agreement and quality: one file and one row here each.

Reading this loads neither a statistic nor scipy: web processes make their menus from it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from scoring.agreement.base import Agreement, StatisticRow
from scoring.agreement.data import FirstErrors, Ratings
from scoring.agreement.rankings import Rankings
from scoring.errors import MissingInputError, ParameterError
from scoring.registry import find_row
from scoring.resample import REPLICATES, Resampling

if TYPE_CHECKING:
    from scoring.agreement.consensus.base import Consensus

# Inputs that rows name in ``needs``, each with the way to get it.
INPUTS = {
    "ratings": "let two annotators rate the same steps",
    "first_errors": "let two annotators finish the same traces",
    "rankings": "let two annotators rank the same items",
    "gold": "mark steps as gold",
    "order": "label steps in the workbench, which notes when",
    "durations": "label steps in the workbench, which notes how long",
}
_TYPES = {"ratings": Ratings, "first_errors": FirstErrors, "rankings": Rankings}
_S = "scoring.agreement.statistics"
_C = "scoring.agreement.consensus"
_A = "scoring.agreement.annotators"
_KRIPPENDORFF = "Krippendorff 2011, Computing Krippendorff's Alpha-Reliability"
_COHEN = "Cohen 1968, Psychological Bulletin 70; mean over pairs: Light 1971"

STATISTICS: dict[str, StatisticRow] = {
    row.key: row
    for row in (
        StatisticRow(
            "alpha_nominal",
            "Krippendorff's α, nominal",
            f"{_S}.krippendorff:nominal",
            version="1",
            needs=("ratings",),
            unit="step",
            source=_KRIPPENDORFF,
            summary="Agreement beyond chance, ratings equal or not; gaps are allowed.",
        ),
        StatisticRow(
            "alpha_ordinal",
            "Krippendorff's α, ordinal",
            f"{_S}.krippendorff:ordinal",
            version="1",
            needs=("ratings",),
            unit="step",
            source=_KRIPPENDORFF,
            summary="Agreement beyond chance; −1 against +1 counts more than −1 against 0.",
        ),
        StatisticRow(
            "alpha_interval",
            "Krippendorff's α, interval",
            f"{_S}.krippendorff:interval",
            version="1",
            needs=("ratings",),
            unit="step",
            source=_KRIPPENDORFF,
            summary="Agreement beyond chance, differences weighed by their square.",
        ),
        StatisticRow(
            "kappa_linear",
            "Weighted Cohen's κ, linear",
            f"{_S}.cohen:linear",
            version="1",
            needs=("ratings",),
            unit="step",
            source=_COHEN,
            summary="Pairwise agreement beyond chance, weighed by categories apart.",
        ),
        StatisticRow(
            "kappa_quadratic",
            "Weighted Cohen's κ, quadratic",
            f"{_S}.cohen:quadratic",
            version="1",
            needs=("ratings",),
            unit="step",
            source=_COHEN,
            summary="Pairwise agreement beyond chance, weighed by squared categories apart.",
        ),
        StatisticRow(
            "kappa_fleiss",
            "Fleiss' κ",
            f"{_S}.fleiss:kappa",
            version="1",
            needs=("ratings",),
            unit="step",
            source="Fleiss 1971, Psychological Bulletin 76",
            summary="Agreement beyond chance of a fixed number of ratings per item.",
        ),
        StatisticRow(
            "percent",
            "Percent agreement",
            f"{_S}.percent:agreement",
            version="1",
            needs=("ratings",),
            unit="step",
            source="Fleiss 1971, the mean of P over items",
            summary="Share of equal pairs of ratings; not corrected for chance.",
        ),
        StatisticRow(
            "first_error_exact",
            "First error, same step",
            f"{_S}.first_error:exact",
            version="1",
            needs=("first_errors",),
            unit="trace",
            source="share of agreeing pairs, a choice of this project",
            summary="Share of pairs who blame the same first step, or none.",
        ),
        StatisticRow(
            "first_error_near",
            "First error, at most one step apart",
            f"{_S}.first_error:near",
            version="1",
            needs=("first_errors",),
            unit="trace",
            source="share of agreeing pairs, a choice of this project",
            summary="Share of pairs whose first wrong steps are neighbours or the same, or none.",
        ),
        StatisticRow(
            "tau_b",
            "Kendall's τ-b",
            f"{_S}.kendall:tau_b",
            version="1",
            needs=("rankings",),
            unit="place",
            source="Kendall 1945, Biometrika 33",
            summary="Rank correlation of pairs of annotators, ties allowed.",
        ),
        StatisticRow(
            "kendall_w",
            "Kendall's W",
            f"{_S}.kendall:concordance",
            version="1",
            needs=("rankings",),
            unit="place",
            source="Kendall & Babington Smith 1939; ties as in Kendall, Rank Correlation Methods",
            summary="Concordance of all annotators of a question; 1 / m without agreement.",
        ),
        StatisticRow(
            "ranking_alpha_nominal",
            "Krippendorff's α of rankings, nominal",
            f"{_S}.ranking_alpha:nominal",
            version="1",
            needs=("rankings",),
            unit="pair of items",
            source=f"{_KRIPPENDORFF}; on verdicts turned both ways, a choice of this project",
            summary="Agreement beyond chance on which of two items is better, or tied.",
        ),
        StatisticRow(
            "ranking_alpha_ordinal",
            "Krippendorff's α of rankings, ordinal",
            f"{_S}.ranking_alpha:ordinal",
            version="1",
            needs=("rankings",),
            unit="pair of items",
            source=f"{_KRIPPENDORFF}; on verdicts turned both ways, a choice of this project",
            summary="The same with a tie between the two verdicts.",
        ),
    )
}
CONSENSUS: dict[str, StatisticRow] = {
    row.key: row
    for row in (
        StatisticRow(
            "dawid_skene",
            "Dawid–Skene",
            f"{_C}.dawid_skene:fit",
            version="1",
            needs=("ratings",),
            unit="step",
            source="Dawid & Skene 1979, Applied Statistics 28",
            summary="Most probable ratings and each annotator's confusion matrix.",
        ),
        StatisticRow(
            "mace",
            "MACE",
            f"{_C}.mace:fit",
            version="1",
            needs=("ratings",),
            unit="step",
            source="Hovy et al. 2013, Learning Whom to Trust with MACE, NAACL",
            summary="Most probable ratings and how often each annotator does not guess.",
        ),
    )
}
ANNOTATORS: dict[str, StatisticRow] = {
    row.key: row
    for row in (
        StatisticRow(
            "gold_accuracy",
            "Accuracy on gold",
            f"{_A}.accuracy:gold_accuracy",
            version="1",
            needs=("ratings", "gold"),
            unit="step",
            source="Wilson 1927, JASA 22",
            summary="Share of gold items an annotator rated as the gold says.",
        ),
        StatisticRow(
            "step_time",
            "Time per step",
            f"{_A}.timing:step_time",
            version="1",
            needs=("durations",),
            unit="step",
            source="median and quartiles",
            summary="Median time from seeing a step to rating it.",
        ),
        StatisticRow(
            "drift",
            "Drift",
            f"{_A}.drift:drift",
            version="1",
            needs=("ratings", "order", "gold"),
            unit="step",
            source="Newcombe 1998, Statistics in Medicine 17, method 10; Welch 1947, Biometrika 34",
            summary="Accuracy and severity over time, the last third against the first.",
        ),
        StatisticRow(
            "label_distribution",
            "Label distribution",
            f"{_A}.distribution:label_distribution",
            version="1",
            needs=("ratings",),
            unit="step",
            source="counts",
            summary="How often each annotator gave each rating.",
        ),
    )
}


def measure(
    key: str,
    data: Ratings | FirstErrors | Rankings,
    *,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> Agreement:
    """Compute the statistic called ``key``.

    Args:
        key: a key of ``STATISTICS``.
        data: what its row needs.
        replicates: resamplings for the interval; 0 gives none and takes a fraction of the time.
        seed: of the resampling.

    Raises:
        UnknownNameError: for a statistic that does not exist; names the known ones.
        MissingInputError: if ``data`` is not what the row needs.
        ParameterError: for fewer resamplings than none.
    """
    if replicates < 0:
        raise ParameterError(key, "replicates", replicates, "0 or more")
    row = find_row(STATISTICS, "agreement statistic", key)
    (need,) = row.needs
    if not isinstance(data, _TYPES[need]):
        raise MissingInputError(key, [need], INPUTS[need])
    found: Agreement = row.load()(data, Resampling(replicates, seed))
    return replace(found, key=key, version=row.version)


def measure_by(key: str, rankings: Rankings, field: str, **options: Any) -> dict[str, Agreement]:
    """Compute a statistic of rankings by "level" or "criterion"."""
    return {value: measure(key, part, **options) for value, part in rankings.by(field).items()}


def consensus(key: str, ratings: Ratings, **options: Any) -> Consensus:
    """Fit the consensus method called ``key``; its options are the function's.

    Raises:
        UnknownNameError: for a method that does not exist; names the known ones.
    """
    fitted: Consensus = find_row(CONSENSUS, "consensus method", key).load()(ratings, **options)
    return fitted
