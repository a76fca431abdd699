"""Score files find the traces that another file brought, or say why they cannot."""

import pytest

from annotator.models import RewardModel, SourceRecord, StepScore
from scoring.types import TraceScoresRecord
from tests.annotator.importing.data import flat, load
from tests.factories import ProjectFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    project = ProjectFactory()
    load(
        project,
        flat("p:0", "a", "b", correct=1),
        flat("p:1", "a", "c", correct=0),
        format_key="candidates",
    )
    return project


def row(trace, *values, model="prm", **claims):
    key = f"{model}:{trace}"
    return TraceScoresRecord(key, "candidates", trace, model, list(values), claims=claims)


def bring(project, *rows):
    return load(project, *rows, format_key="scores")


def stored():
    rows = StepScore.objects.order_by("step__preorder", "model__name")
    return [(item.step.text, item.model.name, item.score) for item in rows]


def test_scores_follow_the_path_of_their_trace(project):
    report = bring(project, row("p:0", 0.9, 0.8), row("p:1", 0.9, 0.1))

    assert stored() == [("a", "prm", 0.9), ("b", "prm", 0.8), ("c", "prm", 0.1)]
    assert (report.accepted, report.counts.scores, report.n_warnings) == (2, 3, 0)
    assert RewardModel.objects.get().kind == "imported"


def test_models_do_not_mix(project):
    bring(project, row("p:0", 0.9, 0.8), row("p:0", 0.2, 0.3, model="other"))

    assert stored() == [
        ("a", "other", 0.2),
        ("a", "prm", 0.9),
        ("b", "other", 0.3),
        ("b", "prm", 0.8),
    ]


def test_a_shared_step_keeps_its_first_score_and_every_row_its_own_list(project):
    report = bring(project, row("p:0", 0.9, 0.8), row("p:1", 0.7, 0.1))

    assert stored()[0] == ("a", "prm", 0.9)
    assert "1 scores of steps that several traces share" in report.warnings[0].reason
    second = SourceRecord.objects.get(format="scores", key="prm:p:1")
    assert second.meta["values"] == [0.7, 0.1]


def test_the_same_list_again_is_unchanged(project):
    bring(project, row("p:0", 0.9, 0.8))

    report = bring(project, row("p:0", 0.9, 0.8), row("p:0", 0.9, 0.8))

    assert (report.accepted, report.counts.unchanged, report.counts.scores) == (2, 2, 0)


def test_a_different_list_for_the_same_trace_is_refused_naming_the_first(project):
    inside = bring(project, row("p:0", 0.9, 0.8), row("p:0", 0.9, 0.7))
    later = bring(project, row("p:1", 0.9, 0.1), row("p:0", 0.1, 0.8))

    assert inside.errors[0].line == 2
    assert "differ from those of the same trace and model in line 1 of" in inside.errors[0].reason
    assert later.errors[0].line == 2
    assert "line 1 of test.jsonl" in later.errors[0].reason
    assert stored()[1] == ("b", "prm", 0.8)


def test_scores_before_their_candidates_are_refused_with_the_way_out(project):
    report = bring(project, row("p:7", 0.5), row("p:0", 0.9, 0.8))

    assert (report.accepted, report.rejected) == (1, 1)
    assert "import the candidates first" in report.errors[0].reason


def test_candidates_of_another_project_are_not_found(project):
    report = bring(ProjectFactory(), row("p:0", 0.9, 0.8))

    assert report.rejected == 1
    assert not StepScore.objects.exists()


def test_a_list_of_another_length_is_refused(project):
    report = bring(project, row("p:0", 0.9))

    assert "1 scores for trace 'p:0' (candidates), which has 2 steps" in report.errors[0].reason


def test_two_traces_of_one_name_and_length_are_refused(project):
    twin = flat("again", "x", "y")
    twin.traces[0].key = "p:0"
    load(project, twin, format_key="candidates")

    report = bring(project, row("p:0", 0.9, 0.8))

    assert "2 traces of this project are called 'p:0'" in report.errors[0].reason


def test_a_row_that_contradicts_the_outcome_is_kept_with_a_warning(project):
    report = bring(project, row("p:0", 0.9, 0.8, is_correct=False))

    assert report.accepted == 1
    assert "says is_correct = false, the trace's outcome is 1" in report.warnings[0].reason
