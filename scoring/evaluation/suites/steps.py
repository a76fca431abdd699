"""Step labels: does the model score right steps above wrong ones?

AUROC is the probability that a right step scores above a wrong one, a tie counting half; average
precision the mean precision at the right steps, equal scores taken as one threshold. Labels above 0.5
are right, below wrong; exactly 0.5 is neither and left out.

Source: textbook; the definitions are scikit-learn's. A resampled problem weighs as often as it was
drawn, so each replicate is one weighted area and no data are copied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring import areas
from scoring.evaluation.base import Findings, Measure
from scoring.evaluation.intervals import each_problem, ratio
from scoring.evaluation.ranking import weighted

if TYPE_CHECKING:
    from scoring.evaluation.records import Floats, Records

ONE_CLASS = "undefined because right and wrong steps are needed"


def ranking(records: Records) -> Findings:
    """Rank all labelled steps of all records."""
    counts = [len(row.labels) for row in records]
    scores = np.concatenate([row.step_scores for row in records])
    labels = np.concatenate([row.labels for row in records])
    problem = np.repeat(records.problem, counts)
    known = ~np.isnan(labels) & ~np.isnan(scores)
    decided = known & (labels != 0.5)
    right = labels[decided] > 0.5
    steps, of, n = scores[decided], problem[decided], int(decided.sum())
    unit_rows = each_problem(len(records.problems))
    rate = np.zeros((len(records.problems), 2))
    np.add.at(rate, of, np.stack([right, np.ones(n)], axis=1))
    share = float(right.mean()) if n else None
    undecided = int(known.sum()) - n
    return Findings(
        (
            Measure(
                "auroc",
                "AUROC",
                unit_rows,
                weighted(areas.auroc, steps, right, of),
                n,
                "steps",
                ONE_CLASS,
                chance=0.5,
                exchangeable=False,
            ),
            Measure(
                "average_precision",
                "Average precision",
                unit_rows,
                weighted(_average_precision, steps, right, of),
                n,
                "steps",
                ONE_CLASS,
                chance=share,
                exchangeable=False,
            ),
            Measure("positive_rate", "Right steps", rate, ratio, n, "steps", compared=False),
        ),
        notes=(f"{undecided} steps labelled 0.5 left out",) if undecided else (),
    )


def _average_precision(hits: Floats, misses: Floats) -> Floats:
    """Return NaN without wrong steps too, where precision is 1 whatever the scores."""
    return np.where(misses[:, -1] > 0, areas.average_precision(hits, misses), np.nan)
