"""Jobs that train and score the smallest model."""

from __future__ import annotations

from annotator.models import Job, RewardModel, SourceFile
from annotator.services import jobs
from annotator.services.imports.records import import_records
from annotator.services.jobs.requests import train_request
from scoring.pipelines import runner
from scoring.verify import label_record

TINY = {
    "steps": "6",
    "step_tokens": "256",
    "pass_tokens": "512",
    "tiny_layers": "1",
    "tiny_width": "64",
    "tiny_vocabulary": "420",
    "checkpoint_every": "2",
    "evaluate_every": "6",
    "log_every": "1",
}


def filled(project, records):
    file = SourceFile.objects.create(project=project, format="tracewood", name="generated")
    for record in records:
        record.labels = label_record(record)
        import_records(project=project, format="tracewood", items=[record], file=file)
    return project


def run(job, **options):
    runner.run_claimed(jobs.job_claim(job_id=job.pk, worker=None), **options)
    return Job.objects.get(pk=job.pk)


def train(project, **changes):
    call = {"project": project, "user": None, "settings": TINY, "name": "m", **changes}
    return train_request(**call)


def trained(project, **changes):
    job = run(train(project, **changes))
    assert job.state == Job.State.DONE, job.error
    return RewardModel.objects.get(job=job)


def job_folder(model):
    from annotator.services.artefacts import artefact_folder

    return artefact_folder(path=model.artefact)
