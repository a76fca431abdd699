"""Overviews: what is counted, what was sampled, who sees which part."""

from __future__ import annotations

import numpy as np
import pytest

from annotator.models import Outcome, Project, StepScore
from annotator.queries.trees import sampled
from annotator.queries.trees.sampled import sample_of
from annotator.views.reading.overview_numbers import by_depth, calibration, histograms, told_of
from annotator.views.reading.overview_pictures import bands_drawing, reliability_picture
from tests.annotator.workbench_data import GAME, branching_nodes, member, write_model, write_problem
from tests.page_text import without_tokens

pytestmark = pytest.mark.django_db


@pytest.fixture
def many(project, game, models, rated):
    """Three more problems that the first model scored, too."""
    for number in range(3):
        problem, steps = write_problem(project, f"again {number}", branching_nodes(30, seed=number))
        rng = np.random.default_rng(number)
        StepScore.objects.bulk_create(
            StepScore(step=step, model=models[0], score=float(rng.random())) for step in steps
        )
        assert problem.n_steps == 30
    return models[0]


def read(client, url, status=200):
    answer = client.get(url)
    assert answer.status_code == status, url
    return without_tokens(answer.content.decode())


def test_statements_do_not_grow_with_problems(
    project, game, models, rated, many, django_assert_num_queries
):
    ids = sample_of(project=project).ids
    for some in (ids[:1], ids):
        with django_assert_num_queries(5):
            told_of(project=project, ids=some, model=models[0], rated=True)


def test_every_step_and_trace_is_counted_once(project, game, models, rated, many):
    sample = sample_of(project=project)
    assert sample.whole
    told = told_of(project=project, ids=sample.ids, model=many, rated=True)
    scores = by_depth(told, "score")
    assert sum(band.n for band in scores.bands) == StepScore.objects.filter(model=many).count()
    traces = sum(len(one.tree.ends) for one in told)
    for _, made in histograms(told, 0.5):
        assert made.n + made.unknown == traces
    found = calibration(told)
    assert sum(one.right.n for one in found.bins) == found.n
    assert found.problems == 4
    assert all(one.right.low <= one.right.value <= one.right.high for one in found.bins)
    assert reliability_picture(found) is not None


def test_first_errors_of_people_and_of_the_model_are_those_of_the_game(
    project, game, models, rated
):
    problem, _ = game
    told = told_of(project=project, ids=(problem.pk,), model=models[0], rated=True)
    found = dict(histograms(told, 0.5))
    # traces end at 1, 4, 5, 6 and 7; HUMAN is 1, -1, 1, 1, 1, -1, None, -1
    assert [bar[2] for bar in found["People"].bars] == [1, 1, 1, 0]
    assert (found["People"].none, found["People"].unknown) == (1, 1)
    assert [bar[2] for bar in found["Checkers"].bars] == [1, 0, 2, 0]
    assert found["Checkers"].none == 2


def test_a_method_is_computed_on_each_tree_and_what_lacks_outcomes_is_left_out(
    project, game, models
):
    bare, _ = write_problem(project, "no outcome", list(GAME[:1]))
    told = told_of(project=project, ids=(game[0].pk, bare.pk), model=None, rated=False)
    found = by_depth(told, "tempo")
    assert found.missing == 1
    assert "outcome" in found.reason
    assert bands_drawing(found) is not None
    assert bands_drawing(by_depth(told, "score")) is None


def test_means_of_rewards_are_not_called_shares_of_successes(project, game, models):
    Outcome.objects.filter(value=1.0).update(value=7.0)
    told = told_of(project=project, ids=(game[0].pk,), model=models[0], rated=False)
    assert by_depth(told, "monte_carlo").unit == "mean outcome"
    assert by_depth(told, "grpo").unit == "standard deviations"


def test_a_large_project_is_sampled_the_same_way_each_time_and_says_so(
    project, game, models, rated, many, reviewer, monkeypatch
):
    monkeypatch.setattr(sampled, "MOST_STEPS", 40)
    first = sample_of(project=project)
    assert first == sample_of(project=project)
    assert not first.whole
    assert first.steps <= 40
    whole = read(reviewer, f"/p/{project.name}/overview/")
    assert "a part of the project" in whole
    monkeypatch.setattr(sampled, "MOST_STEPS", 1)
    assert len(sample_of(project=project).ids) == 1, "one problem is always read"


def test_scores_that_are_no_probabilities_have_no_calibration(project, game, models):
    StepScore.objects.filter(model=models[0]).update(score=1.5)
    told = told_of(project=project, ids=(game[0].pk,), model=models[0], rated=False)
    assert "outside 0 to 1" in calibration(told).missing


def test_pages_of_reviewers_have_all_parts(project, game, models, rated, many, reviewer, address):
    for url in (f"/p/{project.name}/overview/?model={many.pk}", address("overview/")):
        said = read(reviewer, url)
        for word in ("People", "Checkers", "Model, score below 0.5", "Reliability", "by depth"):
            assert word in said, (url, word)
    fragment = reviewer.get(address("overview/"), headers={"HX-Request": "true"})
    assert "<html" not in fragment.content.decode()


def test_who_is_blind_sees_neither_scores_nor_others_ratings(
    project, game, models, rated, annotator, address
):
    project.show_scores = False
    project.save()
    for url in (f"/p/{project.name}/overview/", address("overview/")):
        said = read(annotator, url)
        for word in ("People", "Checkers", "Reliability", "Step score", "Search value"):
            assert word not in said, (url, word)
        assert annotator.get(f"{url}?model={models[0].pk}").status_code == 404
        assert annotator.get(f"{url}?by=score").status_code == 404
        assert annotator.get(f"{url}?by=value").status_code == 404
        assert annotator.get(f"{url}?by=tempo").status_code == 200


def test_addresses_that_mean_nothing_and_strangers(project, game, reviewer, client_for, address):
    stranger = client_for(member(Project.objects.create(name="Other"), "stranger", "owner"))
    for url in (f"/p/{project.name}/overview/", address("overview/")):
        assert stranger.get(url).status_code == 404
        for query in ("model=0", "model=x", "by=nothing"):
            assert reviewer.get(f"{url}?{query}").status_code == 404
        assert reviewer.get(f"{url}?cut=7").status_code == 200


def test_a_model_of_another_project_is_not_found(project, game, models, reviewer):
    other = Project.objects.create(name="Other")
    problem, steps = write_problem(other, "x", GAME)
    theirs = write_model(problem, steps)
    assert reviewer.get(f"/p/{project.name}/overview/?model={theirs.pk}").status_code == 404


def test_an_empty_project_and_an_empty_problem_say_so(project, reviewer):
    assert "No steps yet" in read(reviewer, f"/p/{project.name}/overview/")
    problem, _ = write_problem(project, "empty", [])
    url = f"/p/{project.name}/problems/{problem.pk}/overview/"
    assert "No steps yet" in read(reviewer, url)
