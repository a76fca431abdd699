"""Every address × every method × everybody: nobody reaches what is not theirs.

The walk reads the URL configuration, so a new route is covered, or fails here, by being added.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tests.annotator.page_world import ROLES, World, world_create

pytestmark = pytest.mark.django_db

METHODS = ("get", "post", "put", "patch", "delete")
# Open to everybody, because they are the way in; the API's description needs a sign-in.
OPEN = {"annotator:sign-in", "annotator:sign-in-link"}
# Of a person, not of a project: every signed-in person has them.
PERSONAL = {
    "annotator:projects",
    "annotator:project-sample",
    "annotator:sign-out",
    "annotator:tokens",
    "api:projects",
    "api:tokens",
    "schema",
}
# The weakest role that a changing request needs. What is not listed here must not exist.
NEEDED = {
    ("annotator:import", "post"): "reviewer",
    ("annotator:model-list", "post"): "reviewer",
    ("annotator:model-score", "post"): "reviewer",
    ("annotator:job-cancel", "post"): "reviewer",
    ("annotator:job-resume", "post"): "reviewer",
    ("annotator:snapshot-new", "post"): "reviewer",
    ("annotator:export-new", "post"): "reviewer",
    ("annotator:guidelines-edit", "get"): "owner",
    ("annotator:guidelines-edit", "post"): "owner",
    ("annotator:members", "post"): "owner",
    ("annotator:member-role", "post"): "owner",
    ("annotator:member-remove", "post"): "owner",
    ("annotator:project-settings", "get"): "owner",
    ("annotator:project-settings", "post"): "owner",
    ("annotator:step-label", "post"): "annotator",
    ("annotator:undo", "post"): "annotator",
    ("annotator:redo", "post"): "annotator",
    ("annotator:trace-outcome", "post"): "reviewer",
    ("api:project", "patch"): "owner",
    ("api:project-uploads", "post"): "reviewer",
    ("api:step-labels", "put"): "annotator",
    ("api:step-labels", "delete"): "annotator",
    ("api:trace-outcomes", "put"): "reviewer",
    ("api:jobs", "post"): "reviewer",
    ("api:job-cancel", "post"): "reviewer",
    ("api:job-resume", "post"): "reviewer",
    ("api:snapshots", "post"): "reviewer",
    ("api:exports", "post"): "reviewer",
}
BODIES = {
    ("api:project", "patch"): {"description": "new"},
    ("api:step-labels", "put"): {"rating": 1},
    ("api:trace-outcomes", "put"): {"name": "correct", "value": 1.0},
    ("api:jobs", "post"): {"project": "Ours", "kind": "train"},
    ("api:snapshots", "post"): {"project": "Ours", "name": "next"},
    ("api:exports", "post"): {"project": "Ours", "format": "tracewood"},
}
FORMS = {
    "annotator:guidelines-edit": {"markdown": "new", "based_on": "2"},
    "annotator:members": {"username": "stranger", "role": "viewer"},
    "annotator:member-role": {"role": "viewer"},
    "annotator:project-settings": {"primary_outcome": "correct"},
    "annotator:snapshot-new": {"name": "next", "aggregate": "latest", "neutral": "drop"},
    "annotator:step-label": {"rating": "1"},
    "annotator:trace-outcome": {"name": "correct", "value": "1"},
}


@dataclass(frozen=True)
class Route:
    """A route with its full pattern, as ``app:name`` and as a template of an address."""

    name: str
    pattern: str

    @property
    def is_api(self) -> bool:
        return self.pattern.startswith("api/")

    def path(self, world: World) -> str:
        """Return the address of an object of the project ``Ours``."""
        return "/" + re.sub(r"<(?:(\w+):)?(\w+)>", lambda m: self._value(world, m[2]), self.pattern)

    def _value(self, world: World, name: str) -> str:
        fixed = {
            "project": "Ours",
            "name": "Ours",
            "key": "tracewood",
            "path": "train.jsonl",
            "token": "unknown",
            "number": "1",
        }
        if name in fixed:
            return fixed[name]
        if name == "pk":
            return str(world.ids[self._noun()])
        return str(world.ids[name])

    def _noun(self) -> str:
        for part in reversed(re.split(r"[/<]", self.pattern.split("<int:pk>")[0])):
            noun = part.removesuffix("s")
            if noun in NOUNS:
                return noun
        pytest.fail(f"What is <pk> in {self.pattern}? Add the noun to NOUNS.")


NOUNS = {"problem", "step", "trace", "job", "model", "snapshot", "export", "token", "member"}


def routes() -> list[Route]:
    """Return every named route of the site except the API's catch-all."""
    found: list[Route] = []

    def walk(patterns, prefix: str, namespace: str) -> None:
        for entry in patterns:
            pattern = prefix + str(entry.pattern)
            if isinstance(entry, URLResolver):
                walk(entry.url_patterns, pattern, entry.namespace or namespace)
            elif isinstance(entry, URLPattern):
                name = f"{namespace}:{entry.name}" if namespace else str(entry.name)
                found.append(Route(name, pattern))

    walk(get_resolver().url_patterns, "", "")
    return [route for route in found if route.name != "api:nothing"]


