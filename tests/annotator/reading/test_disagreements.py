"""Where people, models and methods come apart: sizes, pages, and who may look."""

from __future__ import annotations

import re

import numpy as np
import pytest

from annotator.models import RewardModel, StepScore
from annotator.queries.trees import differences as module
from annotator.queries.trees.differences import Wanted, differences
from annotator.services.judgements.labels import label_set
from annotator.views.reading.apart import rank_gaps
from tests.annotator.reading.conftest import CHECKED, HUMAN
from tests.annotator.workbench_data import Node, member, write_model, write_problem
from tests.page_text import without_tokens

pytestmark = pytest.mark.django_db
PEOPLE = ("person", "imported")


@pytest.fixture
def page(project):
    return f"/p/{project.name}/disagreements/"


def read(client, url, status=200):
    answer = client.get(url)
    assert answer.status_code == status, url
    return without_tokens(answer.content.decode())


def sizes(steps, model, ratings):
    scores = dict(model.step_scores.values_list("step_id", "score"))
    return {
        step.pk: abs(rating - (2 * scores[step.pk] - 1))
        for step, rating in zip(steps, ratings, strict=True)
        if rating is not None
    }


@pytest.mark.parametrize(("kinds", "ratings"), [(PEOPLE, HUMAN), (("machine",), CHECKED)])
def test_sizes_are_those_of_the_definition_largest_first(
    game, models, rated, project, kinds, ratings
):
    _, steps = game
    found = differences(project=project, wanted=Wanted(kinds, models[0].pk))
    wanted = sizes(steps, models[0], ratings)
    assert {row.step.pk: pytest.approx(row.size, abs=1e-6) for row in found.rows} == wanted
    assert all(one.size >= two.size for one, two in zip(found.rows, found.rows[1:], strict=False))
    assert found.pairs == found.matching == len(wanted)


def test_pages_follow_one_another_without_gap_or_repeat_whatever_is_equal(
    game, models, rated, project, monkeypatch
):
    StepScore.objects.filter(model=models[0]).update(score=0.5)  # all sizes are 1
    monkeypatch.setattr(module, "PAGE", 3)
    seen, after = [], ""
    while True:
        found = differences(project=project, wanted=Wanted(PEOPLE, models[0].pk), after=after)
        seen += [row.step.pk for row in found.rows]
        after = found.next
        if not after:
            break
    assert len(seen) == len(set(seen)) == sum(rating is not None for rating in HUMAN)


def test_filters_by_size_direction_and_side(game, models, rated, project):
    base = differences(project=project, wanted=Wanted(PEOPLE, models[0].pk)).rows

    def kept(**more):
        wanted = Wanted(PEOPLE, models[0].pk, **more)
        return {row.step.pk for row in differences(project=project, wanted=wanted).rows}

    assert kept(least=1.0) == {row.step.pk for row in base if row.size >= 1}
    assert kept(lean="up") == {row.step.pk for row in base if row.b > row.a}
    assert kept(opposite=True) == {row.step.pk for row in base if row.a * row.b < 0}


def test_two_models_are_compared_and_what_is_no_probability_is_left_out(game, models, project):
    _, steps = game
    StepScore.objects.filter(model=models[1], step=steps[0]).update(score=3.5)
    wanted = Wanted((), models[1].pk, model_a=models[0].pk)
    found = differences(project=project, wanted=wanted)
    assert found.pairs == len(steps) - 1
    one, two = (dict(m.step_scores.values_list("step_id", "score")) for m in models)
    for row in found.rows:
        assert row.size == pytest.approx(abs(one[row.step.pk] - two[row.step.pk]), abs=1e-6)


def test_ranks_apart_do_not_depend_on_units_and_leave_gaps_out():
    first = np.array([np.nan, 1.0, 2.0, 3.0, np.nan])
    assert np.nan_to_num(rank_gaps(first, -first), nan=-1).tolist() == [-1, 1, 0, 1, -1]
    assert np.array_equal(
        rank_gaps(first, first**2 * 100), np.where(np.isfinite(first), 0, np.nan), equal_nan=True
    )
    assert np.isnan(rank_gaps(np.array([1.0]), np.array([1.0]))).all()


def test_each_row_leads_to_its_place_with_both_choices(
    game, models, rated, project, reviewer, page
):
    whole = read(reviewer, f"{page}?model_b={models[0].pk}")
    links = [
        link.replace("&amp;", "&") for link in re.findall(r'href="([^"]+step=\d+[^"]*)"', whole)
    ]
    compares = [
        one.replace("&amp;", "&") for one in re.findall(r'href="([^"]+/compare/[^"]+)"', whole)
    ]
    assert len(compares) == sum(rating is not None for rating in HUMAN)
    for link in (links[0], compares[0]):
        assert reviewer.get(link).status_code == 200
    assert "by=human" in compares[0]
    assert f"by_b=prm_score%40{models[0].pk}" in compares[0]
    assert "tab=labels" in links[0]
    methods = read(reviewer, f"{page}?kind=methods&by=tempo&by_b=grpo")
    assert "by=tempo" in methods
    assert "by_b=grpo" in methods


