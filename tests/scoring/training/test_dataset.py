"""What a run learns from: split by problem, weighted as said, refused when there is nothing."""

from __future__ import annotations

import numpy as np
import pytest

from scoring.errors import TrainingError
from scoring.reward.packing import CostModel
from scoring.samples import arithmetic
from scoring.training.config import RunConfig
from scoring.training.dataset import (
    TrainingTree,
    data_hash,
    leaves_below,
    split_by_problem,
)
from scoring.training.examples import ExampleMaker, Feed, Lost, passes
from scoring.training.generated import CHECKED, ArithmeticStream, training_tree
from scoring.training.objectives.registry import objective
from scoring.tree import Tree
from scoring.verify import label_record
from tests.scoring.reward_cases import all_labelled, chain, forked_tree, labelled, tokenizer

COST = CostModel(weights=10_000, width=64, layers=2)


def maker(*, context=512, budget=4096, weighting="per_node"):
    learnt = objective(RunConfig.from_settings({"weighting": weighting}))
    return ExampleMaker(tokenizer(), COST, context, budget, learnt)


def test_all_trees_of_a_problem_go_one_way():
    trees = [labelled(i % 20) for i in range(60)]
    train, held = split_by_problem(trees, 0.3, seed=1)
    assert len(train) + len(held) == 60
    assert not {t.problem_key for t in train} & {t.problem_key for t in held}
    assert held


def test_a_problem_stays_on_its_side_when_others_come():
    few, many = ([labelled(i) for i in range(n)] for n in (30, 90))
    held = {t.problem_key for t in split_by_problem(few, 0.3)[1]}
    assert held == {t.problem_key for t in split_by_problem(many, 0.3)[1]} & {
        t.problem_key for t in few
    }


def test_the_seed_changes_the_split():
    trees = [labelled(i) for i in range(40)]
    sides = [{t.problem_key for t in split_by_problem(trees, 0.3, seed=s)[1]} for s in (0, 1)]
    assert sides[0] != sides[1]


@pytest.mark.parametrize("share", [0.01, 0.9])
def test_with_two_problems_neither_side_is_empty(share):
    train, held = split_by_problem([labelled(0), labelled(1)], share)
    assert len(train) == len(held) == 1


def test_one_problem_is_for_training():
    assert split_by_problem([labelled(0)], 0.5)[1] == []


def test_no_targets_and_one_class_are_refused_with_the_way_out():
    tree = labelled(0)
    tree.targets[:] = np.nan
    learnt = objective(RunConfig.from_settings({}))
    with pytest.raises(TrainingError, match="label some steps first"):
        learnt.refuse([tree])
    tree.targets[1:] = 1.0
    with pytest.raises(TrainingError, match=r"all 3 targets say right.*both right and wrong steps"):
        learnt.refuse([tree])


@pytest.mark.parametrize("value", [-0.1, 1.5])
def test_a_target_outside_0_to_1_is_refused(value):
    with pytest.raises(TrainingError, match="outside 0"):
        TrainingTree("p", "t", chain(1), np.array([np.nan, value]))


def test_targets_of_another_length_are_refused():
    with pytest.raises(TrainingError, match="its tree has 2 nodes"):
        TrainingTree("p", "t", chain(1), np.array([np.nan]))


def test_leaf_weights_are_the_row_counts_of_one_row_per_trace():
    tree = forked_tree(30)
    parents = tree.parent.tolist()
    counts = np.zeros(len(tree))
    for leaf in tree.leaves.tolist():
        node = leaf
        while node >= 0:
            counts[node] += 1
            node = parents[node]
    np.testing.assert_array_equal(leaves_below(tree), counts)
    item = all_labelled(tree)
    np.testing.assert_array_equal(item.effective_weights("per_leaf")[1:], counts[1:])
    np.testing.assert_array_equal(item.effective_weights("per_node")[1:], 1.0)


@pytest.mark.parametrize("budget", [30, 100, 4096])
def test_every_label_is_in_exactly_one_example(budget):
    item = all_labelled(forked_tree(40))
    examples = maker(budget=budget).make(item)
    got = np.sort(np.concatenate([e.units.values for e in examples]))
    np.testing.assert_array_equal(got, np.sort(item.targets[1:]))
    for example in examples:
        assert all(example.row.ids[example.read] == tokenizer().separator)