ROUTES = [pytest.param(route, id=route.name) for route in routes()]
GATED = [
    pytest.param(route, id=route.name)
    for route in routes()
    if route.name not in OPEN | PERSONAL | {"annotator:token-delete", "api:token"}
]


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        yield world_create()
        transaction.set_rollback(True)


def ask(world: World, route: Route, method: str, who: str | None) -> tuple[int, object]:
    """Send a request that would do something if it were allowed; what it does is undone."""
    client = Client(raise_request_exception=False)
    with transaction.atomic():
        if who is not None:
            client.force_login(world.people[who])
        path = route.path(world)
        if route.is_api:
            path += f"?project=Ours&model={world.ids['model']}&name=traces.jsonl"
            raw = route.name == "api:project-uploads"
            response = client.generic(
                method.upper(),
                path,
                b"{}" if raw or method == "get" else _json(BODIES.get((route.name, method), {})),
                content_type="application/octet-stream" if raw else "application/json",
            )
        elif route.name == "annotator:import" and method == "post":
            file = SimpleUploadedFile("traces.jsonl", b"{}\n")
            response = client.post(path, {"file": file, "format": "auto"})
        elif method == "get":
            response = client.get(path)
        else:
            response = getattr(client, method)(path, FORMS.get(route.name, {}))
        transaction.set_rollback(True)
    return response.status_code, response


def _json(body) -> bytes:
    return json.dumps(body).encode()


@pytest.mark.parametrize("route", ROUTES)
def test_anonymous_is_sent_to_sign_in(world, route):
    for method in METHODS:
        status, response = ask(world, route, method, None)
        if route.name in OPEN:
            assert status in {200, 403, 405, 422}, method
        elif route.is_api:
            assert status == 401, method
            assert response.json()["error"]["code"] == "not_signed_in"
        else:
            assert status == 302, method
            assert response["Location"].startswith(settings.LOGIN_URL)


@pytest.mark.parametrize("who", ["stranger", "other"])
@pytest.mark.parametrize("route", GATED)
def test_stranger_finds_nothing(world, route, who):
    # The stranger tries everything; an owner of another project meets the same gate.
    for method in METHODS if who == "stranger" else METHODS[:2]:
        status, response = ask(world, route, method, who)
        assert status in {404, 405}, (method, status)
        assert b"4 * 5 = 20" not in b"".join(response)


@pytest.mark.parametrize("route", ROUTES)
def test_every_changing_request_has_a_known_role(world, route):
    """A route that answers a changing method to an owner is listed with the role it needs."""
    for method in METHODS[1:]:
        status, _ = ask(world, route, method, "owner")
        assert status < 500, (method, status)
        if route.name in OPEN | PERSONAL | {"annotator:token-delete", "api:token"}:
            continue
        listed = (route.name, method) in NEEDED
        assert listed or status == 405, f"{route.name} answers {method} with {status}"


@pytest.mark.parametrize(
    ("name", "method", "needed"), [(*key, role) for key, role in sorted(NEEDED.items())]
)
def test_weaker_roles_are_refused(world, name, method, needed):
    route = next(route for route in routes() if route.name == name)
    for role in ROLES:
        status, _ = ask(world, route, method, role)
        if ROLES.index(role) < ROLES.index(needed):
            assert status == 403, role
        else:
            assert status not in {403, 404, 405}, role
            assert status < 500, role


@pytest.mark.parametrize("route", GATED)
def test_reading_works_for_every_member(world, route):
    needed = NEEDED.get((route.name, "get"), "viewer")
    for role in ROLES[ROLES.index(needed) :]:
        status, response = ask(world, route, "get", role)
        assert status in {200, 302, 404, 405, 422}, role
        allowed = getattr(response, "headers", {}).get("Allow", "")
        if status == 405:
            assert "GET" not in allowed


def test_other_peoples_tokens_do_not_exist(world):
    for who in ("stranger", "reviewer"):
        for name, method in (("annotator:token-delete", "post"), ("api:token", "delete")):
            route = next(route for route in routes() if route.name == name)
            assert ask(world, route, method, who)[0] == 404


@pytest.mark.parametrize("route", ROUTES)
def test_every_answer_carries_the_policy(world, route):
    for who in (None, "owner"):
        _, response = ask(world, route, "get", who)
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert response.headers["X-Frame-Options"] == "DENY"
        assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(("name", "method"), sorted(key for key in NEEDED if key[1] != "get"))
def test_form_token_is_required(world, name, method):
    route = next(route for route in routes() if route.name == name)
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.people["owner"])
    response = client.generic(method.upper(), route.path(world), b"{}", "application/json")
    assert response.status_code == 403
