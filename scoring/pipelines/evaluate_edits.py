"""Have a model read edited solutions, for the suite that asks what it rewards; loads torch."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from annotator.queries.datasets.scored import scored_problems
from annotator.services.models.added import reward_model_facts_hold
from scoring.evaluation.edits import EDITS, edited_scores
from scoring.pipelines.score import model_loaded
from scoring.pipelines.training_trees import training_tree
from scoring.reward.scorer import Item

if TYPE_CHECKING:
    from annotator.models import RewardModel, Snapshot
    from scoring.evaluation.records import Floats, Record
    from scoring.pipelines.context import JobContext
    from scoring.pipelines.evaluation_records import ModelRecords


def edits_scored(
    context: JobContext,
    snapshot: Snapshot,
    model: RewardModel,
    data: ModelRecords,
    without: set[int],
) -> ModelRecords:
    """Return the records with the model's scores of every edit of them.

    Nothing of it is stored: a job that was cut off begins to read again.

    Args:
        context: of the job; it is asked after every problem whether to stop.
        snapshot: whose problems.
        model: which reads.
        data: the records of its stored scores.
        without: ids of problems to leave out.
    """
    context.progress(0, None, "Loading the model.")
    scorer = model_loaded(model)
    reward_model_facts_hold(model=model, facts=scorer.facts)
    names, items = [], []
    for problem, _ in scored_problems(snapshot=snapshot, models=[], without=without):
        names.append(problem.id)
        tree = training_tree(problem).tree
        items.append(Item(problem.problem.prompt, tree, problem.problem.reference))
    found: dict[str, dict[str, Floats]] = {}
    total = len(EDITS) * len(items)
    for at, edit in enumerate(EDITS.values()):
        for done, (name, traces) in enumerate(
            zip(names, edited_scores(scorer, items, edit.key), strict=True), start=1
        ):
            for number, scores in enumerate(traces):
                found.setdefault(f"{name}/{number:06d}", {})[edit.key] = scores
            words = f"{edit.label}: {done:,} of {len(items):,} problems scored."
            context.progress(at * len(items) + done, total, words)
            context.check()
    return replace(data, once=_with(data.once, found), each=_with(data.each, found))


def _with(rows: list[Record], found: dict[str, dict[str, Floats]]) -> list[Record]:
    return [replace(row, edited=found.get(row.id, {})) for row in rows]
