"""A ranking over HTTP: saved, taken back, refused with a sentence, hidden from others."""

from __future__ import annotations

import uuid

import pytest

from annotator.models import JudgementEvent, Ranking
from annotator.services.judgements.labels import label_set
from annotator.services.rankings.answers import Answer, ranking_set
from tests.annotator.ranking_pages.data import config, place, post, url

pytestmark = pytest.mark.django_db


def test_an_answer_is_saved_and_the_order_comes_back(client_for, fork, people):
    problem, steps = fork
    client = client_for(people["annotator"])
    where = url(problem, "branch", steps[0])
    shown = config(client.get(where))["items"]
    a, b, c = (steps[n].pk for n in (1, 2, 5))
    answer = {"tiers": [[b, c], [a]], "aside": [], "failed": [a], "shown": shown}
    key = str(uuid.uuid4())
    response = post(client, where, answer, criterion="right", milliseconds="1200", key=key)
    assert response.status_code == 200
    page = response.content.decode()
    assert 'id="rk-order"' in page
    assert page.count("1 gate") == 2
    assert page.count("tie so far") == 1
    row = Ranking.objects.get()
    assert (row.tiers, row.failed, row.shown, row.milliseconds) == ([[b, c], [a]], [a], shown, 1200)
    again = post(client, where, answer, criterion="right", milliseconds="1200", key=key)
    assert again.status_code == 200
    assert JudgementEvent.objects.count() == 1
    assert config(client.get(where))["saved"]["right"]["tiers"] == [[b, c], [a]]
    assert post(client, where, criterion="right", clear="1").status_code == 200
    assert not Ranking.objects.exists()


def test_scripts_off_a_number_beside_each_is_enough(client_for, fork, people):
    problem, steps = fork
    client = client_for(people["annotator"])
    where = url(problem, "step", steps[0])
    a, b, c = (steps[n].pk for n in (1, 2, 5))
    said = {"criterion": "clear", f"rank-{a}": "2", f"rank-{b}": "1", f"rank-{c}": " X "}
    assert client.post(where, said).status_code == 302
    row = Ranking.objects.get()
    assert (row.tiers, row.aside) == ([[b], [a]], [c])
    refused = client.post(where, said | {f"rank-{a}": "first"}, headers={"Accept": "text/html"})
    assert refused.status_code == 422
    assert b"A rank is a number or x" in refused.content
    missing = client.post(where, said | {f"rank-{a}": ""}, headers={"Accept": "text/plain"})
    assert f"item {a} is missing" in missing.content.decode()


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "nothing",
        "null",
        "[]",
        '{"tiers": 1}',
        '{"tiers": [1]}',
        '{"tiers": [[true]]}',
        '{"tiers": [["7"]]}',
        '{"tiers": [[1.0]]}',
        '{"tiers": [], "winner": 3}',
        '{"tiers": [[99999999999999999999999]]}',
        '{"tiers": [[NaN]]}',
        "[" * 5000,
    ],
)
def test_what_is_no_answer_is_refused_with_a_sentence(client_for, fork, people, sent):
    problem, steps = fork
    client = client_for(people["annotator"])
    headers = {"HX-Request": "true", "Accept": "text/plain"}
    where = url(problem, "step", steps[0])
    for said, to in (({"answer": sent}, where), ({"drafts": sent}, where + "order/")):
        response = client.post(to, said, headers=headers)
        assert response.status_code == 422, sent
        assert 10 < len(response.content) < 400
    assert not JudgementEvent.objects.exists()


def test_items_of_another_place_and_unknown_criteria_are_named(client_for, fork, people):
    problem, steps = fork
    client = client_for(people["annotator"])
    where = url(problem, "step", steps[0])
    a, b, c, alien = (steps[n].pk for n in (1, 2, 5, 6))
    tiers = {"tiers": [[a], [b], [c]]}
    assert (
        f"item {alien} is not here"
        in post(client, where, {"tiers": [[a, b, c, alien]]}).content.decode()
    )
    assert b"known: right, clear" in post(client, where, tiers, criterion="beauty").content
    assert b"is no gate" in post(client, where, tiers | {"failed": [a]}, criterion="clear").content
    assert post(client, where, tiers, criterion="x" * 50).status_code == 422
    assert post(client, where, tiers, key="not-a-key").status_code == 422
    assert post(client, where, tiers, note="\x00").status_code == 422
    for path in (
        url(problem, "word"),
        url(problem, "trace", steps[0]),
        url(problem, "step") + "999999/",
    ):
        assert client.get(path).status_code == 404


def test_roles_and_strangers(client_for, fork, people, user):
    problem, steps = fork
    where = url(problem, "step", steps[0])
    answer = {"tiers": [[steps[n].pk for n in (1, 2, 5)]]}
    viewer = client_for(people["viewer"])
    assert config(viewer.get(where))["mayLabel"] is False
    assert post(viewer, where, answer).status_code == 403
    assert viewer.post(where + "order/", {"drafts": "{}"}).status_code == 403
    assert client_for(people["annotator"]).get(where + "strengths/").status_code == 403
    assert client_for(people["reviewer"]).get(where + "strengths/").status_code == 200
    for path in (where, where + "strengths/", url(problem, "branch", end=f"open/{steps[2].pk}/")):
        assert client_for(user).get(path).status_code == 404
    assert not Ranking.objects.exists()


def test_others_rankings_are_hidden_from_annotators(client_for, fork, people):
    problem, steps = fork
    here = place(problem, "step", steps[0])
    a, b, c = here.items
    for who, step in ((people["reviewer"], steps[2]),):
        step.problem = problem
        label_set(step=step, user=who, rating=-1)
        step = steps[1]
        step.problem = problem
        label_set(step=step, user=who, rating=1)
        ranking_set(place=here, user=who, answer=Answer([[b], [a, c]], shown=(a, b, c)))
    where = url(problem, "step", steps[0])
    annotator = client_for(people["annotator"])
    places = f"/p/{problem.project.name}/problems/{problem.pk}/rankings/"
    sentence = "prefers step “10 - 6 = 4”, rated −1, to step “6 + 10 = 16”, rated +1"
    for path in (where, places):
        page = annotator.get(path).content.decode()
        assert "rated −1" not in page
        assert "Everybody" not in page
        assert sentence in client_for(people["reviewer"]).get(path).content.decode()
    ranking_set(place=here, user=people["annotator"], answer=Answer([[a], [b], [c]]))
    assert "rated −1" not in annotator.get(where).content.decode()
    strengths = client_for(people["reviewer"]).get(where + "strengths/").content.decode()
    assert "2 rankings by 2, davidson v1" in strengths
    assert "log-strength" in strengths
    unknown = client_for(people["reviewer"]).get(where + "strengths/?method=magic")
    assert unknown.status_code == 422


def test_the_workbench_takes_a_ranking_back(client_for, fork, people):
    problem, steps = fork
    here = place(problem, "step", steps[0])
    ranking_set(place=here, user=people["annotator"], answer=Answer([list(here.items)]))
    client = client_for(people["annotator"])
    undo = f"/p/{problem.project.name}/problems/{problem.pk}/undo/"
    response = client.post(undo, headers={"HX-Request": "true"})
    assert "ranking in 1 rank → none" in response.content.decode()
    assert not Ranking.objects.exists()
