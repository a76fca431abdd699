"""Whole numbers from text, and numbers that no page can be led astray with."""

from __future__ import annotations

import pytest

from annotator.numbers import MOST, whole_number
from tests.annotator.page_world import world_create

LONG = "9" * 5_000


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("000", 0),
        ("0012", 12),
        (str(MOST), 2**63 - 1),
        ("0" * 5_000 + "7", 7),
        (str(MOST + 1), None),
        (LONG, None),
        ("0" * 20 + LONG, None),
        ("", None),
        ("-1", None),
        ("1.0", None),
        ("1_0", None),
        (" 1", None),
        ("²", None),
        ("٣", None),
    ],
)
def test_only_digits_up_to_the_largest_id_are_a_number(text, number):
    assert whole_number(text) == number


@pytest.mark.django_db
@pytest.mark.parametrize("number", [LONG, "0" * 20 + LONG, str(MOST + 1)])
def test_numbers_too_long_to_read_are_answered(number, client_for):
    world = world_create()
    client = client_for(world.people["owner"])
    project, problem = world.project.name, world.ids["problem"]
    below = f"/p/{project}/problems/{problem}"
    assert client.get(f"{below}/history/?step={number}").status_code == 404
    assert client.get(f"{below}/history.csv?step={number}").status_code == 404
    assert client.get(f"/p/{project}/jobs/?before={number}").status_code == 422
    assert client.get(f"/p/{project}/inbox/?before={number}").status_code == 200
    case = f"/p/{project}/adjudication/problems/{problem}/rankings/?parent={number}"
    assert client.get(case).status_code == 404
    rankings = f"/api/v1/problems/{problem}/rankings/"
    for name in ("parent", "size", "before"):
        refused = client.get(f"{rankings}?{name}={number}")
        assert refused.status_code == 422
        assert refused.json()["error"]["fields"].keys() == {name}
