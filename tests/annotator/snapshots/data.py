"""Snapshots of a small problem and of lines as a file has them."""

from __future__ import annotations

import io
import json

from annotator.models import Rater, SourceFile, SourceRecord, StepLabel
from annotator.queries.datasets.snapshots import snapshot_problems
from annotator.services.datasets.snapshots import snapshot_create
from annotator.services.imports import import_file
from annotator.services.people.raters import rater_get_or_create


def step(problem, text):
    return problem.steps.get(text=text)


def snap(project, name="one", **rules):
    return snapshot_create(project=project, name=name, rules={"neutral": "positive", **rules})


def content(snapshot):
    return list(snapshot_problems(snapshot=snapshot))


def only(snapshot):
    (problem,) = content(snapshot)
    return problem


def machine_label(problem, text, rating):
    rater = rater_get_or_create(
        project=problem.project, kind=Rater.Kind.MACHINE, name="checker", version="1"
    )
    event = problem.events.create(project=problem.project, kind="import", payload={})
    return StepLabel.objects.create(
        step=step(problem, text), rater=rater, event=event, rating=rating, source=record_of(problem)
    )


def record_of(problem, key="k"):
    file, _ = SourceFile.objects.get_or_create(project=problem.project, format="f", name="f")
    return SourceRecord.objects.get_or_create(
        project=problem.project,
        format="f",
        key_hash=key.encode(),
        defaults={"problem": problem, "file": file, "key": key},
    )[0]


def import_lines(project, *records):
    stream = io.BytesIO("\n".join(map(json.dumps, records)).encode())
    return import_file(project=project, stream=stream, name="f.jsonl", format="trl_stepwise")
