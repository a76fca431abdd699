"""Orders of places to rank: closest scores, most branches, fewest rankings."""

from __future__ import annotations

import pytest

from annotator.errors import InvalidError
from annotator.models import JudgementEvent, Ranking, StepScore
from annotator.services.queues.orders.registry import ORDERS, RANKING
from tests.annotator.orders.data import model_of, rater
from tests.annotator.queue_world import queue_world
from tests.factories import problem_with_tree

pytestmark = pytest.mark.django_db
KEYS = [key for key, row in ORDERS.items() if row.tasks == RANKING]
# The first steps of each problem with their scores; a second step stands below each.
SCORES = ((0.9, 0.1), (0.6, 0.55, 0.2), (0.7, 0.4, 0.3, 0.1), (None, 0.5))


@pytest.fixture
def world():
    world = queue_world(traces=0)
    world.model = model_of(world)
    world.problems = []
    for scores in SCORES:
        trees = [[f"step {at}", [f"end {at}!"]] for at in range(len(scores))]
        problem = problem_with_tree(*trees, project=world.project)
        world.problems.append(problem)
        for step, score in zip(problem.steps.filter(depth=1).order_by("pk"), scores, strict=True):
            if score is None:
                continue
            StepScore.objects.create(step=step, model=world.model, score=score)
            # What follows is scored better, so it never is a trace's smallest.
            StepScore.objects.create(step=step.children.get(), model=world.model, score=0.95)
    return world


def order_of(world, **wish):
    queue = world.queue(**{"task": "rank_step", "model": world.model, **wish})
    items = list(queue.items.order_by("position"))
    ids = [problem.pk for problem in world.problems]
    return [ids.index(item.problem_id) for item in items], items


@pytest.mark.parametrize("task", RANKING)
def test_the_smallest_gap_of_the_two_best_comes_first(world, task):
    order, items = order_of(world, task=task, order="sibling_gap")
    assert order == [1, 2, 0, 3]  # gaps 0.05, 0.3, 0.8, and one score alone
    assert items[0].why == {"best": 0.6, "second": 0.55}
    assert items[3].why is None
    assert items[0].model_version.startswith("prm")


@pytest.mark.parametrize("task", RANKING)
def test_the_most_branches_come_first(world, task):
    order, items = order_of(world, task=task, order="most_branches", seed=5)
    assert order[:2] == [2, 1]
    assert [item.why["items"] for item in items] == [4, 3, 2, 2]


@pytest.mark.parametrize("task", RANKING)
def test_the_fewest_people_come_first(world, task):
    level = task.removeprefix("rank_")
    told = ((0, "ann"), (0, "bob"), (1, "ann"), (2, "ann"), (2, "ann"), (2, "bob"), (2, "cyn"))
    people = {name: rater(world, name, "person") for name in ("ann", "bob", "cyn")}
    for at, (number, name) in enumerate(told):
        problem, who = world.problems[number], people[name]
        event = JudgementEvent.objects.create(
            project=world.project, problem=problem, kind="ranking", rater=who, payload={}
        )
        said = {"problem": problem, "rater": who, "event": event, "tiers": []}
        Ranking.objects.create(level=level, criterion=f"c{at}", **said)
    order, items = order_of(world, task=task, order="fewest_rankings")
    assert order == [3, 1, 0, 2]
    assert [item.why["people"] for item in items] == [0, 1, 2, 3]
    other = next(key for key in RANKING if key != task)
    _, items = order_of(world, name="other level", task=other, order="fewest_rankings")
    assert {item.why["people"] for item in items} == {0}


@pytest.mark.parametrize("key", KEYS)
def test_the_same_seed_gives_the_same_order(world, key):
    first, again = (order_of(world, name=name, order=key, seed=7) for name in ("a", "b"))
    assert first[0] == again[0]
    assert sorted(first[0]) == [0, 1, 2, 3]


@pytest.mark.parametrize("task", RANKING)
def test_without_two_scores_anywhere_the_gap_is_refused(world, task):
    StepScore.objects.all().delete()
    with pytest.raises(InvalidError) as refused:
        order_of(world, task=task, order="sibling_gap")
    assert refused.value.code == "order_lacks"


@pytest.mark.parametrize("key", KEYS)
def test_orders_that_rank_do_not_rate(world, key):
    with pytest.raises(InvalidError, match="orders rankings only") as refused:
        world.queue(task="first_error", order=key, model=world.model)
    assert "order" in refused.value.fields
