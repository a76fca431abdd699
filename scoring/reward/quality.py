"""Step scores against step labels, beside what step length alone would give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from scoring.reward.metrics import RESAMPLES, Metric, auroc, average_precision, compared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from scoring.reward.scores import TreeScores
    from scoring.tree import Tree


class LabelledTree(Protocol):
    """What can be evaluated: a tree whose steps have targets."""

    @property
    def problem_key(self) -> str:
        """What the split and the intervals go by."""

    @property
    def problem_text(self) -> str:
        """The prompt."""

    @property
    def tree(self) -> Tree:
        """N nodes."""

    @property
    def targets(self) -> npt.NDArray[np.float64]:
        """``(N,)`` in [0, 1], NaN = no target."""


class Scorer(Protocol):
    """Anything that scores a tree; ``RewardModel`` does."""

    def score(self, problem_text: str, tree: Tree) -> TreeScores:
        """Score every step."""


def step_quality(
    model: Scorer,
    trees: Iterable[LabelledTree],
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
    on_scored: Callable[[int], None] | None = None,
) -> dict[str, Metric]:
    """Compare scores with targets (above 0.5 is right, below is wrong) over labelled steps.

    A target of exactly 0.5 is neither; such steps are left out and counted.

    A *right* step is the positive of ``auroc`` and ``average_precision``. The ``length_…`` numbers
    use the step's characters as score, shorter or longer first, whichever ranks these labels
    better: what is not above them need not have been learnt from content. ``above_length_…`` is the
    difference, with the interval of a paired resampling of problems.
    ``positive_rate`` is the share of right steps, the average precision of a coin.

    ``on_scored`` is told after each tree how many are scored; it may raise to stop.

    Returns:
        ``auroc``, ``average_precision``, the same with ``length_`` and ``above_length_`` in front,
        ``positive_rate``, ``skipped`` (labelled steps without a score) and ``undecided`` (steps whose
        target is 0.5).
    """
    scores: list[npt.NDArray[np.float64]] = []
    lengths: list[npt.NDArray[np.float64]] = []
    labels: list[npt.NDArray[np.bool_]] = []
    keys: list[str] = []
    skipped = undecided = 0
    for done, item in enumerate(trees, start=1):
        labelled = np.flatnonzero(~np.isnan(item.targets))
        decided = item.targets[labelled] != 0.5
        undecided += int((~decided).sum())
        labelled = labelled[decided]
        got = model.score(item.problem_text, item.tree).step[labelled].astype(np.float64)
        scored = ~np.isnan(got)
        skipped += int((~scored).sum())
        scores.append(got[scored])
        labels.append(item.targets[labelled][scored] > 0.5)
        lengths.append(_lengths(item.tree, labelled[scored]))
        keys += [item.problem_key] * int(scored.sum())
        if on_scored is not None:
            on_scored(done)
    metrics = _metrics(scores, lengths, labels, keys, seed, resamples)
    judged = metrics["auroc"].n + skipped + undecided
    for name, number in (("skipped", skipped), ("undecided", undecided)):
        metrics[name] = Metric(float(number), None, None, judged)
    return metrics


def _metrics(
    scores: Sequence[npt.NDArray[np.float64]],
    lengths: Sequence[npt.NDArray[np.float64]],
    labels: Sequence[npt.NDArray[np.bool_]],
    keys: Sequence[str],
    seed: int,
    resamples: int,
) -> dict[str, Metric]:
    empty = np.zeros(0)
    y = np.concatenate(labels) if labels else empty.astype(bool)
    groups = np.unique(np.array(keys, dtype=object), return_inverse=True)[1].astype(np.int64)
    metrics: dict[str, Metric] = {}
    s = np.concatenate(scores) if scores else empty
    by_length = _better_way(np.concatenate(lengths) if lengths else empty, y)
    for name, statistic in (("auroc", auroc), ("average_precision", average_precision)):
        found = compared(statistic, s, by_length, y, groups, seed=seed, resamples=resamples)
        for prefix, metric in zip(("", "length_", "above_length_"), found, strict=True):
            metrics[prefix + name] = metric
    rate = float(y.mean()) if len(y) else None
    metrics["positive_rate"] = Metric(rate, None, None, len(y))
    return metrics


def _lengths(tree: Tree, nodes: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    return np.array([len(str(tree.text[node])) for node in nodes], dtype=np.float64)


def _better_way(
    values: npt.NDArray[np.float64], labels: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    """Return ``values`` or their negatives: a baseline below even chance would flatter the model."""
    return -values if auroc(values, labels) < 0.5 else values
