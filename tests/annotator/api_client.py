"""A client of the JSON API, and the one shape of its errors."""

from __future__ import annotations

from django.test import Client

from annotator.services.people.tokens import token_create


class Api:
    """A client of the API with a person's token."""

    def __init__(self, person):
        secret = token_create(user=person, name="test").secret
        self.client = Client(
            headers={"Authorization": f"Bearer {secret}"}, raise_request_exception=False
        )

    def __call__(self, method, path, body=None, **headers):
        content = {} if body is None else {"data": body, "content_type": "application/json"}
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return getattr(self.client, method)(f"/api/v1/{path}", headers=headers, **content)


def assert_error(answer, status, code):
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/json"
    body = answer.json()
    assert body.keys() == {"error"}
    assert body["error"].keys() == {"code", "message", "fields"}
    assert body["error"]["code"] == code
    assert body["error"]["message"]
    return body["error"]
