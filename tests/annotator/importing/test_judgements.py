"""What becomes of the judgements and scores of a file."""

import pytest

from annotator.models import (
    Alternative,
    ErrorType,
    JudgementEvent,
    Problem,
    Rater,
    SourceRecord,
    SpanLabel,
    Step,
    StepLabel,
    StepScore,
)
from scoring.types import (
    AlternativeRecord,
    LabelRecord,
    NodeRecord,
    RaterRecord,
    ScoreRecord,
    SpanLabelRecord,
    TraceRecord,
)
from tests.annotator.importing.data import CHECKER, assert_numbered, flat, load

pytestmark = pytest.mark.django_db


def test_every_record_with_judgements_has_one_event_that_names_them_all(project):
    record = flat("1", "a", "b", "c", correct=1, labels=[1, -1])
    record.labels[1].error_type = "arithmetic"
    record.labels[1].note = "no"
    record.spans = [SpanLabelRecord(0, 1, CHECKER, 0)]
    record.alternatives = [AlternativeRecord(0, "better", CHECKER, replaces=1)]
    ErrorType.objects.create(project=project, key="arithmetic", label="Arithmetic slip")

    report = load(project, record, flat("2", "a"))

    event = JudgementEvent.objects.get()
    assert event.kind == JudgementEvent.Kind.IMPORT
    assert event.source == SourceRecord.objects.get(key="1")
    rows = {name: len(items) for name, items in event.payload.items()}
    assert rows == {"labels": 2, "spans": 1, "alternatives": 1, "outcomes": 1}
    label = StepLabel.objects.get(rating=-1)
    assert (label.event, label.error_type.key, label.note) == (event, "arithmetic", "no")
    assert event.payload["labels"][1] == {
        "step": label.step_id,
        "rater": label.rater_id,
        "rating": -1,
        "error_type": "arithmetic",
        "note": "no",
    }
    assert SpanLabel.objects.get().last == Step.objects.get(text="b")
    assert Alternative.objects.get().replaces == Step.objects.get(text="b")
    assert report.counts.labels == 3


def test_null_and_zero_stay_different_ratings(project):
    load(project, flat("1", "a", "b", labels=[None, 0]))

    assert list(StepLabel.objects.order_by("step").values_list("rating", flat=True)) == [None, 0]


def test_records_that_share_a_step_keep_their_own_labels_of_it(project):
    load(project, flat("1", "a", labels=[1]), flat("2", "a", labels=[-1]))

    labels = StepLabel.objects.order_by("pk")
    assert [(label.rating, label.source.key) for label in labels] == [(1, "1"), (-1, "2")]
    assert len({label.step_id for label in labels}) == 1


def test_equal_steps_judged_differently_within_a_record_stay_apart(project):
    record = flat("1", "a", "b")
    record.nodes += [NodeRecord("a", -1), NodeRecord("b", 2), NodeRecord("c", 3)]
    record.traces.append(TraceRecord(4, "second"))
    ratings = {0: 1, 1: 1, 2: 1, 3: -1, 4: -1}
    record.labels = [LabelRecord(node, CHECKER, rating) for node, rating in ratings.items()]

    report = load(project, record)

    rows = StepLabel.objects.order_by("step__preorder").values_list("step__text", "rating")
    assert list(rows) == [("a", 1), ("b", 1), ("b", -1), ("c", -1)]
    assert (report.counts.steps, report.counts.labels) == (4, 4)
    assert_numbered(Problem.objects.get())


def test_a_person_in_a_file_never_becomes_a_person_of_the_project(project):
    record = flat("1", "a")
    record.labels = [LabelRecord(0, RaterRecord("person", "ada"), 1)]

    load(project, record)

    assert Rater.objects.get().kind == "imported"


def test_unknown_error_types_join_the_taxonomy_under_their_own_word(project):
    record = flat("1", "a", "b", labels=[-1, -1])
    record.labels[0].error_type = "Step Contradiction"
    record.labels[1].error_type = "错误" * 100

    load(project, record)
    load(project, flat("2", "z"))

    first, second = ErrorType.objects.order_by("pk")
    assert (first.key, first.label) == ("step_contradiction", "Step Contradiction")
    assert second.label == ("错误" * 100)[:80]
    assert StepLabel.objects.filter(error_type=first).count() == 1


def test_scores_in_a_record_belong_to_an_imported_model(project):
    record = flat("1", "a", "b")
    record.scores = [ScoreRecord("prm", [0, 1], [0.25, 1.0], "v2")]
    other = flat("2", "a", "c")
    other.scores = [ScoreRecord("prm", [0, 1], [0.5, 0.75], "v2")]

    report = load(project, record, other)

    scores = StepScore.objects.order_by("step__preorder")
    assert [(score.step.text, score.score) for score in scores] == [
        ("a", 0.25),
        ("b", 1.0),
        ("c", 0.75),
    ]
    model = scores[0].model
    assert (model.kind, model.name, model.provenance["version"]) == ("imported", "prm", "v2")
    assert report.counts.scores == 3
    assert "1 scores" in report.warnings[0].reason
