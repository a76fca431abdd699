"""What holds on any tree of the methods that read more than outcomes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from scoring.credit import assign
from scoring.credit.cells import cells_of
from scoring.credit.methods import matchtir
from scoring.credit.suffixes import next_marked, ranks, suffix_minima
from scoring.tree import Tree
from tests.scoring.credit.data import FULL

SCORE_FORMS = ["approx_min", "min", "sum", "uniform"]
KEYS = [
    "pure", "tp_grpo", "renorm", "par", "wco", "uwo", "grounded_prm", "verpo", "matchtir", "kg_path",
    "implicit_prm", "oprl", "dpo_credit", "t_reg", "likelihood", "oreo_residual", "poad", "capo",
    "int", "sotopia",
]  # fmt: skip
NUMBERS = st.one_of(st.none(), st.floats(-1, 1, width=32))
TOKENS = st.lists(st.floats(-9, 0, width=32), min_size=2, max_size=2)
WORDS = st.sampled_from(["door", "hall", "the cellar", "door door"])


@st.composite
def records(draw):
    """A tree of up to 10 nodes with every column; traces end at leaves."""
    size = draw(st.integers(2, 10))
    parents = [draw(st.integers(0, i - 1)) for i in range(1, size)]
    rows = [{"id": 0, "parent": None, "text": "", "gold_calls": [{"name": "door"}]}]
    rows[0] |= {"kg_path": "door hall", "ref_scores": [0, 1], "answer_logp": -1.0}
    for i, parent in enumerate(parents, start=1):
        word = draw(WORDS)
        row = {"id": i, "parent": parent, "text": word, "score": draw(NUMBERS)}
        row |= {name: draw(st.one_of(st.none(), TOKENS)) for name in ("logp", "logp_ref")}
        row |= {"logp_better": row["logp"], "logp_worse": row["logp_ref"]}
        row |= {"scores": [row["score"], 0.5], "answer_logp": row["score"]}
        row |= {"label": draw(st.sampled_from([1, -1, 0, None])), "step_reward": row["score"]}
        row |= {"checks": row["label"], "attribution": row["label"], "value_tokens": row["logp"]}
        row |= {"calls": [{"name": word}] if row["label"] else None}
        if i not in parents:
            row["outcome"] = draw(st.sampled_from([0, 1, None]))
            row["tests"] = draw(st.one_of(st.none(), st.tuples(st.booleans(), st.booleans())))
            row["critiques"] = draw(st.sampled_from([None, [], [[i]], [[i], []]]))
            row["first_error"] = draw(st.sampled_from([None, False, i]))
        rows.append(row)
    return rows


def credit_of(key, rows, **params):
    found = Tree.from_records(rows)
    result = assign(key, found, **params)
    return dict(zip(found.ids.tolist(), result.per_node.tolist(), strict=True))


@settings(deadline=None, max_examples=50)
@given(records(), st.randoms(), st.sampled_from(KEYS))
def test_the_order_of_siblings_changes_no_number(rows, rng, key):
    shuffled = list(rows)
    rng.shuffle(shuffled)
    want = credit_of(key, rows)
    assert credit_of(key, shuffled) == pytest.approx(want, nan_ok=True, rel=1e-6, abs=1e-6)


@settings(deadline=None, max_examples=50)
@given(records(), st.sampled_from(KEYS))
def test_no_number_is_infinite_and_nodes_are_means_of_their_traces(rows, key):
    found = Tree.from_records(rows)
    result = assign(key, found)
    assert not np.isinf(result.per_node).any()
    if result.per_trace is None:
        return
    seen = {}
    for path in found.paths():
        values = result.per_trace[found.ids[path[-1]]]
        for position, value in zip(path.tolist(), values, strict=True):
            seen.setdefault(position, []).append(value)
    for position, values in seen.items():
        known = [value for value in values if np.isfinite(value)]
        want = np.mean(known) if known else np.nan
        assert result.per_node[position] == pytest.approx(want, nan_ok=True, abs=1e-9)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("ends", [[], [0], [0, 0, 3], [2, 3, 3], [9], [1, 2, 3, 4, 5]])
def test_traces_may_end_anywhere_and_there_may_be_none(key, ends):
    full = Tree.from_records(FULL)
    judged = {"critiques": [None] * len(full), "first_error": [None] * len(full)}
    found = Tree.from_columns(
        ids=full.ids,
        parent=full.parent,
        ends=ends,
        outcomes=[1.0, 0.0, np.nan, 0.5, 1.0][: len(ends)],
        score=full.score,
        text=full.text,
        extra={**full.extra, **judged},
    )
    result = assign(key, found)
    assert not np.isinf(result.per_node).any()
    for end in result.per_trace or ():
        assert len(result.per_trace[end]) == full.depth[full.ids.tolist().index(end)]


@settings(deadline=None, max_examples=50)
@given(
    records(),
    st.sampled_from(
        ["pure", "renorm", "wco", "uwo", "grounded_prm", "verpo", "kg_path", "implicit_prm", "t_reg",
         "likelihood", "oreo_residual", "poad", "int", "sotopia"]
    ),
)  # fmt: skip
def test_every_trace_sampled_twice_changes_no_number(rows, key):
    twice = [row | ({"outcome": [row["outcome"]] * 2} if "outcome" in row else {}) for row in rows]
    want = credit_of(key, rows)
    assert credit_of(key, twice) == pytest.approx(want, nan_ok=True, rel=1e-6, abs=1e-6)


@settings(deadline=None, max_examples=25)
@given(records(), st.sampled_from(["min", "sum", "uniform"]), st.floats(0.5, 20))
def test_scaled_scores_scale_pure(rows, form, factor):
    scaled = [row | {"score": row["score"] * factor} if row.get("score") else row for row in rows]
    want = credit_of("pure", rows, form=form, baseline="step")
    got = credit_of("pure", scaled, form=form, baseline="step")
    assert got == pytest.approx({k: v * factor for k, v in want.items()}, nan_ok=True, abs=1e-6)
    soft = credit_of("pure", scaled, temperature=0.1 * factor)
    want = {k: v * factor for k, v in credit_of("pure", rows).items()}
    assert soft == pytest.approx(want, nan_ok=True, abs=1e-6)


@settings(deadline=None, max_examples=25)
@given(
    records(),
    st.sampled_from(["grounded_prm", "renorm", "capo", "oprl", "tp_grpo", "matchtir", "sotopia"]),
)
def test_a_trace_of_unknown_outcome_counts_for_no_other(rows, key):
    leaf = {"id": 99, "parent": 0, "text": "", "outcome": None, "critiques": [[99]]}
    more = [*rows, leaf | {"score": 0.7, "label": 1, "calls": [{"name": "door"}]}]
    got, want = credit_of(key, more), credit_of(key, rows)
    assert np.isnan(got.pop(99))
    assert got == pytest.approx(want, nan_ok=True, abs=1e-9)


@settings(deadline=None, max_examples=25)
@given(records(), st.integers(0, 9), st.sampled_from(SCORE_FORMS))
def test_a_step_without_score_has_no_credit_and_the_others_do_as_if_it_were_not_there(
    rows, at, form
):
    assume(at < len(rows) and at > 0)
    rows = [row | ({"score": None} if row["id"] == at else {}) for row in rows]
    found = Tree.from_records(rows)
    table = assign("pure", found, form=form).per_trace
    for path in found.paths():
        known = [int(p) for p in path if np.isfinite(found.score[p])]
        got = table[found.ids[path[-1]]]
        assert np.isfinite(got).tolist() == [p in known for p in path.tolist()]
        if not known:
            continue
        alone = Tree.from_columns(
            ids=range(len(known) + 1),
            depth=range(len(known) + 1),
            ends=[len(known)],
            score=[np.nan, *found.score[known]],
        )
        want = assign("pure", alone, form=form).per_node[1:]
        np.testing.assert_allclose(got[np.isfinite(got)], want, atol=1e-9)


@settings(deadline=None)
@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_optimal_matching_never_has_a_smaller_sum_than_greedy(calls, gold, seed):
    similar = np.random.default_rng(seed).random((calls, gold))
    best, quick = matchtir._optimal(similar), matchtir._greedy(similar)
    assert best.sum() >= quick.sum() - 1e-12
    assert (quick > 0).sum() == min(calls, gold)


def test_minima_and_next_marks_equal_brute_force():
    found = Tree.from_columns(ids=range(7), depth=[0, 1, 2, 3, 2, 1, 2], ends=[3, 0, 4, 6, 3])
    values = np.array([np.nan, 3.0, np.nan, 1.0, 5.0, np.nan, np.nan])
    marked = np.array([0, 1, 0, 1, 0, 0, 1], bool)
    cells = cells_of(found, [0, 1, 2, 3, 4])
    least = suffix_minima(cells, *ranks(values))
    ahead = next_marked(cells, marked[cells.node])
    at = 0
    for path in found.paths():
        for step in range(len(path)):
            rest = values[path[step:]]
            want = np.nanmin(rest) if np.isfinite(rest).any() else np.nan
            assert least[at + step] == pytest.approx(want, nan_ok=True)
            hits = np.flatnonzero(marked[path[step:]])
            assert ahead[at + step] == (at + step + hits[0] if len(hits) else -1)
        at += len(path)
