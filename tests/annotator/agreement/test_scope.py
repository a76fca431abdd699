"""The filter of a report: checked, stored, asked for by address and hashed."""

from __future__ import annotations

from datetime import date

import pytest
from django.urls import reverse

from annotator.errors import InvalidError
from annotator.queries.agreement.scope import Scope, scope_checked
from tests.annotator.queue_world import queue_world


class TestScope:
    def test_stored_and_back(self):
        scope = Scope(("imported", "person"), 3, 2, date(2026, 1, 2), None)
        assert Scope.from_stored(scope.stored()) == scope

    def test_query_asks_for_the_same(self, client_for, world):
        queue = world.queue()
        scope = Scope(("imported", "person"), queue.pk, None, date(2026, 1, 2), None)
        address = reverse("api:agreement", args=[world.project.name])
        body = client_for(world.owner).get(f"{address}?{scope.query}").json()
        assert Scope.from_stored(body["scope"]) == scope

    def test_hash_tells_scopes_and_versions_apart(self, monkeypatch):
        assert Scope().hash == Scope().hash != Scope(queue=1).hash
        before = Scope().hash
        monkeypatch.setattr("annotator.queries.agreement.scope.versions", lambda: {"layout": "0"})
        assert Scope().hash != before

    def test_kinds_are_a_set_and_people_by_default(self, world):
        scope = scope_checked(project=world.project, kinds=["person", "imported", "person"])
        assert scope.kinds == ("imported", "person")
        assert scope_checked(project=world.project) == Scope()

    @pytest.mark.parametrize(
        ("asked", "field"),
        [
            ({"kinds": ["robot"]}, "kind"),
            ({"queue": 999_999}, "queue"),
            ({"guideline": 77}, "guideline"),
            ({"since": date(2026, 2, 2), "until": date(2026, 2, 1)}, "until"),
        ],
    )
    def test_what_cannot_be_is_refused(self, world, asked, field):
        with pytest.raises(InvalidError) as refused:
            scope_checked(project=world.project, **asked)
        assert set(refused.value.fields) == {field}

    def test_another_projects_queue_is_refused(self, world):
        other = queue_world(traces=1, people=2, tag="other")
        with pytest.raises(InvalidError):
            scope_checked(project=world.project, queue=other.queue().pk)
