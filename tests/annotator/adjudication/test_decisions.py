"""Deciding: an event with its reason, undone and withdrawn, refused where it cannot be."""

from __future__ import annotations

import uuid

import pytest

from annotator.errors import ConflictError, InvalidError
from annotator.models import Adjudication, JudgementEvent, StepLabel
from annotator.services.adjudication import (
    Rating,
    ranking_decision_withdraw,
    step_decide,
    step_decision_withdraw,
)
from annotator.services.history.rebuild import judgements_rebuild
from annotator.services.history.undo import judgement_redo, judgement_undo
from annotator.services.rankings.answers import Answer
from tests.annotator.adjudication.data import decide_order, steps_of

pytestmark = pytest.mark.django_db


def decide(world, text="b", user=None, rating=-1, **more):
    said = {"decision": Rating(rating), "reason": "six is even", **more}
    return step_decide(step=world.step[text], user=user or world.rea, **said)


def test_a_decision_is_an_event_and_its_row_and_the_originals_stay(world):
    world.rate(world.ada, b=-1)
    world.rate(world.bo, b=1)
    labels = list(StepLabel.objects.order_by("pk").values())
    result = decide(world, blind=Rating(0), decision=Rating(-1, error_type="logic"))
    row = Adjudication.objects.get()
    assert (row.step, row.level, row.reason) == (world.step["b"], "", "six is even")
    assert row.decision == {
        "rating": -1,
        "unsure": False,
        "error_type": "logic",
        "realises_error": False,
    }
    assert row.blind["rating"] == 0
    assert row.rater.user == world.rea
    event = JudgementEvent.objects.get(pk=result.event_id)
    assert (event.kind, event.step, event.before) == ("adjudication", world.step["b"], None)
    key = {"step": world.step["b"].pk, "level": "", "parent": None, "criterion": ""}
    key |= {"first": None, "last": None}
    assert event.payload == {
        **key,
        "decision": row.decision,
        "blind": row.blind,
        "reason": "six is even",
    }
    assert list(StepLabel.objects.order_by("pk").values()) == labels
    assert steps_of(world)[0] == []
    assert steps_of(world, decided=True)[0] == [("b", 100)]


def test_deciding_again_is_another_event_and_undo_gives_the_first_back(world):
    decide(world)
    decide(world, user=world.rik, rating=1, reason="no, it holds")
    row = Adjudication.objects.get()
    assert (row.rater.user, row.decision["rating"]) == (world.rik, 1)
    assert JudgementEvent.objects.filter(kind="adjudication").count() == 2
    with pytest.raises(ConflictError, match="rik decided here after you"):
        judgement_undo(problem=world.problem, user=world.rea)
    said = judgement_undo(problem=world.problem, user=world.rik).description
    assert said == "Undone: final decision +1 → −1"
    row.refresh_from_db()
    assert (row.rater.user, row.decision["rating"], row.reason) == (world.rea, -1, "six is even")
    assert judgements_rebuild(project=world.project, dry_run=True).equal
    judgement_redo(problem=world.problem, user=world.rik)
    row.refresh_from_db()
    assert row.rater.user == world.rik
    Adjudication.objects.all().delete()
    assert judgements_rebuild(project=world.project).missing == 1
    assert Adjudication.objects.get().decision["rating"] == 1


def test_withdraw_and_replay(world):
    key = uuid.uuid4()
    first = decide(world, idempotency_key=key)
    again = decide(world, idempotency_key=key)
    assert (again.replayed, again.event_id) == (True, first.event_id)
    with pytest.raises(ConflictError):
        decide(world, rating=1, idempotency_key=key)
    assert step_decision_withdraw(step=world.step["b"], user=world.rea).adjudication is None
    assert step_decision_withdraw(step=world.step["b"], user=world.rea).event_id is None
    decide_order(world)
    ranking_decision_withdraw(place=world.place(), criterion="correctness", user=world.rik)
    assert not Adjudication.objects.exists()
    assert judgements_rebuild(project=world.project, dry_run=True).equal


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"reason": "  "}, "reason"),
        ({"reason": "a\x00"}, "reason"),
        ({"decision": Rating(None)}, "rating"),
        ({"decision": Rating(2)}, "rating"),
        ({"decision": Rating(True)}, "rating"),
        ({"decision": Rating(-1, error_type="none such")}, "error_type"),
        ({"blind": Rating(7)}, "rating"),
    ],
)
def test_what_cannot_be_decided_is_refused(world, more, field):
    with pytest.raises(InvalidError) as refused:
        decide(world, **more)
    assert field in refused.value.fields
    assert not JudgementEvent.objects.filter(kind="adjudication").exists()


def test_an_order_must_be_of_these_items(world):
    c = world.step["c!"].pk
    for tiers in ([[c]], [[c], [c]], [[c], [world.step["a"].pk]]):
        with pytest.raises(InvalidError):
            decide_order(world, decision=Answer(tiers=tiers, shown=[c]))
    with pytest.raises(InvalidError):
        decide_order(world, blind=Answer(tiers=[[c]]))


def test_own_judgements_are_decided_on_only_by_saying_so(world):
    world.rate(world.rea, b=-1)
    with pytest.raises(ConflictError) as refused:
        decide(world)
    assert refused.value.code == "own_judgement"
    decide(world, own_said=True)
    world.rank(world.rea, "d", "c!")
    with pytest.raises(ConflictError):
        decide_order(world)
    decide_order(world, own_said=True)
    assert Adjudication.objects.count() == 2
