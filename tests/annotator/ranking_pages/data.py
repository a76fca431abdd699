"""A fork to be ranked, its addresses and what is sent there."""

from __future__ import annotations

import json
import re

from annotator.queries.rankings.places import place_of
from tests.annotator.workbench_data import Node

FORK = (
    Node("4 * 5 = 20"),
    Node("6 + 10 = 16", 0, outcomes=[0.0]),
    Node("10 - 6 = 4", 0),
    Node("4 + 20 = 24", 2, outcomes=[1.0]),
    Node("20 - 4 = 16", 2, outcomes=[0.0, None]),
    Node("10 - 6 = 4", 0, outcomes=[1.0]),
    Node("<script>alert(1)</script>", outcomes=[0.0]),
)


def url(problem, place="branch", below=None, end=""):
    middle = f"{below.pk}/" if below else ""
    return f"/p/{problem.project.name}/problems/{problem.pk}/rank/{place}/{middle}{end}"


def config(response):
    found = re.search(
        rb'id="ranking-config" type="application/json">(.*?)</script>', response.content
    )
    return json.loads(found[1])


def post(client, where, answer=None, **more):
    said = {} if answer is None else {"answer": json.dumps(answer)}
    return client.post(where, said | more, headers={"HX-Request": "true", "Accept": "text/plain"})


def place(problem, level, below=None):
    return place_of(problem=problem, level=level, parent_id=below.pk if below else None)
