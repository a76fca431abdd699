"""Spans that people judge differently: listed by the run they share, decided like steps."""

from __future__ import annotations

import pytest

from annotator.errors import ConflictError, InvalidError
from annotator.models import Adjudication, JudgementEvent, SpanLabel
from annotator.queries.adjudication.disagreements import span_disagreements, step_disagreements
from annotator.services.adjudication import Rating, span_decide, span_decision_withdraw
from annotator.services.history.rebuild import judgements_rebuild
from annotator.services.history.undo import judgement_undo
from annotator.services.judgements.spans import span_label_set
from tests.annotator.adjudication.data import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    """Return ``a → b → (c!, d)`` and ``e``."""
    return World()


def say(world, person, first, last, rating, **more):
    ends = {"first": world.step[first], "last": world.step[last]}
    return span_label_set(user=person, rating=rating, **ends, **more)


def listed(world, **asked):
    rows, after = span_disagreements(project=world.project, **asked)
    return [(row.first.text, row.last.text, row.severity, row.people) for row in rows], after


def decide(world, first="b", last="c!", user=None, **more):
    ends = {"first": world.step[first], "last": world.step[last]}
    said = {"decision": Rating(-1), "reason": "the sum slips", **more}
    return span_decide(user=user or world.rea, **ends, **said)


def test_what_is_compared_is_the_run_that_both_hold(world):
    say(world, world.ada, "a", "c!", -1)
    say(world, world.bo, "b", "c!", 1)
    assert listed(world)[0] == [("b", "c!", 80, 2)]
    assert step_disagreements(project=world.project)[0] == []


def test_spans_that_part_share_what_stands_above_the_fork(world):
    say(world, world.ada, "a", "c!", -1)
    say(world, world.bo, "b", "d", 0)
    assert listed(world)[0] == [("b", "b", 50, 2)]


@pytest.mark.parametrize(("first", "last"), [("a", "a"), ("e", "e")])
def test_spans_that_share_nothing_do_not_differ(world, first, last):
    say(world, world.ada, "b", "c!", -1)
    say(world, world.bo, first, last, 1)
    assert listed(world)[0] == []


def test_equal_judgements_of_one_person_and_no_judgements_do_not_differ(world):
    say(world, world.ada, "a", "b", -1)
    say(world, world.bo, "a", "b", -1)
    say(world, world.bo, "a", "c!", None)
    say(world, world.ada, "b", "b", 1)
    assert listed(world)[0] == [("b", "b", 80, 2)]  # bo's run over b, and ada's own two


def test_everybody_whose_span_holds_the_run_counts(world):
    say(world, world.ada, "a", "c!", -1)
    say(world, world.bo, "b", "c!", 1)
    say(world, world.rik, "a", "d", 1)
    assert listed(world)[0] == [("a", "b", 80, 2), ("b", "c!", 80, 2)]


def test_pages_go_on_where_the_last_one_ended(world):
    say(world, world.ada, "a", "a", -1)
    say(world, world.bo, "a", "a", 1)
    say(world, world.ada, "e", "e", 0)
    say(world, world.bo, "e", "e", 1)
    say(world, world.ada, "b", "d", 0)
    say(world, world.bo, "b", "d", 1)
    first, after = listed(world, size=2)
    rest, end = listed(world, size=2, after=after)
    assert [row[0] for row in first + rest] == ["a", "b", "e"]
    assert end == ""
    with pytest.raises(InvalidError):
        listed(world, after="80.1")


