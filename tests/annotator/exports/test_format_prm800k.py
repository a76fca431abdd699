"""PRM800K comes back JSON-equal, and a new judgement changes exactly itself."""

from __future__ import annotations

import copy
from dataclasses import replace

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scoring.types import (
    AlternativeRecord,
    LabelRecord,
    NodeRecord,
    OutcomeRecord,
    ProblemRecord,
    RaterRecord,
    TraceRecord,
    TreeRecord,
)
from tests.annotator.formats import fixture
from tests.annotator.tree_exports import export, export_problem, export_rows, read_rows, reason

LINES = [orjson.loads(line) for line in fixture("prm800k").splitlines()]
PERSON = RaterRecord("person", "ann")

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)
values = st.none() | st.booleans() | st.integers(-5, 5) | texts
extra = st.dictionaries(st.sampled_from(["x", "y z", "källa"]), values, max_size=2)
flags = st.fixed_dictionaries({}, optional={"flagged": st.sampled_from([None, True, False])})
ratings = st.sampled_from([-1, 0, 1, None])


@st.composite
def completions(draw):
    row = {"text": draw(texts), **draw(extra), **draw(flags)}
    if draw(st.booleans()):
        row["rating"] = draw(ratings)
    return row


@st.composite
def steps(draw):
    row = dict(draw(extra))
    found = draw(st.none() | st.lists(completions(), max_size=3))
    row["completions"] = found
    human = draw(st.none() | texts | completions())
    if human is not None or draw(st.booleans()):
        row["human_completion"] = human
    if draw(st.booleans()):
        row["chosen_completion"] = (
            draw(st.integers(0, len(found) - 1)) if found and draw(st.booleans()) else None
        )
    return row


@st.composite
def records(draw):
    question = {"problem": draw(texts.filter(str.strip)), **draw(extra)}
    if draw(st.booleans()):
        question["ground_truth_answer"] = draw(st.none() | texts)
    if draw(st.booleans()):
        question["pre_generated_steps"] = draw(st.none() | st.lists(texts, max_size=4))
    label = {"steps": draw(st.lists(steps(), max_size=4)), "total_time": 5, **draw(extra)}
    return {
        "labeler": draw(st.none() | texts),
        "generation": None,
        **draw(extra),
        "question": question,
        "label": label,
    }


def rebuilt(*rows):
    return export_rows(
        "prm800k", [export_problem(tree, "prm800k") for tree in read_rows("prm800k", *rows)]
    )


def test_the_fixture_comes_back_json_equal():
    assert rebuilt(*LINES) == LINES


@given(records())
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_any_record_comes_back_json_equal(record):
    assert rebuilt(record) == [record]


@given(records())
@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_a_record_backed_up_as_tracewood_still_gives_its_line(record):
    (tree,) = read_rows("prm800k", record)
    backup = export_rows("tracewood", [export_problem(tree, "prm800k")])
    (again,) = read_rows("tracewood", *backup)
    assert export_rows("prm800k", [export_problem(again, "tracewood")]) == [record]


def test_candidates_that_were_not_chosen_are_leaves():
    tree = read_rows("prm800k", LINES[0])[0]
    assert [node.parent for node in tree.nodes] == [-1, -1, -1, 0, 0, 4, 4]
    assert tree.nodes[4].text == "2 + 3 = 5."
    assert tree.nodes[4].meta == {"human": True}
    assert tree.alternatives[0].text == "2 + 3 = 5."
    assert tree.alternatives[0].parent == 0
    assert tree.traces[0].end == 5
    assert not tree.merge


def test_a_null_rating_is_a_label_and_no_rating_is_none():
    tree = read_rows("prm800k", LINES[0])[0]
    assert {label.node: label.rating for label in tree.labels} == {
        0: 1,
        1: -1,
        2: 0,
        3: -1,
        4: None,
        5: None,
    }
    assert {label.rater.kind for label in tree.labels} == {"imported"}
    assert tree.labels[0].rater.name == LINES[0]["labeler"]


def test_generated_steps_that_were_never_labelled_go_on_as_nodes():
    tree = read_rows("prm800k", LINES[1])[0]
    assert [(node.text, node.parent) for node in tree.nodes][2:] == [
        ("That is 8.", 0),
        ("# Answer\n\n9", 1),
    ]
    assert [trace.end for trace in tree.traces] == [0, 3]


