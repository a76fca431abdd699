"""PRMBench: does the model tell wrong steps from right ones, in each class of error?

A step scored above the threshold is judged right. With right steps as positives,
``F1 = 2TP / (2TP + FP + FN)``, with wrong ones ``negative F1 = 2TN / (2TN + FN + FP)``, both over all
steps of a class, and ``PRM-Score = (F1 + negative F1) / 2``. The total is over the steps of all
classes, without the untouched solutions (class ``correct``).

Source: Song et al. 2025, arXiv 2501.03124; ``mr_eval/tasks/prmtest_classified/task.py`` and, for the
score, ``draw_tabs/form_excel_strs.ipynb`` of ssmisya/PRMBench. Of its conventions we keep: the class
``multi_solutions`` has no wrong step, so its row in the leaderboard is its F1; similarity leaves out
items whose original has no step judged right. We differ where it writes -1: an F1 without true
positives is 0, and one without any such step is undefined. Its separate labels for redundancy (only
some generative judges give them) are not read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.evaluation.base import Findings, Measure
from scoring.evaluation.intervals import ratio

if TYPE_CHECKING:
    from scoring.evaluation.records import Bools, Floats, Records

ORIGINAL = "correct"
CATEGORIES = {
    "simplicity": ("redundency", "circular"),
    "soundness": (
        "counterfactual",
        "step_contradiction",
        "domain_inconsistency",
        "confidence",
    ),
    "sensitivity": ("missing_condition", "deception", "multi_solutions"),
}
ONLY_RIGHT = "multi_solutions"
NO_STEP = "undefined because right and wrong steps are needed"
NO_WRONG = "undefined because there is no wrong step"


def classes(records: Records, *, threshold: float) -> Findings:
    """Judge the steps of every class."""
    counts = np.stack([_confusion(row.step_scores, row.step_labels, threshold) for row in records])
    split = np.array([row.split for row in records], dtype=object)
    total = split != ORIGINAL
    found = _of_class(records, counts, total, "")
    names = [name for name in records.splits if name]
    for category, members in CATEGORIES.items():
        if set(members) <= set(names):
            found.append(_category(records, counts, split, category, members))
    for name in names:
        found += _of_class(records, counts, split == name, name)
    found += _similarity(records, threshold)
    return Findings(tuple(found))


def prm_score(sums: Floats) -> Floats:
    """Return (F1 + negative F1) / 2 of ``(B, 4)`` sums of TP, FP, TN, FN."""
    return (f1(sums) + negative_f1(sums)) / 2


def f1(sums: Floats) -> Floats:
    """Return F1 of right steps; NaN where no step is right."""
    tp, fp, _, fn = sums[:, :4].T
    return np.where(tp + fn > 0, 2 * tp / (2 * tp + fp + fn), np.nan)


def negative_f1(sums: Floats) -> Floats:
    """Return F1 of wrong steps; NaN where no step is wrong."""
    _, fp, tn, fn = sums[:, :4].T
    return np.where(tn + fp > 0, 2 * tn / (2 * tn + fn + fp), np.nan)


def _confusion(scores: Floats, labels: Floats, threshold: float) -> Floats:
    """Count TP, FP, TN, FN, first errors judged wrong, and first errors; ``(6,)``."""
    judged, right = scores > threshold, labels > 0.5
    errors = np.flatnonzero(~right)
    first = [float(not judged[errors[0]]), 1.0] if len(errors) else [0.0, 0.0]
    cells = (judged & right, judged & ~right, ~judged & ~right, ~judged & right)
    return np.array([*(float(cell.sum()) for cell in cells), *first])


def _of_class(records: Records, counts: Floats, inside: Bools, name: str) -> list[Measure]:
    parts = records.summed(counts * inside[:, None])
    tp, fp, tn, fn, _, errors = counts[inside].sum(axis=0)
    steps = int(tp + fp + tn + fn)
    found = [
        ("prm_score", "PRM-Score", parts, prm_score, steps, "steps", NO_STEP),
        ("f1", "F1", parts, f1, steps, "steps", "undefined because there is no right step"),
        ("negative_f1", "Negative F1", parts, negative_f1, steps, "steps", NO_WRONG),
        (
            "first_error",
            "First wrong step judged wrong",
            parts[:, 4:],
            ratio,
            int(errors),
            "solutions",
            NO_WRONG,
        ),
    ]
    end = f":{name}" if name else ""
    return [
        Measure(f"{key}{end}", label, own, statistic, n, unit, undefined, name)
        for key, label, own, statistic, n, unit, undefined in found
    ]


def _category(
    records: Records, counts: Floats, split: Floats, category: str, members: tuple[str, ...]
) -> Measure:
    """Average the classes of a category, ``multi_solutions`` by its F1, as the leaderboard does."""
    parts = np.hstack([records.summed(counts * (split == name)[:, None]) for name in members])
    width = counts.shape[1]

    def statistic(sums: Floats) -> Floats:
        own = [sums[:, at : at + width] for at in range(0, sums.shape[1], width)]
        scores = [
            f1(part) if name == ONLY_RIGHT else prm_score(part)
            for name, part in zip(members, own, strict=True)
        ]
        return np.mean(scores, axis=0)

    steps = int(counts[np.isin(split, members), :4].sum())
    label = f"Average of {category}"
    return Measure(f"category:{category}", label, parts, statistic, steps, "steps", NO_STEP)


def _similarity(records: Records, threshold: float) -> list[Measure]:
    """How far the share of steps judged right moves when errors are inserted; lower is more alike."""
    share = {row.id: float((row.step_scores > threshold).mean()) for row in records}
    columns = np.zeros((len(records), 2))
    for at, row in enumerate(records):
        before = share.get(row.original, 0.0)
        if before:
            columns[at] = abs(share[row.id] - before), 1.0
    n = int(columns[:, 1].sum())
    if not n:
        return []
    label = "Similarity to the original"
    return [Measure("similarity", label, records.summed(columns), ratio, n, "solutions")]
