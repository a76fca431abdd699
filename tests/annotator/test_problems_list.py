"""The problem list: filters find what they say, pages join up, and cost does not grow."""

from __future__ import annotations

import pytest

from annotator.errors import InvalidError
from annotator.models import Outcome, Problem, Project, Step
from annotator.queries.access import Access, Role
from annotator.queries.trees.problems import (
    ProblemFilter,
    problem_page,
    problems_count,
    progress_of,
)
from annotator.services.judgements.labels import label_set
from annotator.services.projects.projects import project_create
from tests.factories import ProblemFactory, UserFactory, problem_with_tree

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    return UserFactory()


@pytest.fixture
def project(owner):
    return project_create(name="P", owner=owner)


def as_member(project: Project, user, role: Role = "owner") -> Access:
    return Access(project, role, user.pk)


def ids(project: Project, user, size: int = 50, **wanted) -> list[int]:
    access = as_member(project, user)
    page = problem_page(access=access, wanted=ProblemFilter(**wanted), size=size)
    return [row.problem.pk for row in page.rows]


def test_outcome_filters_partition_the_problems(project, owner):
    solved = problem_with_tree(["yes!"], project=project)
    failed = problem_with_tree(["no"], project=project)
    mixed = problem_with_tree(["yes!"], ["no"], project=project)
    unknown = problem_with_tree(["maybe"], project=project)
    Outcome.objects.filter(trace__problem=unknown).update(value=None)
    assert ids(project, owner, outcome="solved") == [solved.pk, mixed.pk]
    assert ids(project, owner, outcome="unsolved") == [failed.pk]
    assert ids(project, owner, outcome="mixed") == [mixed.pk]
    assert ids(project, owner, outcome="unknown") == [unknown.pk]


def test_an_outcome_of_one_half_or_less_is_not_solved(project, owner):
    half = problem_with_tree(["yes!"], project=project)
    Outcome.objects.update(value=0.5)
    assert ids(project, owner, outcome="solved") == []
    assert ids(project, owner, outcome="unsolved") == [half.pk]
    Outcome.objects.update(value=0.51)
    assert ids(project, owner, outcome="solved") == [half.pk]


def test_label_filters_count_people_only(project, owner):
    none, some, every = (problem_with_tree(["a", ["b"]], project=project) for _ in range(3))
    first = Step.objects.filter(problem=some).earliest("preorder")
    label_set(step=first, user=owner, rating=1)
    for step in Step.objects.filter(problem=every):
        label_set(step=step, user=owner, rating=None, unsure=True)
    assert ids(project, owner, labels="none") == [none.pk]
    assert ids(project, owner, labels="some") == [some.pk]
    assert ids(project, owner, labels="all") == [every.pk]
    assert ids(project, owner, labels="todo") == [none.pk, some.pk]
    assert ids(project, UserFactory(), labels="todo") == [none.pk, some.pk, every.pk]
    progress = progress_of(access=as_member(project, owner))
    assert (progress.problems, progress.steps, progress.labelled) == (3, 6, 3)
    assert progress.percent == 50


def test_text_and_size_filters(project, owner):
    small = problem_with_tree(["a"], project=project, prompt="Use 100% of it_all")
    large = problem_with_tree(["a", ["b"], ["c"]], project=project, prompt="Other")
    assert ids(project, owner, text="100% of it_") == [small.pk]
    assert ids(project, owner, text="100_ of") == []
    assert ids(project, owner, text="OTHER") == [large.pk]
    assert ids(project, owner, min_steps=2) == [large.pk]
    assert ids(project, owner, max_steps=2) == [small.pk]


