"""The surface of ranking: what each level shows, and the way from place to place."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotator.services.rankings.answers import Answer, ranking_set
from tests.annotator.ranking_pages.data import FORK, config, place, url
from tests.annotator.workbench_data import Node, write_problem

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("level", ["step", "branch", "trace"])
def test_each_level_has_its_surface(client_for, fork, people, level):
    problem, steps = fork
    below = None if level == "trace" else steps[0]
    response = client_for(people["annotator"]).get(url(problem, level, below))
    page = response.content.decode()
    assert response.status_code == 200
    wanted = set(place(problem, level, below).items)
    assert set(config(response)["items"]) == wanted
    assert {int(n) for n in re.findall(r'data-item="(\d+)"', page)} == wanted
    assert "<script>alert" not in page
    own = {"step": "rk-outline", "branch": "1 of 2 solve it", "trace": "rk-column"}
    assert (own[level] in page) == (level != "step")


def test_branch_shows_where_it_leads(client_for, fork, people):
    problem, steps = fork
    client = client_for(people["annotator"])
    page = client.get(url(problem, "branch", steps[0])).content.decode()
    card = page.partition(f'id="item-{steps[2].pk}"')[2].partition("</li>")[0]
    assert "1 of 2 solve it" in card
    assert "2 leaves" in card
    assert "best path ends: <q>4 + 20 = 24</q> · correct 1.00" in card
    assert card.count("<i class=") == 3  # right, wrong and one that is not known
    assert "same text as" in card  # step 6 says the same
    branch = client.get(url(problem, "branch", end=f"open/{steps[2].pk}/")).content.decode()
    assert [text in branch for text in ("10 - 6 = 4", "20 - 4 = 16", "6 + 10")] == [
        True,
        True,
        False,
    ]
    assert branch.count("badge") == 3


def test_marks_begin_at_the_first_word_that_differs(client_for, fork, people):
    problem, steps = fork
    client = client_for(people["annotator"])
    response = client.get(
        url(problem, "trace") + f"?against={problem.traces.get(end=steps[3]).pk}",
        headers={"HX-Request": "true"},
    )
    assert response.status_code == 200
    where = url(problem, "step", steps[0]) + f"?against={steps[2].pk}"
    part = client.get(where, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    text = part.partition(f'id="text-{steps[1].pk}"')[2].partition("</div>")[0]
    assert "<mark>" in text
    same = part.partition(f'id="text-{steps[5].pk}"')[2].partition("</div>")[0]
    assert "<mark>" not in same


def test_two_levels_that_disagree_are_a_question(client_for, fork, people):
    problem, steps = fork
    branches, traces = place(problem, "branch", steps[0]), place(problem, "trace")
    a, b, c = branches.items
    by_end = {trace.end_id: trace.pk for trace in problem.traces.all()}
    who = people["reviewer"]
    ranking_set(place=branches, user=who, answer=Answer([[a], [b, c]]))
    best = [by_end[steps[3].pk]]
    rest = [trace for trace in traces.items if trace not in {*best, by_end[steps[1].pk]}]
    ranking_set(place=traces, user=who, answer=Answer([best, rest, [by_end[steps[1].pk]]]))
    page = client_for(who).get(url(problem, "branch", steps[0])).content.decode()
    assert "Two levels disagree" in page
    assert "rank" in page.partition("Two levels disagree")[2]
    listed = client_for(who).get(f"/p/{problem.project.name}/problems/{problem.pk}/rankings/")
    assert b"Two levels disagree" in listed.content


def test_lists_lead_to_what_is_not_ranked_yet(client_for, fork, people):
    problem, steps = fork
    lone, _ = write_problem(problem.project, "Nothing to compare", [Node("a", outcomes=[1.0])])
    client = client_for(people["annotator"])
    page = client.get(f"/p/{problem.project.name}/rankings/").content.decode()
    assert f'id="problem-{problem.pk}"' in page
    assert f'id="problem-{lone.pk}"' not in page
    following = url(problem, "step", end="next/")
    assert client.get(following)["Location"] == url(problem, "step")
    for below in (None, steps[0], steps[2]):
        here = place(problem, "step", below)
        assert client.get(following)["Location"] == url(problem, "step", below)
        ranking_set(place=here, user=people["annotator"], answer=Answer([list(here.items)]))
    done = f"/p/{problem.project.name}/problems/{problem.pk}/rankings/"
    assert client.get(following)["Location"] == done
    assert client.get(done).status_code == 200
    assert client.get(url(lone, "trace")).status_code == 200
    assert b"at least two" in client.get(url(lone, "trace")).content


def test_list_asks_the_database_as_often_for_many_problems(
    client_for, fork, people, django_assert_max_num_queries
):
    problem, _ = fork
    client = client_for(people["reviewer"])
    for number in range(20):
        write_problem(problem.project, f"Problem {number}", FORK)
    with django_assert_max_num_queries(14):
        client.get(f"/p/{problem.project.name}/rankings/")


@pytest.mark.parametrize("level", ["step", "branch", "trace"])
def test_more_candidates_need_no_more_queries(client_for, fork, people, level):
    counts = []
    client = client_for(people["reviewer"])
    for number in (2, 20):
        nodes = [Node(f"{level} {n}", outcomes=[1.0]) for n in range(number)]
        problem, _ = write_problem(fork[0].project, f"{level} {number}", nodes)
        client.get(url(problem, level))
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url(problem, level)).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 16
