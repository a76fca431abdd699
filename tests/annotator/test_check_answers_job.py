"""Final answers checked by a job: asked for on a page or by the API, watched, cancelled, gone on with."""

from __future__ import annotations

import pytest

from annotator.errors import FencedOutError
from annotator.models import Job, JudgementEvent, Outcome, SourceFile
from annotator.services import jobs
from annotator.services.imports.records import import_records
from annotator.services.judgements import answers
from annotator.services.judgements.answers import answers_check, answers_request
from annotator.services.projects.projects import project_create
from scoring.errors import CheckerError
from scoring.pipelines import runner
from scoring.pipelines.context import JobContext
from scoring.types import NodeRecord, OutcomeRecord, ProblemRecord, TraceRecord, TreeRecord
from scoring.verify import answers as checking
from scoring.verify.answers import library_version
from scoring.verify.arithmetic import Verdict
from tests.annotator.api_client import Api, assert_error
from tests.factories import MembershipFactory, problem_with_tree
from tests.page_text import without_tokens

pytestmark = pytest.mark.django_db(transaction=True)
TEXTS = ["So 7.", "So 8.", "Hm.", "So 7 again.", "So 9."]


class Reader:
    """Stands for computer algebra: right if the text holds a 7, no verdict without a number."""

    late = 0

    def __init__(self, seconds=0.0):
        self.asked = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def check(self, answer, reference):
        ASKED.append(answer)
        if not any(letter.isdigit() for letter in answer):
            return Verdict.NOTHING
        return Verdict.TRUE if reference in answer else Verdict.FALSE


ASKED: list[str] = []


@pytest.fixture
def project(monkeypatch):
    """One problem with five traces, the last of which brought its outcome."""
    ASKED.clear()
    monkeypatch.setattr(answers, "AnswerChecker", Reader)
    made = project_create(name="sums")
    traces = [TraceRecord(i, f"t{i}") for i in range(5)]
    traces[4].outcomes = [OutcomeRecord("correct", 1.0, "source")]
    record = TreeRecord(
        "a", ProblemRecord("Seven?", "7"), [NodeRecord(t) for t in TEXTS], traces, merge=False
    )
    file = SourceFile.objects.create(project=made, format="tracewood", name="sums")
    import_records(project=made, format="tracewood", items=[record], file=file)
    return made


def member(project, role):
    return MembershipFactory(project=project, role=role).user


def run(job, **options):
    runner.run_claimed(jobs.job_claim(job_id=job.pk, worker=None), **options)
    return Job.objects.get(pk=job.pk)


def values():
    rows = Outcome.objects.filter(name="correct", value__isnull=False)
    return dict(rows.values_list("trace__key", "value"))


def test_the_page_leads_to_a_job_whose_page_counts_verdicts(project, client_for):
    client = client_for(member(project, "reviewer"))
    problems = client.get("/p/sums/problems/").content.decode()
    assert 'href="/p/sums/answers/">Check final answers' in problems
    page = without_tokens(client.get("/p/sums/answers/").content.decode())
    assert "No io worker is running" in page
    assert 'placeholder="correct"' in page
    assert "The last check" not in page
    answer = client.post("/p/sums/answers/", {"name": ""})
    job = Job.objects.get(kind=Job.Kind.ANSWERS)
    assert (answer.status_code, answer["Location"]) == (302, f"/p/sums/jobs/{job.pk}/")
    assert (job.queue, job.args) == ("io", {"name": "correct", "replace": False})
    assert f"Checking: job {job.pk}" in client.get("/p/sums/answers/").content.decode()
    job = run(job)
    assert job.state == Job.State.DONE, job.error
    assert (job.done, job.total) == (5, 5)
    assert values() == {"t0": 1.0, "t1": 0.0, "t3": 1.0, "t4": 1.0}
    shown = " ".join(client.get(f"/p/sums/jobs/{job.pk}/").content.decode().split())
    for name, count in (
        ("Right", 2),
        ("Wrong", 1),
        ("No verdict", 1),
        ("Unchanged since an earlier check", 0),
        ("Left, known from elsewhere", 1),
    ):
        assert f"<dt>{name}</dt><dd>{count}</dd>" in shown, name
    again = client.get("/p/sums/answers/").content.decode()
    assert "The last check" in again
    assert "Check the answers" in again


