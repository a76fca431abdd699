"""Steps, and pairs of consecutive steps read as one unit: what a hierarchical reward model learns from.

Every step with a target gives two rows: the step behind those before it, and the step joined to the one
before it, read as one. Both have the target of the (last) step, so a wrong step that the next one repairs
is, as a pair, right. Where people judged a run of steps as one, their judgement is the target of that unit.
The same rows are made of the tree with some branches joined to the step above (``compress``);
equal rows of both trees are one, and a row that has two targets counts twice, with their mean.

Source: HRM, Wang et al. 2025 (arXiv 2503.13551; github.com/tengwang0318/hierarchial_reward_model). Left
out: their draw of rows by height and score. Ours: runs that people judged, of any length, and a tree that
follows a joined branch (there, what is below it keeps its old prefix).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from scoring.training.compression import Compressed, compress
from scoring.training.joined import JoinedSteps
from scoring.training.objectives.steps import LABELS, OUTCOME, StepLabels
from scoring.training.objectives.units import StepUnits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.reward.reading import Reading
    from scoring.training.config import RunConfig
    from scoring.training.dataset import TrainingTree
    from scoring.training.objectives.units import Floats
    from scoring.tree import Tree


class MergedSteps(StepLabels):
    """Steps and merged pairs; with ``merged_weight`` and ``compression`` 0 it is ``StepLabels``."""

    noun = "labelled steps and merged pairs of steps"

    def __init__(self, config: RunConfig, trees: Sequence[TrainingTree] = ()) -> None:
        super().__init__(config, trees)
        self.config: Any = config.model
        self._laid_out: tuple[TrainingTree, Reading, StepUnits] | None = None

    def reading(self, item: TrainingTree) -> Reading:
        """Return every unit behind its prefix, shared beginnings once."""
        return self._lay_out(item)[1]

    def units(self, item: TrainingTree) -> StepUnits:
        """Return the units with a target, at the pieces where they are over."""
        return self._lay_out(item)[2]

    def _lay_out(self, item: TrainingTree) -> tuple[TrainingTree, Reading, StepUnits]:
        """Return reading and units of a tree; those of the last one are kept, as both are asked for."""
        if self._laid_out is None or self._laid_out[0] is not item:
            rows = _Rows(item.tree, self.config.merged_weight)
            graded = self.graded(item)
            weights = graded.effective_weights(self.weighting)
            rows.read(_as_it_is(item.tree), graded.targets, weights)
            if self.grade == LABELS:
                rows.judged_runs(item)
            if self.config.compression:
                plan = compress(
                    item.tree.parent.tolist(),
                    item.problem_key,
                    probability=self.config.compression,
                    fewest=self.config.compress_from,
                    apart=rows.blank,
                )
                moved = self.grade == OUTCOME
                rows.read(plan, fractions(plan, item.tree) if moved else graded.targets, weights)
            self._laid_out = (item, *rows.laid_out())
        return self._laid_out


class _Rows:
    """The rows of one tree while they are gathered.

    Attributes:
        blank: steps with nothing to read in them, to which nothing is joined.
    """

    def __init__(self, tree: Tree, merged_weight: float) -> None:
        texts = [str(text) for text in tree.text]
        self.blank = frozenset(at for at, text in enumerate(texts) if not text.strip())
        self._tree = tree
        self._merged = merged_weight
        self._grown = JoinedSteps(texts)
        self._targets: dict[int, dict[float, float]] = {}  # node → target → weight
        self._judged: set[int] = set()

    def read(self, plan: Compressed, values: Floats, weights: Floats) -> None:
        """Add the rows of a tree of units: of every one with a target, alone and behind its parent."""
        ends = {0: 0}
        for unit in plan.order[1:]:
            before = plan.parent[unit]
            steps = _steps(plan, unit)
            ends[unit] = self._grown.unit(ends[before], steps)
            if not weights[unit] or np.isnan(values[unit]):
                continue
            self._learn(ends[unit], float(values[unit]), float(weights[unit]))
            pair = [*_steps(plan, before), *steps]
            if before and self._merged and not self.blank.intersection(pair[:-1]):
                node = self._grown.unit(ends[plan.parent[before]], pair)
                self._learn(node, float(values[unit]), float(weights[unit]) * self._merged)

    def judged_runs(self, item: TrainingTree) -> None:
        """Give runs of steps that somebody judged as one that judgement, whatever their last step has."""
        for span in item.spans:
            path = self._tree.path(span.last).tolist()
            cut = path.index(span.first)
            before, steps = path[:cut], path[cut:]
            if not self._merged or self.blank.intersection(steps[:-1]):
                continue
            after = 0
            for step in before:
                after = self._grown.unit(after, [step])
            node = self._grown.unit(after, steps)
            self._targets[node] = {span.value: span.weight * self._merged}
            self._judged.add(node)

    def laid_out(self) -> tuple[Reading, StepUnits]:
        """Return the reading and its units."""
        reading, ends = self._grown.reading()
        found = sorted((ends[node], list(rows.items())) for node, rows in self._targets.items())
        weights = np.array([sum(w for _, w in rows) for _, rows in found])
        sums = np.array([sum(y * w for y, w in rows) for _, rows in found])
        places = np.array([place for place, _ in found], dtype=np.int64)
        return reading, StepUnits(places, np.clip(sums / weights, 0.0, 1.0), weights)

    def _learn(self, node: int, value: float, weight: float) -> None:
        if node not in self._judged:
            rows = self._targets.setdefault(node, {})
            rows[value] = max(weight, rows.get(value, 0.0))


def fractions(plan: Compressed, tree: Tree) -> Floats:
    """Return ``(N,)`` the share of right ones among the known outcomes below each unit; NaN = none."""
    known = np.isfinite(tree.outcomes)
    ends = tree.ends[known]
    counts = np.bincount(ends, minlength=len(tree)).tolist()
    right = np.bincount(ends, weights=tree.outcomes[known], minlength=len(tree)).tolist()
    for unit in reversed(plan.order[1:]):
        counts[plan.parent[unit]] += counts[unit]
        right[plan.parent[unit]] += right[unit]
    shares = [r / c if c else np.nan for r, c in zip(right, counts, strict=True)]
    return np.array([np.nan, *shares[1:]])


def _as_it_is(tree: Tree) -> Compressed:
    n = len(tree)
    return Compressed(tuple(tree.parent.tolist()), (-1,) * n, tuple(range(n)))


def _steps(plan: Compressed, unit: int) -> list[int]:
    return [unit] if plan.joined[unit] < 0 else [plan.joined[unit], unit]
