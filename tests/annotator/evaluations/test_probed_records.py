"""What a frozen problem gives to probe for: types of error, and preferences under each criterion."""

from __future__ import annotations

import numpy as np

from annotator.exporters.records import ExportProblem
from scoring.evaluation import SUITES, evaluate
from scoring.evaluation.records import Preferred, Record, States
from scoring.pipelines.evaluate_states import _marked, _with
from scoring.pipelines.evaluation_records import ModelRecords
from scoring.pipelines.training_trees import training_tree
from scoring.types import (
    LabelRecord,
    NodeRecord,
    ProblemRecord,
    RankingRecord,
    RaterRecord,
    TraceRecord,
)
from tests.scoring.evaluation.data import NONE

ANN = RaterRecord("human", "ann")


def problem(name="p", **known):
    """Two traces of two steps with a common first one."""
    nodes = [NodeRecord("a"), NodeRecord("b", 0), NodeRecord("c", 0)]
    return ExportProblem(
        id=name,
        project="x",
        split="train",
        problem=ProblemRecord(prompt="Go."),
        nodes=nodes,
        traces=[TraceRecord(1), TraceRecord(2)],
        targets=[None] * 3,
        **known,
    )


def records_of(made):
    """The records of a problem with one number as the state of each node."""
    item = training_tree(made)
    names = [f"{made.id}/{at:06d}" for at in range(2)]
    by_id = {name: Record(name, made.id, steps=("", "")) for name in names}
    values = np.arange(4, dtype=np.float32)[:, None]
    return _with(by_id, made, item, States(values, np.ones(1)))


def wrong(node, error):
    return LabelRecord(node, ANN, -1, error_type=error)


def test_states_go_to_the_steps_of_each_trace():
    first, second = records_of(problem())
    assert first.states.values[:, 0].tolist() == [1.0, 2.0]
    assert second.states.values[:, 0].tolist() == [1.0, 3.0]


def test_a_type_of_error_is_known_where_any_is_named():
    rows = records_of(problem("p", labels=[wrong(1, "logic"), wrong(2, "sum"), wrong(2, "copy")]))
    rows += records_of(problem("q", labels=[wrong(0, "sum"), LabelRecord(1, ANN, 1)]))
    marked = _marked({row.id: row for row in rows})
    known = {
        name: {error: marks.tolist() for error, marks in row.marks.items()}
        for name, row in marked.items()
    }
    nan = str([np.nan, 0.0])
    assert str(known["p/000000"]["sum"]) == nan
    assert str(known["p/000000"]["logic"]) == str([np.nan, 1.0])
    assert str(known["p/000001"]["sum"]) == str([np.nan, 1.0])
    assert str(known["p/000001"]["logic"]) == nan
    assert str(known["q/000000"]["logic"]) == str([0.0, np.nan])
    assert str(known["q/000000"]["sum"]) == str([1.0, np.nan])


def test_preferences_are_of_steps_as_each_criterion_orders_them():
    made = problem(
        rankings=[
            RankingRecord("trace", [[1], [0]], ANN, criterion="correctness"),
            RankingRecord("step", [[1], [2]], ANN, parent=0),
        ]
    )
    first, second = records_of(made)
    assert second.preferred == (Preferred("correctness", 1, "p/000000", 1),)
    assert first.preferred == (Preferred("", 1, "p/000001", 1),)


def test_what_is_tied_is_told_as_a_tie():
    made = problem(rankings=[RankingRecord("trace", [[0, 1]], ANN)])
    told = [one for row in records_of(made) for one in row.preferred]
    assert len(told) == 1
    assert told[0].tie


def test_only_suites_that_read_rankings_see_them():
    made = problem(rankings=[RankingRecord("trace", [[1], [0]], ANN)])
    data = ModelRecords()
    data.add(made, np.array([0.2, 0.4, 0.6]), "correct")
    assert [len(row.preferred) for row in data.for_suite(SUITES["pairs"])] == [0, 1]
    assert all(row.preferred == () for row in data.for_suite(SUITES["steps"]))
    found = evaluate("pairs", data.for_suite(SUITES["pairs"]), resampling=NONE)
    assert found["accuracy"].estimate.value == 1.0
