"""A model beside the one that it was retrained from: both on problems that neither has learnt from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from annotator.services.artefacts import artefact_folder
from scoring.errors import ScoringError
from scoring.evaluation.run import compare
from scoring.evaluation.sources import of_tree
from scoring.reward import load
from scoring.reward.scorer import Item
from scoring.training.objectives.base import outcome_means

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

    from annotator.models import RewardModel
    from scoring.evaluation.paired import Difference
    from scoring.evaluation.records import Record
    from scoring.training.dataset import TrainingTree

SUITES = {"steps": ("auroc", "average_precision"), "calibration": ("brier",)}
"""Suites of the paired comparison and which of their numbers are told."""
NOTHING = "No problem that neither model has learnt from has labelled steps or outcomes."


def compared(
    old: RewardModel,
    new_folder: Path,
    held_out: Sequence[TrainingTree],
    learnt_by_old: Collection[str],
    *,
    device: str,
    on_scored: Callable[[int, int], None],
) -> dict[str, Any]:
    """Score the same held-out problems with both and test the difference.

    Args:
        old: the model before; its artefact may be gone, which is said and no error.
        new_folder: artefact of the new one.
        held_out: trees that the new one did not learn from.
        learnt_by_old: keys of the problems that the old one learnt from; they are left out.
        device: where to score.
        on_scored: told trees done and in all; may raise to stop.

    Returns:
        ``with`` (its name), ``model`` (its id), ``problems``, ``left_out``, ``rows`` (label, both numbers, their
        difference with interval, p or null) and ``notes``.
    """
    trees = [item for item in held_out if item.problem_key not in learnt_by_old]
    told: dict[str, Any] = {
        "with": f"{old.name} v{old.version}",
        "model": old.pk,
        "problems": len({item.problem_key for item in trees}),
        "left_out": len({item.problem_key for item in held_out} & set(learnt_by_old)),
        "rows": [],
        "notes": [],
    }
    targets = [_targets(item) for item in trees]
    if all(np.isnan(column).all() for column in targets):
        return {**told, "notes": [NOTHING]}
    try:
        half = len(trees)
        mine = _records(new_folder, trees, targets, device, lambda n: on_scored(n, 2 * half))
        before = artefact_folder(path=old.artefact)
        theirs = _records(before, trees, targets, device, lambda n: on_scored(half + n, 2 * half))
    except ScoringError as error:  # the old model cannot be opened any more
        return {**told, "notes": [f"{told['with']} cannot be compared with: {error}"]}
    for suite, keys in SUITES.items():
        try:
            found = compare(suite, mine, theirs)
        except ScoringError as error:
            told["notes"].append(f"{suite}: {error}")
            continue
        told["rows"] += [_row(one) for one in found.differences if one.key in keys]
        told["notes"] += [note for note in found.notes if note not in told["notes"]]
    return told


def _targets(item: TrainingTree) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return labels of steps, or the outcomes where traces end if no step has a label."""
    if len(item.labelled):
        return item.targets
    known = outcome_means(item.tree)
    return np.where((known >= 0) & (known <= 1), known, np.nan)


def _records(
    folder: Path,
    trees: Sequence[TrainingTree],
    targets: Sequence[Any],
    device: str,
    on_scored: Callable[[int], None],
) -> list[Record]:
    records: list[Record] = []
    asked = (Item(item.problem_text, item.tree) for item in trees)
    said = load(folder, device).score_many(asked)
    for done, (item, target, scores) in enumerate(zip(trees, targets, said, strict=True), start=1):
        records += of_tree(item.problem_key, item.tree, scores.step.astype(np.float64), target)
        on_scored(done)
    return records


def _row(one: Difference) -> dict[str, Any]:
    return {
        "key": one.key,
        "label": one.label,
        "new": one.first.value,
        "old": one.second.value,
        "difference": one.difference.value,
        "low": one.difference.low,
        "high": one.difference.high,
        "p": one.p,
        "n": one.first.n,
    }
