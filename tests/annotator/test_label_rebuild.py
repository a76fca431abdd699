"""Current rows follow from events, and can be rebuilt from them."""

from __future__ import annotations

import pytest

from annotator.models import (
    Alternative,
    JudgementEvent,
    Outcome,
    Rater,
    SourceFile,
    SourceRecord,
    SpanLabel,
    StepLabel,
)
from annotator.services.history.layout import (
    alternative_row,
    import_payload,
    label_row,
    outcome_row,
    span_row,
)
from annotator.services.history.rebuild import judgements_rebuild
from annotator.services.history.undo import judgement_undo
from annotator.services.judgements.alternatives import alternative_set
from annotator.services.judgements.labels import label_clear, label_set
from annotator.services.judgements.outcomes import outcome_set
from annotator.services.judgements.spans import span_label_set
from annotator.services.people.raters import rater_get_or_create
from annotator.services.projects.projects import project_create
from tests.factories import UserFactory, problem_with_tree

TABLES = (StepLabel, SpanLabel, Alternative, Outcome)


def contents():
    """Return every judgement row without its id and time."""
    left_out = ("id", "updated")
    rows = [
        (table.__name__, {name: value for name, value in row.items() if name not in left_out})
        for table in TABLES
        for row in table.objects.values()
    ]
    return sorted(rows, key=str)


@pytest.fixture
def problem(db, user):
    """A problem with imported and personal judgements of every kind, some of them undone."""
    project = project_create(name="rebuild")
    problem = problem_with_tree(["a", ["b", ["c!"]], ["d"]], project=project)
    steps = {step.text: step for step in problem.steps.all()}
    _import(problem, steps)
    label_set(step=steps["a"], user=user, rating=1, note="n", error_type="logic")
    label_set(step=steps["a"], user=user, rating=-1, unsure=True, milliseconds=5)
    label_set(step=steps["b"], user=user, rating=0)
    label_clear(step=steps["b"], user=user)
    label_set(step=steps["d"], user=UserFactory(), rating=None)
    span_label_set(first=steps["a"], last=steps["b"], user=user, rating=0)
    alternative_set(problem=problem, parent=None, user=user, text="mine")
    outcome_set(trace=problem.traces.first(), user=user, name="correct", value=0.25)
    outcome_set(trace=problem.traces.last(), user=user, name="correct", value=0.75)
    judgement_undo(problem=problem, user=user)
    return problem


def _import(problem, steps):
    """Write what an import writes: one event and the rows that follow from it."""
    file = SourceFile.objects.create(project=problem.project, format="prm800k", name="f")
    record = SourceRecord.objects.create(
        project=problem.project,
        problem=problem,
        file=file,
        format="prm800k",
        key_hash=b"k",
        key="k",
    )
    rater = rater_get_or_create(project=problem.project, kind=Rater.Kind.IMPORTED, name="e90a")
    traces = list(problem.traces.all())
    Outcome.objects.filter(trace__in=traces).update(source="file")
    event = JudgementEvent.objects.create(
        project=problem.project,
        problem=problem,
        kind="import",
        source=record,
        payload=import_payload(
            labels=[
                label_row(step=steps["a"].pk, rater=rater.pk, rating=0, meta={"flagged": True}),
                label_row(step=steps["b"].pk, rater=rater.pk, rating=-1, error_type="logic"),
            ],
            spans=[span_row(first=steps["a"].pk, last=steps["b"].pk, rater=rater.pk, rating=1)],
            alternatives=[
                alternative_row(parent=steps["a"].pk, replaces=None, rater=rater.pk, text=text)
                for text in ("one", "two")
            ],
            outcomes=[
                outcome_row(
                    trace=trace.pk,
                    name="correct",
                    value=float(trace.end.text == "c!"),
                    source="file",
                )
                for trace in traces
            ],
        ),
    )
    common = {"rater": rater, "source": record, "event": event}
    logic = problem.project.error_types.get(key="logic")
    StepLabel.objects.create(step=steps["a"], rating=0, meta={"flagged": True}, **common)
    StepLabel.objects.create(step=steps["b"], rating=-1, error_type=logic, **common)
    SpanLabel.objects.create(first=steps["a"], last=steps["b"], rating=1, **common)
    for text in ("one", "two"):
        Alternative.objects.create(problem=problem, parent=steps["a"], text=text, **common)


def test_rebuild_finds_current_rows_equal_to_their_events(problem):
    before = contents()
    report = judgements_rebuild(project=problem.project)
    assert report.equal
    assert report.as_dict() == {
        "problems": 1,
        "rows": len(before),
        "missing": 0,
        "extra": 0,
        "different": 0,
    }
    assert contents() == before


def test_rebuild_restores_lost_changed_and_invented_rows(problem, user):
    before = contents()
    SpanLabel.objects.all().delete()
    Alternative.objects.filter(text="one").delete()
    StepLabel.objects.filter(rating=0).update(rating=1)
    Outcome.objects.update(value=0.5)
    StepLabel.objects.create(
        step=problem.steps.get(text="c!"),
        rater=Rater.objects.get(user=user),
        event=JudgementEvent.objects.latest("id"),
        rating=1,
    )
    report = judgements_rebuild(project=problem.project)
    assert (report.missing, report.extra, report.different) == (3, 1, 4)
    assert contents() == before


def test_rebuild_of_empty_tables_gives_every_row_back(problem):
    before = contents()
    for table in TABLES:
        table.objects.all().delete()
    assert judgements_rebuild(project=problem.project).missing == len(before)
    assert contents() == before
    assert judgements_rebuild(project=problem.project).equal


def test_dry_run_changes_nothing(problem):
    StepLabel.objects.update(rating=1)
    before = contents()
    report = judgements_rebuild(project=problem.project, dry_run=True)
    assert report.different
    assert contents() == before


def test_other_projects_are_left_alone(problem):
    other = problem_with_tree(["x!"], project=project_create(name="other"))
    outcome = Outcome.objects.get(trace__problem=other)
    judgements_rebuild(project=problem.project)
    assert Outcome.objects.filter(pk=outcome.pk).exists()