def test_the_next_token_loss_asks_for_every_step_token_once_and_never_for_the_problem():
    item = all_labelled(forked_tree(40))
    texts = [str(t) for t in item.tree.text[1:]]
    tokens = sum(len(ids) for ids in tokenizer().encode_ids(texts))
    for budget in (30, 4096):
        examples = maker(budget=budget).make(item)
        assert sum(len(e.spoken) for e in examples) == tokens
        assert all((e.row.before[e.spoken] >= 0).all() for e in examples)


def test_labels_beyond_the_context_are_counted():
    lost = Lost()
    item = all_labelled(chain(50))
    examples = maker(context=64).make(item, lost)
    kept = sum(len(e.read) for e in examples)
    assert kept + lost.labels == 50
    assert lost.labels > 0
    assert "50" not in str(lost)
    assert f"{lost.labels} labelled steps of 1 problems" in str(lost)


def test_passes_hold_every_example_once_within_the_limit():
    examples = [
        e for i in range(30) for e in maker(budget=60).make(all_labelled(forked_tree(8, i)))
    ]
    groups = passes(examples, 300)
    assert sorted(map(id, (e for g in groups for e in g))) == sorted(map(id, examples))
    for group in groups:
        assert len(group) == 1 or len(group) * max(len(e.row) for e in group) <= 300


def feed(own=12, **more):
    examples = [e for i in range(own) for e in maker().make(labelled(i))]
    options = {"seed": 3, "step_tokens": 60, "maker": maker(), **more}
    return Feed(examples, **options)


def taken(source, steps):
    return [[tuple(e.row.ids) for e in source.next_step()] for _ in range(steps)]


@pytest.mark.parametrize("stream", [None, lambda i: labelled(1000 + i)], ids=["own", "streamed"])
def test_a_restored_feed_goes_on_where_the_other_stopped(stream):
    first, second = (feed(stream=stream, stream_share=0.5) for _ in range(2))
    whole = taken(first, 9)
    taken(second, 4)
    third = feed(stream=stream, stream_share=0.5)
    third.restore(second.state())
    assert taken(third, 5) == whole[4:]


def test_an_epoch_is_every_own_example_once_in_an_order_of_its_own():
    source = feed(own=10, step_tokens=1)
    epochs = [[x for (x,) in taken(source, 10)] for _ in range(2)]
    assert sorted(epochs[0]) == sorted(epochs[1])
    assert epochs[0] != epochs[1]


def test_generated_tokens_take_their_share():
    source = feed(stream=lambda i: labelled(1000 + i), stream_share=0.75, step_tokens=400)
    own = {tuple(e.row.ids) for i in range(12) for e in maker().make(labelled(i))}
    examples = source.next_step()
    drawn = sum(len(e.row) for e in examples if tuple(e.row.ids) not in own)
    assert 0.7 < drawn / sum(len(e.row) for e in examples) < 0.85
    assert source.generated_steps == 3 * source.generated


def test_the_data_hash_sees_texts_targets_and_weights():
    base = data_hash([labelled(0)])
    assert base == data_hash([labelled(0)])
    item = labelled(0)
    item.targets[1] = 1 - item.targets[1]
    assert data_hash([item]) != base
    weighted = TrainingTree(
        item.problem_key, item.problem_text, labelled(0).tree, labelled(0).targets, np.full(4, 2.0)
    )
    assert data_hash([weighted]) != base
    assert data_hash([labelled(1)]) != base


def test_generated_trees_depend_on_their_number_alone_and_carry_checker_labels():
    stream = ArithmeticStream(5)
    first, again = stream(7), ArithmeticStream(5)(7)
    assert list(first.tree.text) == list(again.tree.text)
    np.testing.assert_array_equal(first.targets, again.targets)
    assert stream(8).problem_text != first.problem_text
    assert np.isnan(first.targets[0])
    assert set(first.targets[1:]) <= {0.0, 1.0}


def test_held_out_problems_never_come_up_among_generated_ones():
    free = ArithmeticStream(5)
    prompts = [free(i).problem_text for i in range(30)]
    kept_out = ArithmeticStream(5, prompts)
    assert not {kept_out(i).problem_text for i in range(30)} & set(prompts)


def test_a_records_labels_land_on_their_own_steps():
    record = next(iter(arithmetic(0, 1)))
    labels = label_record(record)
    item = training_tree(record, labels, CHECKED)
    ratings = {record.nodes[x.node].text: x.rating for x in labels if x.rating is not None}
    for position in item.labelled:
        assert item.targets[position] == float(ratings[item.tree.text[position]] > 0)
    assert isinstance(item.tree, Tree)
    assert len(item.labelled) > 5
