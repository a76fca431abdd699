"""Orders by model scores, against values worked out by hand."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
from django.contrib.auth.models import User

from annotator.errors import InvalidError
from annotator.models import Outcome, StepScore
from annotator.services.queues import QueueWish, queue_create
from annotator.services.queues.build import pool_of
from annotator.services.queues.orders import paths
from annotator.services.queues.orders.measures import ambiguity
from tests.annotator.orders.data import h, model_of, order_of, score, served
from tests.annotator.queue_world import queue_world
from tests.factories import problem_with_tree

pytestmark = pytest.mark.django_db


def test_file_order_and_positions(world):
    queue = world.queue()
    assert order_of(world, queue) == [0, 1, 2, 3]
    items = served(queue)[1]
    assert [item.position for item in items] == [1, 2, 3, 4]
    assert {item.propensity for item in items} == {1.0}
    assert [item.pk for item in items] == sorted(item.pk for item in items)


def test_random_says_its_propensity():
    world = queue_world(traces=40)
    first = world.queue(name="a", order="random", seed=7, limit=10)
    again = world.queue(name="b", order="random", seed=7, limit=10)
    other = world.queue(name="c", order="random", seed=8, limit=10)
    assert order_of(world, first) == order_of(world, again)
    assert order_of(world, first) != order_of(world, other)
    assert order_of(world, first) != sorted(order_of(world, first))
    assert {item.propensity for item in served(first)[1]} == {0.25}
    assert first.n_items == 10


def test_uncertainty_is_mean_entropy(world):
    model = model_of(world)
    score(world, model, (0.9, 0.9), (0.5, 0.5), (0.5, 0.9), (None, None))
    queue = world.queue(order="uncertainty", model=model)
    assert order_of(world, queue) == [1, 2, 0, 3]  # without a score: last
    items = served(queue)[1]
    assert [item.why for item in items] == [
        {"entropy": pytest.approx(h(0.5), abs=1e-6)},
        {"entropy": pytest.approx((h(0.5) + h(0.9)) / 2, abs=1e-6)},
        {"entropy": pytest.approx(h(0.9), abs=1e-6)},
        None,
    ]
    assert items[0].model_version == f"prm v1 (id {model.pk})"


def test_shared_steps_count_on_every_path():
    world = queue_world(traces=0)
    problem = problem_with_tree(["a", ["b", ["c!"]], ["d"]], project=world.project)
    model = model_of(world)
    for step, value in zip(problem.steps.order_by("preorder"), (0.5, 0.9, 0.9, 0.5), strict=True):
        StepScore.objects.create(step=step, model=model, score=value)
    queue = world.queue(order="uncertainty", model=model)
    items = served(queue)[1]
    assert [item.trace.end.text for item in items] == ["d", "c!"]
    wanted = [h(0.5), (h(0.5) + 2 * h(0.9)) / 3]
    assert [item.why["entropy"] for item in items] == pytest.approx(wanted, abs=1e-6)


def test_ensemble_disagreement_is_mean_variance(world):
    one, two = model_of(world, "one"), model_of(world, "two")
    score(world, one, (0.2, 0.5), (0.5, 0.5), (0.0, 0.0))
    score(world, two, (0.4, 0.5), (0.5, None), (1.0, 1.0))
    queue = world.queue(order="ensemble_disagreement")
    # Variances of two: (difference / 2)²; the step of one model alone does not count.
    assert order_of(world, queue)[:3] == [2, 0, 1]
    said = [item.why["variance"] for item in served(queue)[1][:3]]
    assert said == pytest.approx([0.25, 0.005, 0.0], abs=1e-6)
    assert served(queue)[1][0].model_version == (f"two v1 (id {two.pk}); one v1 (id {one.pk})")


def test_an_ensemble_is_heard_by_its_members(world):
    model = model_of(world, "many")
    parts = ["disagreement", "member 1", "member 2"]
    type(model).objects.filter(pk=model.pk).update(parts=[[name, "unit"] for name in parts])
    score(world, model, (0.5, 0.5), (0.5, 0.5))
    steps = [list(world.traces[at].problem.steps.order_by("preorder")) for at in (0, 1)]
    for of_trace, members in zip(steps, ([0.4, 0.6], [0.1, 0.9]), strict=True):
        for step in of_trace:
            StepScore.objects.filter(step=step).update(parts=[9.0, *members])
    queue = world.queue(order="ensemble_disagreement")
    assert order_of(world, queue)[:2] == [1, 0]
    said = [item.why["variance"] for item in served(queue)[1][:2]]
    assert said == pytest.approx([0.16, 0.01], abs=1e-6)
    assert served(queue)[1][0].model_version == f"many v1 (id {model.pk})"


def test_convincing_wrong_has_wrong_traces_only(world):
    model = model_of(world)
    score(world, model, (0.9, 0.9), (0.9, 0.3), (0.8, 0.7), (0.99, 0.99))
    for at in (0, 1, 2):
        Outcome.objects.filter(trace=world.traces[at]).update(value=0.0)
    queue = world.queue(order="convincing_wrong", model=model)
    assert order_of(world, queue) == [0, 2, 1]
    assert [item.why["smallest_score"] for item in served(queue)[1]] == [0.9, 0.7, 0.3]


def test_unknown_outcomes_are_not_wrong(world):
    model = model_of(world)
    score(world, model, (0.9, 0.9), (0.9, 0.9))
    Outcome.objects.filter(trace=world.traces[0]).update(value=None)
    Outcome.objects.filter(trace=world.traces[1]).delete()
    with pytest.raises(InvalidError, match="known to be wrong by the outcome 'correct'"):
        world.queue(order="convincing_wrong", model=model)


def test_ambiguity_of_the_first_error():
    scores = np.array([[0.5, 0.5], [0.0, 0.9], [1.0, 1.0], [0.5, np.nan], [np.nan, np.nan]])
    value, error = ambiguity(scores)
    # First row: q = (1/2, 1/4), none with 1/4. P(error) = 3/4, places 2/3 and 1/3.
    place = -(2 / 3) * log(2 / 3) - (1 / 3) * log(1 / 3)
    assert error[:4] == pytest.approx([0.75, 1.0, 0.0, 0.5])
    assert value[:4] == pytest.approx([0.75 * place, 0.0, 0.0, 0.0])
    assert np.isnan([value[4], error[4]]).all()


def test_first_error_localisation_orders_by_it(world):
    model = model_of(world)
    score(world, model, (1.0, 0.1), (0.5, 0.5), (0.9, 0.9), (0.99, 0.99))
    queue = world.queue(order="first_error_localisation", model=model)
    assert order_of(world, queue)[0] == 1
    assert order_of(world, queue)[-1] == 0
    assert served(queue)[1][0].why["error_chance"] == 0.75


def test_small_chunks_give_the_same_paths(world, monkeypatch):
    problem_with_tree(["a", ["b", ["c", ["d!"], ["e"]]], ["f"]], project=world.project)
    model = model_of(world)
    score(world, model, (0.9, 0.8), (0.7, 0.6), (0.5, 0.4), (0.3, 0.2))
    queue, _ = queue_create(
        project=world.project,
        user=User.objects.first(),
        wish=QueueWish(name="Q", task="first_error", order="uncertainty", model=model),
    )
    pool = pool_of(queue=queue)

    def read():
        found = {}
        for part in paths.paths_of(pool):
            scores = part.scores(model.pk)
            for row, steps, numbers in zip(part.rows, part.steps, scores, strict=True):
                line = part.step_ids[steps[steps >= 0]].tolist()
                found[int(row)] = (line, numbers[: len(line)].tolist())
        return found

    whole = read()
    assert len(whole) == len(pool) == 7
    assert [len(line) for line, _ in whole.values()] == [2, 2, 2, 2, 4, 4, 2]
    for cells, steps in ((1, 1), (3, 100), (100, 3)):
        monkeypatch.setattr(paths, "CELLS", cells)
        monkeypatch.setattr(paths, "STEPS", steps)
        assert repr(read()) == repr(whole)
