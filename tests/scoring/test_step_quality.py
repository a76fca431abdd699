"""Metrics equal scikit-learn's; intervals resample problems; length stands beside them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from scoring.errors import CancelledError
from scoring.reward.metrics import auroc, average_precision, compared, with_interval
from scoring.reward.quality import step_quality
from scoring.reward.scores import TreeScores
from tests.scoring.reward_cases import labelled

PAIRS = st.lists(
    st.tuples(st.integers(0, 6).map(lambda x: x / 3), st.booleans()), min_size=2, max_size=40
).filter(lambda pairs: len({y for _, y in pairs}) == 2)


@settings(max_examples=200, deadline=None)
@given(PAIRS)
def test_auroc_and_average_precision_equal_scikit_learns_with_ties(pairs):
    scores, labels = (np.array(column) for column in zip(*pairs, strict=True))
    assert auroc(scores, labels) == pytest.approx(roc_auc_score(labels, scores))
    assert average_precision(scores, labels) == pytest.approx(
        average_precision_score(labels, scores)
    )


def test_one_class_has_no_auroc_and_no_interval():
    metric = with_interval(auroc, np.arange(3.0), np.ones(3, dtype=bool), np.arange(3))
    assert (metric.value, metric.low, metric.high, metric.n) == (None, None, None, 3)


def test_the_interval_resamples_problems_and_not_steps():
    """Twenty copies of a step in one problem say no more than one: the interval stays as wide."""
    rng = np.random.default_rng(0)
    labels = rng.random(30) < 0.5
    scores = rng.normal(size=30) + labels
    groups = np.arange(30)
    once = with_interval(auroc, scores, labels, groups)
    often = with_interval(auroc, *(np.repeat(x, 20) for x in (scores, labels, groups)))
    assert often.value == pytest.approx(once.value)
    assert often.high - often.low == pytest.approx(once.high - once.low, rel=0.05)
    assert once.low < once.value < once.high
    assert often.n == 600


def test_one_problem_has_a_value_and_no_interval():
    metric = with_interval(auroc, np.array([0.1, 0.9]), np.array([False, True]), np.zeros(2, int))
    assert (metric.value, metric.low, metric.high) == (1.0, None, None)


def test_an_interval_is_that_of_problems_drawn_one_by_one():
    """The published intervals: problems drawn with replacement, the statistic of what was drawn."""
    rng = np.random.default_rng(5)
    groups = rng.permutation(np.repeat(np.arange(12), 4))
    labels = rng.random(48) < 0.5
    scores = np.round(rng.normal(size=48) + labels, 1)
    again, drawn = np.random.default_rng(7), []
    for _ in range(100):
        problems = again.integers(0, 12, size=12)
        chosen = np.concatenate([np.flatnonzero(groups == problem) for problem in problems])
        drawn.append(auroc(scores[chosen], labels[chosen]))
    found = with_interval(auroc, scores, labels, groups, seed=7, resamples=100)
    assert [found.low, found.high] == pytest.approx(np.quantile(drawn, [0.025, 0.975]).tolist())


def test_a_difference_is_paired_by_problem_and_narrower_than_its_parts():
    """Two rankings that err on the same problems differ by little, however much each varies."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(40), 5)
    labels = rng.random(200) < 0.5
    shared = rng.normal(size=200) + labels
    ours, theirs, difference = compared(
        auroc, shared + 0.1 * labels, shared, labels, groups, resamples=300
    )
    assert ours == with_interval(auroc, shared + 0.1 * labels, labels, groups, resamples=300)
    assert difference.value == pytest.approx(ours.value - theirs.value)
    assert difference.high - difference.low < (ours.high - ours.low) / 3
    assert ours.low < theirs.value  # the unpaired interval could not have told them apart
    assert difference.low > 0


def test_a_ranking_compared_with_itself_is_not_above_it():
    labels = np.tile([True, False], 10)
    scores = np.random.default_rng(0).random(20)
    found = compared(auroc, scores, scores, labels, np.repeat(np.arange(5), 4), resamples=50)
    assert (found[2].value, found[2].low, found[2].high) == (0.0, 0.0, 0.0)


class Oracle:
    """Scores every step by its text; 'yes' is right."""

    def __init__(self, sign=1.0, skip=()):
        self.sign, self.skip = sign, skip

    def score(self, problem_text, tree):
        step = np.array(
            [np.nan, *(self.sign * str(t).startswith("yes") for t in tree.text[1:])],
            dtype=np.float32,
        )
        step[list(self.skip)] = np.nan
        return TreeScores(step, {}, 0.5, {}, "probability")


def test_an_oracle_reaches_one_and_its_opposite_zero():
    trees = [labelled(i) for i in range(20)]
    assert step_quality(Oracle(), trees)["auroc"].value == 1.0
    assert step_quality(Oracle(-1.0), trees)["auroc"].value == 0.0


@pytest.mark.parametrize("right_is_shorter", [True, False])
def test_the_length_baseline_takes_the_direction_that_ranks_better(right_is_shorter):
    trees = [labelled(i) for i in range(20)]
    for tree in trees:
        right = [text.startswith("no") == right_is_shorter for text in tree.tree.text[1:]]
        tree.targets[1:] = right
    assert step_quality(Oracle(), trees)["length_auroc"].value == 1.0


def test_the_length_baseline_stands_beside_the_share_of_right_steps():
    trees = [labelled(i) for i in range(20)]
    metrics = step_quality(Oracle(), trees)
    right = np.concatenate([t.targets[1:] for t in trees]).astype(bool)
    short = -np.concatenate([[len(s) for s in t.tree.text[1:]] for t in trees]).astype(float)
    auroc = roc_auc_score(right, short)
    assert metrics["length_auroc"].value == pytest.approx(max(auroc, 1 - auroc))
    assert metrics["positive_rate"].value == pytest.approx(right.mean())
    assert metrics["auroc"].n == len(right)


def test_labelled_steps_without_a_score_are_counted():
    metrics = step_quality(Oracle(skip=[1]), [labelled(i) for i in range(5)])
    assert metrics["skipped"].value == 5
    assert metrics["auroc"].n == 10


def test_a_target_of_one_half_is_neither_right_nor_wrong_and_is_counted():
    trees = [labelled(i) for i in range(5)]
    right = sum(int((tree.targets[2:] > 0.5).sum()) for tree in trees)
    for tree in trees:
        tree.targets[1] = 0.5
    metrics = step_quality(Oracle(), trees)
    assert metrics["undecided"].value == 5
    assert metrics["auroc"].n == 10
    assert metrics["positive_rate"].value == pytest.approx(right / 10)


def test_the_model_is_compared_with_length_on_the_same_problems():
    metrics = step_quality(Oracle(), [labelled(i) for i in range(20)])
    above = metrics["above_length_auroc"]
    assert above.value == pytest.approx(metrics["auroc"].value - metrics["length_auroc"].value)
    assert above.low <= above.value <= above.high


def test_no_trees_give_undefined_numbers_and_no_fault():
    assert step_quality(Oracle(), [])["auroc"].value is None


def test_progress_is_told_and_can_stop():
    told = []
    step_quality(Oracle(), [labelled(i) for i in range(3)], on_scored=told.append)
    assert told == [1, 2, 3]

    def stop(done):
        raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        step_quality(Oracle(), [labelled(0)], on_scored=stop)
