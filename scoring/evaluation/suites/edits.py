"""What is the model rewarding? Scores of solutions from which something was taken or that were rewritten.

For every edit of ``edits.EDITS``: how much AUROC over labelled steps is lost (that of the steps as they
are minus that of the edited ones, on the same steps and the same resampled problems), how far the
score of a step moves on average, and which share of the pairs of a problem's solutions changes places. A
model that rewards content loses AUROC where content is taken away (words, formulas, the second half,
the order) and keeps it where a solution is only rewritten (numbering, white space, the order of answer
options); where nothing is lost, what was taken was not read.

Source: a choice of this project.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from scoring import areas
from scoring.evaluation.aggregate import outcomes
from scoring.evaluation.base import Findings, Measure
from scoring.evaluation.edits import EDITS
from scoring.evaluation.intervals import each_problem, ratio
from scoring.evaluation.ranking import weighted
from scoring.evaluation.records import first_times

if TYPE_CHECKING:
    from collections.abc import Callable

    from scoring.evaluation.edits import EditRow
    from scoring.evaluation.records import Bools, Floats, Ints, Records

ONE_CLASS = "undefined because right and wrong steps are needed"
_NOTHING = np.zeros(0)
NO_PAIRS = "undefined because no problem has two solutions with unequal scores of all steps"


def sensitivity(records: Records, *, aggregation: str) -> Findings:
    """Compare the scores of edited solutions with those of the solutions as they are.

    Args:
        records: with the scores of both.
        aggregation: how step scores become the score that solutions are ranked by.
    """
    counts = [row.n_steps for row in records]
    scores = np.concatenate([_column(row.step_scores, row.n_steps) for row in records])
    labels = np.concatenate([_column(row.labels, row.n_steps) for row in records])
    once = first_times(records)
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
    notes = []
    whole = outcomes(records, aggregation)
    for row in EDITS.values():
        columns = [_column(one.edited.get(row.key, _NOTHING), one.n_steps) for one in records]
        changed = np.concatenate(columns)
        both = ~np.isnan(changed) & ~np.isnan(scores)
        if row.key != "order":  # there a shared step stands at another place in every solution
            both &= once
        if row.applies_to:
            read = len(np.unique(problem[both]))
            notes.append(
                f"{row.label}: read in {read:,} of {n_problems:,} problems; only {row.applies_to} count"
            )
        if not both.any():
            left_out += [] if row.applies_to else [row.label]
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
            _swapped(records, row, whole, aggregation),
        ]
    if left_out:
        notes.append(f"no scores of: {', '.join(left_out)}")
    return Findings(tuple(found), notes=tuple(notes))


def _column(values: Floats, n: int) -> Floats:
    """Return ``(n,)`` values, NaN where there are none."""
    return values if len(values) else np.full(n, np.nan)


def _swapped(records: Records, row: EditRow, whole: Floats, aggregation: str) -> Measure:
    """Count the pairs of solutions of a problem that the edit ranks the other way; a new tie counts half.

    Args:
        records: K of them.
        row: the edit.
        whole: ``(K,)`` scores of the solutions as they are.
        aggregation: how they were made.
    """
    edited = [
        replace(one, step_scores=one.edited.get(row.key, np.zeros(0)), score=np.nan)
        for one in records
    ]
    after = outcomes(edited, aggregation)
    parts = np.zeros((len(records.problems), 2))
    known = ~np.isnan(whole) & ~np.isnan(after)
    for members in records.groups().values():
        at = members[known[members]]
        was = np.sign(whole[at][:, None] - whole[at])
        now = np.sign(after[at][:, None] - after[at])
        upper = np.triu(was != 0, 1)
        parts[records.problem[members[0]]] += (np.abs(was - now)[upper] / 2).sum(), upper.sum()
    return Measure(
        f"swapped:{row.key}",
        "Pairs of solutions that change places",
        parts,
        ratio,
        int(parts[:, 1].sum()),
        "pairs",
        NO_PAIRS,
        split=row.label,
        compared=False,
    )


def _lost(
    scores: Floats, changed: Floats, right: Bools, problem: Ints
) -> Callable[[Floats], Floats]:
    """Return AUROC of ``scores`` minus that of ``changed`` as a statistic of counts of problems."""
    before = weighted(areas.auroc, scores, right, problem)
    after = weighted(areas.auroc, changed, right, problem)
    return lambda counts: before(counts) - after(counts)
