"""Packing: rows cover the tree once, the mask is ancestry, depth 20,000 is ordinary."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from scoring.reward.packing import (
    CostModel,
    cut,
    join_tokens,
    path_row,
    row,
    rows,
    subtree_ends,
    visible,
    within_context,
)

COST = CostModel(weights=2_000_000, width=256, layers=3)


def random_tree(n: int, seed: int = 0, longest: int = 8):
    rng = np.random.default_rng(seed)
    parent, line = [-1], [0]
    for node in range(1, n):
        while len(line) > 1 and rng.random() < 0.5:
            line.pop()
        parent.append(line[-1])
        line.append(node)
    ids = [rng.integers(0, 50, size=rng.integers(1, longest + 1)).astype(np.int32) for _ in parent]
    return join_tokens(ids, np.array(parent))


def is_above(tree, upper: int, lower: int) -> bool:
    while lower >= 0:
        if lower == upper:
            return True
        lower = int(tree.parent[lower])
    return False


def chain(n: int, length: int = 3):
    return join_tokens([np.zeros(length, dtype=np.int32)] * n, np.arange(-1, n - 1))


def test_subtree_ends_of_a_known_tree():
    assert subtree_ends(np.array([-1, 0, 1, 1, 0])).tolist() == [5, 4, 3, 4, 5]


@pytest.mark.parametrize("n", [1, 2, 7, 40])
@pytest.mark.parametrize("budget", [1, 12, 60, 10**6])
def test_each_node_is_answered_for_by_exactly_one_row(n, budget):
    tree = random_tree(n)
    owned = np.concatenate([r.nodes for r in rows(tree, COST, budget=budget)])
    assert owned.tolist() == list(range(n))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("budget", [5, 30, 10**6])
def test_a_token_sees_its_path_and_nothing_else(seed, budget):
    tree = random_tree(25, seed)
    for laid in rows(tree, COST, budget=budget):
        first = int(laid.nodes[0])
        members = [m for m in range(first) if is_above(tree, m, first)] + laid.nodes.tolist()
        owner = np.repeat(members, tree.lengths[members])
        expected = np.array(
            [
                [k <= q and is_above(tree, owner[k], owner[q]) for k in range(len(laid))]
                for q in range(len(laid))
            ]
        )
        np.testing.assert_array_equal(visible(laid.last), expected)
        np.testing.assert_array_equal(laid.position, expected.sum(axis=1) - 1)


@pytest.mark.parametrize("budget", [5, 10**6])
def test_the_token_before_is_the_one_in_front_on_the_path(budget):
    tree = random_tree(25)
    for laid in rows(tree, COST, budget=budget):
        seen = visible(laid.last)
        for token, before in enumerate(laid.before.tolist()):
            if laid.position[token] == 0:
                assert before == -1
            else:
                assert laid.position[before] == laid.position[token] - 1
                assert seen[token, before]
        np.testing.assert_array_equal(laid.before[laid.node_starts[:-1]], laid.parent_read)


def test_scores_are_read_at_each_steps_last_token():
    tree = random_tree(9)
    (whole,) = [row(tree, 0, 9)]
    np.testing.assert_array_equal(whole.read, tree.starts[1:] - 1)


def test_a_row_repeats_only_the_ancestors_of_its_first_step():
    tree = random_tree(40)
    for first, stop in cut(tree, COST, budget=30):
        laid = row(tree, first, stop)
        above = [m for m in range(first) if is_above(tree, m, first)]
        assert laid.first_own == tree.lengths[above].sum()


def test_the_cut_is_the_cheapest_of_all_cuts():
    tree = random_tree(9, longest=40)
    cost = CostModel(weights=500, width=8, layers=2)
    above = tree.path_tokens() - tree.lengths

    def price(points):
        sizes = [above[a] + tree.starts[b] - tree.starts[a] for a, b in pairwise(points)]
        return float(cost.of(np.array(sizes, dtype=float)).sum())

    inner = range(1, 9)
    every = [
        [0, *[p for i, p in enumerate(inner) if mask >> i & 1], 9]
        for mask in range(2 ** len(inner))
    ]
    chosen = [a for a, _ in cut(tree, cost, budget=10**6)] + [9]
    assert price(chosen) == pytest.approx(min(map(price, every)))
    assert 2 < len(chosen) < 10


def test_a_budget_bounds_what_a_row_answers_for_unless_one_step_is_longer():
    tree = random_tree(40, longest=20)
    for laid in rows(tree, COST, budget=15):
        own = len(laid) - laid.first_own
        assert own <= 15 or len(laid.nodes) == 1


def test_a_path_is_one_causal_row():
    (laid,) = rows(chain(50), COST, budget=10**6)
    assert laid.causal
    assert len(laid) == 150
    assert not rows(random_tree(20), COST, budget=10**6)[0].causal


def test_depth_20000_is_cut_and_laid_out_without_recursion():
    tree = chain(20_001)
    fitting, kept = within_context(tree, 4096)
    assert kept.tolist() == list(range(4096 // 3))
    assert sum(len(r.nodes) for r in rows(fitting, COST, budget=1000)) == len(kept)
    assert len(rows(tree, COST, budget=4096)) > 1


def test_nodes_beyond_the_context_go_with_everything_below_them():
    tree = random_tree(60)
    fitting, kept = within_context(tree, 30)
    np.testing.assert_array_equal(np.flatnonzero(tree.path_tokens() <= 30), kept)
    np.testing.assert_array_equal(fitting.path_tokens(), tree.path_tokens()[kept])
    assert 1 < len(kept) < 60
    for node in range(1, len(fitting)):
        assert kept[fitting.parent[node]] == tree.parent[kept[node]]


def test_nothing_is_kept_when_not_even_the_problem_fits():
    assert len(within_context(random_tree(5), 0)[1]) == 0


def test_a_path_row_is_the_path():
    tree = random_tree(30)
    node = int(np.argmax(tree.path_tokens()))
    laid = path_row(tree, node)
    assert laid.causal
    assert laid.nodes[-1] == node
    assert len(laid) == tree.path_tokens()[node]
    for start, stop, at in zip(laid.node_starts, laid.node_starts[1:], laid.nodes, strict=False):
        np.testing.assert_array_equal(
            laid.ids[start:stop], tree.ids[tree.starts[at] : tree.starts[at + 1]]
        )
