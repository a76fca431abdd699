"""Frozen problems with a model's scores as the records that evaluation suites take."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from scoring.evaluation.records import NONE_WRONG, Preferred, Record
from scoring.evaluation.sources import of_tree
from scoring.evaluation.suites.prmbench import ORIGINAL
from scoring.pipelines.training_trees import training_tree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from annotator.exporters.records import ExportProblem
    from scoring.evaluation.base import SuiteRow
    from scoring.evaluation.records import Floats
    from scoring.training.dataset import TrainingTree

# What data call the part of theirs that a record belongs to.
SPLITS = ("subset", "split")
CLASS = "classification"
# ProcessBench has it in the id only: gsm8k-12.
OF_PROCESSBENCH = re.compile(r"([a-z0-9]+)-\d+:")
PROCESS, UNTOUCHED, MODIFIED = "process", "original", "modified"


@dataclass(slots=True)
class ModelRecords:
    """The solutions of all problems with the scores of one model, as each kind of suite reads them.

    Attributes:
        once: a step that solutions share is labelled in the first of them only; splits are those
            of the data.
        each: every solution has all labels of its steps, for the suite that needs all of them;
            splits are classes of errors.
        preferred: by the id of a record what its steps are preferred to; only the suites that read it see
            it, since it belongs to what their numbers are of.
        held: those of ``once`` with the model's states and what these are probed for, for the suite that
            reads them; empty if no suite does.
    """

    once: list[Record] = field(default_factory=list)
    each: list[Record] = field(default_factory=list)
    held: list[Record] = field(default_factory=list)
    preferred: dict[str, tuple[Preferred, ...]] = field(default_factory=dict)

    def add(self, problem: ExportProblem, scores: Floats, outcome: str) -> None:
        """Take in the solutions of one problem."""
        item = training_tree(problem, outcome)
        step_scores = np.concatenate([[np.nan], scores])
        self.preferred |= preferences(item)
        for kept, once in ((self.once, True), (self.each, False)):
            places = _splits(problem) if once else _classes(problem)
            rows = list(of_tree(item.problem_key, item.tree, step_scores, item.targets, once=once))
            kept += (
                replace(row, split=split, original="" if of is None else rows[of].id)
                for row, (split, of) in zip(rows, places, strict=True)
                if row.n_steps
            )

    def for_suite(self, row: SuiteRow) -> list[Record]:
        """Return the records that a suite of this row counts."""
        if row.level == "states":
            return self.held
        if "preferred" in row.needs:
            return [
                replace(record, preferred=self.preferred.get(record.id, ())) for record in self.once
            ]
        if row.level == "outcome":  # solutions compete whatever part of a benchmark they are from
            return [replace(record, split="") for record in self.once]
        return self.each if "step_labels" in row.needs else self.once


@dataclass(slots=True)
class Counts:
    """What an evaluation rests on: numbers of problems, solutions, labels and scores."""

    numbers: Counter[str] = field(default_factory=Counter)
    scored: list[int] = field(default_factory=list)

    def add(self, problem: ExportProblem, scores: Sequence[Floats]) -> None:
        """Count one problem with the scores of each model."""
        self.numbers["problems"] += 1
        self.numbers["traces"] += len(problem.traces)
        self.numbers["steps"] += len(problem.nodes)
        self.numbers["labelled_steps"] += sum(target is not None for target in problem.targets)
        self.scored = self.scored or [0] * len(scores)
        self.scored = [
            n + int((~np.isnan(own)).sum()) for n, own in zip(self.scored, scores, strict=True)
        ]

    def to_dict(self, records: ModelRecords) -> dict[str, int | list[int]]:
        """Return the counts, those of judged solutions from the records of any model."""
        told = [row for row in records.once if row.first_error is not None]
        wrong = sum(row.first_error != NONE_WRONG for row in told)
        return {
            **{name: self.numbers[name] for name in ("problems", "traces", "steps")},
            "labelled_steps": self.numbers["labelled_steps"],
            "judged_traces": len(told),
            "traces_with_an_error": wrong,
            "traces_with_an_outcome": sum(row.correct is not None for row in records.once),
            "scored_steps": self.scored,
            "steps_without_a_score": [self.numbers["steps"] - n for n in self.scored],
        }


def preferences(item: TrainingTree) -> dict[str, tuple[Preferred, ...]]:
    """Return what rankings say of each trace's steps, by the id of its record.

    A step that traces share stands for all of them at the first.
    """
    place: dict[int, tuple[str, int]] = {}
    for at, path in enumerate(item.tree.paths()):
        for step, node in enumerate(path.tolist()):
            place.setdefault(node, (f"{item.problem_key}/{at:06d}", step))
    found: dict[str, list[Preferred]] = {}
    for pair in item.ranked.by_criterion:
        if pair.better in place and pair.worse in place:
            name, step = place[pair.better]
            told = Preferred(pair.criterion, step, *place[pair.worse], tie=pair.tie)
            found.setdefault(name, []).append(told)
    return {name: tuple(told) for name, told in found.items()}


def _splits(problem: ExportProblem) -> list[tuple[str, None]]:
    """Return the split of each trace: what the record that brought it calls its subset or split."""
    split = [""] * len(problem.traces)
    for source in problem.sources:
        named = next((str(source.meta[key]) for key in SPLITS if source.meta.get(key)), "")
        if source.format == "processbench" and (found := OF_PROCESSBENCH.match(source.key)):
            named = found[1]
        for at in source.traces:
            split[at] = named
    return [(name, None) for name in split]


def _classes(problem: ExportProblem) -> list[tuple[str, int | None]]:
    """Return of each trace its class of errors and the trace that it was changed from.

    A changed trace of PRMBench names the untouched one of its record; those are a class of their own.
    """
    classes = [""] * len(problem.traces)
    of: list[int | None] = [None] * len(problem.traces)
    for source in problem.sources:
        roles = {problem.traces[at].meta.get(PROCESS): at for at in source.traces}
        for at in source.traces:
            role = problem.traces[at].meta.get(PROCESS)
            classes[at] = ORIGINAL if role == UNTOUCHED else str(source.meta.get(CLASS) or "")
            of[at] = roles.get(UNTOUCHED) if role == MODIFIED else None
    return list(zip(classes, of, strict=True))
