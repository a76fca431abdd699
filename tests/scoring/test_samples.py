"""``scoring.samples``: what the generators promise, judged by the independent checkers."""

from __future__ import annotations

import itertools
import re
from collections import Counter

import pytest

from scoring.samples import Style, arithmetic, arithmetic_stream, game24
from scoring.types import ROOT
from scoring.verify import label_record


@pytest.fixture(scope="module")
def puzzles():
    return list(game24(0, 100))


@pytest.fixture(scope="module")
def sums():
    return list(arithmetic(0, 100))


@pytest.fixture(scope="module", params=["game24", "arithmetic"])
def records(request, puzzles, sums):
    return puzzles if request.param == "game24" else sums


def rated(record):
    return {label.node: label for label in label_record(record)}


def test_records_are_whole_and_distinct(records):
    assert len({record.key for record in records}) == 100
    assert len({record.problem.prompt for record in records}) == 100
    assert [record.record for record in records] == list(range(100))
    keys = [trace.key for record in records for trace in record.traces]
    assert len(set(keys)) == len(keys)
    for record in records:
        assert all(ROOT <= node.parent < i for i, node in enumerate(record.nodes))
        assert all(node.state_before and node.state_after for node in record.nodes)
        assert not record.labels


def test_a_child_starts_from_the_state_its_parent_left(records):
    for record in records:
        for node in record.nodes:
            if node.parent != ROOT:
                assert node.state_before == record.nodes[node.parent].state_after


def test_every_step_gets_a_label_and_the_last_one_agrees_with_the_outcome(records):
    for record in records:
        labels = rated(record)
        assert set(labels) == set(range(len(record.nodes)))
        for trace in record.traces:
            (outcome,) = trace.outcomes
            assert outcome.name == "correct"
            assert (labels[trace.end].rating == 1) == (outcome.value == 1.0)


def test_problems_have_right_and_wrong_traces(records):
    values = [trace.outcomes[0].value for record in records for trace in record.traces]
    assert 0.05 < sum(values) / len(values) < 0.9


def test_the_same_seed_gives_the_same_records():
    assert list(arithmetic(3, 5)) == list(arithmetic(3, 5))
    assert list(game24(3, 3)) == list(game24(3, 3))
    assert list(arithmetic(3, 5)) != list(arithmetic(4, 5))
    first, again = (list(itertools.islice(arithmetic_stream(3), 5)) for _ in range(2))
    assert first == again


def test_search_trees_have_the_size_values_and_shape_of_a_search(puzzles):
    repeated = 0
    for record in puzzles:
        assert record.merge is False
        assert 50 <= len(record.nodes) <= 150
        moves = [node for node in record.nodes if node.kind == "action"]
        assert all(node.value is not None and node.visits == 3 for node in moves)
        parents = {node.parent for node in record.nodes}
        for i, node in enumerate(record.nodes):
            assert not (node.meta.get("pruned") and i in parents)
        repeated += len(moves) > len({node.state_after for node in moves})
        assert any(node.meta.get("pruned") for node in moves)
    assert repeated > 80


def test_search_values_are_informative_but_imperfect(puzzles):
    right = wrong = 0
    for record in puzzles:
        labels = rated(record)
        for i, node in enumerate(record.nodes):
            if node.kind == "action":
                agrees = (node.value > 3) == (labels[i].rating == 1)
                right, wrong = right + agrees, wrong + (not agrees)
    assert 0.6 < right / (right + wrong) < 0.98


def test_solutions_share_prefixes_and_keep_their_multiplicity(sums):
    for record in sums:
        assert record.merge is True
        assert len(record.traces) == 8
        assert len({(node.parent, node.text) for node in record.nodes}) == len(record.nodes)
    assert any(len({trace.end for trace in record.traces}) < 8 for record in sums)


def test_all_kinds_of_slips_and_repairs_occur(sums):
    labels = [label for record in sums for label in label_record(record)]
    kinds = Counter(label.error_type for label in labels if label.rating == -1)
    assert set(kinds) == {"wrong_operation", "carried_digit", "dropped_term", "carried_error"}
    assert min(kinds.values()) > 50
    assert sum(label.realises_error for label in labels) > 50
    assert 0.2 < sum(kinds.values()) / len(labels) < 0.6


def test_looking_back_is_no_sign_of_a_right_step(sums):
    ratings = Counter()
    for record in sums:
        labels = rated(record)
        for i, node in enumerate(record.nodes):
            if node.text.startswith("Wait"):
                ratings[labels[i].rating, labels[i].realises_error] += 1
    assert min(ratings[1, True], ratings[1, False], ratings[-1, False]) > 50


def test_a_step_is_short_and_ends_in_its_result(sums):
    for record in sums:
        for node in record.nodes:
            assert re.fullmatch(r"(Wait, )?\d+ [+−×] \d+ = \d+", node.text)


def test_a_tokenizer_with_whole_numbers_needs_few_tokens(sums):
    words = set()
    for text in [t for r in sums for t in (r.problem.prompt, *(n.text for n in r.nodes))]:
        words.update(re.findall(r"\d+|[^\W\d]+|[^\w\s]", text))
    assert all(int(word) <= 99 for word in words if word.isdigit())
    assert len(words) < 120


def test_the_stream_never_shows_a_held_out_problem(sums):
    # all but one of the problems a seed would give are held out: the stream must go round them
    plain = [r.problem.prompt for r in itertools.islice(arithmetic_stream(9), 200)]
    held = set(plain[::2]) | {r.problem.prompt for r in sums}
    stream = itertools.islice(arithmetic_stream(9, held), 200)
    assert not {record.problem.prompt for record in stream} & held


def test_the_stream_goes_on_and_hardly_repeats_itself():
    prompts = [r.problem.prompt for r in itertools.islice(arithmetic_stream(1, traces=1), 2_000)]
    assert len(set(prompts)) > 1_950


def drawn(**style):
    return list(itertools.islice(arithmetic_stream(3, traces=3, style=Style(**style)), 60))


def test_more_corrections_mean_more_repairs():
    repairs = {
        rate: sum(
            label.realises_error for x in drawn(corrections=rate) for label in label_record(x)
        )
        for rate in (0.0, 0.8)
    }
    assert repairs[0.0] == 0 < repairs[0.8]


def test_rollouts_estimate_what_a_step_is_worth_and_change_nothing_else():
    with_values = drawn(rollouts=8)
    values = {1: [], -1: []}
    for record in with_values:
        ends = {trace.end: trace.outcomes[0].value for trace in record.traces}
        for label in label_record(record):
            value = record.nodes[label.node].value
            assert 0 <= value <= 1
            values[label.rating].append(value)
            if ends.get(label.node) == 1.0:
                assert value == 1.0, "a right answer stays right"
    assert sum(values[1]) / len(values[1]) > 0.3 + sum(values[-1]) / len(values[-1])
    for record in with_values:
        for node in record.nodes:
            node.value = None
    assert with_values == drawn()
