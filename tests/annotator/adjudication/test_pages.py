"""The pages: blind first, then everybody's judgements, then the next case."""

from __future__ import annotations

import re

import pytest

from annotator.models import Adjudication, ErrorType, JudgementEvent
from annotator.services.judgements.labels import label_set
from tests.page_text import without_tokens

pytestmark = pytest.mark.django_db


def test_nobody_is_named_or_quoted_before_the_reviewer_has_answered(world, client_for):
    label_set(step=world.step["b"], user=world.ada, rating=-1, note="seven is odd")
    world.rate(world.bo, b=1)
    client, address = client_for(world.rea), world.url("adjudication-step", world.step["b"].pk)
    page = without_tokens(client.get(address).content.decode())
    for hidden in ("seven is odd", 'id="judgement-', "ada", "bo</b>"):
        assert hidden not in page
    assert client.post(address, {"do": "blind"}).status_code == 422
    answer = client.post(address, {"do": "blind", "rating": "0"})
    assert answer["Location"] == address
    assert not JudgementEvent.objects.filter(kind="adjudication").exists()
    page = without_tokens(client.get(address).content.decode())
    assert "seven is odd" in page
    assert page.count('id="judgement-') == 2
    assert "ada" not in page
    assert 'id="blind"' in page


def test_the_blind_answer_cannot_be_given_after_the_others_were_seen(world, client_for):
    world.rate(world.ada, b=-1)
    world.rate(world.bo, b=1)
    client, address = client_for(world.rea), world.url("adjudication-step", world.step["b"].pk)
    client.post(address, {"do": "blind", "rating": "0"})
    client.post(address, {"do": "blind", "rating": "-1"})
    client.post(address, {"do": "decide", "rating": "-1", "reason": "odd"})
    row = Adjudication.objects.get()
    assert (row.decision["rating"], row.blind["rating"]) == (-1, 0)
    page = client.get(address).content.decode()
    for shown in ("ada", "bo", "odd", "rea decided", "before seeing the others"):
        assert shown in page


def test_after_a_decision_comes_the_next_case(world, client_for):
    world.rate(world.ada, b=-1, e=-1)
    world.rate(world.bo, b=1, e=0)
    client = client_for(world.rea)
    first, second = (world.url("adjudication-step", world.step[t].pk) for t in ("b", "e"))
    said = {"do": "decide", "rating": "unsure", "reason": "the figure is missing"}
    assert client.post(first, said)["Location"] == second
    assert client.post(second, said)["Location"] == world.url("adjudication") + "?kind=steps"
    assert Adjudication.objects.filter(decision__unsure=True).count() == 2


def test_a_type_of_error_is_called_by_its_name_also_once_it_is_retired(world, client_for):
    kind = ErrorType.objects.create(
        project=world.project, key="unsupported_claim", label="A claim out of the air"
    )
    world.rate(world.ada, b=-1)
    world.rate(world.bo, b=1)
    client, address = client_for(world.rea), world.url("adjudication-step", world.step["b"].pk)
    said = {"rating": "-1", "error_type": "unsupported_claim"}
    client.post(address, {"do": "blind", **said})
    client.post(address, {"do": "decide", **said, "reason": "who says so?"})
    ErrorType.objects.filter(pk=kind.pk).update(retired=True)
    page = client.get(address).content.decode()
    assert page.count("</span> A claim out of the air") == 2, "the decision and the blind answer"
    assert re.search(r'<option value="unsupported_claim" selected>A claim', page)
    history = client.get(world.url("history", world.problem.pk)).content.decode()
    assert "A claim out of the air" in history
    assert "unsupported_claim" not in history


def test_the_page_asks_whether_one_decides_on_oneself(world, client_for):
    world.rate(world.rea, b=-1)
    world.rate(world.bo, b=1)
    client, address = client_for(world.rea), world.url("adjudication-step", world.step["b"].pk)
    page = client.get(address).content.decode()
    assert "yours" in page
    assert 'name="own"' in page
    said = {"do": "decide", "rating": "1", "reason": "it holds"}
    answer = client.post(address, said)
    assert answer.status_code == 422
    assert "One of these judgements is your own" in answer.content.decode()
    assert client.post(address, {**said, "own": "on"}).status_code == 302
    assert Adjudication.objects.get().decision["rating"] == 1


def test_an_order_is_typed_blind_and_decided(world, client_for):
    world.rank(world.ada, "c!", "d")
    world.rank(world.bo, "d", "c!")
    place = {"level": "step", "parent": world.step["b"].pk, "criterion": "correctness"}
    address = world.url("adjudication-ranking", world.problem.pk, **place)
    client = client_for(world.rea)
    assert "A &gt; B" not in client.get(address).content.decode().split("Best first")[0]
    for wrong, said in (
        ("A > C", "is no item"),
        ("A", "is missing"),
        ("", "required"),
        ("A!>B", "no gate"),
        ("A > A", "twice"),
    ):
        answer = client.post(address, {"do": "blind", "order": wrong})
        assert answer.status_code == 422, wrong
        assert said in answer.content.decode(), wrong
    client.post(address, {"do": "blind", "order": "a = b"})
    page = client.get(address).content.decode()
    assert page.count("data-order=") == 2
    # People are not called like items.
    assert re.findall(r'<b class="no">(\w+)</b>', page) == ["A", "B", "P1", "P2"]
    client.post(address, {"do": "decide", "order": "B > A", "reason": "d is shorter"})
    row = Adjudication.objects.get()
    c, d = world.step["c!"].pk, world.step["d"].pk
    assert row.decision == {"tiers": [[d], [c]], "aside": [], "failed": []}
    assert row.blind["tiers"] == [[c, d]]
    assert (row.level, row.parent, row.criterion) == ("step", world.step["b"], "correctness")
    assert "B &gt; A" in client.get(address).content.decode()
    client.post(address, {"do": "withdraw"})
    assert not Adjudication.objects.exists()


def test_the_list_shows_both_kinds(world, client_for):
    world.rate(world.ada, b=-1)
    world.rate(world.bo, b=1)
    world.rank(world.ada, "c!", "d")
    world.rank(world.bo, "d", "c!")
    client = client_for(world.rea)
    page = client.get(world.url("adjudication")).content.decode()
    assert f'id="step-{world.step["b"].pk}"' in page
    page = client.get(world.url("adjudication", kind="rankings")).content.decode()
    assert "Steps after b" in page
    assert "100 %" in page
    assert client.get(world.url("adjudication", after="x")).status_code == 422
    assert client_for(world.ada).get(world.url("adjudication")).status_code == 403
