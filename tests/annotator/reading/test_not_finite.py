"""Infinities and NaN that lie in the database: missing and counted, never a failure, never in JSON."""

from __future__ import annotations

import json
import math
import re

import numpy as np
import pytest
from django.db import connection

from annotator.models import Outcome, TokenScore
from scoring.credit.registry import METHODS
from tests.annotator.api_client import assert_error
from tests.annotator.importing.data import flat, load
from tests.page_text import without_tokens

pytestmark = pytest.mark.django_db
BAD = ("Infinity", "-Infinity", "NaN")


def strict(content):
    """Parse JSON that has no name for what is no number."""

    def refused(name):
        raise AssertionError(f"{name} stands in the JSON")

    return json.loads(content, parse_constant=refused)


def execute(sql, *values):
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def plant(bad, *, every):
    """Write ``bad`` where numbers are kept, past all checks: everywhere, or in every second row."""
    rows = "TRUE" if every else "id %% 2 = 0"
    execute(f"UPDATE annotator_outcome SET value = %s::float8 WHERE {rows}", bad)
    execute(f"UPDATE annotator_step SET value = %s::float8 WHERE {rows}", bad)
    execute(
        "UPDATE annotator_stepscore SET score = %s::float8, parts = ARRAY[%s::float8, 0.5]"
        f" WHERE {rows}",
        bad,
        bad,
    )
    for row in TokenScore.objects.order_by("pk"):
        if every or row.pk % 2:
            running = np.frombuffer(bytes(row.running), "<f4").copy()
            running[: None if every else 1] = float(bad)
            row.running, row.start = running.tobytes(), float(bad)
            row.save()


@pytest.fixture(params=[*((bad, False) for bad in BAD), ("Infinity", True)], ids=str)
def planted(game, models, rated, request):
    bad, every = request.param
    for model in models:
        model.parts = [["x", "probability"], ["y", "nats"]]
        model.save()
    problem, steps = game
    traces = list(problem.traces.order_by("pk"))
    execute("DELETE FROM annotator_outcome")
    Outcome.objects.bulk_create(
        Outcome(trace=trace, name=name, value=number % 2, source="test")
        for number, trace in enumerate(traces)
        for name in ("correct", "other")
    )
    plant(bad, every=every)
    return problem, steps, models, traces


def pages(problem, steps, models, traces):
    """Return addresses of everything that reads these numbers."""
    last, other = steps[4].pk, steps[5].pk
    below = f"/p/{problem.project.name}/problems/{problem.pk}/"
    site = f"/p/{problem.project.name}/"
    ways = ["value", *METHODS, *(f"prm_score@{m.pk}" for m in models)]
    sides = f"a=s{last}&b=s{other}"
    found = [f"{site}problems/", f"{site}overview/", f"{below}overview/", f"{below}tree.json"]
    found += [f"{site}disagreements/", f"{site}overview/?model={models[0].pk}"]
    found += [f"{below}steps/{step.pk}/tokens.json" for step in steps[:4]]
    found += [f"{below}?tab={tab}&step={last}" for tab in ("credit", "tokens", "traces", "step")]
    found += [f"{below}credit/menu/", f"{below}find-columns.json", f"{below}compare/"]
    found += [f"{below}compare/?a=t{traces[0].pk}&b=t{traces[1].pk}"]
    found += [f"{below}attribution/?end={last}&model={m.pk}&by=step" for m in models]
    found += [f"{below}attribution/?end={last}&model={models[0].pk}&scale=problem"]
    for way in ways:
        found += [f"{below}credit.json?by={way}"]
    for way in ("tempo", "leaf_value", "value", f"prm_score@{models[0].pk}"):
        found += [f"{below}?by={way}", f"{below}compare/?{sides}&by={way}"]
        for kind in ("tree", "path", "compare"):
            ends = ("/", ".svg", ".csv")
            found += [f"{below}figures/{kind}{end}?{sides}&by={way}" for end in ends]
    return found


def api(problem, steps, models, traces):
    """Return the API's addresses of the same."""
    base = f"/api/v1/problems/{problem.pk}/"
    found = [base, f"{base}tree/", f"{base}tree/?model={models[0].pk}", f"{base}credit/methods/"]
    found += [f"{base}credit/?method={key}" for key in METHODS]
    found += [f"{base}credit/?method=prm_score&model={models[0].pk}"]
    found += [f"/api/v1/traces/{trace.pk}/outcomes/" for trace in traces]
    found += [f"/api/v1/steps/{steps[4].pk}/attributions/?tokens=1"]
    found += [f"/api/v1/scores/?model={model.pk}" for model in models]
    found += [f"/api/v1/projects/{problem.project.name}/disagreements/"]
    found += [f"/api/v1/projects/{problem.project.name}/problems/"]
    return found