def test_a_second_check_finds_everything_unchanged_and_asks_of_no_verdict_only(project):
    run(answers_request(project=project, user=None))
    events = JudgementEvent.objects.count()
    ASKED.clear()
    job = run(answers_request(project=project, user=None))
    assert ASKED == ["Hm."]
    assert job.result.items() >= {"right": 2, "wrong": 1, "unread": 1, "unchanged": 3}.items()
    assert JudgementEvent.objects.count() == events


def test_a_cancelled_check_keeps_its_verdicts_and_resume_goes_on(project, monkeypatch):
    job = answers_request(project=project, user=None)
    check = Reader.check

    def cancelling(self, answer, reference):
        if len(ASKED) == 1:
            jobs.job_cancel_request(job=job)
            context.publish()
        return check(self, answer, reference)

    claimed = jobs.job_claim(job_id=job.pk, worker=None)
    context = JobContext(claimed)
    monkeypatch.setattr(runner, "JobContext", lambda job, stopping: context)
    monkeypatch.setattr(Reader, "check", cancelling)
    runner.run_claimed(claimed)
    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED, job.error
    assert values() == {"t0": 1.0, "t1": 0.0, "t4": 1.0}
    monkeypatch.undo()
    monkeypatch.setattr(answers, "AnswerChecker", Reader)
    ASKED.clear()
    job = run(jobs.job_resume(job=job))
    assert ASKED == ["Hm.", "So 7 again."]
    assert job.result.items() >= {"right": 2, "wrong": 1, "unchanged": 2}.items()


def test_a_worker_that_lost_the_job_writes_nothing_more(project):
    job = jobs.job_claim(job_id=answers_request(project=project, user=None).pk, worker=None)
    Job.objects.update(fence=job.fence + 1)
    with pytest.raises(FencedOutError):
        answers_check(project=project, job=job)
    assert values() == {"t4": 1.0}


def test_what_the_api_asks_is_the_same_job_and_its_refusals_name_the_way_out(project):
    api = Api(member(project, "reviewer"))
    body = {"project": "sums", "kind": "answers", "outcome": "agrees", "replace": True}
    made = api("post", "jobs/", body)
    assert made.status_code == 202, made.content
    assert (made.json()["kind"], made.json()["args"]) == (
        "answers",
        {"name": "agrees", "replace": True},
    )
    assert_error(api("post", "jobs/", body), 409, "job_open")
    Job.objects.update(state=Job.State.CANCELLED)
    assert_error(api("post", "jobs/", body | {"outcome": "x" * 90}), 422, "invalid")
    project.problems.update(reference="  ")
    refused = api("post", "jobs/", body)
    assert_error(refused, 409, "no_references")
    assert "Import the problems with their reference answers" in refused.content.decode()
    other = Api(member(project, "annotator"))
    assert_error(other("post", "jobs/", body), 403, "forbidden")


@pytest.mark.parametrize(
    "name", ["x" * 61, "x" * 300, "a\x00b", "zero\u200bwidth", "right\u202eto left"]
)
def test_names_that_no_outcome_can_have_come_back_beside_the_field(project, client_for, name):
    answer = client_for(member(project, "owner")).post("/p/sums/answers/", {"name": name})
    assert answer.status_code == 422
    assert 'class="field invalid"' in answer.content.decode()
    assert not Job.objects.filter(kind=Job.Kind.ANSWERS).exists()


def test_a_project_without_reference_answers_is_told_so(client_for):
    project = project_create(name="bare")
    client = client_for(member(project, "owner"))
    for prompt in ("one", "two"):
        page = client.get("/p/bare/answers/").content.decode()
        assert "No problem of this project has a reference answer" in page
        assert "Check the answers" not in page
        problem_with_tree(["a"], project=project, prompt=prompt, reference=" ")
    assert client.post("/p/bare/answers/", {}).status_code == 409


def test_a_checker_that_does_not_start_fails_the_job_with_the_way_out(project, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(checking, "_COMMAND", ("/bin/false",))
    job = run(answers_request(project=project, user=None))
    assert (job.state, job.error_code) == (Job.State.FAILED, CheckerError.code)
    assert "math-verify" in job.error
    assert values() == {"t4": 1.0}


def test_a_library_that_is_missing_is_named(monkeypatch):
    monkeypatch.setattr(checking, "LIBRARY", "no-such-library")
    with pytest.raises(CheckerError, match=r"no-such-library.*pip install"):
        library_version()
