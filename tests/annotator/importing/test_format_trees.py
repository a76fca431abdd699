"""Formats that give the tree: nodes are kept one by one."""

from __future__ import annotations

import copy

import orjson
import pytest

from scoring.types import RaterRecord, Rejected
from tests.annotator.formats import fixture
from tests.annotator.tree_exports import read_bytes, read_rows, reason


def puzzle(**changes):
    return {**orjson.loads(fixture("tot_game24"))[0], **changes}


def test_game24_nodes_are_proposals_below_the_text_before_them():
    (tree,) = read_bytes("tot_game24", fixture("tot_game24"))
    assert tree.problem.prompt == "1 2 3 4"
    assert [node.text for node in tree.nodes][3:] == [
        "Answer: 2 * 12 * 1 = 24",
        "3 * 4 = 12 (left: 3 12)",
    ]
    assert [node.parent for node in tree.nodes] == [-1, -1, -1, 0, 1]
    assert [node.state_after for node in tree.nodes] == ["1 2 12", "3 3 4", "3 3 4", None, "3 12"]
    assert [node.value for node in tree.nodes] == [20.0, 0.003, 1.0, 60.0, 0.5]
    assert tree.nodes[3].kind == "answer"
    assert not tree.merge


def test_game24_marks_pruned_proposals_and_keeps_equal_siblings():
    (tree,) = read_bytes("tot_game24", fixture("tot_game24"))
    assert [bool(node.meta.get("pruned")) for node in tree.nodes] == [
        False,
        False,
        True,
        False,
        False,
    ]


def test_game24_final_answers_are_traces_with_their_reward():
    (tree,) = read_bytes("tot_game24", fixture("tot_game24"))
    assert [(trace.end, trace.outcomes[0].value) for trace in tree.traces] == [(3, 1.0), (4, 0.0)]


def step_changed(**changes):
    row = copy.deepcopy(puzzle())
    row["steps"][1].update(changes)
    return row


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (puzzle(steps=[]), "field 'steps' is empty"),
        (puzzle(infos=[{"r": 1}]), "field 'infos' has 1 entries, 'ys' has 2"),
        (puzzle(infos=[{"r": 1}, {"r": 0.5}]), "field 'infos[1].r': expected 0 or 1"),
        (puzzle(ys=["nowhere\n", "x"]), "field 'ys[0]': expected the text of a proposal"),
        (step_changed(values=[1]), "field 'steps[1].values' has 1 entries"),
        (step_changed(values=[1, "x"]), "field 'steps[1].values[1]': expected a finite number"),
        (
            step_changed(new_ys=["orphan\nline\n", "x\n"], select_new_ys=[]),
            "no earlier proposal has the text",
        ),
        (
            step_changed(select_new_ys=["no\n"]),
            "field 'steps[1].select_new_ys[0]': expected one of",
        ),
        (step_changed(x="9 9"), "field 'steps[1].x'"),
    ],
)
def test_game24_refuses(row, words):
    assert words in reason("tot_game24", row)


def test_openr_keeps_nodes_in_pre_order_with_values():
    (tree,) = read_bytes("openr_tree", fixture("openr_tree"))
    assert [node.text for node in tree.nodes] == ["Add.", "So 5.", "So 5.", "Multiply."]
    assert [node.parent for node in tree.nodes] == [-1, 0, 0, -1]
    assert [trace.end for trace in tree.traces] == [1, 2, 3]
    assert tree.meta["mc_value"] == 0.5
    assert not tree.merge


def test_openr_keeps_a_value_that_is_no_share_as_missing_with_a_warning():
    (tree,) = read_bytes("openr_tree", fixture("openr_tree"))
    assert [node.value for node in tree.nodes] == [0.75, 1.0, None, None]
    assert len(tree.warnings) == 2
    assert "reasoning_steps.children[0].children[1].mc_value': 1.5" in tree.warnings[0]
    assert "NaN" in tree.warnings[1]


def test_openr_refuses_trees_without_steps_and_wrong_children():
    tree = {"question": "x", "reasoning_steps": {"text": "x", "children": []}}
    assert "there are no steps" in reason("openr_tree", tree)
    tree["reasoning_steps"]["children"] = [{"text": "a", "children": "b"}]
    assert "reasoning_steps.children[0].children': expected an array" in reason("openr_tree", tree)
    tree["reasoning_steps"]["children"] = [{"text": None}]
    assert "reasoning_steps.children[0].text': expected text" in reason("openr_tree", tree)


def test_a_nested_tree_that_is_too_deep_is_refused_naming_the_way_out():
    depth = 20_000
    data = (
        b'{"question": "x", "reasoning_steps": '
        + b'{"text": "x", "mc_value": 1, "children": [' * depth
    )
    (item,) = read_bytes("openr_tree", data + b"]}" * depth + b"}")
    assert isinstance(item, Rejected)
    assert "nested deeper than 1000 levels" in item.reason
    assert "tracewood" in item.reason


def line(**changes):
    return {**orjson.loads(fixture("tracewood")), **changes}


def bare(**changes):
    row = {
        "tracewood": 1,
        "problem": {"prompt": "p"},
        "steps": {"text": ["a", "b"], "parent": [-1, 0]},
    }
    return {**row, **changes}