def test_a_record_without_any_step_has_no_trace():
    tree = read_rows("prm800k", LINES[2])[0]
    assert tree.nodes == []
    assert tree.traces == []


def test_no_single_field_holds_the_line_or_its_steps():
    for tree in read_rows("prm800k", *LINES):
        kept = orjson.dumps([tree.meta, [node.meta for node in tree.nodes]]).decode()
        assert all(node.text not in kept for node in tree.nodes)
        assert '"rating"' not in kept


@pytest.mark.parametrize("node", [0, 1, 2, 3, 5, 6])
def test_a_persons_rating_changes_exactly_that_rating(node):
    (tree,) = read_rows("prm800k", LINES[0])
    problem = export_problem(tree, "prm800k")
    old = next(label.rating for label in problem.labels if label.node == node)
    new = 1 if old != 1 else -1
    labels = [*problem.labels, LabelRecord(node, PERSON, 0), LabelRecord(node, PERSON, new)]
    (row,) = export_rows("prm800k", [replace(problem, labels=labels)])
    assert row != LINES[0]
    changes = [(a, b) for a, b in zip(_flat(LINES[0]), _flat(row), strict=True) if a != b]
    assert [(a[0], b[1]) for a, b in changes] == [(changes[0][0][0], new)]
    assert changes[0][0][0].endswith(".rating")


def _flat(value, path=""):
    if isinstance(value, dict):
        return [leaf for key in sorted(value) for leaf in _flat(value[key], f"{path}.{key}")]
    if isinstance(value, list):
        return [leaf for i, item in enumerate(value) for leaf in _flat(item, f"{path}[{i}]")]
    return [(path, value)]


@pytest.mark.parametrize("rating", [None, -1])
def test_an_unsure_person_leaves_the_imported_rating(rating):
    (tree,) = read_rows("prm800k", LINES[0])
    problem = export_problem(tree, "prm800k")
    labels = [*problem.labels, LabelRecord(0, PERSON, rating, unsure=True)]
    assert export_rows("prm800k", [replace(problem, labels=labels)]) == [LINES[0]]


def test_a_persons_replacement_step_fills_an_empty_human_completion():
    (tree,) = read_rows("prm800k", LINES[1])
    problem = export_problem(tree, "prm800k")
    alternatives = [AlternativeRecord(0, "That is eight.", PERSON)]
    (row,) = export_rows("prm800k", [replace(problem, alternatives=alternatives)])
    expected = copy.deepcopy(LINES[1])
    expected["label"]["steps"][1]["human_completion"] = {
        "text": "That is eight.",
        "rating": None,
        "source": "human",
        "flagged": False,
        "corrected_rating": None,
    }
    assert row == expected


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ({"completions": [{"text": "a", "rating": 7}]}, "field 'label.steps[0].completions[0].rating': expected -1, 0, 1 or null, got 7"),
        ({"completions": [{"text": "a", "rating": True}]}, "expected -1, 0, 1 or null, got true"),
        ({"completions": [{"text": "a"}], "chosen_completion": 1}, "field 'label.steps[0].chosen_completion': expected an integer from 0 to 0"),
        ({"completions": [{"text": "a"}], "chosen_completion": False}, "chosen_completion': expected an integer"),
        ({"completions": None, "chosen_completion": 0}, "chosen_completion': expected no index"),
        ({"completions": [3]}, "field 'label.steps[0].completions[0]': expected an object, got 3"),
        ({"completions": [{}]}, "field 'label.steps[0].completions[0].text' is missing"),
        ({"human_completion": 3}, "field 'label.steps[0].human_completion': expected an object"),
        (3, "field 'label.steps[0]': expected an object, got 3"),
    ],
)  # fmt: skip
def test_prm800k_refuses(step, words):
    assert words in reason("prm800k", {**LINES[0], "label": {"steps": [step]}})


# traces of other sources


def other(**changes):
    nodes = [NodeRecord("a"), NodeRecord("b", 0), NodeRecord("c", 0), NodeRecord("d")]
    rater = RaterRecord("machine", "check")
    labels = [LabelRecord(0, rater, 1), LabelRecord(1, rater, -1, milliseconds=40)]
    tree = TreeRecord(
        "k", ProblemRecord("p", "r"), nodes, [TraceRecord(1), TraceRecord(3)], True, labels
    )
    return export_problem(tree, "trl_stepwise", **changes)


