"""The report: computed by a job, kept, made old by judgements, tried again."""

from __future__ import annotations

import pytest
from django.urls import reverse

from annotator.models import AgreementReport, Gold, Job, JudgementEvent
from annotator.queries.agreement.scope import Scope
from annotator.services import jobs
from annotator.services.agreement import agreement_report_make, agreement_request
from scoring.pipelines import runner
from tests.annotator.agreement.data import EVERYBODY, blamed, judge, ratings
from tests.annotator.queue_world import answer, queue_world


def compute(project, scope=None):
    """Ask for a report and run its job as an io worker does."""
    state = agreement_request(
        project=project, scope=scope or Scope(), user=project.memberships.first().user
    )
    job = jobs.job_claim(job_id=state.job.pk, worker=None)
    runner.run_claimed(job)
    return Job.objects.get(pk=job.pk)


@pytest.fixture
def committed(transactional_db):
    """The world for tests whose job needs a heartbeat on a connection of its own."""
    return queue_world(traces=4, people=4, tag="agree")


class TestReport:
    def test_the_job_stores_what_two_people_said(self, committed, client_for):
        one, two = committed.people[1:3]
        for trace, mine, theirs in zip(
            committed.traces, [1, 1, -1, 0], [1, -1, -1, 0], strict=True
        ):
            judge(trace, one, mine, 1)
            judge(trace, two, theirs, 1)
        job = compute(committed.project)
        assert (job.state, job.error) == (Job.State.DONE, "")
        report = AgreementReport.objects.get(project=committed.project)
        assert report.job == job
        assert report.version == JudgementEvent.objects.latest("pk").pk
        assert job.result["report"] == report.pk
        assert (job.result["ratings"], job.result["steps_compared"]) == (16, 8)
        job_page = client_for(committed.owner).get(
            reverse("annotator:job-detail", args=[committed.project.name, job.pk])
        )
        place = reverse("annotator:agreement", args=[committed.project.name])
        assert f'href="{place}?kind=person"' in job_page.content.decode()
        # 7 of 8 steps alike. Coincidences: Dₒ = 2 / 16; n₋ = 3, n₀ = 2, n₊ = 11, so
        # Dₑ = 2 (3·2 + 3·11 + 2·11) / (16 · 15) = 122 / 240 and α = 1 − 30 / 122.
        figures = report.payload["ratings"]
        assert figures["percent"]["value"] == 7 / 8
        assert figures["alpha_nominal"]["value"] == pytest.approx(1 - 30 / 122)
        assert figures["alpha_nominal"]["replicates"] > 0
        # First errors: same in three of four traces (0 wrong there, none, none); one against none.
        assert report.payload["first_errors"]["first_error_exact"]["value"] == 3 / 4

    def test_a_fresh_report_is_not_computed_again(self, committed):
        judge(committed.traces[0], committed.people[1], 1)
        compute(committed.project)
        state = agreement_request(project=committed.project, scope=Scope(), user=committed.owner)
        assert state.is_fresh
        assert Job.objects.filter(kind=Job.Kind.AGREEMENT).count() == 1

    def test_a_new_judgement_makes_it_old_and_the_next_replaces_it(self, committed):
        judge(committed.traces[0], committed.people[1], 1)
        compute(committed.project)
        first = AgreementReport.objects.get()
        judge(committed.traces[0], committed.people[2], 1)
        state = agreement_request(project=committed.project, scope=Scope(), user=committed.owner)
        assert (state.report, state.is_fresh, state.newer, state.is_open) == (first, False, 1, True)
        again = agreement_request(project=committed.project, scope=Scope(), user=committed.owner)
        assert again.job == state.job
        runner.run_claimed(jobs.job_claim(job_id=state.job.pk, worker=None))
        (report,) = AgreementReport.objects.all()
        assert report.version > first.version
        assert report.payload["counts"]["steps_compared"] == 1

    def test_scopes_have_reports_of_their_own(self, committed):
        judge(committed.traces[0], committed.people[1], 1)
        compute(committed.project)
        compute(committed.project, EVERYBODY)
        assert AgreementReport.objects.count() == 2

    def test_a_job_that_failed_is_not_started_again_by_looking(self, committed, monkeypatch):
        judge(committed.traces[0], committed.people[1], 1)
        monkeypatch.setattr("scoring.pipelines.agreement.agreement_report_make", lambda **_: 1 / 0)
        job = compute(committed.project)
        assert job.state == Job.State.FAILED
        asked = {"project": committed.project, "scope": Scope(), "user": committed.owner}
        assert agreement_request(**asked).stopped == job
        assert agreement_request(**asked, again=True).job != job

    def test_a_new_judgement_gives_it_another_try(self, committed, monkeypatch):
        judge(committed.traces[0], committed.people[1], 1)
        monkeypatch.setattr("scoring.pipelines.agreement.agreement_report_make", lambda **_: 1 / 0)
        job = compute(committed.project)
        judge(committed.traces[0], committed.people[2], 1)
        asked = {"project": committed.project, "scope": Scope(), "user": committed.owner}
        state = agreement_request(**asked)
        assert state.stopped is None
        assert state.job != job

    def test_a_judgement_during_the_computation_makes_it_old_at_once(self, world):
        judge(world.traces[0], world.people[1], 1)

        def late(done, total, doing):
            if done == 1:
                judge(world.traces[1], world.people[1], 1)

        agreement_report_make(project=world.project, scope=Scope(), replicates=0, on_progress=late)
        state = agreement_request(project=world.project, scope=Scope(), user=world.owner)
        assert (state.is_fresh, state.newer) == (False, 1)

    def test_a_project_without_judgements_has_an_empty_report(self, world):
        report = agreement_report_make(project=world.project, scope=Scope(), replicates=0)
        assert report.version == 0
        assert report.payload["raters"] == []


@pytest.fixture
def tested(world):
    """Two people answer an exam on trace 0, whose gold is the owner's; both judge trace 1."""
    first, second = world.traces[:2]
    for person in world.people[:3]:
        judge(second, person, 1, 1)
    judge(first, world.owner, 1, -1)
    world.gold(first)
    Gold.objects.update(created_by=world.owner)
    exam = world.queue(name="Exam", is_exam=True, pass_mark=0.5)
    for person in world.people[1:3]:
        answer(exam, person)
    return world, exam


def test_exam_answers_and_sources_of_gold_count_only_where_the_exam_is_chosen(tested):
    world, exam = tested
    people = [person.username for person in world.people]
    found = ratings(world.project)
    # The gold speaks of the last step alone: what its author said of the first one counts.
    assert {key for key in found if key[0].endswith(("0", "0!"))} == {("first 0", people[0])}
    assert {name for text, name in found if text == "first 1"} == set(people[:3])
    blame = blamed(world.project)
    assert not any(end == "second 0!" for end, _ in blame)
    chosen = ratings(world.project, Scope(queue=exam.pk))
    assert chosen == {("first 0", people[1]): -1, ("first 0", people[2]): -1}


def test_reports_of_older_rules_are_not_taken_for_fresh(monkeypatch):
    before = Scope().hash
    monkeypatch.setattr("annotator.queries.agreement.scope.COLLECTED", 1)
    assert Scope().hash != before
