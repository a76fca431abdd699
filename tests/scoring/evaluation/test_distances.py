"""Distances ignore shaping and scale and nothing else; the least squares are numpy's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from scoring.errors import EvaluationError, UnknownNameError
from scoring.evaluation import DISTANCES, Record, distance
from scoring.evaluation.trees import least_canonical, value_canonical
from tests.scoring.evaluation.data import NONE, QUICK


def random_tree(n, seed):
    rng = np.random.default_rng(seed)
    parent = np.array([-1, *(int(rng.integers(0, at)) for at in range(1, n))])
    return parent, np.append(0.0, rng.normal(size=n - 1)), rng


def shaping(parent, rng, gamma):
    """A random potential of inner nodes, 0 where traces end, as a reward of edges."""
    potential = rng.normal(size=len(parent))
    potential[np.setdiff1d(np.arange(len(parent)), parent)] = 0.0
    added = gamma * potential - potential[parent]
    added[0] = 0.0
    return added


@pytest.mark.parametrize("gamma", [1.0, 0.8])
@pytest.mark.parametrize("n", [1, 2, 3, 12, 60])
def test_the_least_canonical_reward_is_what_lstsq_leaves(n, gamma):
    for seed in range(5):
        parent, reward, _ = random_tree(n, seed)
        inner = np.unique(parent[1:]) if n > 1 else np.array([], int)
        matrix = np.zeros((n, n))
        for node in range(1, n):
            matrix[node, node] += gamma
            matrix[node, parent[node]] -= 1
        matrix = matrix[:, inner]
        best = np.linalg.lstsq(matrix, reward, rcond=None)[0] if len(inner) else np.zeros(0)
        np.testing.assert_allclose(
            least_canonical(parent, reward, gamma), reward - matrix @ best, atol=1e-10
        )


@pytest.mark.parametrize("canonical", [least_canonical, value_canonical])
@pytest.mark.parametrize("gamma", [1.0, 0.8])
def test_shaping_leaves_the_canonical_reward_as_it_is(canonical, gamma):
    for seed in range(5):
        parent, reward, rng = random_tree(40, seed)
        shaped = reward + shaping(parent, rng, gamma)
        np.testing.assert_allclose(
            canonical(parent, shaped, gamma), canonical(parent, reward, gamma), atol=1e-10
        )


def test_undiscounted_totals_of_traces_move_by_one_constant():
    parent, reward, _ = random_tree(40, 3)
    change = least_canonical(parent, reward, 1.0) - reward
    totals = np.zeros(40)
    for node in range(1, 40):
        totals[node] = totals[parent[node]] + change[node]
    leaves = np.setdiff1d(np.arange(40), parent)
    np.testing.assert_allclose(totals[leaves], totals[leaves[0]], atol=1e-10)


def records(seed=0, n_problems=8):
    """Three traces a problem, of which two share their first step."""
    rng = np.random.default_rng(seed)
    rows = []
    for problem in range(n_problems):
        shared = rng.random()
        for trace, path in enumerate((("a", "b"), ("a", "c"), ("d", "e"))):
            scores = rng.random(2)
            scores[0] = shared if path[0] == "a" else scores[0]
            rows.append(
                Record(
                    f"p{problem}/{trace}",
                    f"p{problem}",
                    step_scores=scores,
                    path=tuple(f"{problem}{name}" for name in path),
                )
            )
    return rows


def changed(rows, function):
    return [replace(row, step_scores=function(row.step_scores)) for row in rows]


def value(key, one, two, **params):
    return distance(key, one, two, resampling=NONE, **params)["distance"].estimate.value


@pytest.mark.parametrize("params", [{}, {"gamma": 0.9}])
@pytest.mark.parametrize("key", DISTANCES)
def test_a_model_is_at_zero_from_itself_scaled_and_far_from_its_negative(key, params):
    rows, far = records(), {"starc": 2.0, "epic": 1.0}[key]
    own = {"reward": "score", **params}
    assert value(key, rows, rows, **own) == pytest.approx(0.0, abs=1e-7)
    assert value(key, rows, changed(rows, lambda p: 3 * p), **own) == pytest.approx(0.0, abs=1e-7)
    assert value(key, rows, changed(rows, lambda p: -p), **own) == pytest.approx(far)


@pytest.mark.parametrize("key", DISTANCES)
def test_a_distance_is_symmetric_and_between_its_ends(key):
    one, two = records(0), records(1)
    assert 0 < value(key, one, two) < {"starc": 2.0, "epic": 1.0}[key]
    assert value(key, one, two) == pytest.approx(value(key, two, one))


def test_a_constant_per_step_counts_where_traces_differ_in_length():
    """2p − 1 and p are different rewards of the same scores."""
    rows = [
        Record("a/1", "a", step_scores=np.array([0.9, 0.9, 0.9])),
        Record("a/2", "a", step_scores=np.array([0.6])),
        Record("a/3", "a", step_scores=np.array([0.1, 0.2])),
    ]
    others = changed(rows, lambda p: p**2)
    assert value("starc", rows, others) != pytest.approx(
        value("starc", rows, others, reward="score")
    )


def test_one_trace_a_problem_tells_nothing():
    rows = [Record(f"p{k}/1", f"p{k}", step_scores=np.array([0.2, 0.9])) for k in range(4)]
    found = distance("starc", rows, changed(rows, lambda p: 1 - p))["distance"].estimate
    assert found.value == 0.0  # both are nothing but shaping
    found = distance("epic", rows, changed(rows, lambda p: 1 - p))["distance"].estimate
    assert "nothing but shaping" in found.undefined


def test_against_nothing_but_shaping_starc_is_one():
    rows = records()
    flat = [replace(row, step_scores=np.full(2, 0.5)) for row in rows]
    assert value("starc", rows, flat) == pytest.approx(1.0)


def test_the_interval_holds_the_value():
    found = distance("starc", records(0, 30), records(1, 30), resampling=QUICK)["distance"]
    assert found.estimate.low < found.estimate.value < found.estimate.high
    assert (found.n_problems, found.estimate.n) == (30, 30 * 5)


def test_a_shared_step_has_one_score():
    rows = records()
    broken = [replace(rows[0], step_scores=rows[0].step_scores + 0.1), *rows[1:]]
    with pytest.raises(EvaluationError, match="two parents or two scores"):
        distance("starc", rows, broken)


def test_a_step_has_one_parent():
    rows = [
        Record("a/1", "a", step_scores=np.array([0.1, 0.5]), path=("x", "z")),
        Record("a/2", "a", step_scores=np.array([0.2, 0.5]), path=("y", "z")),
    ]
    with pytest.raises(EvaluationError, match="step 'z' of 'a' has two parents"):
        distance("starc", rows, rows)


def test_other_records_or_names_are_refused():
    with pytest.raises(EvaluationError, match="numbers compare only under one protocol"):
        distance("starc", records(), records()[1:])
    with pytest.raises(UnknownNameError, match="known: starc, epic"):
        distance("nope", records(), records())