def test_a_problem_that_is_too_large_for_the_page_is_named(
    game, project, reviewer, page, monkeypatch
):
    from annotator.views.reading import disagreements

    write_problem(project, "The large one.", [])
    project.problems.filter(prompt="The large one.").update(n_steps=9)
    monkeypatch.setattr(disagreements, "STEPS_AT_ONCE", 10)
    whole = read(reviewer, f"{page}?kind=methods")
    assert "Too large for this page" in whole
    assert "The large one." in whole


@pytest.mark.parametrize(
    ("query", "status"),
    [
        *(("kind=nothing", 400), ("model_b=0", 404), ("model_b=x", 404), ("after=x", 400)),
        *(("after=1", 400), ("after=1.-2", 400), ("kind=methods&by=prm_score", 404)),
        *(("kind=methods&by=nothing", 404), ("least=7&lean=x&opposite=x", 200)),
    ],
)
def test_what_makes_no_sense_is_said(game, models, rated, reviewer, page, query, status):
    found = reviewer.get(f"{page}?{query}").status_code
    assert found == status or (status == 400 and found == 422)


def test_a_project_without_scores_says_what_is_needed(game, reviewer, page):
    for kind, want in (
        ("people", "Nobody rated a step and no model has scored a step."),
        ("checkers", "No checker rated a step and no model has scored a step."),
        ("models", "step scores of the same steps by two models"),
    ):
        assert want in read(reviewer, f"{page}?kind={kind}")


def current(content):
    return re.search(
        r'aria-current="page"[^>]*>([A-Z][^<]+)<', content.split('aria-label="Who disagrees"')[1]
    )[1].strip()


def test_the_page_opens_on_the_first_kind_that_has_rows_and_says_why_others_have_none(
    game, project, reviewer, page
):
    problem, steps = game
    whole = read(reviewer, page)
    assert current(whole) == "Two methods"
    assert "People and a model (nobody rated a step and no model has scored a step)" in whole
    one = write_model(problem, steps[:4], name="one")
    assert "Two models (only one has scored steps)" in read(reviewer, page).replace(str(one), "one")
    write_model(problem, steps[4:], name="two", seed=1)
    assert "Two models (no step has scores of two models)" in read(reviewer, page)
    write_model(problem, steps[:2], name="three", seed=2)
    whole = read(reviewer, page)
    assert current(whole) == "Two models"
    assert "2 of 2 steps with both numbers" in whole, "the newest two that meet, not the newest two"
    label_set(step=steps[0], user=member(project, "colleague", "annotator"), rating=1)
    assert current(read(reviewer, page)) == "People and a model"
    label_set(
        step=steps[0], user=member(project, "colleague", "annotator"), rating=None, unsure=True
    )
    assert current(read(reviewer, page)) == "Two models"


def test_one_problem_alone_is_looked_at_and_named(game, models, rated, project, reviewer, page):
    problem, _ = game
    other, steps = write_problem(project, "Another one.", [Node("x", outcomes=[1.0]), Node("y")])
    model = write_model(other, steps, name="own")
    for kind in ("people", "methods"):
        whole = read(reviewer, f"{page}?kind={kind}&problem={problem.pk}")
        assert "Another one." not in whole
        assert 'id="problem-strip"' in whole
        assert f'name="problem" value="{problem.pk}"' in whole
        assert f"?kind=models&amp;problem={problem.pk}" in whole
    whole = read(reviewer, f"{page}?problem={other.pk}")
    assert current(whole) == "Two methods"
    assert f"Two models (only {model} has scored steps)" in whole
    assert "People and a model (nobody rated a step)" in whole
    for wrong in ("0", "x", "999999"):
        assert reviewer.get(f"{page}?problem={wrong}").status_code == 404


def test_two_methods_are_named_in_the_heads_of_the_table(game, reviewer, page):
    whole = read(reviewer, f"{page}?kind=methods&by=tempo&by_b=grpo")
    assert '<th scope="col" class="num">TEMPO</th><th scope="col" class="num">GRPO</th>' in whole
    assert "|rank by TEMPO − rank by GRPO|" in whole


@pytest.mark.parametrize("kind", ["people", "models", "methods"])
def test_only_reviewers_look(game, models, rated, annotator, page, kind):
    assert annotator.get(f"{page}?kind={kind}").status_code == 403


def test_a_model_of_another_project_is_not_found(game, models, reviewer, page):
    other = RewardModel.objects.create(
        project=type(game[0].project).objects.create(name="Other"), name="x", kind="prm", ready=True
    )
    assert reviewer.get(f"{page}?model_b={other.pk}").status_code == 404
