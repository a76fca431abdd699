"""The picker, limits of one trace, columns for the search, and credit in the API."""

from __future__ import annotations

import html
import re

import pytest

from annotator.models import Outcome, RewardModel
from scoring.credit.registry import METHODS
from tests.annotator.workbench.data import HTMX, address
from tests.annotator.workbench_data import Node, write_problem
from tests.page_text import without_tokens

pytestmark = pytest.mark.django_db


def test_the_picker_groups_methods_and_says_what_each_lacks_and_how_it_is_known(game, reviewer):
    problem, _, model = game
    page = without_tokens(
        reviewer.get(address(problem, "credit/menu/?by=grpo:ddof=0")).content.decode()
    )
    gigpo = (
        'data-key="gigpo" data-family="States and hierarchy" aria-selected="false" aria-disabled'
    )
    assert page.index("Needs environment states: ") < page.index(gigpo)
    assert 'data-key="grpo" data-family="Outcomes" aria-selected="true">' in page
    assert "TreePS-RAG (reconstruction)" in page
    assert '<option value="0" selected>' in page, "the settings in use are in the form"
    assert f'<option value="{model.pk}"' in page


def test_what_several_methods_lack_is_said_once_above_them(project, reviewer):
    problem, _ = write_problem(project, "Bare.", [Node("One."), Node("Two.", 0)])
    page = reviewer.get(address(problem, "credit/menu/")).content.decode()
    listed = page.split('id="color-about"')[0]
    reason = "Needs outcomes: import traces with outcomes, or set them in the inspector."
    assert listed.count(reason) == 1
    assert listed.count("data-key=") == len(METHODS)
    group = listed.split(reason)[1].split('role="group"')[0]
    assert len(re.findall('aria-disabled="true"', group)) > 10
    assert "Mean outcome of the traces that pass through the step." in group


def test_a_deleted_model_is_said_and_the_page_opens_with_other_colours(game, reviewer):
    problem, _, model = game
    gone = model.pk + 1
    page = reviewer.get(address(problem, f"?by=prm_score@{gone}")).content.decode()
    said = f"Model {gone}, which this link names, was deleted or has no scores here"
    assert said in page
    data = reviewer.get(address(problem, f"credit.json?by=prm_score@{gone}")).json()
    assert data["notice"].startswith(said)
    assert data["key"] == f"prm_score@{model.pk}"
    RewardModel.objects.all().delete()
    data = reviewer.get(address(problem, f"credit.json?by=prm_score@{gone}")).json()
    assert data["key"] == "tempo"


def test_limits_of_a_trace_are_the_same_in_the_tree_and_on_the_path(game, reviewer):
    problem, steps, _ = game
    query = f"by=tempo&scale=trace&step={steps[7].pk}&trace={steps[7].pk}"
    data = reviewer.get(address(problem, f"credit.json?{query}")).json()
    whole = reviewer.get(address(problem, "credit.json?by=tempo")).json()
    assert data["high"] < whole["high"]
    assert "limits of this trace" in data["caption"]
    page = reviewer.get(address(problem, f"?{query}"), headers=HTMX).content.decode()
    assert f"&quot;high&quot;: {data['high']}" in page


def test_every_method_at_a_step_is_there_when_asked_for(game, reviewer):
    problem, steps, model = game
    page = reviewer.get(address(problem, f"credit/here/?step={steps[2].pk}")).content.decode()
    for name in ("GRPO", "SPO on trees", f"PURE · {model}"):
        assert f">{name}</a>" in page
    assert "GiGPO" not in page


@pytest.mark.parametrize("name", ["human", "outcome", "disagree"])
def test_columns_for_the_search_say_why_there_are_none(game, reviewer, name):
    problem, _, _ = game
    data = reviewer.get(address(problem, f"find-columns.json?name={name}")).json()
    if name == "outcome":
        assert data["values"][4:6] == [1.0, 1.0]
    else:
        assert data["missing"].startswith("Nobody rated a step here")
    assert reviewer.get(address(problem, "find-columns.json?name=x")).status_code == 422


def test_the_api_gives_credit_by_method_and_parameters_with_what_made_it(game, reviewer):
    problem, steps, model = game
    url = f"/api/v1/problems/{problem.pk}/credit/"
    data = reviewer.get(f"{url}?method=grpo&ddof=0&end={steps[4].pk}").json()
    assert (data["method"], data["params"]["ddof"], data["by_trace"]) == ("grpo", 0, True)
    assert [row["step"] for row in data["steps"]] == [step.pk for step in steps]
    assert [row["step"] for row in data["trace"]] == [steps[at].pk for at in (0, 2, 3, 4)]
    assert data["trace"][3]["credit"] == pytest.approx(2.0, abs=0.01)
    scores = reviewer.get(f"{url}?method=prm_score&model={model.pk}").json()
    assert scores["model"] == model.pk
    for query, status, said in (
        ("method=shap", 404, "known: leaf_value"),
        ("method=grpo&dof=0", 404, "known: ddof, eps, single"),
        ("method=grpo&ddof=7", 404, "must be 0 or 1"),
        ("method=gigpo", 422, "needs environment states"),
        ("method=grpo&end=1", 404, "No trace"),
    ):
        answer = reviewer.get(f"{url}?{query}")
        assert answer.status_code == status, query
        assert said in answer.json()["error"]["message"]


def test_the_api_lists_methods_and_what_they_lack(game, reviewer):
    problem, _, _ = game
    rows = reviewer.get(f"/api/v1/problems/{problem.pk}/credit/methods/").json()["results"]
    found = {row["method"]: row for row in rows}
    assert found["tempo"]["missing"] == ""
    assert found["gigpo"]["missing"].startswith("needs environment states")
    assert found["grpo"]["params"][0] == {"name": "ddof", "default": 1, "allowed": "0 or 1"}


def test_a_method_without_its_data_says_what_is_missing_and_shows_no_scale(game, reviewer):
    problem, _, _ = game
    page = html.unescape(reviewer.get(address(problem, "?by=sotopia")).content.decode())
    assert "Sotopia-RL needs the field attribution: give the records of steps" in page
    assert re.search(r'id="legend" [^>]* hidden>', page)
    link = re.search(r'<a href="([^"]+)" data-nav>Show it with form: discount, no judge</a>', page)
    there = reviewer.get(address(problem, link[1])).content.decode()
    assert not re.search(r'id="legend" [^>]* hidden>', there)
    menu = html.unescape(reviewer.get(address(problem, "credit/menu/?by=sotopia")).content.decode())
    assert "As it is set now: Sotopia-RL needs the field attribution" in menu
    assert "Show it with" not in reviewer.get(address(problem, "?by=gigpo")).content.decode()
    assert (
        reviewer.get(address(problem, "?by=shaping:potential=label")).content.count(
            b"its usual settings"
        )
        == 1
    )


def test_equal_outcomes_show_no_scale_either(game, reviewer):
    problem, _, _ = game
    Outcome.objects.update(value=1.0)
    page = reviewer.get(address(problem, "?by=grpo")).content.decode()
    assert re.search(r'id="legend" [^>]* hidden>', page)
    assert "no signal" in page
    compare = reviewer.get(address(problem, "compare/?by=grpo")).content.decode()
    assert "Nothing is coloured · no signal: all outcomes are equal" in compare
    assert '<span class="legend">' not in compare
    figure = reviewer.get(address(problem, "figures/tree.svg?by=grpo")).content.decode()
    assert "no signal: nothing is coloured" in figure
    assert ">0.00<" not in figure