def test_a_decision_on_a_span_is_an_event_and_its_row(world):
    say(world, world.ada, "b", "c!", -1)
    say(world, world.bo, "b", "c!", 1)
    spans = list(SpanLabel.objects.order_by("pk").values())
    result = decide(world, blind=Rating(0))
    row = Adjudication.objects.get()
    assert (row.level, row.step, row.first, row.last) == (
        "span",
        None,
        world.step["b"],
        world.step["c!"],
    )
    event = JudgementEvent.objects.get(pk=result.event_id)
    assert (event.kind, event.step) == ("adjudication", world.step["b"])
    assert listed(world)[0] == []
    assert listed(world, decided=True)[0] == [("b", "c!", 80, 2)]
    assert list(SpanLabel.objects.order_by("pk").values()) == spans
    assert judgements_rebuild(project=world.project, dry_run=True).equal
    Adjudication.objects.all().delete()
    judgements_rebuild(project=world.project)
    assert Adjudication.objects.get().last == world.step["c!"]
    said = judgement_undo(problem=world.problem, user=world.rea).description
    assert said == "Undone: final decision −1 → none"
    assert not Adjudication.objects.exists()


def test_decisions_on_two_spans_of_a_problem_stand_beside_each_other(world):
    decide(world)
    decide(world, "b", "d", decision=Rating(1))
    assert Adjudication.objects.count() == 2
    ends = {"first": world.step["b"], "last": world.step["d"]}
    span_decision_withdraw(user=world.rea, **ends)
    assert Adjudication.objects.get().last == world.step["c!"]


def test_what_is_no_span_or_ones_own_is_refused(world):
    with pytest.raises(InvalidError, match="run of consecutive steps"):
        decide(world, "c!", "d")
    with pytest.raises(InvalidError, match="say that it cannot be decided"):
        decide(world, decision=Rating(None))
    say(world, world.rea, "a", "c!", 1)
    with pytest.raises(ConflictError):
        decide(world)
    decide(world, own_said=True)


def test_the_page_is_blind_first_and_decides(world, client_for):
    say(world, world.ada, "a", "c!", -1, note="seven is odd")
    say(world, world.bo, "b", "c!", 1)
    client = client_for(world.rea)
    assert 'id="span-' in client.get(world.url("adjudication") + "?kind=spans").content.decode()
    address = world.url("adjudication-span", world.step["b"].pk, world.step["c!"].pk)
    page = client.get(address).content.decode()
    assert "seven is odd" not in page
    assert "Rating of steps 2 to 3 as one" in page
    client.post(address, {"do": "blind", "rating": "0"})
    page = client.get(address).content.decode()
    assert "seven is odd" in page
    assert "steps 1–3" in page
    said = {"do": "decide", "rating": "-1", "reason": "odd"}
    assert client.post(address, said)["Location"] == world.url("adjudication") + "?kind=spans"
    row = Adjudication.objects.get()
    assert (row.decision["rating"], row.blind["rating"], row.reason) == (-1, 0, "odd")
    wrong = world.url("adjudication-span", world.step["c!"].pk, world.step["d"].pk)
    assert client.get(wrong).status_code == 404
    assert client_for(world.ada).get(address).status_code == 403


def test_the_api_lists_and_decides(world, client_for):
    say(world, world.ada, "b", "c!", -1)
    say(world, world.bo, "b", "c!", 1)
    client = client_for(world.rea)
    address = f"/api/v1/projects/{world.project.name}/disagreements/?kind=spans"
    (row,) = client.get(address).json()["results"]
    ends = {"first": world.step["b"].pk, "last": world.step["c!"].pk}
    assert row == {
        **ends,
        "problem": world.problem.pk,
        "step": None,
        "level": "span",
        "parent": None,
        "criterion": "",
        "severity": 80,
        "people": 2,
    }
    url = f"/api/v1/problems/{world.problem.pk}/spans/decision/"
    said = {**ends, "decision": {"rating": -1}, "reason": "odd"}
    json = {"content_type": "application/json"}
    assert client.put(url, said, **json).json()["decision"]["last"] == ends["last"]
    assert client.get(url, ends).json()["decision"]["reason"] == "odd"
    gone = client.delete(f"{url}?first={ends['first']}&last={ends['last']}")
    assert gone.json()["decision"] is None
    assert client.put(url, {**said, "first": 0}, **json).status_code in {400, 404, 422}
