"""Gold from a reviewer's ranking, from a decision, and from a file of ids that was filled in."""

from __future__ import annotations

import csv
import io
import re

import pytest
from django.urls import reverse

from annotator.errors import InvalidError
from annotator.models import Gold, Step
from annotator.queries.rankings.places import place_of
from annotator.services.adjudication import ranking_decide
from annotator.services.quality.gold import GoldTarget, gold_from_decision, gold_from_own
from annotator.services.rankings.answers import Answer, ranking_set
from tests.annotator.api_client import Api
from tests.annotator.queue_world import queue_world
from tests.factories import problem_with_tree

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    """A problem with three first steps, of which the last has two below it."""
    world = queue_world(traces=0, tag="sources")
    world.problem = problem_with_tree(
        ["a!"], ["b"], ["c", ["c1!"], ["c2"]], project=world.project, prompt="=SUM(1) is what?"
    )
    world.problem.project = world.project
    world.steps = {step.text.strip("!"): step.pk for step in world.problem.steps.all()}
    return world


def ids(world, *texts):
    return [world.steps[text] for text in texts]


def rank(world, user, *tiers, criterion="", aside=()):
    place = place_of(problem=world.problem, level="step", parent_id=None)
    said = Answer(tiers=[ids(world, *tier) for tier in tiers], aside=ids(world, *aside))
    ranking_set(place=place, user=user, answer=said, criterion=criterion)
    return place


def test_a_reviewers_ranking_becomes_gold_on_its_own_page(world, client_for):
    client, address = client_for(world.owner), f"/p/sources/problems/{world.problem.pk}/rank/step/"
    page = client.get(address).content.decode()
    assert "your ranking can become the gold answer" in page
    rank(world, world.owner, "b", "ac")
    page = client.get(address).content.decode()
    assert "Use my ranking as gold" in page
    asked = {"task": "rank_step", "problem": world.problem.pk}
    for name, value in asked.items():
        assert f'name="{name}" value="{value}"' in page
    assert client.post("/p/sources/gold/new/", asked).status_code == 302
    gold = Gold.objects.get()
    assert gold.answer["tiers"] == [ids(world, "b"), ids(world, "a", "c")]
    assert (gold.task, gold.parent, gold.created_by) == ("rank_step", None, world.owner)
    listed = client.get("/p/sources/gold/").content.decode()
    row = listed.split(f'id="gold-{gold.pk}"')[1].split("</tr>")[0]
    assert "=SUM(1) is what?</a>" in row
    assert ">first steps<" in row
    assert "<b>B &gt; A = C</b>" in row
    assert re.findall(r"<li><b>(\w)</b> (.*?)</li>", row) == [("A", "a!"), ("B", "b"), ("C", "c")]


def test_gold_of_traces_and_below_a_step_names_its_place(world, client_for):
    below = Step.objects.get(problem=world.problem, text="c")
    first, *_, last = world.problem.traces.order_by("ordinal")
    rows = {
        "rank_step": (below, [[pk] for pk in below.children.values_list("pk", flat=True)]),
        "rank_trace": (None, [[last.pk], [first.pk]]),
    }
    for task, (parent, tiers) in rows.items():
        Gold.objects.create(
            project=world.project,
            problem=world.problem,
            parent=parent,
            task=task,
            answer={"tiers": tiers, "failed": [last.pk] if task == "rank_trace" else []},
        )
    listed = client_for(world.owner).get("/p/sources/gold/").content.decode()
    assert "steps after step 1: c<" in listed
    assert "<b>B! &gt; A</b>" in listed
    assert f"<b>A</b> trace 1 · id {first.pk}: … a!</li>" in listed


def test_the_button_comes_with_the_answer_and_only_to_reviewers(world, client_for):
    address = f"/p/sources/problems/{world.problem.pk}/rank/step/"
    said = {f"rank-{pk}": at for at, pk in enumerate(ids(world, "a", "b", "c"), start=1)}
    for person, shown in ((world.owner, True), (world.people[1], False)):
        sent = {"criterion": "", **said}
        answer = client_for(person).post(address, sent, HTTP_HX_REQUEST="true")
        assert answer.status_code == 200
        assert ("Use my ranking as gold" in answer.content.decode()) == shown
        page = client_for(person).get(address).content.decode()
        assert ("gold" in page.lower()) == shown


def test_a_ranking_that_compares_too_little_is_no_gold(world):
    target = GoldTarget(world.problem, "rank_step")
    with pytest.raises(InvalidError, match="Rank the items here overall first"):
        gold_from_own(target=target, user=world.owner)
    rank(world, world.owner, "a", "b", "c", criterion="correctness")
    with pytest.raises(InvalidError, match="overall first"):
        gold_from_own(target=target, user=world.owner)
    rank(world, world.owner, "a", "b", aside="c")
    with pytest.raises(InvalidError, match="leaves items aside"):
        gold_from_own(target=target, user=world.owner)


