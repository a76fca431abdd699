"""What the history costs an annotator does not grow with what they ranked."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotator.models import Membership, Problem
from annotator.queries.access import access_to
from annotator.queries.history.timeline import history_of
from annotator.queries.rankings.places import place_of
from annotator.services.rankings.answers import Answer, ranking_set
from tests.factories import ProjectFactory, UserFactory, problem_with_tree

pytestmark = pytest.mark.django_db
FORKS = 6


@pytest.fixture
def world():
    project = ProjectFactory.create()
    people = [UserFactory.create(username=name) for name in ("ada", "bo")]
    for person in people:
        Membership.objects.create(project=project, user=person, role="annotator")
    forks = [[f"fork {n}", [f"{n} a"], [f"{n} b"]] for n in range(FORKS)]
    problem = problem_with_tree(*forks, project=project)
    return people, Problem.objects.select_related("project").get(pk=problem.pk)


def rank(problem, person, parents):
    for parent in parents:
        place = place_of(problem=problem, level="step", parent_id=parent)
        tiers = [[item] for item in place.items]
        ranking_set(place=place, user=person, answer=Answer(tiers=tiers))


def read(problem, person):
    """Return others' rankings that ``person`` sees, and the number of queries."""
    access = access_to(user=person, project=problem.project)
    with CaptureQueriesContext(connection) as asked:
        found, _ = history_of(access=access, problem=problem)
    return [e for e in found if e.kind == "ranking" and not e.mine], len(asked)


def test_queries_are_the_same_for_one_ranked_place_and_for_many(world):
    (ada, bo), problem = world
    parents = list(problem.steps.filter(parent=None).values_list("pk", flat=True))
    rank(problem, ada, parents)
    rank(problem, bo, parents[:1])
    shown, few = read(problem, bo)
    assert [entry.step.pk for entry in shown] == parents[:1]
    rank(problem, bo, parents[1:])
    shown, many = read(problem, bo)
    assert {entry.step.pk for entry in shown} == set(parents)
    # Steps open, rankings and what waits; four tables, undone events, names of items and forks.
    assert many == few <= 12
