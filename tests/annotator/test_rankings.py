"""Rankings: stored as events, refused by name of the fault, undone and rebuilt like any judgement."""

from __future__ import annotations

import uuid

import pytest

from annotator.errors import ConflictError, InvalidError, NotFoundError
from annotator.models import GuidelineVersion, JudgementEvent, Outcome, Ranking, Trace
from annotator.queries.rankings.criteria import criteria_of
from annotator.queries.rankings.places import place_of, shown_order
from annotator.services.history.rebuild import judgements_rebuild
from annotator.services.history.undo import judgement_redo, judgement_undo
from annotator.services.rankings.answers import Answer, ranking_clear, ranking_set
from tests.factories import MembershipFactory, problem_with_tree

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    member = MembershipFactory.create()
    member.project.criteria = [
        {"key": "correctness", "label": "Correctness", "help": "", "margin": 0, "gate": True},
        {"key": "clarity", "label": "Clarity", "help": "", "margin": 1, "gate": False},
    ]
    member.project.save()
    problem = problem_with_tree(["a", ["b!"], ["c"], ["d"]], ["e"], project=member.project)
    GuidelineVersion.objects.create(project=member.project, number=3, author=member.user)
    Outcome.objects.all().delete()  # the factory writes them without events
    return member.user, problem


@pytest.fixture
def fork(world):
    """The three steps below the first one."""
    _, problem = world
    parent = problem.steps.get(preorder=1)
    return place_of(problem=problem, level="branch", parent_id=parent.pk)


def test_ranking_is_an_event_and_its_row(world, fork):
    user, problem = world
    b, c, d = fork.items
    result = ranking_set(
        place=fork,
        user=user,
        criterion="correctness",
        answer=Answer(tiers=[[c], [b]], aside=[d], failed=[b], shown=[d, b, c]),
        note=" tight ",
        milliseconds=900,
        shown_score=False,
    )
    row = Ranking.objects.get()
    assert (row.problem, row.level, row.parent_id) == (problem, "branch", fork.parent_id)
    assert (row.tiers, row.aside, row.failed, row.shown) == ([[c], [b]], [d], [b], [d, b, c])
    assert (row.note, row.milliseconds, row.shown_score) == ("tight", 900, False)
    assert (row.guideline.number, row.event_id) == (3, result.event_id)
    event = JudgementEvent.objects.get()
    assert (event.kind, event.before) == ("ranking", None)
    assert event.payload == {
        "level": "branch",
        "parent": fork.parent_id,
        "criterion": "correctness",
        "tiers": [[c], [b]],
        "aside": [d],
        "failed": [b],
        "shown": [d, b, c],
        "scores": None,
        "note": "tight",
        "milliseconds": 900,
        "guideline": 3,
        "shown_score": False,
        "meta": None,
    }


def test_each_level_place_and_criterion_has_its_own_row(world, fork):
    user, problem = world
    b, c, d = fork.items
    steps = place_of(problem=problem, level="step", parent_id=fork.parent_id)
    first = place_of(problem=problem, level="step", parent_id=None)
    traces = place_of(problem=problem, level="trace", parent_id=None)
    for place, criterion, tiers in (
        (fork, "", [[b, c, d]]),
        (fork, "clarity", [[b], [c], [d]]),
        (steps, "", [[d], [c], [b]]),
        (first, "", [[first.items[1]], [first.items[0]]]),
        (traces, "", [list(traces.items)]),
        (fork, "", [[c], [b, d]]),
    ):
        ranking_set(place=place, user=user, criterion=criterion, answer=Answer(tiers))
    assert Ranking.objects.count() == 5
    row = Ranking.objects.get(level="branch", criterion="")
    assert row.tiers == [[c], [b, d]]
    assert row.shown == [b, c, d]
    assert JudgementEvent.objects.latest("id").before["tiers"] == [[b, c, d]]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda b, c, d, x: Answer([[b], [c]]), "item {d} is missing"),
        (lambda b, c, d, x: Answer([[b], [c, b], [d]]), "item {b} is twice"),
        (lambda b, c, d, x: Answer([[b], [c], [d]], aside=[d]), "item {d} is twice"),
        (lambda b, c, d, x: Answer([[b], [c], [d], [x]]), "item {x} is not here"),
        (lambda b, c, d, x: Answer([[b], [], [c, d]]), "tier 2 is empty"),
        (lambda b, c, d, x: Answer([[b], [c, d]], shown=[b, b, c, d]), "item {b} is shown twice"),
        (lambda b, c, d, x: Answer([[b], [c, d]], failed=[x]), "item {x} is not here"),
        (lambda b, c, d, x: Answer([[b], [c, d]], failed=[c, c]), "item {c} is marked"),
        (lambda b, c, d, x: Answer([[b], [c, 2**70], [d]]), "is not here"),
        (lambda b, c, d, x: Answer([]), "item {b} is missing"),
    ],
)
def test_wrong_items_are_named_and_nothing_is_stored(world, fork, change, says):
    user, problem = world
    other = problem_with_tree(["x"], project=problem.project).steps.get()
    b, c, d = fork.items
    with pytest.raises(InvalidError) as refused:
        ranking_set(
            place=fork, user=user, criterion="correctness", answer=change(b, c, d, other.pk)
        )
    assert says.format(b=b, c=c, d=d, x=other.pk) in refused.value.message
    assert "tiers" in refused.value.fields
    assert not JudgementEvent.objects.exists()


