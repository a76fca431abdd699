"""Token sequences that begin alike: nothing lost, nothing twice, in an order that packs."""

from __future__ import annotations

import numpy as np
import pytest

from scoring.reward.packing import path_row, subtree_ends
from scoring.reward.shared import share


def drawn(seed, count=40):
    """Sequences over three ids, so that many begin alike, with repeats and whole beginnings among them."""
    rng = np.random.default_rng(seed)
    found = [rng.integers(0, 3, size=rng.integers(1, 12)).astype(np.int32) for _ in range(count)]
    return [*found, found[0], found[1][:1], np.array([70_000, 300, 5], dtype=np.int32)]


@pytest.mark.parametrize("seed", range(5))
def test_every_sequence_is_a_path_and_every_beginning_stands_once(seed):
    sequences = drawn(seed)
    forest = share(sequences)
    assert sorted(number for shared in forest for number in shared.ends) == list(
        range(len(sequences))
    )
    for shared in forest:
        for number, node in shared.ends.items():
            np.testing.assert_array_equal(path_row(shared.tree, node).ids, sequences[number])
    beginnings = {
        tuple(s[: k + 1]) for s in map(np.ndarray.tolist, sequences) for k in range(len(s))
    }
    assert sum(len(shared.tree.ids) for shared in forest) == len(beginnings)


@pytest.mark.parametrize("seed", range(5))
def test_what_comes_out_is_in_pre_order_and_no_node_is_empty(seed):
    for shared in share(drawn(seed)):
        tree = shared.tree
        assert (tree.lengths > 0).all()
        assert (tree.parent[1:] < np.arange(1, len(tree))).all()
        for node in range(1, len(tree)):
            assert node < tree.subtree_end[tree.parent[node]]
        np.testing.assert_array_equal(tree.subtree_end, subtree_ends(tree.parent))


def test_order_and_repeats_change_nothing():
    sequences = drawn(0)
    (first, *_) = share(sequences)
    (second, *_) = share(sequences[::-1])
    np.testing.assert_array_equal(first.tree.ids, second.tree.ids)
    np.testing.assert_array_equal(first.tree.parent, second.tree.parent)
