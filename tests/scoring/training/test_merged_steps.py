"""What a hierarchical reward model learns from: which rows, with which targets, exact when packed."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch

from scoring.reward.packing import CostModel, path_row
from scoring.reward.registry import kind
from scoring.training.compression import compress
from scoring.training.dataset import SpanTarget, TrainingTree
from scoring.training.joined import BETWEEN
from scoring.training.objectives.registry import objective
from scoring.training.targets import Rules, span_targets
from scoring.tree import Tree
from scoring.types import AdjudicationRecord, RaterRecord, SpanLabelRecord
from tests.scoring.reward_cases import all_labelled, forked_tree, tiny_model
from tests.scoring.training.compared_data import config, maker

NAN = np.nan
PLAIN = {"merged_weight": "0", "compression": "0"}


def item(records, targets, **more):
    """A tree of (parent, text) or (parent, text, outcomes) and its targets by step."""
    rows = [{"id": 0, "parent": None, "text": "", "outcome": []}]
    rows += [
        {"id": i, "parent": r[0], "text": r[1], "outcome": list(r[2]) if len(r) > 2 else []}
        for i, r in enumerate(records, start=1)
    ]
    return TrainingTree("p", "P", Tree.from_records(rows), np.array([NAN, *targets]), **more)


def rows(tree, **settings):
    """What is read up to each unit's end, "|" for a separator and "+" between joined steps → target, weight."""
    learnt = objective(config("hrm", **settings))
    reading, units = learnt.reading(tree), learnt.units(tree)
    found = {}
    for place, value, weight in zip(units.place, units.values, units.weights, strict=True):
        text, at = "", int(place)
        while at > 0:
            text = reading.text[at] + ("|" if reading.ends[at] else "") + text
            at = int(reading.parent[at])
        assert text not in found, "one row, one unit"
        found[text.replace(BETWEEN, "+")] = (round(float(value), 6), float(weight))
    return found


CHAIN = [(0, "a"), (1, "b"), (2, "c")]


def test_every_step_is_read_alone_and_joined_to_the_step_before():
    assert rows(item(CHAIN, [1.0, 0.0, 1.0])) == {
        "a|": (1.0, 1.0),
        "a|b|": (0.0, 1.0),
        "a+b|": (0.0, 1.0),
        "a|b|c|": (1.0, 1.0),
        "a|b+c|": (1.0, 1.0),
    }, "b is wrong, and b with its repair c is right"


def test_steps_without_a_target_give_no_row_and_blank_ones_are_not_joined():
    tree = item([(0, "a"), (1, " "), (2, "c")], [NAN, 0.0, 1.0])
    assert rows(tree) == {"a| |": (0.0, 1.0), "a+ |": (0.0, 1.0), "a| |c|": (1.0, 1.0)}


def test_runs_that_people_judged_are_units_with_their_judgement():
    spans = (SpanTarget(1, 2, 1.0, 3.0), SpanTarget(1, 3, 0.0))
    found = rows(item(CHAIN, [1.0, 0.0, NAN], spans=spans), merged_weight="0.5")
    assert found == {
        "a|": (1.0, 1.0),
        "a|b|": (0.0, 1.0),
        "a+b|": (1.0, 1.5),  # three raters at half weight, and not the target of b
        "a+b+c|": (0.0, 0.5),
    }


def test_spans_follow_the_rules_of_labels():
    ann, bob = RaterRecord("person", "ann"), RaterRecord("person", "bob")
    said = [
        SpanLabelRecord(0, 1, ann, 1),
        SpanLabelRecord(0, 1, bob, -1),
        SpanLabelRecord(1, 2, ann, 0),
        SpanLabelRecord(2, 2, ann, 1),
        SpanLabelRecord(0, 2, RaterRecord("model", "m"), 1),
    ]
    assert span_targets(said) == ()
    both = span_targets(said, Rules(aggregate="per_rater", neutral="soft"))
    assert both == (SpanTarget(0, 1, 0.5, 2.0), SpanTarget(1, 2, 0.5, 1.0))


def test_without_pairs_and_compression_it_is_the_plain_objective():
    tree = all_labelled(forked_tree(25))
    plain, same = objective(config("prm")), objective(config("hrm", **PLAIN))
    one, other = plain.reading(tree), same.reading(tree)
    np.testing.assert_array_equal(one.parent, other.parent)
    np.testing.assert_array_equal(one.again, other.again)
    assert list(one.text)[1:] == list(other.text)[1:]
    for a, b in zip(plain.units(tree).__slots__, same.units(tree).__slots__, strict=True):
        np.testing.assert_array_equal(getattr(plain.units(tree), a), getattr(same.units(tree), b))


