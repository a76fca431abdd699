"""The header: what each role finds in it, in how many entries, and that every link opens."""

from __future__ import annotations

import re

import pytest

from annotator.models import Project
from annotator.queries.access import ROLES, project_for_user
from annotator.views.navigation import Group, navigation
from tests.annotator.workbench_data import member

pytestmark = pytest.mark.django_db
MOST = 7  # entries that fit beside a project's name at 1280 pixels


def entries(role, section=""):
    """Return the project, the person and the header's entries."""
    project, _ = Project.objects.get_or_create(name="Ours")
    person = member(project, f"some-{role}", role)
    return project, person, navigation(project_for_user(user=person, name=project.name), section)


def words(found):
    """Return the labels, a group as (label, its labels)."""
    return [
        (entry.label, [tab.label for tab in entry.tabs])
        if isinstance(entry, Group)
        else entry.label
        for entry in found
    ]


def test_who_judges_finds_the_pages_of_judging_side_by_side():
    judging = ["Problems", "Queues", "Rankings", "Guidelines", "Inbox"]
    assert words(entries("annotator")[2])[:-1] == judging
    assert words(entries("viewer")[2])[:-1] == judging[:-1]


def test_only_an_owner_finds_the_settings_and_who_may_not_review_no_adjudication():
    found = {role: dict(e for e in words(entries(role)[2]) if len(e) == 2) for role in ROLES}
    assert "Settings" in found["owner"]["Project"]
    assert "Settings" not in found["reviewer"]["Project"]
    assert "Adjudication" in found["reviewer"]["Judge"]
    assert not {"Adjudication", "Agreement", "Gold"} & set(found["annotator"]["More"])
    assert "Quality" not in found["viewer"]["More"]


@pytest.mark.parametrize("role", ROLES)
def test_every_link_of_the_header_opens_and_marks_itself(role, client_for):
    _project, person, found = entries(role)
    assert len(found) <= MOST
    client = client_for(person)
    for entry in found:
        for tab in entry.tabs if isinstance(entry, Group) else (entry,):
            answer = client.get(tab.url)
            assert answer.status_code == 200, tab.url
            header = answer.content.decode().split("</header>")[0]
            assert re.findall(r'href="([^"]*)" aria-current="page"', header) == [tab.url]
            marked = re.findall(r'<summary class="current">(\w+)', header)
            assert marked == ([entry.label] if isinstance(entry, Group) else [])
