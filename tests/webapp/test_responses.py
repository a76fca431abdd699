import gzip

import pytest

from annotator.services.people.users import sign_in_link_create
from webapp.middleware import POLICY

PATHS = ["/sign-in/", "/", "/no/such/page/", "/api/v1/schema/", "/static/css/tokens.css"]


@pytest.mark.django_db
@pytest.mark.parametrize("path", PATHS)
def test_every_answer_carries_the_strict_policy(client, path):
    response = client.get(path)
    assert response["Content-Security-Policy"] == POLICY
    assert "unsafe" not in POLICY
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"
    assert len(response["X-Request-Id"]) == 12
    assert "Access-Control-Allow-Origin" not in response
    response.close()


@pytest.mark.django_db
def test_the_icon_is_there_for_whoever_asks_without_reading_the_page(client):
    response = client.get("/favicon.ico")
    content = b"".join(response.streaming_content)
    response.close()
    assert (response.status_code, content[:4]) == (200, b"\0\0\1\0")
    assert response["Content-Security-Policy"] == POLICY


@pytest.mark.django_db
def test_a_stranger_is_sent_to_sign_in(client):
    response = client.get("/tokens/")
    assert response.status_code == 302
    assert response["Location"] == "/sign-in/?next=/tokens/"


@pytest.mark.django_db
def test_a_stranger_of_the_api_gets_json(client):
    response = client.get("/api/v1/schema/")
    assert response.status_code in {401, 403}
    assert response.json()["error"]["message"]


def test_cookies_are_named_after_the_home_and_closed_to_scripts(client, user, settings):
    client.post(f"/sign-in/{sign_in_link_create(user=user)}/")
    session = client.cookies[settings.SESSION_COOKIE_NAME]
    assert session["httponly"]
    assert session["samesite"] == "Lax"
    assert settings.HOME_KEY in settings.SESSION_COOKIE_NAME
    assert settings.CSRF_COOKIE_HTTPONLY


def test_large_pages_are_compressed(client_for, user):
    response = client_for(user).get("/tokens/", headers={"Accept-Encoding": "gzip"})
    assert response["Content-Encoding"] == "gzip"
    assert b"<html" in gzip.decompress(response.content)


def test_the_theme_comes_from_the_cookie_and_nothing_else_does(rf):
    from webapp.middleware import theme

    for cookie, chosen in [("dark", "dark"), ("light", "light"), ('"><script>', ""), ("", "")]:
        request = rf.get("/")
        request.COOKIES["theme"] = cookie
        assert theme(request) == {"theme": chosen}
