"""Attributions and signals by the API and by the command: what is told, to whom, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from annotator.management.commands import attribute_path
from annotator.models import Attribution, Job, Trace
from annotator.queries.attribution.path import path_of
from annotator.services.jobs import job_claim, job_create
from annotator.services.models.attributions import attribution_store
from tests.annotator.api_client import Api, assert_error
from tests.annotator.attribution.test_page import found
from tests.annotator.attribution.test_signals import measured
from tests.annotator.commands import run_command
from tests.annotator.workbench_data import member

pytestmark = pytest.mark.django_db


@pytest.fixture
def end(game):
    return game[1][4]


@pytest.fixture
def stored(project, game, end):
    """Store credit and then a signal of one path; return the path."""
    path = path_of(end=end)
    for one in (found(path), measured(path)):
        job = job_create(project=project, kind=Job.Kind.ATTRIBUTE, args={}, user=None)
        claimed = job_claim(job_id=job.pk, worker=None)
        attribution_store(job=claimed, model=game[2], end=end, found=one)
    return path


@pytest.fixture
def api(project):
    return lambda role: Api(member(project, f"api-{role}", role))


@pytest.fixture
def runs(game):
    """Let the model be one that could be opened."""
    model = game[2]
    model.kind, model.artefact = "prm", "models/none"
    model.save()
    return model


def results(answer):
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]


def test_what_is_stored_is_told_with_what_made_it(game, end, stored, api):
    signal, credit = results(api("reviewer")("get", f"steps/{end.pk}/attributions/"))
    assert (signal["method"], credit["method"]) == ("signal:fai", "integrated_gradients")
    assert (signal["signal"], credit["signal"]) == (True, False)
    assert [one["step"] for one in signal["steps"]] == [step.pk for step in stored.steps]
    assert signal["steps"][-1]["value"] is None
    assert credit["steps"][0]["value"] == -0.125
    assert (signal["badge"], credit["badge"]) == (None, "ok")
    assert (signal["figures"], credit["figures"]) == ({"ER": 3.5}, {})
    for one in (signal, credit):
        assert one["tokens"] is None
        assert one["stale"] is False
        assert one["model"] == game[2].pk
        assert one["params"]
        assert one["dtype"]
        assert one["model_hash"]
        assert one["template_hash"]


def test_tokens_come_when_asked_for_and_lists_are_narrowed(game, end, stored, api):
    ask, here = api("reviewer"), f"steps/{end.pk}/attributions/"
    (one,) = results(ask("get", f"{here}?method=signal:fai&tokens=1&model={game[2].pk}"))
    texts = stored.texts
    for k, text in enumerate(texts):
        own = [t for t in one["tokens"] if t["step"] == k]
        assert "".join(text[t["begin"] : t["end"]] for t in own) == text
    assert [t["value"] for t in one["tokens"][:3]] == [pytest.approx(0.1), pytest.approx(0.4), None]
    assert not results(ask("get", f"{here}?method=signal:waad"))
    first = ask("get", f"{here}?size=1").json()
    second = ask("get", f"{here}?size=1&before={first['next']}").json()
    methods = [first["results"][0]["method"], second["results"][0]["method"]]
    assert methods == ["signal:fai", "integrated_gradients"]
    assert second["next"] is None
    assert_error(ask("get", f"{here}?method=tea_leaves"), 422, "unknown_name")
    assert_error(ask("get", f"{here}?model=999999999"), 404, "not_found")


def test_what_models_say_of_a_path_opens_with_the_judgement(project, end, stored, api):
    for role in ("viewer", "annotator"):
        said = assert_error(api(role)("get", f"steps/{end.pk}/attributions/"), 403, "forbidden")
        assert "once you have judged" in said["message"]
    project.show_scores = True
    project.save()
    assert len(results(api("owner")("get", f"steps/{end.pk}/attributions/"))) == 2


def test_a_reviewer_queues_a_signal(end, runs, api):
    body = {"model": runs.pk, "method": "signal:waad", "params": {"reach": 5, "heads": 0.2}}
    here = f"steps/{end.pk}/attributions/"
    assert_error(api("annotator")("post", here, body), 403, "forbidden")
    ask = api("reviewer")
    answer = ask("post", here, body)
    assert answer.status_code == 202, answer.content
    job = Job.objects.get(pk=answer.json()["id"])
    assert job.kind == Job.Kind.ATTRIBUTE
    assert job.args["params"] == {"reach": 5, "heads": 0.2, "layers": 5}
    assert_error(ask("post", here, body), 409, "job_open")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"method": "tea_leaves"}, 422, "unknown_name"),
        ({"method": "signal:waad", "params": {"nonsense": 1}}, 422, "unknown_name"),
        ({"method": "signal:waad", "params": {"reach": "five"}}, 422, "parameter"),
        ({"method": "signal:waad", "params": {"reach": [5]}}, 422, "parameter"),
        ({"method": "signal:log_ratio"}, 409, "cannot_attribute"),
        ({}, 422, "invalid"),
        ({"method": "signal:waad", "model": 999_999_999}, 404, "not_found"),
    ],
)
def test_what_cannot_be_run_is_refused(end, runs, api, body, status, code):
    answer = api("reviewer")("post", f"steps/{end.pk}/attributions/", {"model": runs.pk} | body)
    assert_error(answer, status, code)
    assert not Job.objects.filter(kind=Job.Kind.ATTRIBUTE).exists()


# --- the command --------------------------------------------------------------------------------


def call(project, model, *more):
    return run_command(attribute_path, "--project", project.name, "--model", model.name, *more)


@pytest.mark.django_db(transaction=True)
def test_the_command_queues_and_names_the_path_by_step_or_trace(project, end, runs):
    trace = Trace.objects.filter(end=end).first()
    if trace is None:
        trace = Trace.objects.filter(problem=end.problem).exclude(end=None).first()
    status, answer = call(project, runs, "--step", end.pk, "--method", "signal:waad", "--set", "reach=7")  # fmt: skip
    assert (status, answer["state"], answer["attribution"]) == (0, "queued", None), answer
    assert Job.objects.get(pk=answer["job"]).args["params"]["reach"] == 7
    status, answer = call(project, runs, "--trace", trace.pk, "--method", "closed_prefix")
    assert (status, answer["state"]) == (0, "queued"), answer
    assert Job.objects.get(pk=answer["job"]).args["end"] == trace.end_id


@pytest.mark.django_db(transaction=True)
def test_the_command_tells_what_a_job_stored(project, end, runs, monkeypatch):
    path = path_of(end=end)

    def done(*, job, on_progress):
        claimed = job_claim(job_id=job.pk, worker=None)
        one = measured(path, values=np.full(3 * len(path.steps), 0.5, np.float32))
        row = attribution_store(job=claimed, model=runs, end=end, found=one)
        claimed.state, claimed.result = Job.State.DONE, {"attribution": row.pk}
        return claimed

    monkeypatch.setattr(attribute_path, "job_wait", done)
    status, answer = call(project, runs, "--step", end.pk, "--method", "signal:fai", "--wait")
    assert (status, answer["state"], answer["signal"]) == (0, "done", True), answer
    assert answer["attribution"] == Attribution.objects.get().pk
    assert answer["steps"][0]["value"] == 0.25
    assert len(answer["tokens"]) == 3 * len(path.steps)


@pytest.mark.django_db(transaction=True)
def test_the_command_refuses_in_words(project, end, runs):
    for more, code in (
        (("--step", end.pk, "--method", "tea_leaves"), "unknown_name"),
        (("--step", end.pk, "--method", "signal:waad", "--set", "reach=far"), "parameter"),
        (("--step", end.pk, "--method", "signal:log_ratio"), "cannot_attribute"),
        (("--step", 999_999_999, "--method", "signal:waad"), "not_found"),
        (("--trace", 999_999_999, "--method", "signal:waad"), "not_found"),
        (("--method", "signal:waad"), "usage"),
    ):
        status, answer = call(project, runs, *more)
        assert (status, answer["error"]["code"]) == (2, code), answer
