"""The pages keep text as text, secrets out, cookies closed and errors plain."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from django.conf import settings
from django.db import OperationalError
from django.test import Client

from annotator.markdown import markdown_html
from tests.annotator.page_world import HOSTILE, world_create
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

PAGES = (
    "/",
    "/tokens/",
    "/p/Ours/problems/",
    "/p/Ours/import/",
    "/p/Ours/models/",
    "/p/Ours/models/{model}/",
    "/p/Ours/jobs/",
    "/p/Ours/jobs/{job}/",
    "/p/Ours/datasets/",
    "/p/Ours/exports/{export}/",
    "/p/Ours/guidelines/",
    "/p/Ours/guidelines/edit/",
    "/p/Ours/members/",
    "/p/Ours/settings/",
    "/p/Ours/delete/",
)


class Elements(HTMLParser):
    """What a browser would act on: handlers, inline styles, script addresses, foreign images."""

    def __init__(self):
        super().__init__()
        self.acting, self.scripts, self.scripts_with_source = [], 0, 0

    def handle_starttag(self, tag, attrs):
        said = dict(attrs)
        self.scripts += tag == "script"
        self.scripts_with_source += tag == "script" and said.get("src", "").startswith("/static/")
        address = (said.get("href") or said.get("action") or "").lower()
        handlers = [name for name in said if name.startswith("on") or name == "style"]
        if handlers or tag in {"img", "iframe", "object"} or address.startswith("javascript:"):
            self.acting.append((tag, said))


@pytest.mark.parametrize("page", PAGES)
def test_hostile_text_stays_text(page, client_for):
    world = world_create(text=HOSTILE)
    answer = client_for(world.people["owner"]).get(page.format(**world.ids))
    assert answer.status_code == 200
    found = Elements()
    found.feed(answer.content.decode())
    assert not found.acting
    assert found.scripts == found.scripts_with_source


@pytest.mark.parametrize("page", PAGES)
def test_no_secret_is_in_a_page(page, client_for):
    world = world_create()
    client = client_for(world.people["owner"])
    html = client.get(page.format(**world.ids)).content.decode()
    for secret in (settings.SECRET_KEY, client.session.session_key, str(settings.TRACEWOOD_HOME)):
        assert secret not in html


def test_markdown_cannot_act():
    html = markdown_html(
        "<script>x</script> **bold** [a](javascript:alert(1)) [b](https://e.org) ![i](http://e/x.png)"
    )
    assert "<strong>bold</strong>" in html
    assert "<script" not in html
    assert 'href="javascript' not in html
    assert "<img" not in html
    assert 'rel="noopener noreferrer nofollow"' in html


def test_cookies_are_closed(client_for):
    client = Client(enforce_csrf_checks=True)
    person = UserFactory()
    person.set_password("a long password 1")
    person.save()
    page = client.get("/sign-in/")
    token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', page.content.decode())[1]
    said = {"username": person.username, "password": "a long password 1"}
    assert client.post("/sign-in/", said).status_code == 403
    answer = client.post("/sign-in/", {**said, "csrfmiddlewaretoken": token})
    assert answer.status_code == 302
    session = answer.cookies[settings.SESSION_COOKIE_NAME]
    assert session["httponly"]
    assert session["samesite"] == "Lax"


def test_too_many_wrong_passwords_must_wait():
    person = UserFactory()
    person.set_password("a long password 1")
    person.save()
    client = Client()
    for _ in range(10):
        client.post("/sign-in/", {"username": person.username, "password": "wrong"})
    right = {"username": person.username, "password": "a long password 1"}
    page = client.post("/sign-in/", right)
    assert "Wait 15 minutes" in page.content.decode()
    assert "_auth_user_id" not in client.session


def test_sign_in_does_not_lead_elsewhere(client_for):
    person = UserFactory()
    answer = client_for(person).get("/sign-in/?next=https://evil.example/")
    assert answer["Location"] == "/"


def test_errors_are_plain_for_scripts_and_pages_for_browsers(client_for):
    client = client_for(UserFactory())
    for headers in ({}, {"HX-Request": "true", "Accept": "text/html"}):
        answer = client.get("/p/Nothing/problems/", headers=headers)
        assert answer.status_code == 404
        assert answer.headers["Content-Type"].startswith("text/plain")
        assert "no project called" in answer.content.decode()
    browser = client.get("/p/<b>Nothing/problems/", headers={"Accept": "text/html"})
    assert browser.status_code == 404
    assert "<h1>Not here</h1>" in browser.content.decode()
    assert "&lt;b&gt;Nothing" in browser.content.decode()
    unknown = client.get("/nowhere/", headers={"Accept": "text/html"})
    assert unknown.status_code == 404
    assert "There is no page" in unknown.content.decode()


def test_ended_session_sends_the_whole_page_to_sign_in():
    answer = Client().get("/p/Ours/jobs/", headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == settings.LOGIN_URL


def test_failure_has_a_reference_and_needs_no_database(client_for, monkeypatch):
    world = world_create()
    client = client_for(world.people["owner"])
    client.raise_request_exception = False

    def fail(**_):
        raise RuntimeError("secret detail")

    monkeypatch.setattr("annotator.views.pages.people.members.members_counted", fail)
    answer = client.get("/p/Ours/members/", headers={"Accept": "text/html"})
    assert answer.status_code == 500
    assert answer.headers["X-Request-Id"] in answer.content.decode()
    assert "secret detail" not in answer.content.decode()


@pytest.mark.parametrize(
    "away", ["webapp.sessions.prepared_row", "annotator.views.pages.people.members.members_counted"]
)
def test_a_database_that_is_away_is_said_plainly(client_for, monkeypatch, away):
    client = client_for(world_create().people["owner"])
    client.raise_request_exception = False

    def fail(*_, **__):
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(away, fail)
    answer = client.get("/p/Ours/members/", headers={"Accept": "text/html"})
    assert answer.status_code == 503
    assert "The database does not answer just now" in answer.content.decode()
    assert client.get("/p/Ours/members/").headers["Content-Type"].startswith("text/plain")
