"""Every address × every method × everybody: nobody reaches what is not theirs.

The walk reads the URL configuration, so a new route is covered, or fails here, by being added.
"""

from __future__ import annotations

import json

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client

from tests.annotator.page_world import ROLES, World, world_create
from tests.annotator.route_needs import BODIES, FORMS, NEEDED
from tests.annotator.routes import GATED, METHODS, OPEN, PERSONAL, ROUTES, Route, routes

pytestmark = pytest.mark.django_db


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
        path = route.path(world, who)
        if route.is_api:
            path += "?project=Ours&name=traces.jsonl"
            path += f"&model={world.ids['model']}" if route.name == "api:scores" else ""
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
