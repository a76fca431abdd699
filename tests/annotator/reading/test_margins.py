"""Margins of sides that have no number, of numbers of one side alone, and of lengths; what is off the scale."""

from __future__ import annotations

import csv
import html
import io
import re
from urllib.parse import parse_qs, urlsplit

import pytest

from annotator.models import StepScore
from annotator.services.judgements.labels import label_set
from tests.annotator.workbench_data import Node, member, write_problem

pytestmark = pytest.mark.django_db


def read(client, url):
    answer = client.get(url)
    assert answer.status_code == 200, url
    return re.sub(r"\s+", " ", html.unescape(answer.content.decode()))


def trace(problem, step):
    return f"t{problem.traces.get(end=step).pk}"


def heads(page):
    """Return what each side says of its own numbers, without tags."""
    return [
        re.sub(r"<svg.*?</svg>|<[^>]+>", " ", one)
        for one in re.findall(r'"side-facts">(.*?)</p>', page)
    ]


def score_only(model, *steps):
    """Leave ``model`` nothing but the scores of ``steps``."""
    StepScore.objects.filter(model=model).exclude(step__in=steps).delete()
    model.token_scores.all().delete()


def set_score(model, step, score):
    StepScore.objects.filter(model=model, step=step).update(score=score)


def selected(page):
    return re.findall(r'value="(t\d+)" selected', page)


def preset(page, name):
    link = re.search(rf'href="([^"]+)"[^>]*>{name}<', page)[1]
    return {key: value[0] for key, value in parse_qs(urlsplit(link).query).items()}


def test_two_traces_without_a_number_have_no_margin(game, models, reviewer, address):
    problem, steps = game
    score_only(models[0], steps[7])
    query = (
        f"?a={trace(problem, steps[4])}&b={trace(problem, steps[1])}&by=prm_score@{models[0].pk}"
    )
    page = read(reviewer, address(f"compare/{query}"))
    assert "Undefined because neither trace has a number." in page
    assert "Margin –" in page
    assert "The bars sum to" not in page
    assert 'role="img" aria-label="A,' not in page
    for one in heads(page):
        assert "at the end –" in re.sub(r"\s+", " ", one)
    picture = read(reviewer, address(f"figures/compare.svg{query}"))
    assert "undefined because neither trace has a number" in picture
    assert "margin 0" not in picture
    table = reviewer.get(address(f"figures/compare.csv{query}")).content.decode()
    assert "undefined because neither trace has a number" in table
    assert "margin 0" not in table
    below = "\r\n".join(line for line in table.split("\r\n") if not line.startswith("#,"))
    for row in csv.DictReader(io.StringIO(below, newline="")):
        assert (row["a_adds"], row["b_adds"], row["delta"]) == ("", "", "")


def test_one_side_without_a_number_leaves_no_margin_either(game, models, reviewer, address):
    problem, steps = game
    score_only(models[0], steps[7])
    by = f"prm_score@{models[0].pk}"
    ends = trace(problem, steps[7]), trace(problem, steps[4])
    page = read(reviewer, address(f"compare/?a={ends[0]}&b={ends[1]}&by={by}"))
    assert "Undefined because B, Trace 2, has no number." in page
    assert "The bars sum to" not in page


def test_traces_that_have_numbers_are_chosen_first(game, models, reviewer, address):
    problem, steps = game
    score_only(models[0], steps[5], steps[7])
    by = f"prm_score@{models[0].pk}"
    wanted = [trace(problem, steps[5]), trace(problem, steps[7])]
    page = read(reviewer, address(f"compare/?by={by}"))
    assert selected(page) == wanted
    usual = preset(page, "Two traces")
    assert [usual["a"], usual["b"]] == wanted
    beside = read(reviewer, address(f"compare/?a={wanted[0]}&by={by}"))
    assert selected(beside) == wanted


def test_each_side_counts_its_own_numbers(game, models, project, reviewer, address):
    problem, steps = game
    label_set(step=steps[0], user=member(project, "colleague", "annotator"), rating=1)
    score_only(models[0], steps[2], steps[3])
    set_score(models[0], steps[2], 0.75)
    set_score(models[0], steps[3], 0.875)
    own = trace(problem, steps[4])
    query = f"?a={own}&b={own}&by=human&by_b=prm_score@{models[0].pk}"
    a, b = heads(read(reviewer, address(f"compare/{query}")))
    assert "+1.000" in a
    assert "3 without a number" in a
    assert "+1.250" in b, "2p − 1 of both scores"
    assert "2 without a number" in b