def test_tracewood_reads_everything():
    (tree,) = read_bytes("tracewood", fixture("tracewood"))
    assert tree.key == "toy:1"
    assert tree.nodes[1].state_after == "5"
    assert tree.nodes[1].meta == {"seen": 2}
    assert tree.traces[0].sampling == {"temperature": 0.8}
    assert tree.traces[1].outcomes[0].value is None
    assert tree.spans[0].last == 1
    assert tree.alternatives[0].replaces == 2
    assert tree.scores[0].values == [0.5, 0.75]
    assert tree.labels[2].error_type == "slip"
    assert tree.meta == {"origin": "hand"}


def test_tracewood_never_makes_a_person_of_a_name_in_a_file():
    (tree,) = read_bytes("tracewood", fixture("tracewood"))
    assert tree.labels[0].rater == RaterRecord("imported", "ann", "person")
    assert tree.labels[1].rater == RaterRecord("machine", "arithmetic", "1")


def test_tracewood_carries_a_path_of_twenty_thousand_steps():
    n = 20_000
    steps = {"text": ["x"] * n, "parent": list(range(-1, n - 1))}
    (tree,) = read_rows("tracewood", bare(steps=steps, traces=[{"end": n - 1}]))
    assert tree.nodes[-1].parent == n - 2


def test_tracewood_records_without_key_get_one_from_their_content():
    first, again, other = read_rows("tracewood", bare(), bare(), bare(merge=True))
    assert first.key == again.key != other.key


STEPS = {"text": ["a", "b"], "parent": [-1, 0]}
RATERS = [{"kind": "imported", "name": "x"}]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (bare(tracewood=2), "field 'tracewood': expected 1, the only version so far, got 2"),
        (bare(colour="red"), "field 'colour' is not known"),
        (
            bare(steps={**STEPS, "parent": [-1, 1]}),
            "field 'steps.parent[1]': expected a step before it, -1 to 0, got 1",
        ),
        (
            bare(steps={**STEPS, "parent": [1, 0]}),
            "field 'steps.parent[0]': expected a step before it",
        ),
        (bare(steps={**STEPS, "parent": [-1, 7]}), "field 'steps.parent[1]': expected a position"),
        (
            bare(steps={**STEPS, "parent": [-1, True]}),
            "field 'steps.parent[1]': expected an integer, got true",
        ),
        (
            bare(steps={**STEPS, "parent": [-1]}),
            "field 'steps.parent' has 1 entries, 'steps.text' has 2",
        ),
        (bare(steps={"text": ["a"]}), "field 'steps.parent' is missing"),
        (bare(steps={**STEPS, "text": ["a", 3]}), "field 'steps.text[1]': expected text, got 3"),
        (
            bare(steps={**STEPS, "kind": ["thought", "dream"]}),
            "field 'steps.kind[1]': expected one of thought",
        ),
        (
            bare(steps={**STEPS, "value": [0.5, "x"]}),
            "field 'steps.value[1]': expected a number or null",
        ),
        (
            bare(steps={**STEPS, "visits": [1, -1]}),
            "field 'steps.visits[1]': expected an integer from 0 on",
        ),
        (
            bare(steps={**STEPS, "caller": [None, 1]}),
            "field 'steps.caller[1]': expected a step before it",
        ),
        (
            bare(steps={**STEPS, "meta": [{}, 1]}),
            "field 'steps.meta[1]': expected an object or null",
        ),
        (bare(steps={**STEPS, "colour": []}), "field 'steps.colour' is not known"),
        (bare(traces=[{"end": 2}]), "field 'traces[0].end': expected an integer from 0 to 1"),
        (bare(traces=[{"end": 0, "key": "k"}, {"end": 1, "key": "k"}]), "the key 'k' stands twice"),
        (
            bare(traces=[{"end": 0, "outcomes": [{"name": "correct", "value": "yes"}]}]),
            "outcomes[0].value': expected a finite number",
        ),
        (
            bare(raters=[{"kind": "ghost", "name": "x"}]),
            "field 'raters[0].kind': expected one of person",
        ),
        (
            bare(raters=RATERS, labels={"node": [0], "rater": [1], "rating": [1]}),
            "field 'labels.rater[0]': expected a position from 0 to 0",
        ),
        (
            bare(raters=RATERS, labels={"node": [2], "rater": [0], "rating": [1]}),
            "field 'labels.node[0]': expected a position from 0 to 1",
        ),
        (
            bare(raters=RATERS, labels={"node": [0], "rater": [0], "rating": [7]}),
            "field 'labels.rating[0]': expected an integer from -1 to 1 or null, got 7",
        ),
        (
            bare(raters=RATERS, labels={"node": [0, 0], "rater": [0, 0], "rating": [1, 1]}),
            "step 0 already has a label of rater 0",
        ),
        (
            bare(raters=RATERS, spans=[{"first": 1, "last": 0, "rater": 0}]),
            "field 'spans[0].last': expected a step below 'first'",
        ),
        (
            bare(raters=RATERS, alternatives=[{"parent": 2, "text": "x", "rater": 0}]),
            "field 'alternatives[0].parent'",
        ),
        (
            bare(scores=[{"model": "m", "nodes": [0], "values": []}]),
            "field 'scores[0].values' has 0 entries",
        ),
        (
            bare(
                sources=[
                    {
                        "format": "f",
                        "key": "k",
                        "nodes": [5],
                        "traces": [],
                        "labels": [],
                        "alternatives": [],
                    }
                ]
            ),
            "field 'sources[0].nodes[0]'",
        ),
        (bare(problem={"prompt": ""}), "field 'problem.prompt': expected text"),
    ],
)
def test_tracewood_refuses(row, words):
    assert words in reason("tracewood", row)
