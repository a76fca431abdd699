"""What kinds can be trained for: one row here each, named by the kind's row. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from scoring.registry import find_row, load_target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.training.config import RunConfig
    from scoring.training.dataset import TrainingTree
    from scoring.training.objectives.base import Objective

_O = "scoring.training.objectives"

OBJECTIVES: dict[str, str] = {
    "step_labels": f"{_O}.steps:StepLabels",
    "merged_steps": f"{_O}.merged_steps:MergedSteps",
    "outcomes": f"{_O}.steps:Outcomes",
    "judged_pairs": f"{_O}.judged_pairs:JudgedPairs",
    "tree_pairs": f"{_O}.tree_pairs:TreePairs",
    "signal_pairs": f"{_O}.signal_pairs:SignalPairs",
    "answer_lists": f"{_O}.answer_lists:AnswerLists",
    "rankings": f"{_O}.rankings:Rankings",
    "criteria": f"{_O}.criteria:Criteria",
    "rater_pairs": f"{_O}.rater_pairs:RaterPairs",
}


def objective(config: RunConfig, trees: Sequence[TrainingTree] = ()) -> Objective:
    """Return what the run's kind, or that of its members, is trained for, bound to its settings.

    Args:
        config: the run.
        trees: its training trees, from which some objectives take margins.
    """
    learner = config.learner
    target = find_row(OBJECTIVES, "objective", learner.row.objective)
    return cast("Objective", load_target(target)(learner, trees))
