"""Rankings and criteria over the JSON API: own answers, hidden ones, clear refusals."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client

from annotator.models import JudgementEvent, Ranking
from annotator.queries.rankings.places import place_of
from annotator.services.rankings.answers import Answer, ranking_set
from tests.annotator.workbench_data import member, project_with_types
from tests.factories import problem_with_tree

pytestmark = pytest.mark.django_db
JSON = {"content_type": "application/json"}


@pytest.fixture
def project():
    return project_with_types("Ranked")


@pytest.fixture
def problem(project):
    return problem_with_tree(["a", ["b!"], ["c"], ["d"]], project=project)


@pytest.fixture
def api(project):
    def as_role(role):
        client = Client()
        client.force_login(member(project, role, role))
        return client

    return as_role


def url(problem, query=""):
    return f"/api/v1/problems/{problem.pk}/rankings/{query}"


def fork(problem):
    return place_of(problem=problem, level="step", parent_id=problem.steps.get(preorder=1).pk)


def test_set_list_and_clear(api, problem):
    here = fork(problem)
    b, c, d = here.items
    said = {
        "level": "step",
        "parent": here.parent_id,
        "criterion": "clarity",
        "tiers": [[c], [b]],
        "aside": [d],
        "shown": [d, c, b],
        "milliseconds": 50,
    }
    client = api("annotator")
    key = {"Idempotency-Key": str(uuid.uuid4())}
    saved = client.put(url(problem), said, headers=key, **JSON).json()
    assert saved["ranking"]["tiers"] == [[c], [b]]
    assert saved["ranking"]["rater"] == {"kind": "person", "name": "annotator", "version": ""}
    assert client.put(url(problem), said, headers=key, **JSON).json()["replayed"] is True
    assert JudgementEvent.objects.count() == 1
    clash = client.put(url(problem), said | {"criterion": ""}, headers=key, **JSON)
    assert (clash.status_code, clash.json()["error"]["code"]) == (409, "idempotency_key_used")
    listed = client.get(url(problem, "?level=step")).json()["results"]
    assert [row["id"] for row in listed] == [saved["ranking"]["id"]]
    assert client.get(url(problem, "?level=trace")).json()["results"] == []
    where = f"?level=step&parent={here.parent_id}&criterion=clarity"
    assert client.delete(url(problem, where)).json()["ranking"] is None
    assert client.delete(url(problem, where)).json()["event"] is None
    assert not Ranking.objects.exists()


def test_an_annotator_sees_only_their_own(api, problem, project):
    here = fork(problem)
    for name in ("annotator", "reviewer"):
        who = member(project, name, name)
        ranking_set(place=here, user=who, answer=Answer([list(here.items)]))
    names = {
        role: [row["rater"]["name"] for row in api(role).get(url(problem)).json()["results"]]
        for role in ("viewer", "annotator", "reviewer")
    }
    assert names == {
        "viewer": [],
        "annotator": ["annotator"],
        "reviewer": ["reviewer", "annotator"],
    }


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"level": "word"}, "level"),
        ({"tiers": "best"}, "tiers"),
        ({"tiers": [[True]]}, "tiers"),
        ({"tiers": [[10**30]]}, "tiers"),
        ({"tiers": []}, "tiers"),
        ({"criterion": "beauty"}, "criterion"),
        ({"failed": [1]}, "failed"),
        ({"winner": 1}, "winner"),
        ({"milliseconds": -1}, "milliseconds"),
    ],
)
def test_what_is_refused_names_its_field(api, problem, change, field):
    here = fork(problem)
    said = {"level": "step", "parent": here.parent_id, "tiers": [list(here.items)]}
    refused = api("annotator").put(url(problem), said | change, **JSON)
    assert refused.status_code == 422
    assert any(name.startswith(field) for name in refused.json()["error"]["fields"])
    assert not Ranking.objects.exists()


def test_roles(api, problem, user):
    here = fork(problem)
    said = {"level": "step", "parent": here.parent_id, "tiers": [list(here.items)]}
    assert api("viewer").put(url(problem), said, **JSON).status_code == 403
    assert api("viewer").delete(url(problem, "?level=step")).status_code == 403
    stranger = Client()
    stranger.force_login(user)
    for response in (stranger.get(url(problem)), stranger.put(url(problem), said, **JSON)):
        assert response.status_code == 404
    assert api("annotator").delete(url(problem, "?level=word")).status_code == 422
    assert api("annotator").put(url(problem), said | {"parent": 10**9}, **JSON).status_code == 404


def test_criteria_are_read_by_all_and_changed_by_owners(api, problem, project):
    where = f"/api/v1/projects/{project.name}/criteria/"
    keys = [row["key"] for row in api("viewer").get(where).json()["criteria"]]
    assert keys == ["correctness", "soundness", "progress", "clarity"]
    here = fork(problem)
    who = member(project, "annotator", "annotator")
    ranking_set(place=here, user=who, criterion="clarity", answer=Answer([list(here.items)]))
    new = {"criteria": [{"label": "Truth", "gate": True, "margin": 0.5}]}
    assert api("reviewer").put(where, new, **JSON).status_code == 403
    conflict = api("owner").put(where, new, **JSON)
    assert (conflict.status_code, conflict.json()["error"]["code"]) == (409, "criterion_in_use")
    new["criteria"].append({"key": "clarity", "label": "Clarity", "retired": True})
    stored = api("owner").put(where, new, **JSON).json()["criteria"]
    assert [(row["key"], row["gate"], row["retired"]) for row in stored] == [
        ("truth", True, False),
        ("clarity", False, True),
    ]
    assert api("owner").put(where, {"criteria": [{"label": ""}]}, **JSON).status_code == 422
    assert api("owner").put(where, {"criteria": []}, **JSON).status_code == 422
