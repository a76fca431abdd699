"""The time spent on a span leaves with the lossless format and comes back."""

from __future__ import annotations

import json

import pytest

from annotator.models import SpanLabel
from annotator.services.datasets.exports import export_create
from annotator.services.history.rebuild import judgements_rebuild
from annotator.services.imports import import_file
from annotator.services.imports.content import content_digest
from annotator.services.judgements.spans import span_label_set
from annotator.services.projects.projects import project_create
from scoring.types import (
    NodeRecord,
    ProblemRecord,
    RaterRecord,
    SpanLabelRecord,
    TraceRecord,
    TreeRecord,
)
from tests.factories import problem_with_tree


@pytest.mark.django_db
def test_time_of_a_span_leaves_and_comes_back(tmp_path, user):
    project = project_create(name="first")
    problem = problem_with_tree(["a", ["b!"]], project=project)
    first, last = problem.steps.order_by("preorder")
    span_label_set(first=first, last=last, user=user, rating=-1, milliseconds=1500)
    export_create(project=project, format="tracewood", out_dir=tmp_path)
    line = json.loads((tmp_path / "tracewood.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert line["spans"][0]["milliseconds"] == 1500
    again = project_create(name="again")
    report = import_file(project=again, path=tmp_path / "tracewood.jsonl", format="tracewood")
    assert report.rejected == 0
    assert SpanLabel.objects.get(first__problem__project=again).milliseconds == 1500
    assert judgements_rebuild(project=again, dry_run=True).equal


def record(milliseconds=None):
    rater = RaterRecord("imported", "ann")
    span = SpanLabelRecord(0, 1, rater, -1, "slip", "n", milliseconds)
    nodes = [NodeRecord("a"), NodeRecord("b", 0)]
    traces = [TraceRecord(1)]
    return TreeRecord("k", ProblemRecord("1 + 1 = ?"), nodes, traces, False, spans=[span])


def test_records_without_times_keep_the_digests_that_they_were_stored_with():
    assert content_digest(record()).hex() == "1fb7416814726b9e88383023b7729736"
    assert content_digest(record(5)) != content_digest(record(6))
