"""Orders by what people said: disagreement, reannotation, routing."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from annotator.errors import InvalidError
from annotator.models import ErrorType, StepLabel
from annotator.services.queues.orders.routing import Estimator, cross_validated
from tests.annotator.orders.data import h, label, model_of, order_of, rater, routed, score, served

pytestmark = pytest.mark.django_db


def test_human_disagreement_is_mean_variance_of_ratings(world):
    ann, bob, machine = rater(world, "a"), rater(world, "b"), rater(world, "c", "machine")
    for at, ratings in enumerate([(1, 1), (1, -1), (1, 0)]):
        first, second = world.traces[at].problem.steps.order_by("preorder")
        for who, rating in zip((ann, bob), ratings, strict=True):
            label(first, who, rating)
        label(first, machine, -1)  # a checker is nobody who disagrees
        label(second, ann, -1)  # one rating alone says nothing
    queue = world.queue(order="human_disagreement")
    assert order_of(world, queue)[:3] == [1, 2, 0]
    assert [item.why["variance"] for item in served(queue)[1][:3]] == [1.0, 0.25, 0.0]


def test_reannotation_by_rating_and_by_type(world):
    model, ann = model_of(world), rater(world, "a")
    checker = rater(world, "checker:arithmetic", "machine")
    top, low, _ = (
        ErrorType.objects.create(project=world.project, key=key, label=key)
        for key in ("top", "low", "far")
    )
    ErrorType.objects.filter(pk=low.pk).update(parent=top)
    score(world, model, (1.0, 1.0), (0.25, 0.5), (0.0, 0.5), (0.0, 0.0))
    steps = [trace.problem.steps.earliest("preorder") for trace in world.traces]
    label(steps[0], ann, -1)  # |−1 − 1| / 2 = 1
    label(steps[1], ann, 0)  # |0 − (−0.5)| / 2 = 0.25
    label(steps[2], ann, -1, top)  # ratings agree, the types are one edge apart ...
    label(steps[2], checker, -1, low)
    queue = world.queue(order="reannotation", model=model)
    # ... of at most three: low - top - (root) - far.
    assert order_of(world, queue) == [0, 2, 1]
    assert [item.why["distance"] for item in served(queue)[1]] == pytest.approx([1, 1 / 3, 0.25])
    assert served(queue)[1][1].why == {
        "distance": pytest.approx(1 / 3, abs=1e-6),
        "rating_distance": 0.0,
        "type_distance": pytest.approx(1 / 3, abs=1e-6),
    }


def test_routing_sends_people_where_disagreement_is_predicted():
    world, model = routed()
    queue = world.queue(order="human_or_model", model=model, limit=20)
    order = order_of(world, queue)
    assert all(at >= 40 for at in order)  # labelled traces are not asked again
    assert all(at % 2 == 0 for at in order)  # the unsure ones first: 20 of them
    report = queue.options["report"]
    assert (report["labelled_traces"], report["mean_agreement"]) == (40, 0.75)
    assert report["log_loss"] < report["log_loss_of_mean"]
    # Half of the unsure traces were wrong, none of the sure ones; ridge pulls a little to the mean.
    value = served(queue)[1][0].why["predicted_disagreement"]
    assert 0.4 < value < 0.55


def test_routing_refuses_what_it_cannot_know():
    world, model = routed(20)
    with pytest.raises(InvalidError, match="Only 10 traces of 10 problems"):
        world.queue(order="human_or_model", model=model)
    world, model = routed(80)
    StepLabel.objects.update(rating=1)
    with pytest.raises(InvalidError, match="to the same degree everywhere"):
        world.queue(order="human_or_model", model=model)


def test_estimator_finds_known_shares():
    x = np.repeat([[0.0], [1.0]], 500, axis=0)
    share = np.repeat([0.2, 0.8], 500)
    weight = np.ones(1000)
    predicted = Estimator(x, share, weight).predict(np.array([[0.0], [1.0]]))
    assert predicted == pytest.approx([0.2, 0.8], abs=0.002)
    report = cross_validated(x, share, weight, groups=np.arange(1000))
    assert report["log_loss"] == pytest.approx(h(0.2), abs=1e-3)
    assert report["log_loss_of_mean"] == pytest.approx(log(2), abs=1e-3)


@pytest.mark.parametrize("key", ["ensemble_disagreement", "human_disagreement"])
def test_an_order_without_raters_is_refused(world, key):
    with pytest.raises(InvalidError, match="two"):
        world.queue(order=key)
