"""What every order promises: the same seed, ties left to chance, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from annotator.errors import InvalidError
from annotator.models import Outcome
from annotator.services.queues.orders.base import Pool, by_value
from annotator.services.queues.orders.registry import ORDERS
from tests.annotator.orders.data import model_of, ready_for_all, served
from tests.annotator.queue_world import queue_world

pytestmark = pytest.mark.django_db


RATING_ORDERS = [key for key, row in ORDERS.items() if "first_error" in row.tasks]


@pytest.mark.parametrize("key", [key for key in RATING_ORDERS if ORDERS[key].needs_model])
def test_an_order_without_scores_is_refused_with_the_reason(world, key):
    Outcome.objects.update(value=0.0)
    with pytest.raises(InvalidError) as refused:
        world.queue(order=key, model=model_of(world))
    assert refused.value.code == "order_lacks"
    assert refused.value.message.endswith(".")


@pytest.mark.parametrize("key", RATING_ORDERS)
def test_the_same_seed_gives_the_same_order(key):
    world, model = ready_for_all()
    wish = {"order": key, "model": model, "seed": 11}
    first, again = world.queue(name="a", **wish), world.queue(name="b", **wish)
    assert served(first)[0] == served(again)[0]
    assert len(served(first)[0]) == len(set(served(first)[0]))
    numbers = [(item.why, item.propensity) for item in served(first)[1]]
    assert numbers == [(item.why, item.propensity) for item in served(again)[1]]


def test_ties_follow_the_seed():
    pools = [
        Pool(None, "first_error", *(np.arange(1, 51),) * 2, *(np.zeros(50, int),) * 2, seed=seed)
        for seed in (1, 1, 2)
    ]
    orders = [by_value(pool, np.zeros(50)).picks.tolist() for pool in pools]
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[0]) == list(range(50))


def test_a_limit_inside_a_tie_leaves_it_to_chance():
    # Above the limit of 4: one, then two of the three that tie; of the unknown none.
    value = np.array([0.5, np.nan, 0.9, 0.5, 0.5, 0.7, 0.2, np.nan])
    gold = np.array([0, 0, 0, 0, 0, 0, 0, 5])
    ids = np.arange(1, 9)

    def ordered(seed, limit=4):
        pool = Pool(None, "first_error", ids, ids, 0 * ids, gold, seed=seed, limit=limit)
        return by_value(pool, value)

    wanted = [2 / 3, 0, 1, 2 / 3, 2 / 3, 1, 0, 1]
    assert ordered(0).propensity == pytest.approx(wanted)
    served = sum(np.isin(np.arange(8), ordered(seed).picks) for seed in range(600))
    assert served / 600 == pytest.approx(wanted, abs=0.08)
    assert ordered(0, None).propensity.tolist() == [1.0] * 8


def test_gold_without_a_value_is_not_at_the_end():
    n = 200
    gold = np.zeros(n, int)
    gold[::10] = np.arange(1, 21)
    value = np.where(gold > 0, np.nan, np.linspace(1, 0, n))
    pool = Pool(None, "first_error", *(np.arange(1, n + 1),) * 2, np.zeros(n, int), gold, seed=3)
    picks = by_value(pool, value).picks
    assert sorted(picks.tolist()) == list(range(n))
    at = np.flatnonzero(gold[picks] > 0)
    assert at.min() < 40
    assert at.max() > 160
    assert abs(at.mean() - n / 2) < 40
    ordinary = picks[gold[picks] == 0]
    assert (np.diff(ordinary) > 0).all()


def test_a_queue_over_nothing_is_refused():
    world = queue_world(traces=0)
    with pytest.raises(InvalidError, match="no trace to rate"):
        world.queue()
    with pytest.raises(InvalidError, match="2 to 32 children"):
        world.queue(name="ranks", task="rank_step")


def test_orders_that_rate_do_not_rank(world):
    with pytest.raises(InvalidError) as refused:
        world.queue(task="rank_step", order="human_disagreement")
    assert "order" in refused.value.fields
