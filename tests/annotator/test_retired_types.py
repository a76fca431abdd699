"""A retired type of error: refused for a new choice, kept where it stands."""

from __future__ import annotations

import uuid

import pytest

from annotator.errors import InvalidError
from annotator.models import ErrorType, SpanLabel, StepLabel
from annotator.services.guidelines.taxonomy import error_type_retire
from annotator.services.history.undo import judgement_undo
from annotator.services.judgements.judging import rest_judge
from annotator.services.judgements.labels import label_set
from annotator.services.judgements.spans import span_label_set
from tests.annotator.api_client import Api, assert_error
from tests.annotator.workbench_data import Node, member, project_with_types, write_problem

pytestmark = pytest.mark.django_db

CHAIN = [Node(f"step {at}", at - 1, outcomes=[0.0] * (at == 2)) for at in range(3)]
WAY_OUT = "Choose another type, or ask an owner of the project to offer it again."


@pytest.fixture
def world(client_for):
    project = project_with_types()
    user = member(project, "ann", "annotator")
    _, steps = write_problem(project, "1 + 1 = ?", CHAIN)
    return steps, user, client_for(user)


def retire():
    error_type_retire(error_type=ErrorType.objects.get(key="logic"))


def test_a_new_choice_is_refused_with_the_way_out(world):
    steps, user, _ = world
    retire()
    with pytest.raises(InvalidError) as step_refused:
        label_set(step=steps[0], user=user, rating=-1, error_type="logic")
    with pytest.raises(InvalidError) as span_refused:
        span_label_set(first=steps[0], last=steps[1], user=user, rating=-1, error_type="logic")
    for refused in (step_refused, span_refused):
        assert WAY_OUT in refused.value.fields["error_type"]
    assert not StepLabel.objects.exists()
    assert not SpanLabel.objects.exists()
    with pytest.raises(InvalidError, match=r"known: arithmetic$"):
        label_set(step=steps[0], user=user, rating=-1, error_type="nothing")


def test_labels_and_spans_that_have_it_keep_it(world):
    steps, user, _ = world
    label_set(step=steps[0], user=user, rating=-1, error_type="logic")
    span_label_set(first=steps[0], last=steps[1], user=user, rating=-1, error_type="logic")
    retire()
    label_set(step=steps[0], user=user, rating=0, error_type="logic", note="why")
    span_label_set(
        first=steps[0], last=steps[1], user=user, rating=0, error_type="logic", note="why"
    )
    for row in (StepLabel.objects.get(), SpanLabel.objects.get()):
        assert (row.rating, row.error_type.key, row.note) == (0, "logic", "why")
    label_set(step=steps[0], user=user, rating=1)
    with pytest.raises(InvalidError, match="is retired"):  # it was given up in between
        label_set(step=steps[0], user=user, rating=-1, error_type="logic")
    judgement_undo(problem=steps[0].problem, user=user)
    assert StepLabel.objects.get().error_type.key == "logic"


def test_a_rating_copied_to_the_rest_leaves_the_types_of_others_alone(world):
    steps, user, _ = world
    label_set(step=steps[1], user=user, rating=0, error_type="logic")
    label_set(step=steps[0], user=user, rating=-1)
    retire()
    rest_judge(trace=steps[0].problem.traces.get(), step=steps[0], user=user)
    assert StepLabel.objects.get(step=steps[1]).error_type.key == "logic"
    assert StepLabel.objects.get(step=steps[2]).error_type is None


def test_a_request_that_was_stored_before_is_answered_again(world):
    steps, user, _ = world
    key = uuid.uuid4()
    wrong = {"step": steps[0], "user": user, "rating": -1, "error_type": "logic"}
    first = label_set(**wrong, idempotency_key=key)
    label_set(step=steps[0], user=user, rating=0)
    retire()
    again = label_set(**wrong, idempotency_key=key)
    assert (again.replayed, again.event_id) == (True, first.event_id)


def test_pages_and_api_refuse_it_alike(world):
    steps, user, client = world
    retire()
    problem = steps[0].problem
    place = f"/p/{problem.project.name}/problems/{problem.pk}"
    trace = problem.traces.get()
    for address in (
        f"{place}/steps/{steps[0].pk}/label/",
        f"{place}/traces/{trace.pk}/steps/{steps[0].pk}/label/?task=all_steps",
    ):
        body = {"rating": "-1", "error_type": "logic"}
        refused = client.post(address, body, headers={"HX-Request": "true"})
        assert refused.status_code == 422
        assert WAY_OUT in refused.content.decode()
        assert len(refused.content) < 300  # what the page says as it stands
    api = Api(user)
    answer = api("put", f"steps/{steps[0].pk}/labels/", {"rating": -1, "error_type": "logic"})
    assert WAY_OUT in assert_error(answer, 422, "invalid")["fields"]["error_type"]