# Problem → a → b, c, d, e; b → f → g; outcomes at the ends of b (through f), c, d and e.
WIDE = [
    (0, "a"),
    (1, "b"),
    (2, "f"),
    (3, "g", [1.0]),
    (1, "c", [0.0]),
    (1, "d", [0.0]),
    (1, "e", [1.0]),
]


def test_compression_moves_a_branch_and_all_below_it_up_by_one():
    parent = Tree.from_records(
        [{"id": 0, "parent": None, "text": ""}]
        + [{"id": i, "parent": r[0], "text": r[1]} for i, r in enumerate(WIDE, start=1)]
    ).parent.tolist()
    plan = compress(parent, "p", probability=1.0, fewest=4)
    assert plan.joined == (-1, -1, 1, -1, -1, -1, -1, -1)
    assert plan.parent == (-1, 0, 0, 2, 3, 1, 1, 1)
    heights = {0: 0}
    for unit in plan.order[1:]:
        heights[unit] = heights[plan.parent[unit]] + 1
    assert heights == {0: 0, 1: 1, 2: 1, 3: 2, 4: 3, 5: 2, 6: 2, 7: 2}
    assert compress(parent, "p", probability=1.0, fewest=5).joined == (-1,) * 8
    assert compress(parent, "p", probability=0.0, fewest=2).joined == (-1,) * 8


def test_a_compressed_tree_gives_further_rows_and_counts_fractions_anew():
    """The fraction of a is 2 of 4; without b, which moved up, it is 1 of 3: both count."""
    found = rows(item(WIDE, [NAN] * 7), grade="outcome", compression="1", merged_weight="0")
    assert found == {
        "a|": (round((1 / 2 + 1 / 3) / 2, 6), 2.0),
        "a|b|": (1.0, 1.0),
        "a|b|f|": (1.0, 1.0),
        "a|b|f|g|": (1.0, 1.0),
        "a|c|": (0.0, 1.0),
        "a|d|": (0.0, 1.0),
        "a|e|": (1.0, 1.0),
        "a+b|": (1.0, 1.0),
        "a+b|f|": (1.0, 1.0),
        "a+b|f|g|": (1.0, 1.0),
    }
    labels = rows(item(WIDE, [1.0, 0.0, NAN, NAN, 1.0, NAN, NAN]), compression="1")
    assert labels["a+b|"] == (0.0, 1.0), "a pair of the tree and a unit of the compressed one"
    assert labels["a|"] == (1.0, 1.0)


@pytest.mark.parametrize("key", ["", "p7", "日本"])
def test_a_compression_is_drawn_by_its_key_and_keeps_every_step_once(key):
    rng = np.random.default_rng(1)
    parent = [-1] + [int(rng.integers(max(0, i - 6), i)) for i in range(1, 300)]
    plan = compress(parent, key, probability=0.5, fewest=3)
    assert plan == compress(parent, key, probability=0.5, fewest=3)
    assert sorted(plan.order) == list(range(300))
    seen = set()
    for unit in plan.order:
        assert unit == 0 or plan.parent[unit] in seen, "a unit comes after what it hangs on"
        seen.add(unit)
    taken = [unit for unit in range(300) if plan.joined[unit] >= 0]
    assert taken
    for unit in taken:
        assert plan.joined[unit] == parent[unit]
        assert plan.joined[parent[unit]] < 0, "no unit has three steps"
    assert max(Counter(parent[unit] for unit in taken).values()) == 1, (
        "one branch of a step at most"
    )


@pytest.mark.parametrize("budget", [60, 4096])
def test_what_is_read_packed_is_what_each_row_says_on_its_own(budget):
    model = tiny_model()
    tree = all_labelled(forked_tree(25))
    run = config("hrm", compression="1", compress_from="2")
    uncut = CostModel(weights=10**9, width=64, layers=2)  # only the budget cuts
    made = replace(maker(model, run, budget=budget), cost=uncut)
    learnt = objective(run)
    reading, units = learnt.reading(tree), learnt.units(tree)
    assert len(units) > 2 * len(tree.labelled)
    ids = model.tokenizer.encode_ids(reading.texts(tree.problem_text))
    whole = reading.encoded(ids, model.tokenizer.prefix)
    alone = {round(float(target), 6): [] for target in units.values}
    for place, target in zip(units.place.tolist(), units.values.tolist(), strict=True):
        alone[round(target, 6)].append(
            float(model.run_plain(path_row(whole, place)).head[0, -1, 1])
        )
    packed = {target: [] for target in alone}
    examples = made.make(tree)
    assert (len(examples) > 1) == (budget < 100)
    for example in examples:
        head = model.run([example.row]).head[0, torch.from_numpy(example.read)]
        for value, target in zip(head[:, 1].tolist(), example.units.values.tolist(), strict=True):
            packed[round(target, 6)].append(value)
    for target, values in alone.items():
        np.testing.assert_allclose(sorted(packed[target]), sorted(values), atol=1e-4)