def test_a_decision_becomes_gold_by_page_and_api(world, client_for):
    target = GoldTarget(world.problem, "rank_step")
    for person, tiers in zip(world.people[1:], ("abc", "bca"), strict=True):
        place = rank(world, person, *tiers)
    with pytest.raises(InvalidError, match="adjudicate it first"):
        gold_from_decision(target=target, user=world.owner)
    ranking_decide(
        place=place,
        user=world.owner,
        decision=Answer(tiers=[ids(world, *tier) for tier in ("c", "ab")]),
        reason="c is the only way on",
        criterion="",
    )
    wanted = [ids(world, "c"), ids(world, "a", "b")]
    asked = {"source": "decision", "task": "rank_step", "problem": world.problem.pk}
    client = client_for(world.owner)
    case = reverse("annotator:adjudication-ranking", args=["sources", world.problem.pk])
    page = client.get(f"{case}?level=step&criterion=").content.decode()
    form = page.split('id="decision-gold"')[1].split("</form>")[0]
    assert all(f'name="{name}" value="{value}"' in form for name, value in asked.items())
    page = client.get(f"{case}?level=step&criterion=correctness").content.decode()
    assert 'id="decision-gold"' not in page
    assert client.post("/p/sources/gold/new/", asked).status_code == 302
    assert Gold.objects.get().answer["tiers"] == wanted
    Gold.objects.all().delete()
    record = {"task": "rank_step", "problem": world.problem.pk, "from": "decision"}
    records = [record, record | {"from": "own"}, record | {"from": "hearsay"}]
    made = Api(world.owner)("post", "projects/sources/gold/", {"records": records}).json()
    assert Gold.objects.get().answer["tiers"] == wanted
    assert made["accepted"] == 1
    assert [error["record"] for error in made["refused"]] == [2, 3]
    assert "'from' is one of own, decision" in made["refused"][1]["reason"]


def file_of(client, task):
    answer = client.get(f"/p/sources/gold/ids/{task}.csv")
    assert answer.status_code == 200
    assert "attachment" in answer.headers["Content-Disposition"]
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))


def written(rows):
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys())
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def test_the_file_of_ids_comes_back_filled_in(world, client_for):
    client = client_for(world.owner)
    page = client.get("/p/sources/gold/").content.decode()
    assert 'href="/p/sources/gold/ids/first_error.csv"' in page
    rows = file_of(client, "first_error")
    traces = list(world.problem.traces.order_by("ordinal"))
    assert [int(row["trace"]) for row in rows] == [trace.pk for trace in traces]
    assert [row["steps"] for row in rows] == ["1", "1", "2", "2"]
    said = [row["text"].removeprefix("'=SUM(1) is what? | ") for row in rows]  # no formula
    ends = [trace.end.text for trace in traces]
    assert said == [f"trace {at}: … {end}" for at, end in enumerate(ends, start=1)]
    assert {row["task"] for row in rows} == {""}
    rows[2] |= {"task": "first_error", "first_error": "2"}
    made = client.post("/p/sources/gold/", {"text": written(rows)})
    assert made.status_code == 200
    page = " ".join(made.content.decode().split())
    assert f"trace 3 · id {traces[2].pk}<" in page
    # The form leads back to its own heading, so what it says stands there.
    assert '#add"' in page
    assert page.index('id="add"') < page.index("1 gold answer kept") < page.index('name="text"')
    gold = Gold.objects.get()
    assert (gold.trace, gold.answer["first_error"]) == (traces[2], traces[2].end_id)
    rows[0] |= {"task": "all_steps", "ratings": "7"}
    refused = client.post("/p/sources/gold/", {"text": written(rows[::-1])}).content.decode()
    assert "record 4: Step 1: a rating is" in refused


def test_the_file_of_places_begins_with_one_tie(world, client_for):
    client = client_for(world.owner)
    top, below = ids(world, "a", "b", "c"), ids(world, "c1", "c2")
    rows = file_of(client, "rank_step")
    assert [row["tiers"] for row in rows] == [" = ".join(map(str, tier)) for tier in (top, below)]
    assert [row["parent"] for row in rows] == ["", str(world.steps["c"])]
    assert f"{below[0]}: c1! | {below[1]}: c2" in rows[1]["text"]
    assert [row["parent"] for row in file_of(client, "rank_branch")] == [""]
    (traces,) = file_of(client, "rank_trace")
    ends = list(world.problem.traces.order_by("ordinal").values_list("pk", flat=True))
    assert traces["tiers"] == " = ".join(map(str, ends))
    assert f" | {ends[0]}: trace 1: … a! | {ends[1]}: trace 2: … b" in traces["text"]
    rows[1] |= {"task": "rank_step", "tiers": f"{below[1]} > {below[0]}"}
    assert client.post("/p/sources/gold/", {"text": written(rows)}).status_code == 200
    assert Gold.objects.get().answer["tiers"] == [[below[1]], [below[0]]]


def test_ids_are_for_reviewers_and_known_tasks(world, client_for):
    assert client_for(world.people[1]).get("/p/sources/gold/ids/rank_step.csv").status_code == 403
    assert client_for(world.owner).get("/p/sources/gold/ids/grade.csv").status_code == 404
