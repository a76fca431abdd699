"""The workbench over HTTP: gates, fragments, numbers as stored, judgements that survive repeats."""

from __future__ import annotations

import gzip
import html
import json
import re
import uuid

import numpy as np
import pytest

from annotator.models import JudgementEvent, Outcome, Project, StepLabel
from tests.annotator.workbench_data import (
    GAME,
    Node,
    branching_nodes,
    member,
    project_with_types,
    write_model,
    write_problem,
)

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def project():
    return project_with_types()


@pytest.fixture
def game(project):
    problem, steps = write_problem(project, "Make 24.", GAME, reference="the secret answer")
    return problem, steps, write_model(problem, steps)


@pytest.fixture
def reviewer(project, client_for):
    return client_for(member(project, "reviewer", "reviewer"))


@pytest.fixture
def annotator(project, client_for):
    return client_for(member(project, "annotator", "annotator"))


def address(problem, rest=""):
    return f"/p/{problem.project.name}/problems/{problem.pk}/{rest}"


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


@pytest.mark.parametrize(("by", "hidden"), [("leaf_value", 4), ("tempo", 0)])
def test_the_legend_has_every_swatch_so_that_another_colouring_can_show_them(
    game, reviewer, by, hidden
):
    problem, _, _ = game
    page = reviewer.get(address(problem, f"?by={by}")).content.decode()
    swatches = re.findall(r'<i class="heat-neg-[1-4]"( hidden)?>', page)
    assert (len(swatches), swatches.count(" hidden")) == (4, hidden)


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


def test_credit_says_how_its_formula_is_known_and_what_it_was_computed_from(game, reviewer):
    problem, steps, _ = game
    Outcome.objects.filter(trace__problem=problem).update(name="verified")
    Project.objects.update(primary_outcome="verified")
    page = reviewer.get(address(problem, f"?by=tempo&tab=credit&step={steps[2].pk}"))
    shown = re.sub(r"\s+", " ", html.unescape(page.content.decode()))
    assert "INDIRECT: the paper's equation was not seen" in shown
    assert "arXiv 2509.18314" in shown
    assert "TEMPO 1 · ddof 1 · eps 1e-06 · single unit · 5 outcomes called verified" in shown
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


def test_the_tree_is_one_compact_answer_that_rebuilds_the_shape(game, reviewer):
    problem, steps, _ = game
    data = reviewer.get(address(problem, "tree.json?by=leaf_value")).json()
    assert np.cumsum(data["ids"]).tolist() == [0, *(step.pk for step in steps)]
    assert data["depth"] == [0, 1, 2, 2, 3, 4, 3, 3, 1]
    assert data["coloring"]["values"][0] is None
    assert data["coloring"]["values"][4] == 1.0
    assert data["texts"]["1"] == steps[0].text


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


def test_blind_annotators_get_no_model_scores(game, project, annotator, reviewer):
    problem, steps, model = game
    project.show_scores = False
    project.save()
    url = address(problem, f"steps/{steps[0].pk}/tokens.json")
    assert annotator.get(url).status_code == 404
    assert annotator.get(address(problem, f"?by=prm_score@{model.pk}")).status_code == 404
    assert "data-credit" not in annotator.get(address(problem)).content.decode()
    assert reviewer.get(url).status_code == 200


def test_a_label_saves_once_whatever_is_repeated(game, annotator):
    problem, steps, _ = game
    url = address(problem, f"steps/{steps[0].pk}/label/")
    body = {"rating": "-1", "key": str(uuid.uuid4()), "milliseconds": "1200"}
    first, second = (annotator.post(url, body, headers=HTMX) for _ in range(2))
    assert first.status_code == second.status_code == 200
    assert JudgementEvent.objects.count() == 1
    assert 'data-code="-1"' in second.content.decode()
    assert "1 of 8 labelled" in second.content.decode()


def test_a_key_used_for_another_judgement_is_a_conflict(game, annotator):
    problem, steps, _ = game
    body = {"rating": "1", "key": str(uuid.uuid4())}
    url = address(problem, "steps/{}/label/")
    annotator.post(url.format(steps[0].pk), body, headers=HTMX)
    assert annotator.post(url.format(steps[1].pk), body, headers=HTMX).status_code == 409


def test_a_new_rating_keeps_the_note_and_a_right_step_has_no_error(game, annotator):
    problem, steps, _ = game
    url = address(problem, f"steps/{steps[0].pk}/label/")
    for body in (
        {"rating": "-1"},
        {"error_type": "logic"},
        {"note": "why", "realises_error": "1"},
        {"rating": "1"},
    ):
        assert annotator.post(url, body, headers=HTMX).status_code == 200
    label = StepLabel.objects.get()
    assert (label.rating, label.note, label.error_type, label.realises_error) == (
        1,
        "why",
        None,
        True,
    )


def test_unsure_is_not_zero_and_clear_takes_the_label_away(game, annotator):
    problem, steps, _ = game
    url = address(problem, f"steps/{steps[0].pk}/label/")
    annotator.post(url, {"rating": "unsure"})
    label = StepLabel.objects.get()
    assert (label.rating, label.unsure) == (None, True)
    annotator.post(url, {"rating": "clear"})
    assert not StepLabel.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        {"rating": "2"},
        {"rating": "1", "key": "no"},
        {"rating": "1", "milliseconds": "-4"},
        {"error_type": "unheard_of"},
        {"note": "a\x00b"},
    ],
)
def test_bad_labels_are_refused_with_the_field_named(game, annotator, body):
    problem, steps, _ = game
    answer = annotator.post(address(problem, f"steps/{steps[0].pk}/label/"), body, headers=HTMX)
    assert answer.status_code == 422
    said = answer.content.decode()
    assert any(name in said or name.replace("_", " ") in said for name in body)
    assert not StepLabel.objects.exists()


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


