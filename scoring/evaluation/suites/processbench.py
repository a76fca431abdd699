"""ProcessBench: does the model find the first wrong step?

A solution's prediction is its first step scored below the threshold, or that no step is wrong. With
``acc1`` the share of wrong solutions whose first wrong step is named exactly, and ``acc2`` the share
of right solutions in which none is named, ``F1 = 2 acc1 acc2 / (acc1 + acc2)`` for each split; the
average of the splits is the benchmark's number.

Source: Zheng et al. 2024, arXiv 2412.06559, and ``code/run_eval*.py`` of QwenLM/ProcessBench, whose
division of 0 by 0 is here an F1 of 0. A split without right or without wrong solutions has no F1.
A score equal to the threshold counts as good.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from scoring.errors import MissingInputError
from scoring.evaluation.base import Findings, Measure
from scoring.evaluation.baselines import FOLDS, fold
from scoring.evaluation.intervals import ratio
from scoring.evaluation.records import NONE_WRONG

if TYPE_CHECKING:
    from scoring.evaluation.records import Bools, Floats, Record, Records

CURVE_POINTS = 19
NO_WRONG = "undefined because there is no solution with a wrong step"
NO_RIGHT = "undefined because there is no solution without a wrong step"
NO_BOTH = "undefined because solutions with and without a wrong step are needed"


def fixed(records: Records, *, threshold: float) -> Findings:
    """Judge with a given threshold, and trace F1 over others."""
    hits = _hits(records, np.full(len(records), threshold))
    return Findings((*_measures(records, hits), *_curve(records)))


def tuned(records: Records, *, tune_on: str) -> Findings:
    """Judge with the threshold that gives the best F1 on one split, or on other problems.

    Args:
        records: solutions.
        tune_on: a split, whose own F1 is then optimistic; "" tunes for each fifth of the problems on
            the other four, which is not. The interval holds the threshold as it is.
    """
    if tune_on:
        chosen = [row for row in records if row.split == tune_on]
        if not chosen:
            raise MissingInputError(
                "processbench_tuned",
                [f"solutions of the split '{tune_on}'"],
                "tune on a split that is there, or on other problems",
            )
        threshold = best_threshold(chosen)
        hits = _hits(records, np.full(len(records), threshold))
        note = f"the threshold was tuned on '{tune_on}'; its own F1 is optimistic"
        return Findings(_measures(records, hits), {"threshold": threshold}, (note,))
    folds = np.array([fold(row.problem) for row in records])
    thresholds = np.zeros(len(records))
    fitted = {}
    for number in sorted(set(folds)):
        others = [row for row, own in zip(records, folds, strict=True) if own != number]
        fitted[f"threshold_{number + 1}"] = best_threshold(others)
        thresholds[folds == number] = fitted[f"threshold_{number + 1}"]
    note = f"thresholds were tuned on other problems, {FOLDS} folds"
    return Findings(_measures(records, _hits(records, thresholds)), fitted, (note,))


def predicted(step_scores: Floats, threshold: float) -> int:
    """Return the position of the first step below the threshold, or ``NONE_WRONG``."""
    below = np.flatnonzero(step_scores < threshold)
    return int(below[0]) if len(below) else NONE_WRONG


def f1(acc1: Floats, acc2: Floats) -> Floats:
    """Return the harmonic mean of the two accuracies, 0 where both are 0, NaN where one is NaN."""
    both = acc1 + acc2
    return np.where(both == 0, 0.0, 2 * acc1 * acc2 / np.where(both == 0, 1.0, both))


def best_threshold(rows: list[Record]) -> float:
    """Return the threshold with the best F1, the middle of the lowest best interval.

    A wrong solution is a hit for thresholds above the score of its first wrong step and not above
    the least score before it; a right one for thresholds not above its least score. F1 is thus
    constant between the ends of these intervals.

    Raises:
        MissingInputError: without solutions of both kinds.
    """
    wrong = [row for row in rows if row.first_error != NONE_WRONG]
    right = [row for row in rows if row.first_error == NONE_WRONG]
    if not wrong or not right:
        raise MissingInputError(
            "processbench_tuned", ["solutions with and without a wrong step"], "tune on more data"
        )
    above = np.array([row.step_scores[row.first_error] for row in wrong])
    until = np.array([row.step_scores[: row.first_error].min(initial=np.inf) for row in wrong])
    above, until = above[above < until], until[above < until]
    least = np.array([row.step_scores.min() for row in right])
    ends = np.unique(np.concatenate([above, until[np.isfinite(until)], least]))
    between = np.concatenate([[ends[0] - 1], (ends[:-1] + ends[1:]) / 2, [ends[-1] + 1]])
    open_at = np.searchsorted(np.sort(above), between) - np.searchsorted(np.sort(until), between)
    passed = len(least) - np.searchsorted(np.sort(least), between)
    return float(between[np.argmax(f1(open_at / len(wrong), passed / len(right)))])


def _curve(records: Records) -> list[Measure]:
    """Return F1 at 19 thresholds: 0.05 to 0.95 for scores from 0 to 1, else evenly within them.

    A picture of how much the threshold matters. The best of its points was chosen with the data and
    is no number to quote; ``tuned`` gives one.
    """
    low = min(float(row.step_scores.min()) for row in records)
    high = max(float(row.step_scores.max()) for row in records)
    if low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    found = []
    for number, threshold in enumerate(np.linspace(low, high, CURVE_POINTS + 2)[1:-1], start=1):
        hits = _hits(records, np.full(len(records), threshold))
        whole = _measures(records, hits)[0]
        found.append(
            replace(
                whole,
                key=f"curve:{number}",
                label=f"{whole.label} at {threshold:.3g}",
                split="",
                series="threshold",
                x=float(threshold),
                compared=False,
            )
        )
    return found


def _hits(records: Records, thresholds: Floats) -> Bools:
    return np.array(
        [
            predicted(row.step_scores, threshold) == row.first_error
            for row, threshold in zip(records, thresholds, strict=True)
        ]
    )


def _measures(records: Records, hits: Bools) -> tuple[Measure, ...]:
    wrong = np.array([row.first_error != NONE_WRONG for row in records])
    columns = np.stack([hits & wrong, wrong, hits & ~wrong, ~wrong], axis=1).astype(np.float64)
    split = np.array([row.split for row in records], dtype=object)
    parts = {name: records.summed(columns * (split == name)[:, None]) for name in records.splits}
    found = [] if list(parts) == [""] else [_average(parts, len(records))]
    for name, own in parts.items():
        found += _of_split(name, own, split == name, wrong)
    return tuple(found)


def _average(parts: dict[str, Floats], n: int) -> Measure:
    def statistic(sums: Floats) -> Floats:
        return np.mean([_f1(sums[:, at : at + 4]) for at in range(0, sums.shape[1], 4)], axis=0)

    return Measure(
        "f1",
        "Average F1",
        np.hstack(list(parts.values())),
        statistic,
        n,
        "solutions",
        undefined=NO_BOTH + " in every split",
    )


def _of_split(name: str, parts: Floats, inside: Bools, wrong: Bools) -> list[Measure]:
    end = f":{name}" if name else ""
    n_wrong, n = int((inside & wrong).sum()), int(inside.sum())
    return [
        Measure(f"f1{end}", "F1", parts, _f1, n, "solutions", NO_BOTH, name),
        Measure(
            f"error_accuracy{end}",
            "First wrong step named",
            parts[:, :2],
            ratio,
            n_wrong,
            "wrong solutions",
            NO_WRONG,
            name,
        ),
        Measure(
            f"correct_accuracy{end}",
            "Right solution passed",
            parts[:, 2:],
            ratio,
            n - n_wrong,
            "right solutions",
            NO_RIGHT,
            name,
        ),
    ]


def _f1(sums: Floats) -> Floats:
    return f1(sums[:, 0] / sums[:, 1], sums[:, 2] / sums[:, 3])
