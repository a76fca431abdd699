"""Have a model read solutions once more and keep its states, for the suite that probes them; loads torch."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

from annotator.queries.datasets.scored import scored_problems
from annotator.services.models.added import reward_model_facts_hold
from scoring.errors import EvaluationError
from scoring.evaluation.records import States
from scoring.pipelines.evaluation_records import preferences
from scoring.pipelines.score import model_loaded
from scoring.pipelines.training_trees import training_tree
from scoring.reward.model import RewardModel as Network
from scoring.reward.states import head_direction, tree_states

if TYPE_CHECKING:
    from annotator.exporters.records import ExportProblem
    from annotator.models import RewardModel, Snapshot
    from scoring.evaluation.records import Floats, Record
    from scoring.pipelines.context import JobContext
    from scoring.pipelines.evaluation_records import ModelRecords
    from scoring.training.dataset import TrainingTree

MOST_STEPS = 20_000
"""Steps that are read at most: 20,000 states of 4,096 numbers are 330 MB."""


def states_read(
    context: JobContext,
    snapshot: Snapshot,
    model: RewardModel,
    data: ModelRecords,
    without: set[int],
) -> ModelRecords:
    """Return the records with the model's states of them, and what these are probed for.

    Nothing of it is stored: a job that was cut off begins to read again. Of a large project whole problems
    are read, in an order that has nothing to do with their content, until there are ``MOST_STEPS``.

    Args:
        context: of the job; it is asked after every problem whether to stop.
        snapshot: whose problems.
        model: which reads.
        data: the records of its stored scores.
        without: ids of problems to leave out.

    Raises:
        EvaluationError: the model is none whose states can be read.
    """
    context.progress(0, None, "Loading the model.")
    scorer = model_loaded(model)
    reward_model_facts_hold(model=model, facts=scorer.facts)
    if not isinstance(scorer, Network):
        raise EvaluationError(f"{model} was not trained here, so its states cannot be probed.")
    found = head_direction(scorer)
    head = np.zeros(0) if found is None else found
    chosen = _chosen(snapshot, without)
    by_id = {row.id: row for row in data.once}
    held: dict[str, Record] = {}
    done = 0
    for problem, _ in scored_problems(snapshot=snapshot, models=[], without=without):
        if problem.id not in chosen:
            continue
        item = training_tree(problem)
        states = tree_states(scorer, item.problem_text, item.tree)
        for record in _with(by_id, problem, item, States(states, head)):
            held[record.id] = record
        done += 1
        context.progress(done, len(chosen), f"States of {done:,} of {len(chosen):,} problems read.")
        context.check()
    marked = _marked(held)
    return replace(data, held=[marked.get(row.id, row) for row in data.once])


def _chosen(snapshot: Snapshot, without: set[int]) -> set[str]:
    """Return the ids of the problems that are read."""
    sizes = {
        problem.id: len(problem.nodes)
        for problem, _ in scored_problems(snapshot=snapshot, models=[], without=without)
    }
    chosen: set[str] = set()
    left = MOST_STEPS
    for name in sorted(sizes, key=lambda name: sha256(name.encode()).digest()):
        left -= sizes[name]
        if left < 0 and chosen:
            break
        chosen.add(name)
    return chosen


def _with(
    by_id: dict[str, Record], problem: ExportProblem, item: TrainingTree, states: States
) -> list[Record]:
    """Return the records of one problem with states, types of error and preferences."""
    paths = item.tree.paths()
    names = [f"{problem.id}/{at:06d}" for at in range(len(paths))]
    errors = _errors(problem, len(item.tree))
    preferred = preferences(item)
    return [
        replace(
            by_id[name],
            states=States(states.values[path], states.head),
            marks={error: marks[path] for error, marks in errors.items()},
            preferred=preferred.get(name, ()),
        )
        for name, path in zip(names, paths, strict=True)
        if name in by_id
    ]


def _errors(problem: ExportProblem, n: int) -> dict[str, Floats]:
    """Return by type of error ``(N,)`` 1 where somebody named it, 0 where only others were, NaN elsewhere."""
    named: dict[int, set[str]] = {}
    for label in problem.labels:
        if label.error_type and label.rating == -1:
            named.setdefault(label.node + 1, set()).add(label.error_type)
    marks: dict[str, Floats] = {}
    for error in sorted({one for types in named.values() for one in types}):
        marks[error] = np.full(n, np.nan)
        for node, types in named.items():
            marks[error][node] = float(error in types)
    return marks


def _marked(held: dict[str, Record]) -> dict[str, Record]:
    """Return the records with every type of error: a step with other types has none of the missing ones."""
    types = sorted({error for row in held.values() for error in row.marks})
    complete = {}
    for name, row in held.items():
        none = np.full(row.n_steps, np.nan)
        for marks in row.marks.values():
            none = np.where(np.isnan(marks), none, 0.0)
        full = {error: row.marks.get(error, none) for error in types} if row.marks else {}
        complete[name] = replace(row, marks=full)
    return complete
