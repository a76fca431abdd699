"""Whether scores were shown with a ranking: the client's word counts only where they were open."""

from __future__ import annotations

import pytest

from annotator.models import Ranking
from annotator.queries.rankings.places import place_of
from annotator.services.judgements.labels import label_set
from annotator.services.rankings.answers import Answer, ranking_set
from tests.annotator.workbench_data import member
from tests.factories import ProjectFactory, problem_with_tree

pytestmark = pytest.mark.django_db


@pytest.fixture
def problem():
    return problem_with_tree(
        ["a", ["b", ["c"]], ["d", ["e"]]], ["f"], project=ProjectFactory.create()
    )


def shown(problem, role, level="step", **said):
    """Return what is stored of a ranking below step a, or of the traces."""
    parent = None if level == "trace" else problem.steps.get(text="a").pk
    place = place_of(problem=problem, level=level, parent_id=parent)
    person = member(problem.project, role, role)
    ranking_set(place=place, user=person, answer=Answer([list(place.items)]), **said)
    return Ranking.objects.get(rater__user=person, level=level).shown_score


@pytest.mark.parametrize("said", [True, None])
@pytest.mark.parametrize("level", ["step", "branch", "trace"])
def test_what_was_never_served_was_not_shown(problem, said, level):
    assert shown(problem, "annotator", level, shown_score=said) is False


@pytest.mark.parametrize("said", [True, False, None])
def test_of_reviewers_and_open_projects_the_client_knows(problem, said):
    assert shown(problem, "reviewer", shown_score=said) is said
    problem.project.show_scores = True
    problem.project.save()
    assert shown(problem, "annotator", shown_score=said) is said


@pytest.mark.parametrize(
    ("text", "level", "kept"),
    [
        ("b", "step", True),
        ("c", "step", False),  # below an item, not one
        ("c", "branch", True),
        ("f", "branch", False),
        ("f", "trace", True),
    ],
)
def test_scores_open_with_ones_own_judgement_of_a_step_of_the_items(problem, text, level, kept):
    person = member(problem.project, "annotator", "annotator")
    label_set(step=problem.steps.get(text=text), user=person, rating=1)
    assert shown(problem, "annotator", level, shown_score=True) is kept
