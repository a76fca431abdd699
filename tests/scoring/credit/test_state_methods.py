"""Methods that need states, levels, agents, retries or budgets, computed by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scoring.credit import assign
from scoring.credit.base import IN_DEVIATIONS, NO_SIGNAL
from scoring.errors import ColumnError
from scoring.tree import Tree
from tests.scoring.credit.data import FORK

ROOT = {"id": "r", "parent": None, "text": ""}


def flat(*traces, **columns):
    """Traces that share no step: each an outcome and, per step, what it holds besides."""
    rows = [ROOT | columns]
    for at, (outcome, *steps) in enumerate(traces):
        above = "r"
        for depth, step in enumerate(steps):
            rows.append({"id": f"{at}.{depth}", "parent": above, "text": "", **step})
            above = f"{at}.{depth}"
        rows[-1]["outcome"] = outcome
    return rows


def by_trace(key, rows, **params):
    tree = Tree.from_records(rows)
    table = assign(key, tree, **params).per_trace
    return [table[tree.ids[end]].tolist() for end in tree.ends]


def per_node(key, rows, **params):
    tree = Tree.from_records(rows)
    return dict(zip(tree.ids.tolist(), assign(key, tree, **params).per_node.tolist(), strict=True))


def in_states(*names, **more):
    return [{"state": name, "text": name} | more for name in names]


# --- GiGPO --------------------------------------------------------------------------------------

EPISODES = flat((1, *in_states("s", "t")), (0, *in_states("s", "t", "t")), (1, *in_states("s")))
# gamma 1/2, returns: 1/2, 1 · 0, 0, 0 · 1. In s: 1/2, 0, 1, mean 1/2. In t: 1, 0, 0 (the second trace
# is there twice), mean 1/3.


def test_gigpo_by_hand_with_both_means_of_episodes():
    # over traces 2/3; over step rows (2 · 1 + 3 · 0 + 1 · 1) / 6 = 1/2
    got = by_trace("gigpo", EPISODES, gamma=0.5, episode_mean="traces")
    want = [[1 / 3 + 0, 1 / 3 + 2 / 3], [-2 / 3 - 1 / 2, -1, -1], [1 / 3 + 1 / 2]]
    assert [pytest.approx(one) for one in want] == got
    got = by_trace("gigpo", EPISODES, gamma=0.5, episode_mean="steps")
    want = [[1 / 2 + 0, 1 / 2 + 2 / 3], [-1 / 2 - 1 / 2, -5 / 6, -5 / 6], [1 / 2 + 1 / 2]]
    assert [pytest.approx(one) for one in want] == got
    assert by_trace("gigpo", EPISODES, gamma=0.5) == got  # what the authors' code does
    alone = by_trace("gigpo", EPISODES, weight=0.0)
    assert alone == [[0.5, 0.5], [-0.5, -0.5, -0.5], [0.5]]
    # gamma 0.95: returns in s are 0.95, 0 and 1, mean 0.65
    assert by_trace("gigpo", EPISODES)[0][0] == pytest.approx(0.5 + 0.3)


def test_gigpo_of_equal_outcomes_leaves_who_was_quicker_and_does_not_call_it_no_signal():
    rows = flat((1, *in_states("s", "t")), (1, *in_states("s")))
    # gamma 1/2: returns in s are 1/2 and 1, mean 3/4; t was seen once
    assert by_trace("gigpo", rows, gamma=0.5) == [[-0.25, 0.0], [0.25]]
    found = Tree.from_records(rows)
    left = "all outcomes are equal: what is left is from how soon traces ended"
    assert left in assign("gigpo", found, gamma=0.5).notes
    assert NO_SIGNAL not in assign("gigpo", found, gamma=0.5).notes
    for nothing in ({"gamma": 1.0}, {"weight": 0.0}):
        assert NO_SIGNAL in assign("gigpo", found, **nothing).notes
    paid = [row | {"step_reward": float(row["id"] == "1.0")} for row in rows]
    notes = assign("gigpo", Tree.from_records(paid), gamma=1.0, rewards="with_steps").notes
    own = "what is left is from the steps' own rewards and how soon traces ended"
    assert f"all outcomes are equal: {own}" in notes


def test_gigpo_in_deviations():
    # traces: sample deviation 0.5774; s: 1/2; t: 0.5774
    got = by_trace("gigpo", EPISODES, gamma=0.5, episode_mean="traces", normalize="mean_std")
    assert IN_DEVIATIONS in assign("gigpo", Tree.from_records(EPISODES), normalize="mean_std").notes
    third = math.sqrt(1 / 3) + 1e-6
    half = 0.5 + 1e-6
    assert got[0] == pytest.approx([1 / 3 / third, 1 / 3 / third + 2 / 3 / third])
    assert got[2] == pytest.approx([1 / 3 / third + 0.5 / half])
    # step rows: mean 1/2, squares 6 · 1/4 over 5: 0.3
    got = by_trace("gigpo", EPISODES, normalize="mean_std", weight=0.0)
    assert got[1][0] == pytest.approx(-0.5 / (math.sqrt(0.3) + 1e-6))


def test_gigpo_leaves_alone_what_it_cannot_compare():
    rows = flat((1, *in_states("s", "only here")), (0, *in_states("s", None)))
    got = by_trace("gigpo", rows, gamma=0.5)
    assert [one[1] for one in got] == [0.5, -0.5]  # A_E alone
    notes = assign("gigpo", Tree.from_records(rows)).notes
    assert "1 of 4 steps have no state and are compared by trace only" in notes
    one = flat((3, *in_states("s", "t")))
    assert by_trace("gigpo", one) == [[3, 3]]
    assert by_trace("gigpo", one, single="zero") == [[0, 0]]


def test_gigpo_with_rewards_of_steps():
    rows = flat(
        (1, *in_states("s", step_reward=0.5), *in_states("t", step_reward=None)),
        (0, *in_states("s", step_reward=0.0), *in_states("t", step_reward=0.25)),
    )
    # returns, gamma 1/2: 0.5 + 0.5, 1 · 0.125, 0.25; totals 1.5 and 0.25, mean 0.875
    got = by_trace("gigpo", rows, gamma=0.5, rewards="with_steps")
    assert got[0] == pytest.approx([0.625 + 0.4375, 0.625 + 0.375])
    notes = assign("gigpo", Tree.from_records(rows), rewards="with_steps").notes
    assert "1 of 4 steps have no reward of their own" in notes


# --- SALT ---------------------------------------------------------------------------------------


def test_salt_shares_a_step_among_the_traces_that_take_it_each_once():
    # GRPO: 0.57735 for outcome 1, −1.1547 for 0
    good, bad = (1 / 3) / (math.sqrt(1 / 3) + 1e-6), (-2 / 3) / (math.sqrt(1 / 3) + 1e-6)
    got = per_node("salt", EPISODES)
    assert got["0.0"] == got["1.0"] == got["2.0"] == pytest.approx(0, abs=1e-12)  # all traces do it
    assert got["0.1"] == pytest.approx((good + bad) / 2)  # not (good + 2 · bad) / 3
    assert got["1.1"] == got["1.2"] == got["0.1"]
    other = [row | ({"text": "else"} if row["id"] == "1.2" else {}) for row in EPISODES]
    assert per_node("salt", other)["1.2"] == pytest.approx(bad)
    nowhere = [row | ({"state": None} if row["id"] == "1.1" else {}) for row in EPISODES]
    assert per_node("salt", nowhere)["1.1"] == pytest.approx(bad)


# --- R3L ----------------------------------------------------------------------------------------


def test_r3l_credits_neither_side_for_what_a_retry_kept():
    rows = [
        ROOT,
        {"id": "p", "parent": "r", "text": ""},
        {"id": "o", "parent": "p", "text": "", "outcome": 0},
        {"id": "u", "parent": "p", "text": ""},
        {"id": "u1", "parent": "u", "text": "", "outcome": 1, "retry_of": "o"},
        {"id": "w", "parent": "r", "text": "", "outcome": 0.75},
        {"id": "x", "parent": "p", "text": "", "outcome": None},
        {"id": "y", "parent": "r", "text": "", "outcome": 0.25, "retry_of": "nobody"},
    ]
    # mean 1/2: o −1/2; u1 is perfect: 1; w 3 · 1/4; y −1/4
    assert by_trace("r3l", rows) == [
        [0, -0.5],
        [0, 1, 1],
        pytest.approx([math.nan] * 2, nan_ok=True),
        [0.75],
        [-0.25],
    ]
    notes = assign("r3l", Tree.from_records(rows)).notes
    assert "retries whose original is no trace here: 1" in notes
    from_the_start = [row | ({"retry_of": "w"} if row["id"] == "u1" else {}) for row in rows]
    assert by_trace("r3l", from_the_start)[1] == [1, 1, 1]  # nothing is shared, nothing masked


def test_r3l_gives_one_to_a_perfect_trace_even_if_all_are():
    rows = [
        {**row, "outcome": 1, "retry_of": None} if row["id"] != "r" else row for row in EPISODES
    ]
    rows = [row for row in rows if row["id"].endswith((".0", "r"))]
    result = assign("r3l", Tree.from_records(rows))
    np.testing.assert_array_equal(result.per_node[1:], 1.0)
    assert NO_SIGNAL not in result.notes
    assert "all outcomes are equal: what is left is from the 1 of a perfect trace" in result.notes


def test_r3l_compares_a_trace_alone_with_nothing():
    alone = [ROOT, {"id": 1, "parent": "r", "text": "", "outcome": 0.5, "retry_of": None}]
    assert by_trace("r3l", alone) == [[1.5]]  # a baseline of 0: 3 · 1/2
    low = [ROOT, alone[1] | {"outcome": -0.5, "retry_of": True}]  # true is no id
    assert by_trace("r3l", low) == [[-0.5]]
    assert (
        "retries whose original is no trace here: 1" in assign("r3l", Tree.from_records(low)).notes
    )


# --- HICRA --------------------------------------------------------------------------------------


def test_hicra_raises_praise_and_lowers_blame_of_plans():
    rows = [row | {"level": "plan" if row["id"] in {"a", "a2"} else "execute"} for row in FORK]
    # centered: +1/3 and −2/3; on plans + 0.2 of the size
    good, bad = 1 / 3 * 1.2, -2 / 3 * 0.8
    got = per_node("hicra", rows)
    assert (got["a1"], got["a2"]) == pytest.approx((1 / 3, bad))
    assert got["a"] == pytest.approx((good + bad) / 2)
    assert by_trace("hicra", rows)[1:] == [pytest.approx([good, 1 / 3]), pytest.approx([bad, bad])]
    std = math.sqrt(1 / 3) + 1e-6
    assert IN_DEVIATIONS in assign("hicra", Tree.from_records(rows), base="grpo").notes
    assert per_node("hicra", rows, base="grpo")["a2"] == pytest.approx(bad / std)
    assert per_node("hicra", rows, alpha=1.0)["a2"] == 0
    bare = [row | {"level": "execute"} for row in FORK]
    assert per_node("hicra", bare)["a"] == pytest.approx(per_node("dr_grpo", FORK)["a"])
    assert "no step is a plan" in assign("hicra", Tree.from_records(bare)).notes[0]


# --- HiPER and MA-RLHF --------------------------------------------------------------------------


def critics(levels, low, high):
    cells = zip(levels, low, high, strict=True)
    return [{"level": level, "critic": v, "critic_high": u} for level, v, u in cells]


def test_hiper_by_hand_at_both_levels():
    # p x | q y, critics .4 .5 .6 .7 and .3 . .5 . ; gamma .9, lambdas .8 and .5
    steps = critics(["plan", "", "plan", ""], [0.4, 0.5, 0.6, 0.7], [0.3, 0, 0.5, 0])
    rows = flat((1, *steps))
    params = {"critic": "column", "gamma": 0.9, "lam_turn": 0.8, "lam_segment": 0.5}
    # low: y 1 − .7; q .9·.7 − .6 + .72·.3; x, last of its segment, .9·.5 − .5; p .9·.5 − .4 + .72·(−.05)
    low = [0.05 - 0.036, -0.05, 0.03 + 0.216, 0.3]
    assert by_trace("hiper", rows, part="low", **params) == [pytest.approx(low)]
    # high: q .9·1 − .5; p .81·.5 − .3 + .81·.5·.4
    high = [0.105 + 0.162, 0.4]
    assert by_trace("hiper", rows, part="high", **params) == [pytest.approx(np.repeat(high, 2))]
    assert by_trace("hiper", rows, **params) == [pytest.approx([high[0], low[1], high[1], low[3]])]


def test_hiper_without_plans_is_one_segment_and_with_plans_only_one_step_differences():
    value = [0.4, 0.5, 0.7]
    params = {"critic": "column", "gamma": 0.9, "lam_turn": 0.8}
    none = flat((1, *critics([""] * 3, value, value)))
    # δ: .05, .13, .3
    want = [0.05 + 0.72 * (0.13 + 0.72 * 0.3), 0.13 + 0.72 * 0.3, 0.3]
    assert by_trace("hiper", none, **params) == [pytest.approx(want)]
    # the segment: .81 · 1 − .4
    assert by_trace("hiper", none, part="high", **params) == [pytest.approx([0.81 - 0.4] * 3)]
    every = flat((1, *critics(["plan"] * 3, value, value)))
    assert by_trace("hiper", every, part="low", **params) == [pytest.approx([0.05, 0.13, 0.3])]


def test_a_trace_without_a_critics_value_has_none():
    rows = flat(
        (1, *critics(["plan", ""], [0.4, None], [0.3, None])),
        (
            1,
            *critics(["plan", ""], [0.4, 0.5], [0.3, None]),
        ),  # the upper one is asked for at starts
    )
    first, second = by_trace("hiper", rows, critic="column")
    assert np.isnan(first).all()
    assert np.isfinite(second).all()
    first, second = by_trace("ma_rlhf", rows, critic="column")
    assert np.isnan(first).all()
    assert np.isfinite(second).all()
    notes = assign("hiper", Tree.from_records(rows), critic="column").notes
    assert notes == ("1 of 4 steps have no critic's value, nor do their traces",)


@pytest.mark.parametrize(
    ("params", "want"),
    [
        # steps: δ .9·.4 − .2, .9·.6 − .4, 1 − .6, each + .45 of the next
        ({}, [0.16 + 0.45 * 0.32, 0.14 + 0.45 * 0.4, 0.4]),
        # [1 2] [3], value and reward of the last step
        ({"length": 2}, [0.32, 0.32, 0.4]),
        # values (.2 + .4) / 2 and .6
        ({"length": 2, "sigma": "equal"}, [0.54 - 0.3 + 0.18] * 2 + [0.4]),
        # weights 2/3 and 1/3
        ({"length": 2, "sigma": "position"}, [0.54 - 0.8 / 3 + 0.18] * 2 + [0.4]),
        # one macro-action: reward 1/3, value .4
        ({"length": 3, "sigma": "equal"}, [1 / 3 - 0.4] * 3),
    ],
)
def test_ma_rlhf_by_hand(params, want):
    rows = flat((1, {"critic": 0.2}, {"critic": 0.4}, {"critic": 0.6}))
    got = by_trace("ma_rlhf", rows, critic="column", gamma=0.9, lam=0.5, **params)
    assert got == [pytest.approx(want)]


@pytest.mark.parametrize("key", ["hiper", "ma_rlhf"])
def test_the_stand_in_for_critics_is_named(key):
    rows = [row | {"level": ""} for row in FORK]
    notes = assign(key, Tree.from_records(rows)).notes
    assert "leaf values of the tree stand in for the critic" in notes
    # gamma and lambda 1: outcome less the value before the step. a1: 1 − 2/3, 1 − 1/2
    lam = {"lam_turn": 1.0} if key == "hiper" else {"lam": 1.0}
    assert by_trace(key, rows, **lam)[1] == pytest.approx([1 / 3, 1 / 2])


# --- HiMAC and M-GRPO ---------------------------------------------------------------------------


def test_himac_compares_plans_with_plans_and_executions_with_executions():
    step = {"level": "execute"}

    def plan(name):
        return {"level": "plan", "plan_id": name}

    rows = flat(
        (1, plan("P"), step), (0, plan("P"), step), (1, plan("Q"), step), (1, plan("Q"), step),
        (0, step),
    )  # fmt: skip
    # plans: means 1/2 and 1, sample deviation 0.3536; executions of P: 1 and 0, 0.7071; of Q equal
    root = math.sqrt(0.5)
    macro, micro = 0.25 / (root / 2 + 1e-6), 0.5 / (root + 1e-6)
    want = [[-macro, micro], [-macro, -micro], [macro, 0], [macro, 0]]
    got = by_trace("himac", rows)
    assert got[:4] == [pytest.approx(one) for one in want]
    assert np.isnan(got[4]).all()
    assert "1 of 5 traces have no plan" in assign("himac", Tree.from_records(rows)).notes
    # the same plans named at the traces' ends
    at_ends = flat(
        *(
            (o, {"level": "plan"}, step | {"plan_id": p})
            for o, p in [(1, "P"), (0, "P"), (1, "Q"), (1, "Q")]
        )
    )
    assert by_trace("himac", at_ends) == got[:4]


def agents(*names, rewards=()):
    found = [{"agent": name} for name in names]
    for step, reward in zip(found, rewards, strict=False):
        step["step_reward"] = reward
    return found


def test_m_grpo_compares_calls_of_an_agent_with_its_calls():
    rows = flat(
        (1, *agents("main", "sub", "sub", "main")),
        (0, *agents("main", "sub", "main", "sub", rewards=(0, 0, 0, 0.5))),
    )
    # main: 1 and 0, sample deviation 0.7071. Calls of sub: 1, 0, 0: mean 1/3, deviation 0.5774.
    main, third = 0.5 / (math.sqrt(0.5) + 1e-6), math.sqrt(1 / 3) + 1e-6
    good, bad = 2 / 3 / third, -1 / 3 / third
    want = [[main, good, good, main], [-main, bad, -main, bad]]
    assert by_trace("m_grpo", rows) == [pytest.approx(one) for one in want]
    # with 0.5 earned by the last call: 1, 0, 1/2: mean and deviation 1/2
    one = 0.5 / (0.5 + 1e-6)
    want = [[main, one, one, main], [-main, -one, -main, 0]]
    got = by_trace("m_grpo", rows, rewards="with_steps")
    assert got == [pytest.approx(row, abs=1e-12) for row in want]


def test_m_grpo_of_one_agent_is_grpo_and_one_call_alone_follows_single():
    rows = flat((1, *agents("main")), (0, *agents("main")))
    assert by_trace("m_grpo", rows) == by_trace("grpo", rows)
    assert "one agent only" in assign("m_grpo", Tree.from_records(rows)).notes[-1]
    once = flat((1, *agents("main", "sub")), (0, *agents("main")))
    assert by_trace("m_grpo", once)[0][1] == pytest.approx(1 / (1 + 1e-6))
    assert by_trace("m_grpo", once, single="zero")[0][1] == 0


# --- BRPO ---------------------------------------------------------------------------------------


def brpo(*scores, prior="uniform", steps=2):
    rows = flat(*((None, *[{}] * (steps - 1), {"budget_scores": one}) for one in scores))
    return by_trace("brpo", rows, prior=prior)


def test_brpo_by_hand():
    # p 1/2. R: 1/2, 1/2 and 1, 1/2; means 3/4, 1/2; last at s = 1: 0 and 1 times 1/2.
    # baselines at s = 0 the mean, at s = 1 (last + mean) / 2: 1/4 and 1/2
    assert brpo([0, 1], [1, 1]) == [pytest.approx([-1 / 4, 1 / 4]), pytest.approx([1 / 4, 0])]
    # growing prior 1/3, 2/3. R: 2/3, 2/3 and 1, 2/3; last: 0 and 2/3; baselines 5/6 · 1/3 and 2/3
    want = [pytest.approx([-1 / 6, 1 / 3]), pytest.approx([1 / 6, 0])]
    assert brpo([0, 1], [1, 1], prior="linear") == want
    # the last budget alone: R 1, 1 for both; last 0 and 1
    assert brpo([0, 1], [1, 1], prior="base") == [pytest.approx([0, 1 / 2]), pytest.approx([0, 0])]


def test_brpo_of_one_trace_compares_with_its_earlier_answers_weighted_by_powers_of_two():
    # c 0, 1, 0, p 1/3. R 1/3, 1/3, 0. s = 1: (0 + 2 · 1/3) / 3; s = 2: 2 · (2/3 · 1/3) / 3
    assert brpo([0, 1, 0], steps=3) == [pytest.approx([0, 1 / 3 - 2 / 9, -4 / 27])]


def test_brpo_deals_steps_out_to_stretches():
    # two budgets, four steps: two each; three budgets, two steps: the first and the second stretch
    four = brpo([0, 1], [1, 1], steps=4)
    assert four == [pytest.approx([-1 / 4] * 2 + [1 / 4] * 2), pytest.approx([1 / 4] * 2 + [0] * 2)]
    assert brpo([0, 1, 0], steps=2) == [pytest.approx([0, 1 / 3 - 2 / 9])]


def test_brpo_leaves_out_traces_that_lack_scores_and_refuses_what_is_no_list():
    rows = flat(
        (1, {"budget_scores": [0, 1]}),
        (1, {"budget_scores": [1, 1]}),
        (1, {"budget_scores": [1]}),
        (1, {"budget_scores": [1, None]}),
        (1, {"budget_scores": [1, -math.inf]}),
        (1, {"budget_scores": None}),
    )
    got = by_trace("brpo", rows)
    assert got[:2] == [pytest.approx([-1 / 4]), pytest.approx([1 / 4])]
    assert np.isnan(got[2:]).all()
    assert assign("brpo", Tree.from_records(rows)).notes == (
        "4 of 6 traces lack scores of some budget",
    )
    equal = flat((1, {"budget_scores": [0.1, 0.1]}), (1, {"budget_scores": [0.1, 0.1]}))
    assert by_trace("brpo", equal) == [[0], [0]]
    for wrong in ("12", {}, ["a"], [[1]]):
        with pytest.raises(ColumnError, match="budget_scores"):
            assign("brpo", Tree.from_records(flat((1, {"budget_scores": wrong}))))


def test_brpo_with_very_many_budgets_overflows_nowhere():
    scores = (np.arange(3000) % 2).tolist()
    found = brpo(scores, scores[::-1], steps=3000)
    assert np.isfinite(found).all()
