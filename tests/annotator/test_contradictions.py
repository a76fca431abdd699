"""Contradictions: read with few queries, resolved by a reviewer as an event, open again by undo."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotator.errors import ConflictError, InvalidError, NotFoundError
from annotator.models import JudgementEvent, Outcome, Resolution
from annotator.queries.access import MAX_ID, access_to
from annotator.queries.history.timeline import history_of
from annotator.queries.rankings.contradictions import contradictions_page
from annotator.queries.rankings.places import place_of
from annotator.queries.rankings.questions import questions_of
from annotator.services.history.rebuild import judgements_rebuild
from annotator.services.history.undo import judgement_redo, judgement_undo
from annotator.services.judgements.labels import label_set
from annotator.services.rankings.answers import Answer, ranking_set
from annotator.services.rankings.contradictions import contradiction_reopen, contradiction_resolve
from tests.annotator.workbench_data import member
from tests.factories import MembershipFactory, UserFactory, problem_with_tree

pytestmark = pytest.mark.django_db
JSON = {"content_type": "application/json"}


class World:
    """Problems in which ada prefers a step that she rates wrong."""

    def __init__(self):
        self.project = MembershipFactory.create().project
        self.ada = member(self.project, "ada", "annotator")
        self.rea = member(self.project, "rea", "reviewer")
        self.rik = member(self.project, "rik", "reviewer")
        self.access = access_to(user=self.rea, project=self.project)
        self.problem = self.add("first")

    def add(self, prompt):
        problem = problem_with_tree(["a", ["b"], ["c"]], project=self.project, prompt=prompt)
        Outcome.objects.filter(trace__problem=problem).delete()  # they have no events
        b, c = problem.steps.get(text="b"), problem.steps.get(text="c")
        place = place_of(problem=problem, level="step", parent_id=problem.steps.get(text="a").pk)
        ranking_set(place=place, user=self.ada, answer=Answer([[b.pk], [c.pk]]))
        label_set(step=b, user=self.ada, rating=-1)
        label_set(step=c, user=self.ada, rating=1)
        return problem

    def open(self, **more):
        found = questions_of(problems=[self.problem], access=self.access, **more)
        return found.get(self.problem.pk, [])

    def resolve(self, user=None, name=None, **more):
        said = {"kept": "second", "reason": "the sum is off", **more}
        found = {"problem": self.problem, "user": user or self.rea}
        name = name or (self.open() + self.open(resolved=True))[0].name
        return contradiction_resolve(contradiction=name, **found, **said)


@pytest.fixture
def world():
    return World()


def test_a_resolution_is_an_event_and_the_judgements_stay(world):
    (question,) = world.open()
    assert (question.kind, question.sides) == (
        "rating",
        ("the preference holds", "the ratings hold"),
    )
    before = JudgementEvent.objects.count()
    result = world.resolve()
    row = Resolution.objects.get()
    assert (row.contradiction, row.kept, row.reason) == (question.name, "second", "the sum is off")
    assert (row.rater.user, row.project) == (world.rea, world.project)
    event = JudgementEvent.objects.get(pk=result.event_id)
    assert event.payload == {
        "contradiction": question.name,
        "kept": "second",
        "reason": "the sum is off",
    }
    assert JudgementEvent.objects.count() == before + 1
    assert world.open() == []
    (answered,) = world.open(resolved=True)
    assert answered.resolution == row
    assert judgements_rebuild(project=world.project, dry_run=True).equal
    Resolution.objects.all().delete()
    assert judgements_rebuild(project=world.project).missing == 1
    assert Resolution.objects.get().kept == "second"


def test_undo_opens_it_again_but_not_over_another_reviewer(world):
    world.resolve()
    said = judgement_undo(problem=world.problem, user=world.rea).description
    assert said == "Undone: answer to a contradiction “The second holds” → none"
    assert len(world.open()) == 1
    judgement_redo(problem=world.problem, user=world.rea)
    assert world.open() == []
    world.resolve(user=world.rik, kept="both", reason="a matter of taste")
    with pytest.raises(ConflictError, match="rik resolved this contradiction after you"):
        judgement_undo(problem=world.problem, user=world.rea)
    assert Resolution.objects.get().kept == "both"
    entries, _ = history_of(access=world.access, problem=world.problem)
    assert (entries[0].what, entries[0].note) == (
        "said of a contradiction: both are meant so (before: the second holds)",
        "a matter of taste",
    )


def test_one_that_comes_again_in_another_way_is_open(world):
    world.resolve()
    label_set(step=world.problem.steps.get(text="b"), user=world.ada, rating=1)
    assert world.open() == world.open(resolved=True) == []  # mended
    other = member(world.project, "bo", "annotator")
    b, c = world.problem.steps.get(text="b"), world.problem.steps.get(text="c")
    place = place_of(problem=world.problem, level="step", parent_id=b.parent_id)
    ranking_set(place=place, user=other, answer=Answer([[b.pk], [c.pk]]))
    label_set(step=b, user=other, rating=-1)
    label_set(step=c, user=other, rating=0)
    (question,) = world.open()
    assert "bo prefers" in question.sentence
    label_set(step=b, user=world.ada, rating=-1)
    assert len(world.open()) == 1
    assert len(world.open(resolved=True)) == 1


@pytest.mark.parametrize(
    ("more", "field"),
    [({"kept": "third"}, "kept"), ({"reason": " "}, "reason"), ({"reason": "a\x00"}, "reason")],
)
def test_what_says_nothing_is_refused(world, more, field):
    with pytest.raises(InvalidError) as refused:
        world.resolve(**more)
    assert field in refused.value.fields


def test_only_what_stands_is_resolved_and_a_key_is_used_once(world):
    with pytest.raises(NotFoundError, match="is gone"):
        world.resolve(name="rating:step::1,2:3")
    key = uuid.uuid4()
    first = world.resolve(idempotency_key=key)
    assert world.resolve(idempotency_key=key).event_id == first.event_id
    with pytest.raises(ConflictError):
        world.resolve(idempotency_key=key, kept="both")
    found = {"problem": world.problem, "user": world.rea}
    name = world.open(resolved=True)[0].name
    assert contradiction_reopen(contradiction=name, **found).resolution is None
    assert contradiction_reopen(contradiction=name, **found).event_id is None


def test_a_page_needs_as_many_queries_for_many_problems(world):
    def page():
        with CaptureQueriesContext(connection) as queries:
            found, following = contradictions_page(access=world.access, before=MAX_ID)
        return len(found), following, len(queries)

    one, _, few = page()
    for number in range(30):
        world.add(f"problem {number}")
    many, following, queries = page()
    assert (one, many) == (1, 25)
    assert queries == few <= 9
    rest, end = contradictions_page(access=world.access, before=following)
    assert (len(rest), end) == (6, None)


def test_the_inbox_resolves_and_opens_again(world, client_for):
    client = client_for(world.rea)
    inbox = reverse("annotator:inbox", args=[world.project.name])
    page = client.get(f"{inbox}?kind=contradictions").content.decode()
    assert "The ratings hold" in page
    address = f"{inbox}problems/{world.problem.pk}/contradictions/"
    said = {"contradiction": world.open()[0].name, "kept": "second", "reason": "the sum is off"}
    assert client_for(world.ada).post(address, said).status_code == 403
    assert client_for(UserFactory.create()).post(address, said).status_code == 404
    assert client.post(address, {**said, "reason": ""}).status_code == 422
    assert client.post(address, said)["Location"] == f"{inbox}?kind=contradictions"
    assert "The ratings hold" not in client.get(f"{inbox}?kind=contradictions").content.decode()
    page = client.get(f"{inbox}?kind=contradictions&state=answered").content.decode()
    assert "the sum is off" in page
    client.post(address, {"contradiction": said["contradiction"], "withdraw": "1"})
    assert len(world.open()) == 1


def test_the_api_lists_resolves_and_opens_again(world, client_for):
    url = f"/api/v1/problems/{world.problem.pk}/contradictions/"
    client = client_for(world.rea)
    (row,) = client.get(url).json()["results"]
    assert row["sides"] == ["the preference holds", "the ratings hold"]
    assert row["resolution"] is None
    said = {"contradiction": row["contradiction"], "kept": "first", "reason": "it is clearer"}
    assert client.put(url, {**said, "kept": "x"}, **JSON).status_code in {400, 422}
    assert client.put(url, said, **JSON).json()["resolution"]["by"] == "rea"
    assert client.get(url).json()["results"] == []
    (row,) = client.get(f"{url}?state=resolved").json()["results"]
    assert row["resolution"]["kept"] == "first"
    gone = client.delete(f"{url}?contradiction={row['contradiction']}")
    assert gone.json()["resolution"] is None
    assert client_for(world.ada).put(url, said, **JSON).status_code == 403


@pytest.mark.parametrize("turn", range(3))
def test_a_circle_has_two_sides_wherever_it_is_found_to_begin(world, turn):
    world.problem = problem_with_tree(["a", ["b"], ["c"], ["d"]], project=world.project)
    parent = world.problem.steps.get(text="a")
    place = place_of(problem=world.problem, level="step", parent_id=parent.pk)
    b, c, d = place.items
    orders = [[b, c, d], [c, d, b], [d, b, c]]
    for number, order in enumerate(orders[turn:] + orders[:turn]):
        person = member(world.project, f"person {number}", "annotator")
        ranking_set(place=place, user=person, answer=Answer([[item] for item in order]))
    (question,) = world.open()
    assert (question.kind, question.name) == (
        "majority_cycle",
        f"majority_cycle:step::{b},{c},{d}",
    )
    assert question.sides == ("“b” over “c” over “d” holds", "“d” over “b” holds")
