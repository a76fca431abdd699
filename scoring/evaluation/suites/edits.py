"""What is the model rewarding? Scores of solutions from which something was taken or that were rewritten.

For every edit of ``edits.EDITS``: how much AUROC over labelled steps is lost (that of the steps as they
are minus that of the edited ones, on the same steps and the same resampled problems), and how far the
score of a step moves on average. A model that rewards content loses AUROC where content is taken away
(words, formulas, the second half, the order) and keeps it where a solution is only rewritten (numbering,
white space); where nothing is lost, what was taken was not read.

Source: a choice of this project.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring import areas
from scoring.evaluation.base import Findings, Measure
from scoring.evaluation.edits import EDITS
from scoring.evaluation.intervals import each_problem, ratio
from scoring.evaluation.ranking import weighted

if TYPE_CHECKING:
    from collections.abc import Callable

    from scoring.evaluation.records import Bools, Floats, Ints, Records

ONE_CLASS = "undefined because right and wrong steps are needed"


def sensitivity(records: Records) -> Findings:
    """Compare the scores of edited solutions with those of the solutions as they are."""
    counts = [len(row.step_scores) for row in records]
    scores = np.concatenate([row.step_scores for row in records])
    labels = np.concatenate([row.labels for row in records])
    problem = np.repeat(records.problem, counts)
    decided = ~np.isnan(labels) & (labels != 0.5) & ~np.isnan(scores)
    n_problems = len(records.problems)
    found = [
        Measure(
            "auroc",
            "AUROC of the steps as they are",
            each_problem(n_problems),
            weighted(areas.auroc, scores[decided], labels[decided] > 0.5, problem[decided]),
            int(decided.sum()),
            "steps",
            ONE_CLASS,
            chance=0.5,
            exchangeable=False,
        )
    ]
    left_out = []
    for row in EDITS.values():
        columns = [
            one.edited.get(row.key, np.full(len(one.step_scores), np.nan)) for one in records
        ]
        changed = np.concatenate(columns)
        both = ~np.isnan(changed) & ~np.isnan(scores)
        if not both.any():
            left_out.append(row.label)
            continue
        kept = both & decided
        lost = _lost(scores[kept], changed[kept], labels[kept] > 0.5, problem[kept])
        moved = np.zeros((n_problems, 2))
        gap = np.abs(changed - scores)[both]
        np.add.at(moved, problem[both], np.stack([gap, np.ones(len(gap))], axis=1))
        found += [
            Measure(
                f"lost:{row.key}",
                "AUROC lost",
                each_problem(n_problems),
                lost,
                int(kept.sum()),
                "steps",
                ONE_CLASS,
                split=row.label,
                compared=False,
                exchangeable=False,
            ),
            Measure(
                f"moved:{row.key}",
                "Mean change of a step's score",
                moved,
                ratio,
                int(both.sum()),
                "steps",
                split=row.label,
                compared=False,
            ),
        ]
    notes = (f"no scores of: {', '.join(left_out)}",) if left_out else ()
    return Findings(tuple(found), notes=notes)


def _lost(
    scores: Floats, changed: Floats, right: Bools, problem: Ints
) -> Callable[[Floats], Floats]:
    """Return AUROC of ``scores`` minus that of ``changed`` as a statistic of counts of problems."""
    before = weighted(areas.auroc, scores, right, problem)
    after = weighted(areas.auroc, changed, right, problem)
    return lambda counts: before(counts) - after(counts)
