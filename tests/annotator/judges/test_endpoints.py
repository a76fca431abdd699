"""Where judges may be asked, and which key goes where: the operator's lists and nothing else."""

from __future__ import annotations

import logging

import pytest
from django.core import serializers

from annotator.errors import InvalidError
from annotator.management.commands import add_reward_model
from annotator.models import Job, JudgeAccount, JudgeAnswer, Membership, RewardModel, StepVerdict
from annotator.services.artefacts import artefact_folder
from tests.annotator.commands import run_command
from tests.annotator.judges.data import judge_at, scored
from tests.factories import MembershipFactory
from tests.scoring.judge.servers import answering, judging

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "sk-very-secret-0123456789"


@pytest.mark.parametrize(
    "address",
    [
        "http://169.254.169.254/v1",
        "http://10.0.0.1:8000/v1",
        "http://localhost.example.com/v1",
        "http://127.0.0.2:8000/v1",
        "http://0.0.0.0:8000/v1",
        "https://api.example.com/v1",
    ],
)
def test_only_listed_servers_may_be_named(project, address):
    with pytest.raises(InvalidError, match="TRACEWOOD_JUDGE_HOSTS") as caught:
        judge_at(address, project)
    assert set(caught.value.fields) == {"endpoint"}
    status, told = run_command(
        add_reward_model, "--project", project.name, "--kind", "judge",
        "--set", f"endpoint={address}", "--set", "model=m",
    )  # fmt: skip
    assert (status, told["error"]["code"]) == (2, "invalid"), "the command line is no way around"
    assert not RewardModel.objects.exists()


def test_a_port_of_a_listed_server(project, settings):
    settings.TRACEWOOD_JUDGE_HOSTS = frozenset({"api.example.com", "10.0.0.1:8000"})
    for address in ("https://api.example.com:8443/v1", "http://10.0.0.1:8000/v1"):
        assert judge_at(address, project).ready
    for address in ("http://10.0.0.1:22/v1", "http://localhost:8000/v1"):
        with pytest.raises(InvalidError, match="TRACEWOOD_JUDGE_HOSTS"):
            judge_at(address, project)


def test_a_key_goes_to_its_own_server_only(project, settings):
    settings.TRACEWOOD_JUDGE_KEYS = {("MY_KEY", "api.example.com"): SECRET}
    settings.TRACEWOOD_JUDGE_HOSTS = frozenset({"api.example.com", "localhost"})
    assert judge_at("https://api.example.com/v1", project, key_variable="MY_KEY").ready
    for address, variable in (
        ("http://localhost:8000/v1", "MY_KEY"),
        ("https://api.example.com/v1", "SECRET_KEY"),
    ):
        with pytest.raises(InvalidError, match="TRACEWOOD_JUDGE_KEYS") as caught:
            judge_at(address, project, key_variable=variable)
        assert set(caught.value.fields) == {"key_variable"}


def test_the_lists_hold_when_the_judge_is_asked(project, settings):
    with answering(lambda asked: (200, judging(asked[-1], wrong="x"))) as (address, asked):
        model = judge_at(address, project)
        settings.TRACEWOOD_JUDGE_HOSTS = frozenset({"api.example.com"})
        job = scored(model)
    assert (job.state, job.error_code, asked) == (Job.State.FAILED, "invalid", [])
    assert "TRACEWOOD_JUDGE_HOSTS" in job.error


def test_the_key_is_sent_and_in_no_row_page_log_or_file(project, settings, client_for, caplog):
    caplog.set_level(logging.DEBUG)
    settings.TRACEWOOD_JUDGE_KEYS = {("MY_KEY", "127.0.0.1"): SECRET}
    refuse = []

    def reply(asked):
        if refuse:
            return 401, f'{{"error": {{"message": "{SECRET} is wrong"}}}}'
        return 200, judging(asked[-1], wrong="x")

    with answering(reply) as (address, asked):
        model = judge_at(address, project, key_variable="MY_KEY")
        done = scored(model)
        assert done.state == Job.State.DONE, done.error
        assert {request["headers"]["authorization"] for request in asked} == {f"Bearer {SECRET}"}
        refuse.append(True)
        failed = scored(judge_at(address, project, key_variable="MY_KEY", max_tokens=100))
        assert "… is wrong" in failed.error
    tables = (RewardModel, Job, JudgeAnswer, JudgeAccount, StepVerdict)
    rows = "".join(serializers.serialize("json", table.objects.all()) for table in tables)
    assert "MY_KEY" in rows
    assert SECRET not in rows
    files = [p.read_text() for p in artefact_folder(path=model.artefact).rglob("*") if p.is_file()]
    assert files
    assert SECRET not in "".join(files)
    assert SECRET not in caplog.text
    owner = client_for(MembershipFactory(project=project, role=Membership.Role.OWNER).user)
    for page in (f"models/{model.pk}/", f"jobs/{done.pk}/", f"jobs/{failed.pk}/", "models/"):
        answer = owner.get(f"/p/{project.name}/{page}")
        assert answer.status_code == 200, page
        assert SECRET not in answer.content.decode()


def test_a_listed_key_that_is_not_set_is_said(project, settings):
    settings.TRACEWOOD_JUDGE_KEYS = {("MY_KEY", "127.0.0.1"): ""}
    job = scored(judge_at("http://127.0.0.1:9/v1", project, key_variable="MY_KEY"))
    assert (job.state, job.error_code) == (Job.State.FAILED, "unavailable")
    assert "MY_KEY is not set for this worker" in job.error