def test_a_model_without_scores_here_ends_nowhere(game, models, reviewer, address):
    problem, steps = game
    score_only(models[1], steps[7])
    own = trace(problem, steps[4])
    first, second = (f"prm_score@{model.pk}" for model in models)
    page = read(reviewer, address(f"compare/?a={own}&b={own}&by={first}&by_b={second}"))
    score = models[0].step_scores.get(step=steps[4]).score
    a, b = (re.sub(r"\s+", " ", one) for one in heads(page))
    assert f"at the end {score:.3f}" in a
    assert "at the end –" in b
    assert "no step of this trace has a number by the numbers of B" in page


def test_usual_comparisons_lead_to_a_trace_with_both_numbers(
    game, models, project, reviewer, address
):
    problem, steps = game
    label_set(step=steps[7], user=member(project, "colleague", "annotator"), rating=1)
    score_only(models[0], steps[4], steps[7])
    score_only(models[1], steps[4], steps[7])
    page = read(reviewer, address(f"compare/?a={trace(problem, steps[5])}"))
    people, two = preset(page, "People and a model"), preset(page, "Two models")
    assert people["a"] == people["b"] == trace(problem, steps[7])
    assert two["a"] == two["b"] == trace(problem, steps[4])
    opened = read(reviewer, address(f"compare/?by={people['by']}&by_b={people['by_b']}"))
    assert selected(opened) == [trace(problem, steps[7])] * 2


@pytest.mark.parametrize("by", ["grpo", "dr_grpo", "rloo"])
def test_a_margin_that_is_a_difference_of_lengths_says_so(game, reviewer, address, by):
    problem, steps = game
    said = (
        "By this method every step of a trace has the same credit, so its sum grows with length: "
        "A has 4 steps, B 2 steps."
    )
    query = f"?a={trace(problem, steps[4])}&b={trace(problem, steps[1])}&by={by}"
    assert said in read(reviewer, address(f"compare/{query}"))
    assert said in read(reviewer, address(f"figures/compare.csv{query}"))
    alike = f"?a={trace(problem, steps[5])}&b={trace(problem, steps[6])}&by={by}"
    assert "grows with length" not in read(reviewer, address(f"compare/{alike}"))


def test_credit_that_differs_by_step_has_no_such_caution(game, project, reviewer, address):
    problem, steps = game
    query = f"?a={trace(problem, steps[4])}&b={trace(problem, steps[1])}&by=tempo"
    assert "grows with length" not in read(reviewer, address(f"compare/{query}"))
    colleague = member(project, "colleague", "annotator")
    for step in steps:
        label_set(step=step, user=colleague, rating=1)
    query = query.replace("tempo", "human")
    assert "grows with length" not in read(reviewer, address(f"compare/{query}"))


def test_numbers_beyond_the_limits_are_counted_once(project, reviewer):
    nodes = [Node("shared", value=0.9)]
    nodes += [Node(f"a{at}", at, value=0.5) for at in range(80)]
    nodes += [Node("b", 0, value=0.5)]
    problem, steps = write_problem(project, "long", nodes)
    base = f"/p/{project.name}/problems/{problem.pk}"
    query = f"?a=s{steps[80].pk}&b=s{steps[81].pk}&by=value"
    assert " · 1 off the scale" in read(reviewer, f"{base}/compare/{query}")
    assert "1 off the scale" in read(reviewer, f"{base}/figures/compare.csv{query}")
    limits = re.search(
        r"colours [\d.]+ to [\d.]+", read(reviewer, f"{base}/figures/compare.csv{query}")
    )
    assert limits[0] == "colours 0.00 to 0.50", "as in the workbench"
    steps[0].value = 0.4
    steps[0].save()
    assert "off the scale" not in read(reviewer, f"{base}/compare/{query}")


def test_labels_are_not_held_against_themselves(project, reviewer):
    nodes = (Node("One."), Node("Two.", 0), Node("Three.", 1, outcomes=[None]))
    problem, steps = write_problem(project, "One trace.", nodes)
    colleague = member(project, "colleague", "annotator")
    for step in steps[:2]:
        label_set(step=step, user=colleague, rating=1)
    base = f"/p/{project.name}/problems/{problem.pk}/compare/"
    for query in ("", "?by=rating", f"?a=s{steps[2].pk}&by=rating", "?by=human"):
        page = read(reviewer, base + query)
        assert "against Human ratings" not in page, query
        assert "nothing to hold beside it" in page, query
        assert "It takes another trace of this problem or step scores of a model." in page, query
