"""Credit, scores, tokens and the legend say what they show and from what."""

from __future__ import annotations

import html
import re

import pytest

from annotator.models import Outcome, Project, StepScore
from scoring.reward.scores import DEVIATION, NATS, PROBABILITY
from tests.annotator.workbench.data import address
from tests.annotator.workbench_data import GAME, Node, write_model, write_problem

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("by", "hidden"), [("leaf_value", 4), ("tempo", 0)])
def test_the_legend_has_every_swatch_so_that_another_colouring_can_show_them(
    game, reviewer, by, hidden
):
    problem, _, _ = game
    page = reviewer.get(address(problem, f"?by={by}")).content.decode()
    swatches = re.findall(r'<i class="heat-neg-[1-4]"( hidden)?>', page)
    assert (len(swatches), swatches.count(" hidden")) == (4, hidden)


def test_credit_says_how_its_formula_is_known_and_what_it_was_computed_from(game, reviewer):
    problem, steps, _ = game
    Outcome.objects.filter(trace__problem=problem).update(name="verified")
    Project.objects.update(primary_outcome="verified")
    page = reviewer.get(address(problem, f"?by=tempo&tab=credit&step={steps[2].pk}"))
    shown = re.sub(r"\s+", " ", html.unescape(page.content.decode()))
    assert shown.count("INDIRECT: the paper's equation was not seen") == 1
    assert "arXiv 2509.18314" in shown
    assert (
        "TEMPO 1 · ddof: 1 (sample) · eps: 1e-06 · single: its outcome · outcome “verified”, known for 5 traces"
        in shown
    )
    data = reviewer.get(address(problem, "credit.json?by=tempo")).json()
    assert data["made_by"] in shown
    assert data["source"].startswith("arXiv 2509.18314")


def test_token_credit_names_its_model_its_tolerance_and_that_it_is_no_cause(game, reviewer):
    problem, steps, model = game
    page = reviewer.get(address(problem, f"?tab=tokens&step={steps[2].pk}&model={model.pk}"))
    shown = re.sub(r"\s+", " ", page.content.decode())
    assert "By <b>tiny v1</b>" in shown
    assert "sums to within 0.00001" in shown
    assert "not a cause" in shown
    answer = reviewer.get(address(problem, f"steps/{steps[2].pk}/tokens.json?model={model.pk}"))
    assert answer.json()["tolerance"] == 1e-5


def test_tokens_rejoin_and_their_credit_sums_to_the_change_of_score(game, reviewer):
    problem, steps, model = game
    for step in steps:
        url = address(problem, f"steps/{step.pk}/tokens.json?model={model.pk}")
        data = reviewer.get(url).json()
        assert "".join(token["text"] for token in data["tokens"]) == step.text == data["text"]
        assert all(
            step.text[token["start"] : token["end"]] == token["text"] for token in data["tokens"]
        )
        assert abs(sum(data["credit"]) - (data["score"] - data["start"])) < 1e-5
        assert data["sums"]


def test_token_scores_that_do_not_fit_the_text_are_refused(game, reviewer):
    problem, steps, _ = game
    steps[0].text += " and more"
    steps[0].save(update_fields=["text"])
    answer = reviewer.get(address(problem, f"steps/{steps[0].pk}/tokens.json"))
    assert answer.status_code == 503
    assert "score the problem again" in answer.content.decode()


def test_step_scores_are_coloured_as_probabilities_on_every_tree_alike(project, reviewer):
    problem, steps = write_problem(project, "Make 24.", GAME)
    model = write_model(problem, steps, tokens=False)
    StepScore.objects.update(score=0.5)
    StepScore.objects.filter(step=steps[0]).update(score=0.6)
    by = f"?by=prm_score@{model.pk}"
    sent = reviewer.get(address(problem, f"credit.json{by}")).json()
    assert [sent[name] for name in ("low", "neutral", "high")] == [0.0, 0.5, 1.0]
    assert (sent["signed"], sent["two_sided"]) == (False, True)
    assert "0.50 neutral" in sent["caption"]
    page = reviewer.get(address(problem, by)).content.decode()
    assert "<small data-low>0.00</small>" in page
    assert "<small data-high>1.00</small>" in page
    assert '<i class="heat-neg-4"></i>' in page, "both sides of the legend are shown"
    # 0.6 is (0.6 - 0.5) / 0.5 * 4.5 + 0.5 = 1.4: the first of four blues; 0.5 has no colour
    shown = set(re.findall(r'class="num heat (heat-[a-z0-9-]+)"', page))
    assert shown <= {"heat-pos-1", "heat-zero", "heat-none"}
    assert "heat-zero" in shown


def test_a_tree_is_coloured_by_what_a_model_says_beside_the_score(project, reviewer):
    problem, steps = write_problem(project, "Make 24.", GAME)
    model = write_model(problem, steps, tokens=False)
    names = [["disagreement", DEVIATION], ["member 1", PROBABILITY], ["reward so far", NATS]]
    type(model).objects.filter(pk=model.pk).update(parts=names)
    StepScore.objects.update(score=0.5, parts=[0.1, 0.9, 0.5])
    StepScore.objects.filter(step=steps[0]).update(parts=[0.4, 0.2, -2.0])
    page = reviewer.get(address(problem)).content.decode()
    for part, name in ((1, "disagreement"), (2, "member 1"), (3, "reward so far")):
        assert f"prm_score@{model.pk}.{part}" in page
        assert name in page
    spread = reviewer.get(address(problem, f"credit.json?by=prm_score@{model.pk}.1")).json()
    assert (spread["low"], spread["two_sided"]) == (0.0, False)
    assert DEVIATION in spread["caption"]
    member = reviewer.get(address(problem, f"credit.json?by=prm_score@{model.pk}.2")).json()
    assert [member[name] for name in ("low", "neutral", "high")] == [0.0, 0.5, 1.0]
    ratio = reviewer.get(address(problem, f"credit.json?by=prm_score@{model.pk}.3")).json()
    assert (ratio["neutral"], ratio["two_sided"], ratio["low"]) == (0.0, True, -ratio["high"])
    assert ratio["high"] > 1
    for wrong in (f"{model.pk}.4", f"{model.pk}.x", f"{model.pk}.-1", f"{model.pk}."):
        assert reviewer.get(address(problem, f"?by=prm_score@{wrong}")).status_code == 404, wrong


def test_the_legend_says_in_sentences_what_the_colours_hide(reviewer, project):
    nodes = [Node("dropped"), Node("kept", outcomes=[1.0]), Node("also", outcomes=[0.0])]
    problem, _ = write_problem(project, "Search", nodes)
    coloring = reviewer.get(address(problem, "credit.json?by=grpo")).json()
    assert coloring["caption"].startswith("standard deviations · 1 without a number")
    assert coloring["explained"].startswith("The colours run from −")
    assert "1 steps have no number" not in coloring["explained"]
    assert "1 step has no number" in coloring["explained"]
