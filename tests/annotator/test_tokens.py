"""Personal tokens: shown once, stored as digests, useless once deleted."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from annotator.errors import InvalidError, NotFoundError
from annotator.models import ApiToken
from annotator.services.people.tokens import token_create, token_delete, token_use
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def api(secret: str, keyword: str = "Bearer"):
    return Client(headers={"Authorization": f"{keyword} {secret}"})


def test_secret_is_stored_nowhere():
    made = token_create(user=UserFactory(), name="laptop")
    stored = ApiToken.objects.values().get()
    assert made.secret not in str(stored)
    assert made.secret.startswith(stored["prefix"])
    assert len(stored["prefix"]) < len(made.secret) / 4


@pytest.mark.parametrize("keyword", ["Bearer", "bearer", "Token"])
def test_token_signs_in_to_the_api(keyword):
    made = token_create(user=UserFactory(), name="laptop")
    assert api(made.secret, keyword).get("/api/v1/projects/").status_code == 200


def test_token_does_not_sign_in_to_pages():
    made = token_create(user=UserFactory(), name="laptop")
    assert api(made.secret).get("/").status_code == 302


def test_deleted_token_and_inactive_person_get_401():
    person = UserFactory()
    made = token_create(user=person, name="laptop")
    token_delete(user=person, pk=made.row.pk)
    answer = api(made.secret).get("/api/v1/projects/")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    other = token_create(user=person, name="laptop")
    person.is_active = False
    person.save()
    assert api(other.secret).get("/api/v1/projects/").status_code == 401


@pytest.mark.parametrize("secret", ["", "tw_", "tw_" + "a" * 43, "ü" * 10, "a b c"])
def test_wrong_token_is_401(secret):
    header = f"Bearer {secret}".encode().decode("latin-1")
    answer = Client(headers={"Authorization": header}).get("/api/v1/projects/")
    assert answer.status_code == 401


def test_token_of_another_person_cannot_be_deleted():
    made = token_create(user=UserFactory(), name="laptop")
    with pytest.raises(NotFoundError):
        token_delete(user=UserFactory(), pk=made.row.pk)
    assert token_use(secret=made.secret) is not None


def test_last_use_is_written_at_most_once_a_minute(django_assert_num_queries):
    made = token_create(user=UserFactory(), name="laptop")
    with django_assert_num_queries(2):
        token_use(secret=made.secret)
    with django_assert_num_queries(1):
        token_use(secret=made.secret)
    ApiToken.objects.update(last_used=timezone.now() - timedelta(minutes=2))
    with django_assert_num_queries(2):
        token_use(secret=made.secret)


@pytest.mark.parametrize("name", ["", "  ", "x" * 81, "a\x00"])
def test_token_needs_a_name(name):
    with pytest.raises(InvalidError):
        token_create(user=UserFactory(), name=name)


def test_page_shows_the_secret_once(client_for):
    client = client_for(UserFactory())
    page = client.post("/tokens/", {"name": "notebook"})
    secret = page.context["made"].secret
    assert secret in page.content.decode()
    assert "no-store" in page.headers["Cache-Control"]
    assert secret not in client.get("/tokens/").content.decode()
    assert api(secret).get("/api/v1/projects/").status_code == 200


def test_token_cannot_make_tokens():
    made = token_create(user=UserFactory(), name="laptop")
    answer = api(made.secret).post("/api/v1/tokens/", {"name": "x"}, "application/json")
    assert answer.status_code == 401
    assert ApiToken.objects.count() == 1


def test_session_makes_and_deletes_tokens_through_the_api(client_for):
    client = client_for(UserFactory())
    made = client.post("/api/v1/tokens/", {"name": "x"}, "application/json").json()
    assert api(made["secret"]).get("/api/v1/projects/").status_code == 200
    assert "secret" not in client.get("/api/v1/tokens/").json()["results"][0]
    assert client.delete(f"/api/v1/tokens/{made['id']}/").status_code == 204
    assert api(made["secret"]).get("/api/v1/projects/").status_code == 401
