"""A tree as questions: every step once, context before it, and what is known already left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scoring.judge import JudgeConfig
from scoring.judge.trees import questions_of
from scoring.reward import load
from scoring.reward.manifest import added_manifest, write_manifest
from scoring.reward.registry import added_kind
from scoring.reward.scorer import Item
from scoring.tree import Tree
from tests.scoring.judge.servers import answering, judging

CONFIG = JudgeConfig(model="m")
# 1 a ─ 2 b ─ 3 c
#        └─ 4 d ─ 5 e
TREE = Tree.from_columns(
    ids=[0, 1, 2, 3, 4, 5], depth=[0, 1, 2, 3, 3, 4], text=["", "a", "b", "c", "d", "e"]
)


def asked(tree, config=CONFIG, **options):
    return [(q.first, q.steps, q.places) for q in questions_of(config, "p", tree, **options)]


def test_a_shared_step_is_judged_on_the_first_path_and_context_on_the_others():
    assert asked(TREE) == [
        (1, ("a", "b", "c"), (1, 2, 3)),
        (3, ("a", "b", "d", "e"), (4, 5)),
    ]


def test_one_step_at_a_time_never_shows_what_comes_after():
    assert asked(TREE, replace(CONFIG, steps_at_once=1)) == [
        (1, ("a",), (1,)),
        (2, ("a", "b"), (2,)),
        (3, ("a", "b", "c"), (3,)),
        (3, ("a", "b", "d"), (4,)),
        (4, ("a", "b", "d", "e"), (5,)),
    ]


def test_only_what_is_wanted_is_asked_for():
    wanted = np.array([True, False, False, True, False, True])
    assert asked(TREE, wanted=wanted) == [
        (3, ("a", "b", "c"), (3,)),
        (4, ("a", "b", "d", "e"), (5,)),
    ]


@given(st.lists(st.integers(0, 10**6), min_size=0, max_size=40), st.integers(1, 5), st.data())
def test_every_wanted_step_is_in_exactly_one_question(parents, most, data):
    depth = [0]
    for number in parents:  # pre-order: at most one deeper than the node before
        depth.append(1 + number % (depth[-1] + 1))
    tree = Tree.from_columns(ids=list(range(len(depth))), depth=depth, text=list(map(str, depth)))
    size = {"min_size": len(depth), "max_size": len(depth)}
    wanted = np.array(data.draw(st.lists(st.booleans(), **size)), bool)
    config = replace(CONFIG, steps_at_once=most)
    questions = list(questions_of(config, "p", tree, wanted=wanted))
    places = [place for question in questions for place in question.places]
    assert len(places) == len(set(places))
    assert set(np.flatnonzero(wanted).tolist()) - {0} <= set(places)
    for question in questions:
        assert 1 <= len(question.places) <= most
        assert question.first + len(question.places) - 1 == len(question.steps)
        assert tree.depth[question.places[0]] == question.first
        assert wanted[[question.places[0], question.places[-1]]].all()


def test_an_artefact_of_a_judge_opens_and_scores_trees(tmp_path):
    def reply(asked):
        long = '<step n="4">' in asked[-1]["messages"][1]["content"]
        return (400, "{}") if long else (200, judging(asked[-1], wrong="b"))

    with answering(reply) as (address, _):
        row = added_kind("judge")
        write_manifest(tmp_path, added_manifest(row, replace(CONFIG, endpoint=address, parallel=1)))
        [found] = load(tmp_path).score_many([Item("p", TREE, "")])
    assert found.step[1:4].tolist() == [1.0, 0.0, 1.0]
    assert np.isnan(found.step[[0, 4, 5]]).all()
    assert found.skipped == dict.fromkeys([4, 5], "the server answered 400")