def asked(client, url):
    """Return the status and the whole answer as text."""
    answer = client.get(url)
    content = b"".join(answer) if answer.streaming else answer.content
    return answer.status_code, answer.get("Content-Type", ""), content.decode()


SHOWN = re.compile(r"(?<![a-z])[-−+]?(?:nan|inf|infinity)(?![a-z])", re.IGNORECASE)


def test_nothing_fails_and_no_json_holds_what_is_no_number(planted, reviewer):
    reviewer.raise_request_exception = False
    wrong, good = [], 0
    for url in [*pages(*planted), *api(*planted)]:
        status, kind, text = asked(reviewer, url)
        good += status == 200
        if status not in {200, 422} and not (status == 404 and "by=value" in url):
            # 404: no search value is left to colour by
            wrong.append(f"{status} {url}")
        elif "json" in kind:
            try:
                strict(text)
            except AssertionError as error:
                wrong.append(f"{error}: {url}")
        elif found := SHOWN.search(re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)):
            wrong.append(f"shows {text[max(found.start() - 40, 0) : found.end() + 9]!r}: {url}")
    assert not wrong, "\n".join(wrong)
    assert good > 60


@pytest.mark.parametrize("bad", BAD)
def test_an_outcome_that_is_no_number_is_an_outcome_that_is_unknown(game, reviewer, bad):
    """The same answers, whether a trace's outcome is nothing or no number."""
    problem, _ = game
    traces = list(problem.traces.order_by("pk"))
    for number, trace in enumerate(traces):
        Outcome.objects.update_or_create(
            trace=trace, name="correct", defaults={"value": number % 2, "source": "test"}
        )
    base = f"/api/v1/problems/{problem.pk}/"
    urls = [f"{base}tree/", f"/api/v1/traces/{traces[0].pk}/outcomes/"]
    urls += [f"{base}credit/?method={key}" for key in METHODS]
    urls += [
        f"/p/{problem.project.name}/problems/?outcome={state}" for state in ("solved", "mixed")
    ]
    said = []
    for value in (None, bad):
        execute(
            "UPDATE annotator_outcome SET value = %s::float8 WHERE trace_id IN (%s, %s)",
            value,
            traces[0].pk,
            traces[1].pk,
        )
        said.append([without_tokens(asked(reviewer, url)[2]) for url in urls])
    for url, nothing, no_number in zip(urls, *said, strict=True):
        assert nothing == no_number, url
    rows = strict(asked(reviewer, urls[1])[2])["results"]
    assert [row["value"] for row in rows if row["name"] == "correct"] == [None]


def test_a_score_that_is_no_number_is_null_and_no_score_of_the_tree(game, models, reviewer):
    problem, steps = game
    execute(
        "UPDATE annotator_stepscore SET score = 'NaN' WHERE step_id = %s AND model_id = %s",
        steps[0].pk,
        models[0].pk,
    )
    rows = strict(asked(reviewer, f"/api/v1/scores/?model={models[0].pk}")[2])["results"]
    assert [row["step"] for row in rows if row["score"] is None] == [steps[0].pk]
    url = f"/api/v1/problems/{problem.pk}/tree/?model={models[0].pk}"
    nodes = strict(asked(reviewer, url)[2])["nodes"]
    assert [node["id"] for node in nodes[1:] if "score" not in node] == [steps[0].pk]


# --- entries ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "status", "code"),
    [
        # not JSON at all
        ("NaN", 400, "parse_error"),
        ("-Infinity", 400, "parse_error"),
        *((text, 422, "invalid") for text in ("1e400", "-1e400", '"Infinity"', '"nan"', '"-inf"')),
    ],
)
def test_the_api_refuses_an_outcome_that_is_no_number(game, reviewer, value, status, code):
    trace = game[0].traces.first()
    answer = reviewer.put(
        f"/api/v1/traces/{trace.pk}/outcomes/",
        f'{{"name": "new", "value": {value}}}',
        content_type="application/json",
    )
    error = assert_error(answer, status, code)
    assert "null" in error["message"]
    assert not Outcome.objects.filter(name="new").exists()


@pytest.mark.parametrize("value", ["nan", "inf", "-Infinity", "1e400"])
def test_the_page_refuses_an_outcome_that_is_no_number(game, reviewer, address, value):
    trace = game[0].traces.first()
    url = address(f"traces/{trace.pk}/outcome/")
    answer = reviewer.post(url, {"name": "new", "value": value})
    assert answer.status_code == 422
    assert "unknown" in answer.content.decode()
    assert not Outcome.objects.filter(name="new").exists()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_an_import_refuses_an_outcome_that_is_no_number(project, value):
    report = load(project, flat("q", "a", prompt="q", correct=value))
    assert report.accepted == 0
    assert "write null if it is unknown" in report.errors[0].reason
    assert not Outcome.objects.filter(trace__problem__prompt="q").exists()
