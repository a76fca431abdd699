"""Who may open and change what in the workbench."""

from __future__ import annotations

import pytest

from annotator.models import Project, StepLabel
from tests.annotator.workbench.data import address
from tests.annotator.workbench_data import GAME, member, write_problem

pytestmark = pytest.mark.django_db


def addresses(problem, step, trace):
    """Every address of the workbench with its method."""
    return [
        ("get", address(problem)),
        ("get", address(problem, "tree.json")),
        ("get", address(problem, "credit.json?by=grpo")),
        ("get", address(problem, "texts.json?at=1,2")),
        ("get", address(problem, "find.json?q=24")),
        ("get", address(problem, "unlabelled/")),
        ("get", address(problem, f"steps/{step.pk}/siblings/")),
        ("get", address(problem, f"steps/{step.pk}/tokens.json")),
        ("post", address(problem, "undo/")),
        ("post", address(problem, "redo/")),
        ("post", address(problem, f"steps/{step.pk}/label/")),
        ("post", address(problem, f"traces/{trace.pk}/outcome/")),
    ]


def test_strangers_learn_nothing_and_visitors_are_sent_to_sign_in(game, client, client_for):
    problem, steps, _ = game
    other = Project.objects.create(name="Other")
    stranger = client_for(member(other, "stranger", "owner"))
    for method, url in addresses(problem, steps[1], problem.traces.first()):
        assert getattr(stranger, method)(url).status_code == 404, url
        assert getattr(client, method)(url)["Location"].startswith("/sign-in/"), url


def test_a_problem_of_another_project_is_not_found_under_this_ones_name(game, project, client_for):
    problem, steps, _ = game
    other = Project.objects.create(name="Other")
    both = member(project, "both", "owner")
    member(other, "both", "owner")
    for method, url in addresses(problem, steps[1], problem.traces.first()):
        wrong = url.replace(problem.project.name, "Other")
        assert getattr(client_for(both), method)(wrong).status_code == 404, wrong


def test_a_step_of_another_problem_is_not_labelled_through_this_one(game, project, annotator):
    problem, _, _ = game
    _, others = write_problem(project, "another", GAME)
    url = address(problem, f"steps/{others[0].pk}/label/")
    assert annotator.post(url, {"rating": "1"}).status_code == 404
    assert not StepLabel.objects.exists()


def test_blind_annotators_get_no_model_scores(game, project, annotator, reviewer):
    problem, steps, model = game
    project.show_scores = False
    project.save()
    url = address(problem, f"steps/{steps[0].pk}/tokens.json")
    assert annotator.get(url).status_code == 404
    page = annotator.get(address(problem, f"?by=prm_score@{model.pk}")).content.decode()
    gone = annotator.get(address(problem, "?by=prm_score@999999")).content.decode()
    for number, said in ((str(model.pk), page), ("999999", gone)):
        assert f"Model {number}, which this link names, was deleted or has no scores here" in said
    assert (
        annotator.get(address(problem, f"credit.json?by=prm_score@{model.pk}")).json()["key"]
        == "tempo"
    )
    assert "data-credit" not in annotator.get(address(problem)).content.decode()
    assert reviewer.get(url).status_code == 200


def test_viewers_may_not_judge_and_annotators_may_not_correct_outcomes(
    game, project, annotator, client_for
):
    problem, steps, _ = game
    viewer = client_for(member(project, "viewer", "viewer"))
    assert (
        viewer.post(address(problem, f"steps/{steps[0].pk}/label/"), {"rating": "1"}).status_code
        == 403
    )
    trace = problem.traces.first()
    url = address(problem, f"traces/{trace.pk}/outcome/")
    assert annotator.post(url, {"name": "correct", "value": "1"}).status_code == 403
