"""One-line pictures of scores: what they show and say, what they cost, and in which lists they are."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotator.models import Gold, Project, RewardModel, Step, StepScore
from annotator.queries.access import Access, Role
from annotator.queries.agreement.scope import Scope
from annotator.queries.rankings.places import place_of
from annotator.queries.trees.sparklines import (
    DOT,
    LONGEST,
    NOTHING,
    POINTS,
    extent,
    lines_of,
    sparkline,
    sparkline_path,
)
from annotator.services.agreement import agreement_report_make
from annotator.services.judgements.labels import label_set
from annotator.services.judgements.spans import span_label_set
from annotator.services.rankings.answers import Answer, ranking_set
from tests.annotator.gold_data import answered
from tests.annotator.queue_world import queue_world, take
from tests.factories import ProjectFactory, problem_with_tree
from tests.page_text import without_tokens

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return ProjectFactory.create()


def read(project: Project, *extents, role: Role = "reviewer"):
    access = Access(project, role, 0)
    return lines_of(access=access, extents=extents)


def scored(project: Project, *numbers: float, name: str = "m") -> RewardModel:
    """Let a model score the steps of the project in their order; those without a number it has not."""
    model = RewardModel.objects.create(project=project, name=name, kind="prm", ready=True)
    steps = Step.objects.filter(problem__project=project).order_by("problem", "preorder")
    for step, number in zip(steps, numbers, strict=False):
        StepScore.objects.create(step=step, model=model, score=number)
    return model


def chain(length: int, *, project: Project):
    shape: list[Any] = ["leaf"]
    for i in range(length - 1):
        shape = [f"step {i}", shape]
    return problem_with_tree(shape, project=project)


# What a line shows


def test_scores_come_before_search_values(project):
    problem = problem_with_tree(["a", ["b"]], project=project)
    whole = (problem.pk, None)
    assert read(project, whole) == NOTHING
    Step.objects.filter(problem=problem).update(value=20.0)
    line = read(project, whole).of(problem.pk)
    assert (line.source, line.high) == ("search value", 20.0)
    scored(project, 0.25)
    line = read(project, whole).of(problem.pk)
    assert (line.source, line.low, line.high) == ("m v1", 0.25, 0.25)


def test_the_newest_model_that_scored_is_shown_and_named_where_a_page_has_no_score(project):
    problem = problem_with_tree(["a"], project=project)
    scored(project, 0.1, name="old")
    scored(project, 0.2, name="new")
    scored(project, name="never ran")
    assert read(project, (problem.pk, None)).of(problem.pk).said == "new v1, 1 step: 0.20"
    without = problem_with_tree(["b"], project=project)
    lines = read(project, (without.pk, None))
    assert (lines.source, lines.of(without.pk)) == ("new v1", None)


def test_a_path_is_walked_from_the_problem_to_its_step(project):
    problem = problem_with_tree(["a", ["b"], ["c", ["d"], ["e"]]], project=project)
    scored(project, 0.5, 0.25, 1.0, 0.0, 0.75)
    end = Step.objects.get(text="e")
    lines = read(project, (problem.pk, end.pk), (problem.pk, None))
    path, tree = lines.of(problem.pk, end.pk), lines.of(problem.pk)
    assert path.path == sparkline_path([0.5, 1.0, 0.75], 0, 1)
    assert path.said == "m v1, 3 steps on the path: 0.50 to 1.00"
    assert tree.path == sparkline_path([0.5, 0.25, 1.0, 0.0, 0.75], 0, 1)
    assert tree.said == "m v1, 5 steps: 0.00 to 1.00"


def test_a_step_of_another_problem_has_no_path_here(project):
    here, there = (problem_with_tree(["a"], project=project) for _ in range(2))
    scored(project, 0.5, 0.5)
    assert read(project, (here.pk, there.steps.get().pk)).drawn == {}


def test_missing_and_infinite_numbers_are_gaps_and_are_said(project):
    problem = chain(4, project=project)
    model = scored(project, 0.5, math.nan, 0.75)
    StepScore.objects.filter(model=model, step__preorder=3).update(score=math.inf)
    line = read(project, (problem.pk, None)).of(problem.pk)
    assert line.said == "m v1, 4 steps: 0.50, 3 without a number"
    assert line.path == sparkline_path([0.5, None, None, None], 0, 1)


def test_a_long_tree_and_a_long_path_are_read_in_part(project):
    length = LONGEST + 100
    problem = chain(length, project=project)
    Step.objects.filter(problem=problem).update(value=0.5)
    leaf = problem.steps.get(preorder=length)
    lines = read(project, (problem.pk, None), (problem.pk, leaf.pk))
    for line in lines.drawn.values():
        assert POINTS // 2 < line.read <= POINTS
        assert line.path.count("L") + 1 == line.read
        assert line.total == length
        assert f"{line.read} of {length} steps" in line.said
    # The end of the path is always read, and nothing above the part that is walked.
    Step.objects.filter(problem=problem).update(value=None)
    Step.objects.filter(pk=leaf.pk).update(value=0.9)
    Step.objects.filter(problem=problem, preorder__lte=length - LONGEST).update(value=0.1)
    line = read(project, (problem.pk, leaf.pk)).of(problem.pk, leaf.pk)
    assert (line.low, line.high) == (0.9, 0.9)


def test_the_minus_of_a_search_value_is_read_as_one():
    line = sparkline([-1.0, 2.0], low=-1.0, high=2.0, source="search value")
    assert line is not None
    assert line.said == "search value, 2 steps: −1.00 to 2.00"


def test_a_line_breaks_where_a_value_is_missing():
    assert sparkline_path([0.0, None, 1.0, 1.0], 0.0, 1.0) == f"M0.0 18.5{DOT}M80.0 1.5L120.0 1.5"
    assert sparkline_path([None], 0.0, 1.0) == ""
    assert sparkline([None], low=0.0, high=1.0, source="m v1") is None


def test_a_page_costs_one_query_and_none_for_who_stays_blind(project, django_assert_num_queries):
    problems = [chain(3, project=project) for _ in range(20)]
    scored(project, *[0.5] * 60)
    extents = [extent(problem.pk, None) for problem in problems]
    extents += [extent(step.problem_id, step.pk) for step in Step.objects.all()]
    with django_assert_num_queries(1):
        assert len(read(project, *extents).drawn) == 80
    project.show_scores = False
    with django_assert_num_queries(0):
        assert read(project, *extents, role="annotator") == NOTHING
        assert read(project) == NOTHING
    project.show_scores = True
    assert len(read(project, *extents, role="annotator").drawn) == 80


# The lists


def judged_world(n: int):
    """Make ``n`` rows in every list of a reviewer, and a model that scored every step."""
    world = queue_world(traces=0)
    owner, *people = world.people
    problems = [
        problem_with_tree(["a", ["b!"]], ["c"], project=world.project, prompt=f"Problem {at}?")
        for at in range(n)
    ]
    scored(world.project, *[0.25, 0.75, 0.5] * n)
    for problem in problems:
        first, second, other = problem.steps.order_by("preorder")
        for step in (first, second, other):
            step.problem = problem
        place = place_of(problem=problem, level="step", parent_id=None)
        for person, rating, ranks in zip(
            people, (-1, 1), ([[first.pk], [other.pk]], [[other.pk], [first.pk]]), strict=True
        ):
            label_set(step=first, user=person, rating=rating)
            span_label_set(first=first, last=second, user=person, rating=rating)
            ranking_set(place=place, user=person, answer=Answer(tiers=ranks))
        label_set(step=second, user=people[0], rating=None, unsure=True)
        Gold.objects.create(
            project=world.project,
            problem=problem,
            trace=problem.traces.earliest("ordinal"),
            task="first_error",
            answer={"ratings": {}, "first_error": None},
        )
    agreement_report_make(project=world.project, scope=Scope(), replicates=0)
    queue = world.queue()
    take(queue, owner)
    return world, {"queue": queue.pk, "problem": problems[0].pk}


# Address, and how many lines each problem has there.
LISTS = {
    "problems/": 1,
    "queues/{queue}/": 2,  # its two traces
    "adjudication/": 1,
    "adjudication/?kind=spans": 1,
    "adjudication/?kind=rankings": 1,
    "gold/": 1,
    "rankings/": 1,
    "inbox/?kind=unsure": 1,
    "agreement/": 2,  # a step and the order of two
    "disagreements/?kind=people": 1,
    "disagreements/?kind=methods": 1,
    "problems/{problem}/rankings/": 0,
    "problems/{problem}/history/": 0,
}


@pytest.mark.parametrize("address", LISTS)
def test_every_list_has_a_line_in_each_row_and_costs_one_query_for_them(address, client_for):
    costs = []
    for n in (2, 5):
        world, ids = judged_world(n)
        client = client_for(world.owner)
        path = f"/p/{world.project.name}/{address.format(**ids)}"
        client.get(path)  # what is asked once per process
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(path)
        assert answer.status_code == 200
        page = answer.content.decode()
        drawn = page.count('class="spark"')
        assert drawn >= max(1, LISTS[address] * n), address
        assert "by m v1" in page
        assert len(re.findall(r'aria-label="m v1, \d steps?( on the path)?: 0\.\d', page)) == drawn
        lines = [row for row in asked if "with recursive model" in (row["sql"] or "")]
        costs.append((len(lines), len(asked)))
    assert costs[0][0] == costs[1][0] == 1
    # Where methods are compared, each tree is computed anew.
    assert costs[0] == costs[1] or "methods" in address


def test_a_list_without_any_score_has_no_column_for_them(client_for):
    world, ids = judged_world(1)
    StepScore.objects.all().delete()
    client = client_for(world.owner)
    for address in LISTS:
        page = client.get(f"/p/{world.project.name}/{address.format(**ids)}").content.decode()
        assert 'class="spark"' not in page, address
        assert not re.search(r">(Steps|Path) by <|(Steps|Path|steps|path) by ", page), address


def test_a_row_without_a_score_says_so_beside_rows_with_one(client_for):
    world, _ = judged_world(1)
    problem_with_tree(["unscored"], project=world.project)
    page = client_for(world.owner).get(f"/p/{world.project.name}/problems/").content.decode()
    assert page.count('class="spark"') == 1
    assert '<span class="visually-hidden">no number</span>' in page


# Blindness

# Lists that annotators see, too.
OPEN_LISTS = [
    "problems/",
    "rankings/",
    "inbox/",
    "queues/",
    "problems/{problem}/rankings/",
    "problems/{problem}/history/",
]


@pytest.mark.parametrize("show_scores", [False, True])
def test_an_exam_shows_its_taker_scores_only_where_the_project_does(client_for, show_scores):
    world = queue_world(traces=2)
    world.gold(*world.traces)
    scored(world.project, *[0.25] * 4)
    exam = world.queue(name="Exam", is_exam=True, pass_mark=1.0, options={"attempts": 1})
    user = world.people[1]
    for _ in range(2):
        answered(exam, user, 1, -1)
    Project.objects.update(show_scores=show_scores)
    page = client_for(user).get(f"/p/{world.project.name}/exams/{exam.pk}/").content.decode()
    assert page.count('class="spark"') == (2 if show_scores else 0)
    assert ("m v1" in page) == show_scores


@pytest.mark.parametrize("address", OPEN_LISTS)
def test_a_hidden_score_changes_no_byte_of_an_annotators_page(address, client_for):
    world, ids = judged_world(2)
    Project.objects.update(show_scores=False)
    client = client_for(world.people[1])

    def page() -> str:
        answer = client.get(f"/p/{world.project.name}/{address.format(**ids)}")
        assert answer.status_code == 200
        return without_tokens(answer.content.decode())

    before = page()
    assert 'class="spark"' not in before
    StepScore.objects.update(score=0.875)
    Step.objects.update(value=0.375)
    assert page() == before
    StepScore.objects.all().delete()
    assert page() == before
    Project.objects.update(show_scores=True)
    Step.objects.update(value=0.125)
    assert (page() == before) == (address == "queues/")  # the test would see a difference
