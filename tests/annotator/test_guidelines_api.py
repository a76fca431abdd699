"""Guidelines through the API: the list says who changed what, each version has its text."""

from __future__ import annotations

import pytest

from annotator.models import GuidelineVersion
from tests.annotator.page_world import world_create

pytestmark = pytest.mark.django_db
PATH = "/api/v1/projects/Ours/guidelines/"


@pytest.fixture
def world():
    world = world_create()
    GuidelineVersion.objects.create(
        project=world.project,
        number=3,
        markdown="the text of three",
        change="shorter",
        author=world.people["owner"],
        examples=[{"step": world.ids["step"], "rating": 1, "why": "so"}],
    )
    return world


def test_the_list_has_no_texts_and_turns_its_pages(world, client_for):
    client = client_for(world.people["viewer"])
    first = client.get(f"{PATH}?size=2")
    assert "the text of three" not in first.content.decode()
    rows = first.json()["results"]
    assert [row["number"] for row in rows] == [3, 2]
    assert rows[0].keys() == {"number", "change", "author", "created"}
    assert (rows[0]["change"], rows[0]["author"]) == ("shorter", "owner")
    rest = client.get(f"{PATH}?size=2&before={first.json()['next']}").json()
    assert [row["number"] for row in rest["results"]] == [1]
    assert rest["next"] is None


def test_a_version_has_its_text_and_examples(world, client_for):
    client = client_for(world.people["viewer"])
    version = client.get(f"{PATH}3/").json()
    assert version["markdown"] == "the text of three"
    assert version["examples"][0]["why"] == "so"
    for number in ("4", "99999999999999999999"):
        assert client.get(f"{PATH}{number}/").status_code == 404
    assert client_for(world.people["stranger"]).get(f"{PATH}3/").status_code == 404


def test_the_list_loads_no_text(world, client_for, django_assert_num_queries):
    client = client_for(world.people["viewer"])
    client.get(PATH)
    with django_assert_num_queries(4) as asked:  # session, person, project, versions
        client.get(PATH)
    assert not any('"markdown"' in f"{query['sql']}" for query in asked.captured_queries)
