"""Endless arithmetic traces with checker labels, for the sample project's reward model.

The labels of a hundred problems are too thin a signal to learn arithmetic from; traces from the
project's own generator, judged by the exact checker, are not. They are counted apart in the
model's provenance, and held-out problems cannot come up among them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.samples import Style, arithmetic_stream
from scoring.training.dataset import TrainingTree
from scoring.training.targets import Rules, targets
from scoring.tree import Tree
from scoring.verify import label_record

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from scoring.types import LabelRecord, TreeRecord

CHECKED = Rules(aggregate="latest", neutral="drop", rater_kinds=("machine",))
TRACES = 3
_PER_SEED = 2**40


class ArithmeticStream:
    """Generated trees by number: ``stream(7)`` is the same tree every time.

    Attributes:
        seed: of the whole stream.
        excluded: prompts that never come up.
        traces: solutions per problem.
        style: what problems and solutions are like.
    """

    def __init__(
        self,
        seed: int,
        excluded: Collection[str] = (),
        *,
        traces: int = TRACES,
        style: Style | None = None,
    ) -> None:
        self.seed = seed
        self.excluded = frozenset(excluded)
        self.traces = traces
        self.style = style or Style()

    def __call__(self, number: int) -> TrainingTree:
        """Return tree ``number``, counted from 0."""
        own_seed = self.seed * _PER_SEED + number
        record = next(
            arithmetic_stream(own_seed, self.excluded, traces=self.traces, style=self.style)
        )
        return training_tree(record, label_record(record), CHECKED)


def training_tree(
    record: TreeRecord, labels: Iterable[LabelRecord], rules: Rules | None = None
) -> TrainingTree:
    """Turn an importer's or generator's record and its labels into a labelled tree.

    The problem's key is its prompt: equal prompts are one problem, on one side of a split. Of a trace
    with several outcomes the first is taken.
    """
    results: dict[int, list[float | None]] = {}
    for trace in record.traces:
        value = next((outcome.value for outcome in trace.outcomes), None)
        results.setdefault(trace.end, []).append(value)
    tree = Tree.from_records(
        [
            {"id": -1, "parent": None, "text": "", "outcome": []},
            *(
                {
                    "id": i,
                    "parent": node.parent,
                    "text": node.text,
                    "outcome": results.get(i, []),
                    "value": node.value,
                }
                for i, node in enumerate(record.nodes)
            ),
        ]
    )
    made = targets(labels, len(record.nodes), rules)
    at = tree.ids[1:].astype(np.int64)  # (N - 1,) record position of each step
    return TrainingTree(
        problem_key=record.problem.prompt,
        problem_text=record.problem.prompt,
        tree=tree,
        targets=np.concatenate(([np.nan], made.value[at])),
        weights=np.concatenate(([0.0], made.weight[at])),
    )
