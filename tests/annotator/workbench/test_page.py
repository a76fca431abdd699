"""The page as page and as parts: one URL, tabs, the tree, siblings, find."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest

from annotator.models import Outcome
from tests.annotator.workbench.data import HTMX, address
from tests.annotator.workbench_data import Node, branching_nodes, write_model, write_problem

pytestmark = pytest.mark.django_db


def test_the_page_works_from_one_url_as_page_and_as_parts(game, reviewer):
    problem, steps, _ = game
    url = address(problem, f"?step={steps[2].pk}")
    page = reviewer.get(url)
    parts = reviewer.get(url, headers=HTMX)
    assert b"<!doctype html>" in page.content.lower()
    assert b"<!doctype html>" not in parts.content.lower()
    assert b'hx-swap-oob="true"' in parts.content
    assert "HX-Request" in parts["Vary"]
    assert "style=" not in page.content.decode()


def test_an_old_link_still_opens(game, reviewer):
    problem, _, _ = game
    for query in (
        "?step=999999",
        "?step=x&tab=nope&model=-1",
        "?fold=%00&trace=99999999999999999999",
    ):
        assert reviewer.get(address(problem, query)).status_code == 200
    assert reviewer.get(address(problem, "?by=shap")).status_code == 404


@pytest.mark.parametrize("tab", ["credit", "tokens", "labels", "outcomes", "source"])
def test_every_tab_draws_with_and_without_scores(game, project, reviewer, tab):
    problem, steps, _ = game
    bare, _ = write_problem(project, "bare", [])
    assert reviewer.get(address(problem, f"?tab={tab}&step={steps[4].pk}")).status_code == 200
    assert reviewer.get(address(bare, f"?tab={tab}")).status_code == 200


def test_the_tree_is_one_compact_answer_that_rebuilds_the_shape(game, reviewer):
    problem, steps, _ = game
    data = reviewer.get(address(problem, "tree.json?by=leaf_value")).json()
    assert np.cumsum(data["ids"]).tolist() == [0, *(step.pk for step in steps)]
    assert data["depth"] == [0, 1, 2, 2, 3, 4, 3, 3, 1]
    assert data["coloring"]["values"][0] is None
    assert data["coloring"]["values"][4] == 1.0
    assert data["texts"]["1"] == steps[0].text


def test_one_line_texts_come_without_the_signs_around_formulas(project, reviewer):
    node = Node("so \\(x^2\\) costs $5")
    problem, _ = write_problem(project, "Solve $x+7$ for $5.", [node])
    assert reviewer.get(address(problem, "tree.json")).json()["texts"] == {"1": "so x^2 costs $5"}
    assert reviewer.get(address(problem, "texts.json?at=1")).json() == {"1": "so x^2 costs $5"}
    page = reviewer.get(address(problem)).content.decode()
    assert '<h1 class="clip">Solve x+7 for $5.</h1>' in page
    assert ">so x^2 costs $5</a>" in page
    listed = reviewer.get(f"/p/{project.name}/problems/").content.decode()
    assert ">Solve x+7 for $5.</a>" in listed


def test_a_large_tree_takes_few_queries_and_leaves_texts_out(
    project, reviewer, django_assert_max_num_queries
):
    problem, steps = write_problem(project, "large", branching_nodes(3000))
    write_model(problem, steps, tokens=False)
    with django_assert_max_num_queries(12):
        answer = reviewer.get(address(problem, "tree.json"), headers={"Accept-Encoding": "gzip"})
    assert answer["Content-Encoding"] == "gzip"
    data = json.loads(gzip.decompress(answer.content))
    assert len(data["ids"]) == 3001
    assert data["texts"] == {}


def test_siblings_mark_the_words_that_differ(game, reviewer):
    problem, steps, _ = game
    page = reviewer.get(address(problem, f"steps/{steps[1].pk}/siblings/")).content.decode()
    assert page.count("<li") == 2
    assert "<mark>" in page


def test_find_and_texts_refuse_what_makes_no_sense(game, reviewer):
    problem, _, _ = game
    for rest in ("find.json", "find.json?q=" + "x" * 201, "find.json?q=%00", "texts.json?at=1,x"):
        assert reviewer.get(address(problem, rest)).status_code == 422, rest
    assert reviewer.get(address(problem, "find.json?q=LEFT")).json()["hits"] == [
        1,
        2,
        3,
        4,
        6,
        7,
        8,
    ]


def test_next_unlabelled_goes_round_from_the_step_of_the_url(game, annotator):
    problem, steps, _ = game
    annotator.post(address(problem, f"steps/{steps[1].pk}/label/"), {"rating": "1"})
    answer = annotator.get(address(problem, f"unlabelled/?step={steps[0].pk}"))
    assert f"step={steps[2].pk}" in answer["Location"]


def test_a_problem_opens_where_a_trace_begins_not_on_a_dropped_branch(reviewer, project):
    nodes = [
        Node("dropped by the search", value=0.1),
        Node("unknown outcome", outcomes=[None]),
        Node("kept"),
        Node("answer", 2, outcomes=[0.0]),
    ]
    problem, steps = write_problem(project, "Search", nodes)
    page = reviewer.get(address(problem)).content.decode()
    assert f'data-step="{steps[2].pk}"' in page
    Outcome.objects.all().delete()
    page = reviewer.get(address(problem)).content.decode()
    assert f'data-step="{steps[1].pk}"' in page
