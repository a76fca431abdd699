"""Running reward, closed prefix and the split by criterion against passes made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from scoring.attribution import attribute
from scoring.attribution.free import from_scores
from scoring.errors import AttributionError
from scoring.tree import Tree
from tests.scoring.adapters.published import scored
from tests.scoring.attribution.cases import (
    PROBLEM,
    PUBLISHED,
    STEPS,
    by_hand,
    passes,
    trained,
)


def ends_of(model):
    pieces = [model.tokenizer.encode([text])[0].ids for text in (PROBLEM, *STEPS)]
    return np.cumsum([len(ids) for ids in pieces]) + len(model.tokenizer.prefix) - 1


# --- running reward -----------------------------------------------------------------------------


def test_running_reward_is_the_difference_of_readings_from_one_forward():
    model = trained("bradley_terry")
    ids, r = by_hand(model, PROBLEM, STEPS)
    with passes(model.network) as seen:
        found = attribute("running_reward", model, PROBLEM, STEPS)
    assert seen == [(1, len(ids))]
    assert (found.spent.forwards, found.spent.backwards, found.spent.tokens) == (1, 0, len(ids))
    ends = ends_of(model)
    np.testing.assert_allclose(found.per_step, np.diff(r[ends]), atol=1e-6)
    assert found.total + found.baseline_value == pytest.approx(found.value, abs=1e-6)
    assert found.value == pytest.approx(r[-1], abs=1e-6)
    # These texts have one token per piece: every token's own number is seen.
    assert len(found.credit) == ends[-1] - ends[0]
    np.testing.assert_allclose(found.credit, np.diff(r[ends[0] :]), atol=1e-6)
    assert np.ptp(found.credit) > 0.1


def test_on_the_scale_of_scores_it_is_what_scoring_says():
    model = trained("prm")
    found = attribute("running_reward", model, PROBLEM, STEPS, output="score")
    tree = Tree.from_columns(ids=list(range(5)), depth=np.arange(5), text=["", *STEPS])
    scores = model.score(PROBLEM, tree)
    np.testing.assert_allclose(found.per_step, np.diff([scores.root, *scores.step[1:]]), atol=1e-6)
    for k in range(len(STEPS)):
        tokens = scores.tokens[k + 1]
        here = found.step == k
        np.testing.assert_array_equal(found.begin[here], tokens.starts)
        np.testing.assert_array_equal(found.end[here], tokens.ends)
        np.testing.assert_allclose(found.credit[here], tokens.credit, atol=1e-6)
    assert found.unit == "probability"


def test_a_prefix_reads_the_same_with_and_without_what_follows():
    model = trained()
    long, short = (
        attribute("running_reward", model, PROBLEM, steps) for steps in (STEPS, STEPS[:2])
    )
    np.testing.assert_allclose(long.per_step[:2], short.per_step, atol=1e-4)


def test_scoring_gives_it_away_without_a_further_forward():
    model = trained("prm")
    tree = Tree.from_columns(ids=list(range(5)), depth=np.arange(5), text=["", *STEPS])
    model.score(PROBLEM, tree)  # checks packing, once
    with passes(model.network) as seen:
        scores = model.score(PROBLEM, tree)
        free = from_scores([scores.tokens[k] for k in range(1, 5)])
    assert len(seen) == 1
    found = attribute("running_reward", model, PROBLEM, STEPS, output="score")
    for name in ("credit", "per_step", "step", "begin", "end", "value", "baseline_value", "total"):
        np.testing.assert_allclose(getattr(free, name), getattr(found, name), atol=1e-6)
    assert (free.badge, free.unit, free.spent.forwards) == ("ok", found.unit, 0)
    with pytest.raises(AttributionError, match="score the project again"):
        from_scores([])


# --- closed prefix ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", PUBLISHED)
def test_closed_prefixes_equal_separate_scorings_in_one_packed_forward(tmp_path, kind):
    model = PUBLISHED[kind](tmp_path)
    sequences = [model.layout.sequence(PROBLEM, STEPS[:k]) for k in range(1, len(STEPS) + 1)]
    separate = [
        float(model.readout.value(model.passes.run_plain(_row(ids)).head[0, -1]))
        for ids in sequences
    ]
    attribute("closed_prefix", model, PROBLEM, STEPS)  # checks packing, once
    with passes(model.passes.network) as seen:
        found = attribute("closed_prefix", model, PROBLEM, STEPS)
    got = found.baseline_value + np.cumsum(found.per_step)
    np.testing.assert_allclose(got, separate, atol=1e-4)
    assert np.ptp(separate) > 0.01
    # T and the tokens that close each of the K steps (and the problem): nothing twice.
    whole = sequences[-1]
    closing = max(len(ids) - _shared(ids, whole) for ids in sequences)
    assert len(seen) == 1
    assert seen[0][0] * seen[0][1] <= len(whole) + (len(STEPS) + 1) * max(closing, 8)
    assert sum(map(len, sequences)) > 2 * seen[0][1]


def _shared(a, b):
    n = min(len(a), len(b))
    return int(np.argmin(np.append(a[:n] == b[:n], False)))


def _row(ids):
    from scoring.reward.packing import join_tokens, path_row

    return path_row(join_tokens([ids], np.array([-1])), 0)


def test_a_whole_answer_model_is_read_where_its_answers_end(tmp_path):
    model = PUBLISHED["answer"](tmp_path)
    tree = Tree.from_columns(ids=list(range(5)), depth=np.arange(5), text=["", *STEPS])
    found = attribute("closed_prefix", model, PROBLEM, STEPS)
    got = found.baseline_value + np.cumsum(found.per_step)
    np.testing.assert_allclose(
        1 / (1 + np.exp(-got)), scored(model, tree, PROBLEM).step[1:], atol=1e-5
    )
    running = attribute("running_reward", model, PROBLEM, STEPS)
    assert np.abs(running.per_step - found.per_step).max() > 0.01


def test_a_step_method_gives_the_tokens_of_a_step_equal_parts():
    found = attribute("closed_prefix", trained(), PROBLEM, STEPS)
    assert found.granularity == "step"
    for k in range(len(STEPS)):
        here = (found.step == k) & (found.end > found.begin)
        assert np.ptp(found.credit[here]) < 1e-6
        assert found.credit[(found.step == k) & ~here].tolist() == [0.0]


# --- by criterion -------------------------------------------------------------------------------


def test_criteria_add_up_to_the_running_reward_token_by_token():
    model = trained("multi_head")
    found = attribute("objective_split", model, PROBLEM, STEPS)
    running = attribute("running_reward", model, PROBLEM, STEPS)
    parts = found.objectives
    assert list(parts) == ["correctness", "clarity", "brevity"]
    np.testing.assert_allclose(
        [one.weight for one in parts.values()], [11 / 18, 5 / 18, 2 / 18], atol=1e-12
    )
    np.testing.assert_allclose(sum(one.credit for one in parts.values()), running.credit, atol=1e-5)
    assert sum(one.value for one in parts.values()) == pytest.approx(running.value, abs=1e-5)
    assert max(np.ptp(one.credit) for one in parts.values()) > 0.05


def test_a_combination_that_is_not_its_weighted_sum_is_refused(monkeypatch):
    model = trained("multi_head")
    model.kind.weights = (0.2, 0.3, 0.5)
    value = model.kind.value
    monkeypatch.setattr(model.kind, "value", lambda head: value(head) + 0.01)
    with pytest.raises(AttributionError, match=r"miss the reward by 0\.01"):
        attribute("objective_split", model, PROBLEM, STEPS)
