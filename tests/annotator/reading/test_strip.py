"""The pages of one problem lead to each other, with what means something on the other side."""

from __future__ import annotations

import html
import re
from urllib.parse import unquote

import pytest

from annotator.services.judgements.labels import label_set
from tests.annotator.workbench_data import Node, member, write_model, write_problem

pytestmark = pytest.mark.django_db

PAGES = ("", "attribution/", "compare/", "figures/tree/", "overview/")
STRIP = re.compile(r'<nav id="problem-strip".*?</nav>', re.DOTALL)


def read(client, url, **headers):
    answer = client.get(url, headers=headers)
    assert answer.status_code == 200, url
    return answer.content.decode()


def links(content):
    strip = STRIP.search(content)[0]
    found = re.findall(r'<a href="([^"]+)"( aria-current="page")?>(\w+)</a>', strip)
    return {name: (unquote(html.unescape(href)), bool(here)) for href, here, name in found}


@pytest.mark.parametrize("part", PAGES)
def test_every_page_leads_to_all_the_others_and_says_which_one_it_is(
    game, models, reviewer, address, part
):
    found = links(read(reviewer, address(part)))
    names = ["Workbench", "Tokens", "Compare", "Disagreements", "Figures", "Overview"]
    assert list(found) == names
    here = [name for name, (_, current) in found.items() if current]
    assert here == [names[(*PAGES[:3], "-", *PAGES[3:]).index(part)]]
    for href, _ in found.values():
        read(reviewer, href)


def test_choices_go_along_where_they_mean_something(game, models, reviewer, address):
    problem, steps = game
    model, trace = models[0], problem.traces.get(end=steps[4])
    by = f"prm_score@{model.pk}"
    found = links(read(reviewer, address(f"?step={steps[2].pk}&trace={steps[4].pk}&by={by}")))
    assert found["Tokens"][0] == address(f"attribution/?end={steps[2].pk}")
    assert found["Compare"][0] == address(f"compare/?a=t{trace.pk}&by={by}")
    assert found["Overview"][0] == address(f"overview/?by=score&model={model.pk}")
    assert found["Disagreements"][0].endswith(f"/disagreements/?problem={problem.pk}")
    back = links(read(reviewer, found["Overview"][0]))
    assert back["Workbench"][0] == address(f"?by={by}&model={model.pk}")
    two = links(read(reviewer, address(f"compare/?a=t{trace.pk}&b=t{trace.pk}&by=human&by_b={by}")))
    assert two["Workbench"][0] == address(f"?step={steps[4].pk}")
    assert two["Figures"][0] == address(
        f"figures/tree/?a=t{trace.pk}&by=human&b=t{trace.pk}&by_b={by}"
    )
    for query in ("?by=pure:form=min", "?by=sotopia", "?by=value"):
        for href, _ in links(read(reviewer, address(query))).values():
            read(reviewer, href)


@pytest.mark.parametrize("part", ["", "compare/?by=grpo", "overview/?by=grpo"])
def test_a_part_brings_its_strip_along(game, models, reviewer, address, part):
    content = read(reviewer, address(part), **{"HX-Request": "true"})
    assert 'hx-swap-oob="true"' in STRIP.search(content)[0]
    assert "<h1" not in content


def test_annotators_have_no_link_to_what_is_not_open_to_them(game, annotator, address):
    assert "Disagreements" not in links(read(annotator, address("compare/")))


@pytest.mark.parametrize("part", PAGES[1:])
def test_a_page_names_its_problem_and_leads_back(game, reviewer, address, part):
    content = read(reviewer, address(part))
    heads = re.findall(r"<h1[^>]*>(.*?)</h1>", content, re.DOTALL)
    assert len(heads) == 1
    assert f'href="{address("")}' in unquote(heads[0])
    assert "Make 24." in heads[0]


# --- What a comparison opens with -------------------------------------------------------------------


@pytest.fixture
def chain(project):
    nodes = (Node("One."), Node("Two.", 0), Node("Three.", 1, outcomes=[1.0]))
    return write_problem(project, "One trace.", nodes)


def compared(client, problem, query=""):
    url = f"/p/{problem.project.name}/problems/{problem.pk}/compare/{query}"
    content = html.unescape(read(client, url))
    title = re.search(r'id="pair-title">(.*?)</h2>', content)
    return title[1] if title else re.search(r'class="empty">(.*?)</div>', content, re.DOTALL)[1]


def test_one_trace_opens_by_two_kinds_of_numbers_or_says_what_is_missing(chain, project, reviewer):
    problem, steps = chain
    said = compared(reviewer, problem)
    assert "There is one trace and nothing to hold beside it" in said
    assert "another trace of this problem or step scores of a model or ratings of its steps" in said
    for step, value in zip(steps, (0.1, 0.2, 0.3), strict=True):
        step.value = value
        step.save()
    model = write_model(problem, steps)
    assert compared(reviewer, problem) == f"Step score · {model} against Search value on Trace 1"
    newer = write_model(problem, steps, name="newer", seed=1)
    assert (
        compared(reviewer, problem)
        == f"Step score · {newer} against Step score · {model} on Trace 1"
    )
    label_set(step=steps[0], user=member(project, "colleague", "annotator"), rating=1)
    assert compared(reviewer, problem) == f"Human ratings against Step score · {newer} on Trace 1"


def test_one_model_alone_is_held_against_a_method_made_of_it(chain, reviewer):
    problem, steps = chain
    model = write_model(problem, steps)
    want = f"Step score · {model} against PURE · {model} on Trace 1"
    assert compared(reviewer, problem) == want
    trace = problem.traces.get()
    assert compared(reviewer, problem, f"?a=t{trace.pk}&by=prm_score@{model.pk}") == want


def test_numbers_in_different_units_are_not_said_to_be_alike(chain, reviewer):
    problem, steps = chain
    write_model(problem, steps)
    content = read(reviewer, f"/p/{problem.project.name}/problems/{problem.pk}/compare/")
    assert "One path, 3 steps." in content
    assert "do not differ" not in content


def test_a_trace_is_held_against_one_that_ended_otherwise(game, reviewer, address):
    problem, steps = game
    failed, solved = problem.traces.get(end=steps[5]), problem.traces.get(end=steps[4])
    content = read(reviewer, address(f"compare/?a=t{failed.pk}"))
    assert f'<option value="t{solved.pk}" selected' in content


def test_one_method_under_two_settings_is_told_apart(game, reviewer):
    problem, _ = game
    first, second = (
        compared(reviewer, problem, f"?by=grpo&by_b=grpo:{given}")
        for given in ("ddof=0", "single=zero")
    )
    assert first == "GRPO (its usual settings) against GRPO (ddof: 0 (population)) on Trace 2"
    assert second == "GRPO (its usual settings) against GRPO (single: 0) on Trace 2"
