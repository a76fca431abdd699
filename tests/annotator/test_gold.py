"""Making gold: from own work, as ratings or tiers, from a file; and what is refused."""

from __future__ import annotations

import pytest

from annotator.errors import InvalidError
from annotator.models import Gold, QueueItem
from annotator.services.judgements.labels import label_set
from annotator.services.quality.gold import (
    GoldTarget,
    gold_from_own,
    gold_import,
    gold_rank,
    gold_rate,
    gold_update,
)
from tests.annotator.queue_world import queue_world
from tests.factories import problem_with_tree

pytestmark = pytest.mark.django_db


def target_of(trace, task="first_error") -> GoldTarget:
    return GoldTarget(trace.problem, task, trace=trace)


# Making gold


def test_own_ratings_become_gold_and_making_it_again_replaces_it():
    world = queue_world(traces=1)
    trace = world.traces[0]
    first, second = trace.problem.steps.order_by("preorder")
    for step, rating in ((first, 1), (second, -1)):
        step.problem = trace.problem
        label_set(step=step, user=world.owner, rating=rating)
    gold = gold_from_own(target=target_of(trace), user=world.owner, note="from the paper")
    assert gold.answer == {
        "ratings": {str(first.pk): 1, str(second.pk): -1},
        "first_error": second.pk,
    }
    gold_update(gold=gold, active=False)
    again = gold_rate(target=target_of(trace), user=world.owner, ratings=[-1])
    assert (again.pk, again.active) == (gold.pk, True)
    assert again.answer == {"ratings": {str(first.pk): -1}, "first_error": first.pk}
    assert Gold.objects.count() == 1


def test_incomplete_own_ratings_are_no_gold():
    world = queue_world(traces=1)
    with pytest.raises(InvalidError, match="Step 1 has no rating"):
        gold_from_own(target=target_of(world.traces[0]), user=world.owner)


@pytest.mark.parametrize(
    ("ratings", "reason"),
    [
        ([1, 2], "Step 2: a rating is −1, 0 or 1, not 2"),
        ([True, 1], "Step 1: a rating is"),
        ([1, None], "Step 2 has no rating"),
        ([1, 1, 1], "The trace has 2 steps, not 3"),
        ([], "Step 1 has no rating"),
    ],
)
def test_ratings_outside_the_scheme_are_refused(ratings, reason):
    world = queue_world(traces=1)
    with pytest.raises(InvalidError, match=reason):
        gold_rate(target=target_of(world.traces[0]), user=world.owner, ratings=ratings)
    assert not Gold.objects.exists()


def test_gold_of_a_ranking_names_every_item_once():
    world = queue_world(traces=0)
    problem = problem_with_tree(["a!"], ["b"], ["c"], project=world.project)
    problem.project = world.project
    a, b, c = problem.steps.order_by("preorder").values_list("pk", flat=True)
    target = GoldTarget(problem, "rank_step")
    gold = gold_rank(target=target, user=world.owner, tiers=[[a], [b, c]])
    assert gold.answer == {"tiers": [[a], [b, c]], "failed": []}
    for tiers in ([[a], [b]], [[a], [b], [b, c]], [[a], [b], [c], [10**9]], [[a, b, c]]):
        with pytest.raises(InvalidError):
            gold_rank(target=target, user=world.owner, tiers=tiers)


def test_import_takes_or_refuses_each_record():
    world, other = queue_world(traces=3, tag="mine"), queue_world(traces=1, tag="other")
    one, two, three = (trace.pk for trace in world.traces)
    found = gold_import(
        project=world.project,
        user=world.owner,
        records=[
            {"task": "first_error", "trace": one, "first_error": 2},
            {"task": "first_error", "trace": two, "first_error": None},
            {"task": "all_steps", "trace": three, "ratings": [1, 0]},
            {"task": "first_error", "trace": other.traces[0].pk, "first_error": 1},
            {"task": "first_error", "trace": three, "first_error": 3},
            {"task": "grade", "trace": three},
            {"task": "first_error", "trace": "1"},
            {"task": "all_steps", "trace": one, "first_error": 1},
            {"task": "all_steps", "trace": one, "ratings": [{}, [1]]},
            {"task": "rank_trace", "problem": world.traces[0].problem_id, "tiers": [[[1]], ["a"]]},
            {"task": "rank_trace", "problem": True, "tiers": [[1], [2]]},
        ],
    )
    assert [gold.trace_id for gold in found.made] == [one, two, three]
    assert [error["record"] for error in found.errors] == [4, 5, 6, 7, 8, 9, 10, 11]
    ends = [list(gold.answer["ratings"].values()) for gold in found.made]
    assert ends == [[1, -1], [1, 1], [1, 0]]
    assert Gold.objects.count() == 3


def test_a_queue_of_nothing_but_hidden_gold_is_refused():
    world = queue_world(traces=2)
    world.gold(*world.traces)
    with pytest.raises(InvalidError, match="nothing is left to judge"):
        world.queue(gold_share=0.5)
    assert not QueueItem.objects.exists()
