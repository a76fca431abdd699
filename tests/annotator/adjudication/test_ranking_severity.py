"""The database finds the same distances between rankings as the pure core does."""

from __future__ import annotations

import random
from itertools import combinations

import pytest

from annotator.models import JudgementEvent, Membership, Ranking
from annotator.queries.adjudication.disagreements import ranking_disagreements
from annotator.queries.rankings.places import record_of
from annotator.services.people.raters import rater_for_user
from scoring.preference.distance import ranking_distance
from tests.factories import MembershipFactory, UserFactory, problem_with_tree

pytestmark = pytest.mark.django_db
PLACES, PEOPLE = 40, 3


@pytest.fixture
def project():
    return MembershipFactory.create().project


def some_order(chance, items):
    """Return an order of ``items`` with ties, some set aside, failed, or scored."""
    kept = chance.sample(items, len(items))
    aside = [kept.pop() for _ in range(chance.choice((0, 0, 1)))]
    tiers = []
    for item in kept:
        if tiers and chance.random() < 0.3:
            tiers[-1].append(item)
        else:
            tiers.append([item])
    order = {"tiers": tiers, "aside": aside, "shown": items}
    if chance.random() < 0.2:
        order["failed"] = chance.sample(items, 1)
    if chance.random() < 0.2:
        order["scores"] = {str(item): chance.randint(0, 2) for tier in tiers for item in tier}
    return order


def rank_at_random(project, chance):
    """Let people rank the first steps of ``PLACES`` problems; return the rankings by problem."""
    raters = []
    for _ in range(PEOPLE):
        user = UserFactory.create()
        Membership.objects.create(project=project, user=user, role="annotator")
        raters.append(rater_for_user(project=project, user=user))
    found = {}
    for number in range(PLACES):
        problem = problem_with_tree(
            *([name] for name in "abcd"[: chance.choice((2, 3, 4))]),
            project=project,
            prompt=f"{number}",
        )
        items = list(problem.steps.order_by("preorder").values_list("pk", flat=True))
        event = JudgementEvent.objects.create(
            project=project, problem=problem, kind="ranking", payload={}
        )
        found[problem.pk] = [
            Ranking.objects.create(
                problem=problem, level="step", rater=rater, event=event, **some_order(chance, items)
            )
            for rater in raters[: chance.choice((1, 2, PEOPLE))]
        ]
    return found


def severity_of(rankings):
    """Return what the list's severity means, by the pure core; identical answers agree."""
    worst = 0
    for one, other in combinations(rankings, 2):
        distance = ranking_distance(record_of(one), record_of(other))
        if distance is None:
            worst = max(worst, 10)
        elif distance > 0:
            worst = max(worst, max(1, round(100 * distance)))
    states = [(row.tiers, row.aside, row.failed, row.scores) for row in rankings]
    return worst if any(state != states[0] for state in states) else 0


@pytest.mark.parametrize("seed", range(4))
def test_severities_and_order_are_those_of_the_pure_core(project, seed):
    found = rank_at_random(project, random.Random(seed))
    wanted = sorted(
        (-severity, rows[0].pk) for rows in found.values() if (severity := severity_of(rows))
    )
    assert len({severity for severity, _ in wanted}) > 3
    rows, after = ranking_disagreements(project=project, size=7)
    while after:
        more, after = ranking_disagreements(project=project, size=7, after=after)
        rows += more
    assert [(-row.severity, row.id) for row in rows] == wanted
    assert {row.people for row in rows} <= {2, PEOPLE}


def test_a_page_costs_as_many_queries_for_many_places(project, django_assert_num_queries):
    rank_at_random(project, random.Random(7))
    with django_assert_num_queries(2):
        assert len(ranking_disagreements(project=project, size=5)[0]) == 5
