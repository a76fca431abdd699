"""Import jobs: what they save counts, and what breaks them off is made good."""

from __future__ import annotations

import json

import pytest
from django.db import transaction

from annotator.models import Job, Problem, Step
from annotator.services import jobs
from annotator.services.imports import collect, records
from annotator.services.imports.uploads import upload_store
from annotator.services.jobs.requests import import_request
from annotator.services.projects.projects import project_create
from scoring.pipelines import runner
from tests.factories import UserFactory
from tests.scoring.stub_runs import hang_up

pytestmark = pytest.mark.django_db(transaction=True)
State = Job.State


@pytest.fixture
def import_job(settings, tmp_path):
    """Return a function that queues the import of a file of ten problems."""
    settings.ARTIFACTS_URL = str(tmp_path)
    project, user = project_create(name="imports"), UserFactory()
    lines = [
        {
            "id": str(n),
            "problem": f"What is {n} + 1?",
            "steps": [f"It is {n + 1}."],
            "label": -1,
            "final_answer_correct": True,
        }
        for n in range(10)
    ]
    content = "\n".join(map(json.dumps, lines)).encode()

    def queued(**options):
        upload = upload_store(project=project, user=user, name="ten.jsonl", chunks=[content])
        return import_request(upload=upload, user=user, format_key="processbench", **options)

    return queued


def attempt(job):
    """Run the job once as a worker does; returns the row."""
    runner.run_claimed(jobs.job_claim(job_id=job.pk, worker=None))
    return Job.objects.get(pk=job.pk)


def test_an_attempt_counts_as_getting_further_only_if_it_stored_something_new(import_job):
    checked = attempt(import_job(dry_run=True))
    assert (checked.state, checked.max_attempts) == (State.DONE, 3)
    first = attempt(import_job())
    assert (first.state, first.max_attempts) == (State.DONE, 4), first.error
    assert Problem.objects.count() == 10
    again = attempt(import_job())
    assert (again.result["unchanged"], again.max_attempts) == (10, 3)


def test_an_import_whose_connection_dies_is_finished_by_the_next_attempt(import_job, monkeypatch):
    monkeypatch.setattr(collect, "BATCH_STEPS", 4)
    write, calls = records.write_trees, []

    def dies_in_the_second_batch(target, batch):
        calls.append(len(batch))
        with transaction.atomic():
            written = write(target, batch)
            if len(calls) == 2:
                hang_up()
        return written

    monkeypatch.setattr(records, "write_trees", dies_in_the_second_batch)
    job = import_job()
    lost = attempt(job)
    assert lost.state == State.QUEUED
    assert lost.message.startswith("The connection to the database was lost (")
    assert lost.message.endswith("Queued again for attempt 2 of 4.")
    stored = calls[0]
    assert Problem.objects.count() == stored < 10
    done = attempt(job)
    assert (done.state, done.attempt) == (State.DONE, 2)
    assert (done.result["accepted"], done.result["unchanged"]) == (10, stored)
    assert Problem.objects.count() == Step.objects.count() == 10
