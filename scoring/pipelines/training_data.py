"""A snapshot as what a run learns from, watches and is measured on."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from scoring.pipelines.training_trees import training_tree
from scoring.training.generated import ArithmeticStream
from scoring.training.objectives.registry import objective
from scoring.training.targets import deciding_kinds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from annotator.exporters.records import ExportProblem
    from scoring.training.config import RunConfig
    from scoring.training.dataset import TrainingTree
    from scoring.training.targets import Rules

TRAIN, VALIDATION, TEST = "train", "validation", "test"
STREAMED = "arithmetic"


class SnapshotData:
    """A snapshot's labelled trees, by split, held-out ones also by sample family.

    Attributes:
        train: what is learnt from.
        validation: what may say when to stop.
        has_streamed: the snapshot holds problems of the sample project's generator.
    """

    def __init__(
        self, problems: Iterable[ExportProblem], rules: Rules, config: RunConfig, outcome: str
    ) -> None:
        self.train: list[TrainingTree] = []
        self.validation: list[TrainingTree] = []
        self._rules = rules
        self._judges: dict[str, Counter[str]] = {}
        self._held_out: dict[str, list[TrainingTree]] = {}
        self._streamed_prompts: list[str] = []
        self._streams = config.learner.row.streams
        self.has_streamed = False
        learnt = objective(config)
        self._steps_only = learnt.on_labels
        for problem in problems:
            family = str(problem.problem.meta.get("sample", ""))
            self.has_streamed |= family == STREAMED
            if problem.split != TRAIN and family == STREAMED:
                self._streamed_prompts.append(problem.problem.prompt)
            tree = training_tree(problem, outcome)
            has_units = len(learnt.units(tree)) > 0
            if problem.split == TRAIN and has_units:
                self.train.append(tree)
            elif problem.split == VALIDATION and has_units:
                self.validation.append(tree)
            elif problem.split == TEST and (has_units or len(tree.labelled)):
                self._held_out.setdefault(family, []).append(tree)
                self._judges.setdefault(family, Counter()).update(self._judges_of(problem))

    def stream(self, seed: int, *, wanted: bool | None) -> ArithmeticStream | None:
        """Return the generator's endless traces, without any problem that is not for training."""
        use = self.has_streamed and self._streams if wanted is None else wanted
        return ArithmeticStream(seed, self._streamed_prompts) if use else None

    def held_out(self, *, streamed: bool) -> dict[str, list[TrainingTree]]:
        """Return the held-out trees: the main ones under "", families to report apart by name."""
        groups: dict[str, list[TrainingTree]] = {}
        for family, trees in self._held_out.items():
            groups.setdefault(_group(family, streamed=streamed), []).extend(trees)
        return groups

    def measured_on(self, *, streamed: bool) -> dict[str, dict[str, int]]:
        """Return per group of held-out trees how many steps each kind of rater decided.

        Empty where not (only) step labels are measured on.
        """
        if not self._steps_only:
            return {}
        groups: dict[str, Counter[str]] = {}
        for family, judges in self._judges.items():
            groups.setdefault(_group(family, streamed=streamed), Counter()).update(judges)
        return {name: dict(judges) for name, judges in groups.items()}

    def _judges_of(self, problem: ExportProblem) -> Iterable[str]:
        deciding = deciding_kinds(problem.labels, self._rules)
        return (
            k for at, kinds in deciding.items() if problem.targets[at] is not None for k in kinds
        )


def _group(family: str, *, streamed: bool) -> str:
    """Return under which name a family's held-out numbers stand; "" = the main ones."""
    return "" if not streamed or family == STREAMED else family or "other"
