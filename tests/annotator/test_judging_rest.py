"""A rating copied to the rest of a long trace: one event each, few statements, undone as one."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotator.errors import ConflictError
from annotator.models import GuidelineVersion, JudgementEvent, Outcome, StepLabel
from annotator.services.history.events import judgement_record, target_of
from annotator.services.history.rebuild import judgements_rebuild
from annotator.services.history.undo import judgement_redo, judgement_undo
from annotator.services.judgements.judging import rest_judge
from annotator.services.judgements.label_batch import LabelChange, labels_record
from annotator.services.judgements.labels import label_set
from tests.annotator.workbench_data import Node, member, project_with_types, write_problem

pytestmark = pytest.mark.django_db


def trace_of(length):
    project = project_with_types()
    GuidelineVersion.objects.create(project=project, number=1, markdown="Be fair.")
    nodes = [
        Node(f"step {at}", at - 1, outcomes=[1.0] * (at == length - 1)) for at in range(length)
    ]
    problem, steps = write_problem(project, "1 + 1 = ?", nodes)
    Outcome.objects.all().delete()  # written without events
    return member(project, "ann", "annotator"), problem.traces.get(), steps


def counted(action):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        action()
    return len(queries)


@pytest.mark.parametrize("length", [4, 60])
def test_statements_do_not_grow_with_the_trace(length):
    user, trace, steps = trace_of(length)
    label_set(step=steps[0], user=user, rating=-1)
    # Rater, its lock; path, labels, spans and submission of the judging; the labels, the newest
    # guidelines; savepoint, the one statement, its release; and the transaction around it all.
    assert counted(lambda: rest_judge(trace=trace, step=steps[0], user=user)) <= 16
    assert counted(lambda: judgement_undo(problem=trace.problem, user=user)) <= 12
    assert counted(lambda: judgement_redo(problem=trace.problem, user=user)) <= 12
    assert StepLabel.objects.filter(rating=-1).count() == length


def test_every_copied_label_has_its_event_and_the_rows_follow_from_them():
    user, trace, steps = trace_of(40)
    label_set(step=steps[1], user=user, rating=0, error_type="logic", note="mine")
    label_set(step=steps[0], user=user, rating=-1, milliseconds=900)
    assert rest_judge(trace=trace, step=steps[0], user=user) == 39
    copied = JudgementEvent.objects.filter(action__isnull=False).order_by("pk")
    assert list(copied.values_list("step", flat=True)) == [step.pk for step in steps[1:]]
    first, second = copied[:2]
    assert first.before == {
        "rating": 0,
        "unsure": False,
        "error_type": "logic",
        "realises_error": False,
        "note": "mine",
        "milliseconds": None,
        "guideline": 1,
        "shown_score": False,
        "meta": None,
    }
    assert first.payload == {**first.before, "rating": -1, "meta": {"copied_from": steps[0].pk}}
    assert second.before is None
    assert judgements_rebuild(project=trace.problem.project, dry_run=True).equal
    judgement_undo(problem=trace.problem, user=user)
    assert StepLabel.objects.count() == 2
    assert judgements_rebuild(project=trace.problem.project, dry_run=True).equal
    judgement_redo(problem=trace.problem, user=user)
    assert StepLabel.objects.filter(rating=-1).count() == 40
    assert judgements_rebuild(project=trace.problem.project, dry_run=True).equal


def test_a_batch_writes_what_single_records_write():
    user, _, steps = trace_of(3)
    label_set(step=steps[0], user=user, rating=1, note="kept", error_type="logic")
    event = JudgementEvent.objects.get()
    judgement_record(target=target_of(event), state=None, user=user, undoes=event)
    single = JudgementEvent.objects.latest("pk")
    label_set(step=steps[1], user=user, rating=1, note="kept", error_type="logic")
    labels_record(
        changes=[LabelChange.back(JudgementEvent.objects.latest("pk"))],
        user=user,
        action=uuid.uuid4(),
    )
    batch = JudgementEvent.objects.latest("pk")
    assert (batch.payload, batch.before) == (single.payload, single.before)
    assert not StepLabel.objects.exists()


def test_a_key_of_the_same_moment_conflicts():
    user, _, steps = trace_of(3)
    key = uuid.uuid4()
    label_set(step=steps[0], user=user, rating=1, idempotency_key=key)
    change = LabelChange(steps[1].pk, JudgementEvent.objects.get().rater_id, {"rating": 0})
    with pytest.raises(ConflictError) as refused:
        labels_record(changes=[change], user=user, action=uuid.uuid4(), idempotency_key=key)
    assert refused.value.code == "idempotency_key_used"
    assert StepLabel.objects.count() == 1