def test_unknown_criterion_and_a_gate_that_is_none(world, fork):
    user, _ = world
    b, c, d = fork.items
    with pytest.raises(InvalidError, match="no criterion called 'beauty'; known: correctness, cla"):
        ranking_set(place=fork, user=user, criterion="beauty", answer=Answer([[b, c, d]]))
    answer = Answer([[b, c], [d]], failed=[d])
    for criterion in ("clarity", ""):
        with pytest.raises(InvalidError, match="is no gate"):
            ranking_set(place=fork, user=user, criterion=criterion, answer=answer)


def test_one_item_cannot_be_ranked(world):
    user, problem = world
    lone = problem_with_tree(["a", ["b"]], project=problem.project)
    place = place_of(problem=lone, level="step", parent_id=lone.steps.get(preorder=1).pk)
    assert not place.rankable
    with pytest.raises(InvalidError, match="2 to 32 items, not 1"):
        ranking_set(place=place, user=user, answer=Answer([list(place.items)]))


def test_of_many_items_everybody_sees_the_same_32_in_an_order_of_their_own(world):
    user, problem = world
    wide = problem_with_tree(*([f"s{n}"] for n in range(40)), project=problem.project)
    place = place_of(problem=wide, level="step", parent_id=None)
    assert (len(place.items), len(place.chosen)) == (40, 32)
    assert place_of(problem=wide, level="step", parent_id=None).chosen == place.chosen
    mine, yours = (shown_order(place=place, user_id=n) for n in (1, 2))
    assert set(mine) == set(yours) == set(place.chosen)
    assert mine != yours
    assert mine == shown_order(place=place, user_id=1)
    ranking_set(place=place, user=user, answer=Answer([list(mine)], shown=mine))
    assert Ranking.objects.get().shown == list(mine)
    with pytest.raises(InvalidError, match="2 to 32 items, not 40"):
        ranking_set(place=place, user=user, answer=Answer([list(place.items)]))


def test_places_that_do_not_exist(world):
    _, problem = world
    elsewhere = problem_with_tree(["x"], project=problem.project).steps.get().pk
    for level, parent in (("word", None), ("trace", 1), ("step", elsewhere), ("step", 2**70)):
        with pytest.raises(NotFoundError):
            place_of(problem=problem, level=level, parent_id=parent)


def test_same_key_is_stored_once(world, fork):
    user, _ = world
    b, c, d = fork.items
    said = {"place": fork, "user": user, "idempotency_key": uuid.uuid4()}
    first = ranking_set(answer=Answer([[b, c, d]]), **said)
    again = ranking_set(answer=Answer([[b, c, d]]), **said)
    assert (again.replayed, again.event_id) == (True, first.event_id)
    assert JudgementEvent.objects.count() == 1
    with pytest.raises(ConflictError):
        ranking_set(answer=Answer([[b], [c, d]]), **said)
    with pytest.raises(ConflictError):
        ranking_set(answer=Answer([[b, c, d]]), criterion="clarity", **said)


def test_undo_redo_clear_and_rebuild(world, fork):
    user, problem = world
    b, c, d = fork.items
    ranking_set(place=fork, user=user, answer=Answer([[b], [c], [d]]))
    ranking_set(place=fork, user=user, answer=Answer([[b, c, d]]))
    assert judgement_undo(problem=problem, user=user).description == (
        "Undone: ranking in 1 rank → in 3 ranks"
    )
    assert Ranking.objects.get().tiers == [[b], [c], [d]]
    judgement_redo(problem=problem, user=user)
    assert Ranking.objects.get().tiers == [[b, c, d]]
    ranking_set(place=fork, user=user, criterion="clarity", answer=Answer([[d], [c, b]]))
    ranking_clear(place=fork, user=user)
    assert ranking_clear(place=fork, user=user).event_id is None
    assert list(Ranking.objects.values_list("criterion", flat=True)) == ["clarity"]
    assert judgements_rebuild(project=problem.project, dry_run=True).equal
    Ranking.objects.all().delete()
    assert judgements_rebuild(project=problem.project).missing == 1
    assert Ranking.objects.get().tiers == [[d], [c, b]]


def test_people_are_never_merged(world, fork):
    user, problem = world
    other = MembershipFactory.create(project=problem.project).user
    b, c, d = fork.items
    ranking_set(place=fork, user=user, answer=Answer([[b], [c], [d]]))
    ranking_set(place=fork, user=other, answer=Answer([[d], [c], [b]]))
    assert Ranking.objects.count() == 2
    ranking_clear(place=fork, user=other)
    assert Ranking.objects.get().rater.user == user


def test_a_new_project_has_the_default_criteria(world):
    _, problem = world
    problem.project.criteria = []
    keys = [criterion.key for criterion in criteria_of(problem.project)]
    assert keys == ["correctness", "soundness", "progress", "clarity"]
    assert Trace.objects.filter(problem=problem).count() == 4