@pytest.mark.parametrize("sort", ["oldest", "newest", "largest", "smallest"])
def test_pages_join_up_in_both_directions(project, owner, sort):
    for i in range(11):
        ProblemFactory(project=project, n_steps=i // 3)
    whole = ids(project, owner, sort=sort, size=50)
    wanted = ProblemFilter(sort=sort)
    seen, page, after = [], None, ""
    while page is None or page.next:
        page = problem_page(access=as_member(project, owner), wanted=wanted, after=after, size=4)
        seen += [row.problem.pk for row in page.rows]
        after = page.next
    assert seen == whole
    back = problem_page(
        access=as_member(project, owner), wanted=wanted, before=page.previous, size=4
    )
    assert [row.problem.pk for row in back.rows] == whole[4:8]
    first = problem_page(
        access=as_member(project, owner), wanted=wanted, before=back.previous, size=4
    )
    assert [row.problem.pk for row in first.rows] == whole[:4]
    assert not first.previous


@pytest.mark.parametrize("cursor", ["x", "1.1", "1\x00", "é", "-1", "9" * 30])
def test_foreign_cursor_is_refused(project, owner, cursor):
    with pytest.raises(InvalidError, match="first page"):
        problem_page(access=as_member(project, owner), wanted=ProblemFilter(), after=cursor)


def page_queries(client, django_assert_max_num_queries) -> int:
    with django_assert_max_num_queries(16) as counted:
        assert client.get("/p/P/problems/").status_code == 200
    return len(counted)


def test_page_costs_the_same_queries_for_1_and_for_50_rows(
    project, owner, client_for, django_assert_max_num_queries
):
    client = client_for(owner)
    problem_with_tree(["a!", ["b"]], project=project)
    few = page_queries(client, django_assert_max_num_queries)
    for _ in range(49):
        problem_with_tree(["a!", ["b"]], project=project)
    # session, user, membership, page rows, outcomes, labels, sparklines, count, totals, labelled,
    # open jobs
    assert page_queries(client, django_assert_max_num_queries) == few


def test_htmx_gets_the_table_alone(project, owner, client_for):
    problem_with_tree(["a!"], project=project, prompt="Only one")
    client = client_for(owner)
    fragment = client.get("/p/P/problems/", headers={"HX-Request": "true"})
    assert "Only one" in fragment.content.decode()
    assert "<html" not in fragment.content.decode()
    assert "HX-Request" in fragment.headers["Vary"]
    back = client.get(
        "/p/P/problems/",
        headers={"HX-Request": "true", "HX-History-Restore-Request": "true"},
    )
    assert "<html" in back.content.decode()


def test_empty_project_offers_the_import(project, owner, client_for):
    assert "/p/P/import/" in client_for(owner).get("/p/P/problems/").content.decode()


def test_unreasonable_filter_is_said_and_ignored(project, owner, client_for):
    problem_with_tree(["a!"], project=project, prompt="Still here")
    page = client_for(owner).get("/p/P/problems/?min_steps=-1&labels=odd&sort=up&q=%00")
    assert page.status_code == 200
    assert "Still here" in page.content.decode()
    assert "errorlist" in page.content.decode()


def test_count_of_a_filter_stops(project, owner, monkeypatch):
    monkeypatch.setattr("annotator.queries.trees.problems.COUNT_LIMIT", 2)
    for i in range(5):
        ProblemFactory(project=project, n_steps=i)
    assert problems_count(access=as_member(project, owner), wanted=ProblemFilter(min_steps=0)) == 3
    assert problems_count(access=as_member(project, owner), wanted=ProblemFilter()) == 5


def test_blind_annotator_sees_no_scores(project, owner, client_for):
    problem = problem_with_tree(["a"], project=project)
    Step.objects.filter(problem=problem).update(value=0.5)
    assert b'class="spark"' in client_for(owner).get("/p/P/problems/").content
    Project.objects.update(show_scores=False)
    annotator = UserFactory()
    project.memberships.create(user=annotator, role="annotator")
    blind = client_for(annotator).get("/p/P/problems/").content
    assert b'class="spark"' not in blind
    assert b"search value" not in blind
    assert Problem.objects.count() == 1