def test_other_traces_give_a_line_with_siblings_as_candidates():
    report, files = export("prm800k", [other()])
    (row,) = map(orjson.loads, files["prm800k.jsonl"].splitlines())
    first, second = row["label"]["steps"]
    assert [c["text"] for c in first["completions"]] == ["a", "d"]
    assert [c["rating"] for c in second["completions"]] == [-1, None]
    assert first["chosen_completion"] == 0
    assert second["chosen_completion"] is None
    assert row["labeler"] == "machine:check"
    assert row["label"]["finish_reason"] == "found_error"
    assert row["label"]["total_time"] == 40
    assert report.excluded == {"trace without a rated step": 1}
    assert [trace.end for trace in read_rows("prm800k", row)[0].traces] == [0, 2]


def test_other_traces_carry_the_aggregated_rating_and_not_the_newest():
    problem = other()
    labels = [*problem.labels, LabelRecord(0, PERSON, -1)]
    (row,) = export_rows("prm800k", [replace(problem, labels=labels)])
    assert row["label"]["steps"][0]["completions"][0]["rating"] == 1


@pytest.mark.parametrize(
    ("kind", "human"), [("person", "b!"), ("imported", "b!"), ("machine", None), ("model", None)]
)
def test_only_people_write_the_human_completion_of_other_traces(kind, human):
    written = [AlternativeRecord(0, "b!", RaterRecord(kind, "x"))]
    (row,) = export_rows("prm800k", [other(alternatives=written)])
    found = row["label"]["steps"][1]["human_completion"]
    assert (found and found["text"]) == human


def test_siblings_over_the_limit_are_left_out_and_counted():
    report, files = export("prm800k", [other()], max_siblings=0)
    (row,) = map(orjson.loads, files["prm800k.jsonl"].splitlines())
    assert [len(step["completions"]) for step in row["label"]["steps"]] == [1, 1]
    assert report.excluded["sibling over the limit"] == 2


def test_an_imported_record_and_another_trace_of_one_problem_both_come_out():
    (tree,) = read_rows("prm800k", LINES[0])
    problem = export_problem(tree, "prm800k")
    traces = [*problem.traces, TraceRecord(0)]
    first, second = export_rows("prm800k", [replace(problem, traces=traces)])
    assert first == LINES[0]
    assert second["labeler"] == LINES[0]["labeler"]


def path_line(ratings, rater=PERSON, **outcome):
    """Export one trace with these ratings of its steps."""
    nodes = [NodeRecord(f"s{at}", at - 1) for at in range(len(ratings))]
    labels = [LabelRecord(at, rater, r) for at, r in enumerate(ratings) if r is not None]
    outcomes = [OutcomeRecord(name, value) for name, value in outcome.items()]
    trace = TraceRecord(len(nodes) - 1, outcomes=outcomes)
    tree = TreeRecord("k", ProblemRecord("p", "r"), nodes, [trace], True, labels)
    (row,) = export_rows("prm800k", [export_problem(tree, "trl_stepwise")])
    return row


@pytest.mark.parametrize(
    ("ratings", "outcome", "reason"),
    [
        ([1, 0, 1], {}, "solution"),
        ([1, 1], {"correct": 1.0}, "solution"),
        ([1, 1], {"correct": None}, "solution"),
        ([1, 1], {"correct": 0.0}, None),
        ([1, 1], {"reward": 0.0}, "solution"),
        ([1, None, 1], {"correct": 1.0}, None),
        ([1, None, -1], {"correct": 1.0}, "found_error"),
    ],
)
def test_a_finish_reason_claims_no_more_than_was_judged(ratings, outcome, reason):
    assert path_line(ratings, **outcome)["label"]["finish_reason"] == reason


def test_a_line_ends_at_the_first_error_and_the_rest_is_pre_generated():
    row = path_line([1, -1, 1, -1])
    steps = row["label"]["steps"]
    assert [step["chosen_completion"] for step in steps] == [0, None]
    assert row["question"]["pre_generated_steps"] == ["s0", "s1", "s2", "s3"]
    (tree,) = read_rows("prm800k", row)
    assert {label.node: label.rating for label in tree.labels} == {0: 1, 1: -1}
    assert [node.text for node in tree.nodes] == ["s0", "s1", "s2", "s3"]


def test_the_labeler_is_who_judged():
    assert path_line([1])["labeler"] == "ann"
    assert path_line([1], RaterRecord("machine", "checker:arithmetic", "2"))["labeler"] == (
        "checker:arithmetic"
    )