def test_language_is_asked_for_once_however_often_a_step_is_read():
    model, tree = tiny_model(), all_labelled(forked_tree(25))
    spoken = {
        key: sum(len(e.spoken) for e in maker(model, config(key), budget=100).make(tree))
        for key in ("prm", "hrm")
    }
    assert spoken["prm"] == spoken["hrm"] > 0
    rows_of = {key: sum(len(e.row) for e in maker(model, config(key)).make(tree)) for key in spoken}
    assert rows_of["hrm"] < 2.5 * rows_of["prm"], "the first step of a pair is not computed again"


def test_fractions_and_values_are_graded_and_named_apart():
    tree = item(WIDE, [NAN] * 7)
    learnt = objective(config("prm", grade="outcome"))
    assert learnt.units(tree).values.round(3).tolist() == [0.5, 1.0, 1.0, 1.0, 0.0, 0.0, 1.0]
    assert (learnt.on_labels, learnt.curve[0]) == (False, "graded_auroc")
    assert not len(objective(config("prm", grade="value")).units(tree))
    assert not len(objective(config("prm")).units(tree))


def test_targets_can_be_rounded_taken_as_any_or_compared_by_squares():
    head, y = torch.tensor([[0.2], [-1.0], [0.4]]), torch.tensor([0.0, 0.25, 0.75])
    p = torch.sigmoid(head[:, 0])

    def losses(**settings):
        row = kind("hrm")
        return row.load(row.make_config({"head": "scalar", **settings})).losses(head, y)

    torch.testing.assert_close(losses(loss="squared"), (p - y) ** 2)
    wrong, right = -(1 - p).log(), -p.log()
    torch.testing.assert_close(losses(labels="hard"), torch.stack([wrong[0], wrong[1], right[2]]))
    torch.testing.assert_close(losses(labels="any"), torch.stack([wrong[0], right[1], right[2]]))


def test_a_final_decision_on_a_run_stands_alone():
    ann, eve = RaterRecord("person", "ann"), RaterRecord("person", "eve")
    said = [
        SpanLabelRecord(0, 1, ann, 1),
        SpanLabelRecord(0, 1, eve, 1),
        SpanLabelRecord(1, 2, ann, 1),
    ]
    decided = [
        AdjudicationRecord(eve, {"rating": -1}, "", run=(0, 1)),
        AdjudicationRecord(eve, {"rating": None, "unsure": True}, "", run=(1, 2)),
        AdjudicationRecord(eve, {"rating": 1}, "", node=0),
    ]
    assert span_targets(said, decisions=decided) == (SpanTarget(0, 1, 0.0),)
    assert span_targets(said) == (SpanTarget(0, 1, 1.0), SpanTarget(1, 2, 1.0))


def test_grounded_targets_are_the_written_formula():
    """a → b → c → d ends right, a → b → e wrong; verdicts: b right, c wrong, d and e none."""
    made = item(
        [(0, "a"), (1, "b"), (2, "c"), (3, "d", [1.0]), (2, "e", [0.0])], [NAN, 1.0, 0.0, NAN, NAN]
    )
    first = {  # N = 2, 1, 0, 0 behind a, b, c, d
        "a": ((1 * 2 - 1 * 1) / 4 + 1 / 2) / (5 / 4),
        "b": (-1 * 1 / 1 + 1 / 1) / 2,
        "c": 1.0,
        "d": 1.0,
    }
    second = {"a": (1 * 1 / 1 - 1 / 1) / 2, "b": -1.0, "e": -1.0}  # N = 1, 0, 0
    want = [
        (1 + (first["a"] + second["a"]) / 2) / 2,
        (1 + (first["b"] + second["b"]) / 2) / 2,
        (1 + first["c"]) / 2,
        (1 + first["d"]) / 2,
        (1 + second["e"]) / 2,
    ]
    learnt = objective(config("prm", grade="grounded"))
    assert learnt.units(made).values.tolist() == pytest.approx(want)
    assert not learnt.on_labels


def test_grounded_targets_end_at_0_and_1_when_everything_agrees():
    for right in (0.0, 1.0):
        made = item([*CHAIN, (3, "d"), (4, "e", [right])], [right] * 5)
        assert objective(config("prm", grade="grounded")).units(made).values.tolist() == [right] * 5
