"""The criteria of a project: ordered, added and retired by its owner."""

from __future__ import annotations

import pytest

from annotator.models import Ranking
from annotator.services.rankings.answers import Answer, ranking_set
from tests.annotator.ranking_pages.data import config, place, post, url

pytestmark = pytest.mark.django_db


def lines(*rows):
    sent = {}
    for number, row in enumerate(rows):
        full = {"key": "", "label": "", "help": "", "margin": "0", "order": str(number + 1)} | row
        sent |= {f"{name}-{number}": value for name, value in full.items()}
    return sent


def test_owner_orders_adds_and_retires_criteria(client_for, fork, people):
    problem, steps = fork
    here = place(problem, "step", steps[0])
    ranking_set(
        place=here, user=people["annotator"], criterion="right", answer=Answer([list(here.items)])
    )
    owner = client_for(people["owner"])
    where = f"/p/{problem.project.name}/criteria/"
    response = owner.post(
        where,
        lines(
            {"key": "right", "label": "Truth", "order": "2", "gate": "on"},
            {"key": "clear", "label": "Clearness", "remove": "on"},
            {"label": "Gets further!", "order": "1", "margin": "0,5"},
            {"label": ""},
        ),
    )
    assert response.status_code == 302
    problem.project.refresh_from_db()
    assert [(c["key"], c["label"], c["margin"], c["gate"]) for c in problem.project.criteria] == [
        ("gets_further", "Gets further!", 0.5, False),
        ("right", "Truth", 0.0, True),
    ]
    kept = owner.post(where, lines({"key": "gets_further", "label": "Gets further!"}))
    assert kept.status_code == 409
    assert "has 1 ranking and cannot be removed. Retire it" in kept.content.decode()
    retired = lines(
        {"key": "gets_further", "label": "G"}, {"key": "right", "label": "T", "retired": "on"}
    )
    assert owner.post(where, retired).status_code == 302
    surface = client_for(people["annotator"]).get(url(problem, "step", steps[0]))
    assert [c["key"] for c in config(surface)["criteria"]] == ["gets_further", ""]
    assert Ranking.objects.get().criterion == "right"
    client = client_for(people["annotator"])
    said = post(
        client, url(problem, "step", steps[0]), {"tiers": [list(here.items)]}, criterion="right"
    )
    assert said.status_code == 422


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        (lines({"label": ""}), "1 to 12 criteria, not 0"),
        (lines({"label": "A", "margin": "wide"}), "is a number, not"),
        (lines({"label": "A", "margin": "-1"}), "must be 0 to 1000"),
        (lines({"label": "A", "margin": "nan"}), "must be a number"),
        (lines({"label": "A" * 61}), "at most 60"),
        (lines({"label": "A\u202e"}), "printable"),
        (lines({"label": "A", "key": "A b"}), "a key is a small letter"),
        (lines({"label": "A", "key": "a"}, {"label": "B", "key": "a"}), "is twice"),
        (lines({"label": "A", "retired": "on"}), "At least one criterion"),
        (lines(*({"label": f"c{n}"} for n in range(13))), "not 13"),
        ({}, "1 to 12 criteria"),
    ],
)
def test_criteria_that_cannot_be_used(client_for, fork, people, sent, says):
    problem, _ = fork
    before = problem.project.criteria
    response = client_for(people["owner"]).post(f"/p/{problem.project.name}/criteria/", sent)
    assert response.status_code == 422
    assert says in response.content.decode()
    problem.project.refresh_from_db()
    assert problem.project.criteria == before


def test_only_owners_change_criteria(client_for, fork, people):
    where = f"/p/{fork[0].project.name}/criteria/"
    for role in ("viewer", "annotator", "reviewer"):
        assert client_for(people[role]).get(where).status_code == 200
        assert client_for(people[role]).post(where, lines({"label": "A"})).status_code == 403
