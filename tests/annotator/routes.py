"""Every address of the site, what it needs to be asked and who may ask."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

if TYPE_CHECKING:
    from tests.annotator.page_world import World

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


@dataclass(frozen=True)
class Route:
    """A route with its full pattern, as ``app:name`` and as a template of an address."""

    name: str
    pattern: str

    @property
    def is_api(self) -> bool:
        return self.pattern.startswith("api/")

    def path(self, world: World, who: str | None = None) -> str:
        """Return the address of an object of the project ``Ours`` that ``who`` would ask for."""
        ids = world.of(who)
        return "/" + re.sub(r"<(?:(\w+):)?(\w+)>", lambda m: self._value(ids, m[2]), self.pattern)

    def _value(self, ids: dict[str, int], name: str) -> str:
        fixed = {
            "project": "Ours",
            "name": "Ours",
            "key": "tracewood",
            "path": "train.jsonl",
            "token": "unknown",
            "number": "1",
            "error_type": "format",
            "verb": "retire",
            "task": "first_error",
        }
        if name in fixed:
            return fixed[name]
        if name in {"parent", "first", "last"}:
            return str(ids["step"])
        if name == "pk":
            return str(ids[self._noun()])
        return str(ids[name])

    def _noun(self) -> str:
        for part in reversed(re.split(r"[/<]", self.pattern.split("<int:pk>")[0])):
            noun = part.removesuffix("s")
            if noun in NOUNS:
                return noun
        pytest.fail(f"What is <pk> in {self.pattern}? Add the noun to NOUNS.")


NOUNS = {
    "problem",
    "step",
    "trace",
    "job",
    "model",
    "snapshot",
    "export",
    "evaluation",
    "token",
    "member",
    "gold",
    "exam",
    "queue",
    "comment",
    "label",
    "assignment",
}


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