def test_without_scripts_a_rating_leads_back_to_the_step(game, annotator):
    problem, steps, _ = game
    answer = annotator.post(
        address(problem, f"steps/{steps[3].pk}/label/?tab=labels"), {"rating": "1"}
    )
    assert answer.status_code == 302
    assert f"step={steps[3].pk}" in answer["Location"]
    assert "tab=labels" in answer["Location"]


def test_undo_answers_with_the_step_it_touched(game, annotator):
    problem, steps, _ = game
    annotator.post(address(problem, f"steps/{steps[3].pk}/label/"), {"rating": "1"})
    answer = annotator.post(address(problem, "undo/"), {"key": str(uuid.uuid4())}, headers=HTMX)
    said = answer.content.decode()
    assert f'data-step="{steps[3].pk}"' in said
    assert 'data-code=""' in said
    assert (
        "Nothing to undo"
        in annotator.post(address(problem, "undo/"), headers=HTMX).content.decode()
    )


def test_one_corrected_outcome_changes_every_group_relative_method(game, reviewer):
    problem, steps, _ = game
    methods = ("leaf_value", "grpo", "dr_grpo", "rloo", "tempo")

    def values():
        return {
            key: reviewer.get(address(problem, f"credit.json?by={key}")).json()["values"]
            for key in methods
        }

    before = values()
    trace = problem.traces.get(end=steps[1])
    answer = reviewer.post(
        address(problem, f"traces/{trace.pk}/outcome/"),
        {"name": "correct", "value": "1", "key": str(uuid.uuid4())},
        headers=HTMX,
    )
    assert answer["HX-Trigger"] == "outcomes-changed"
    after = values()
    assert all(before[key] != after[key] for key in methods)
    page = reviewer.get(address(problem, f"?step={steps[1].pk}&by=leaf_value")).content.decode()
    assert re.search(r'class="chip heat heat-pos-4">1\.00<', page)
    assert Outcome.objects.get(trace=trace).source == "person:reviewer"


def test_a_corrected_outcome_is_counted_in_the_line_above_the_panes(game, reviewer):
    problem, steps, _ = game
    trace = problem.traces.get(end=steps[1])
    here = address(problem, f"?step={steps[1].pk}")

    def counted(page):
        return re.search(r'id="facts"[^>]*>[^<]*· (\d+) of \d+ correct<', page.content.decode())[1]

    before = int(counted(reviewer.get(here)))
    reviewer.post(
        address(problem, f"traces/{trace.pk}/outcome/"), {"name": "correct", "value": "1"}
    )
    parts = reviewer.get(here, headers=HTMX)
    assert int(counted(parts)) == int(counted(reviewer.get(here))) == before + 1
    assert 'hx-swap-oob="true"' in re.search(r'id="facts"[^>]*>', parts.content.decode())[0]


def test_an_emptied_outcome_is_unknown_not_zero(game, reviewer):
    problem, steps, _ = game
    trace = problem.traces.get(end=steps[4])
    reviewer.post(address(problem, f"traces/{trace.pk}/outcome/"), {"name": "correct", "value": ""})
    assert Outcome.objects.get(trace=trace).value is None


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


def test_machine_labels_are_marked_as_a_checkers(game, project, reviewer):
    from annotator.services.raters import rater_get_or_create

    problem, steps, _ = game
    reviewer.post(address(problem, f"steps/{steps[0].pk}/label/"), {"rating": "1"})
    checker = rater_get_or_create(project=project, kind="machine", name="arithmetic", version="2")
    StepLabel.objects.create(
        step=steps[0], rater=checker, rating=-1, event=JudgementEvent.objects.get()
    )
    page = reviewer.get(address(problem, f"?step={steps[0].pk}&tab=labels")).content.decode()
    assert "checker, not a person" in page
    assert "1 of 8 labelled" in page


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


def test_the_legend_says_in_sentences_what_the_colours_hide(reviewer, project):
    nodes = [Node("dropped"), Node("kept", outcomes=[1.0]), Node("also", outcomes=[0.0])]
    problem, _ = write_problem(project, "Search", nodes)
    coloring = reviewer.get(address(problem, "credit.json?by=grpo")).json()
    assert coloring["caption"].startswith("standard deviations · 1 without a number")
    assert coloring["explained"].startswith("The colours run from −")
    assert "1 steps have no number" not in coloring["explained"]
    assert "1 step has no number" in coloring["explained"]


def test_labels_a_program_made_for_the_source_are_called_automatic(game, project, reviewer):
    from annotator.services.raters import rater_get_or_create

    problem, steps, _ = game
    reviewer.post(address(problem, f"steps/{steps[0].pk}/label/"), {"rating": "1"})
    name = "math-shepherd:monte-carlo"
    rater = rater_get_or_create(project=project, kind="machine", name=name, version="")
    StepLabel.objects.create(
        step=steps[0], rater=rater, rating=-1, event=JudgementEvent.objects.get()
    )
    page = reviewer.get(address(problem, f"?step={steps[0].pk}&tab=labels")).content.decode()
    assert "automatic in the source, not a person" in page
    assert "checker, not a person" not in page
