"""What is listed for a decision: where people differ, the worst first."""

from __future__ import annotations

import pytest
from django.utils import timezone

from annotator.errors import InvalidError
from annotator.models import Assignment, ErrorType, Gold, JudgementEvent, Queue, StepLabel, Trace
from annotator.queries.adjudication.cases import step_case
from annotator.queries.adjudication.disagreements import ranking_disagreements, step_disagreements
from annotator.services.judgements.labels import label_set
from tests.annotator.adjudication.data import decide_order, steps_of

pytestmark = pytest.mark.django_db


def test_only_what_two_people_judged_differently_is_listed_the_worst_first(world):
    world.rate(world.ada, a=1, b=-1, c=-1, d=0, e="?")
    world.rate(world.bo, a=1, b=1, c=1, d=1)
    # b: ada's first error; c: -1 and +1, but below ada's first error; d: 0 and +1; a: alike
    assert steps_of(world)[0] == [("b", 100), ("c!", 80), ("d", 30)]
    world.rate(world.bo, e=0)
    assert steps_of(world)[0][-1] == ("e", 10)
    world.rate(world.bo, a="?")
    world.rate(world.ada, a="?")
    assert "a" not in dict(steps_of(world)[0])


def test_the_same_rating_for_other_reasons_differs_least(world):
    ErrorType.objects.create(project=world.project, key="sign", label="Sign")
    for person, key in ((world.ada, "logic"), (world.bo, "sign")):
        label_set(step=world.step["e"], user=person, rating=-1, error_type=key)
    assert steps_of(world)[0] == [("e", 20)]


def test_imported_raters_count_only_when_asked_for(world):
    from annotator.services.people.raters import rater_get_or_create

    world.rate(world.ada, a=1)
    event = JudgementEvent.objects.latest("pk")
    rater = rater_get_or_create(project=world.project, kind="imported", name="labeler 1")
    StepLabel.objects.create(step=world.step["a"], rater=rater, event=event, rating=-1)
    assert steps_of(world)[0] == []
    assert steps_of(world, imported=True)[0] == [("a", 100)]


def test_pages_go_on_where_the_last_one_ended(world):
    world.rate(world.ada, a=1, b=1, d=1, e=-1)
    world.rate(world.bo, a=0, b=0, d=0, e=1)
    seen, after = steps_of(world, size=2)
    rest, end = steps_of(world, size=2, after=after)
    assert [text for text, _ in seen + rest] == ["e", "a", "b", "d"]
    assert end == ""
    for nonsense in ("x", "1.", "101.4", "5.-1", "5." + "9" * 30, "٣.1"):
        with pytest.raises(InvalidError):
            steps_of(world, after=nonsense)


def test_rankings_differ_by_their_distance(world):
    world.rank(world.ada, "c!", "d")
    world.rank(world.bo, "d", "c!")
    world.rank(world.ada, "a", "e", parent=None)
    world.rank(world.bo, "a", "e", parent=None)
    (row,), after = ranking_disagreements(project=world.project)
    assert (row.level, row.parent, row.criterion) == ("step", world.step["b"], "correctness")
    assert (row.severity, row.people, after) == (100, 2, "")
    decide_order(world)
    assert ranking_disagreements(project=world.project)[0] == []
    assert len(ranking_disagreements(project=world.project, decided=True)[0]) == 1


def test_the_list_costs_the_same_at_any_size(world, django_assert_max_num_queries):
    for text in ("a", "b", "d", "e"):
        world.rate(world.ada, **{text: -1})
        world.rate(world.bo, **{text: 1})
    world.rank(world.ada, "c!", "d")
    world.rank(world.bo, "d", "c!")
    with django_assert_max_num_queries(2):
        step_disagreements(project=world.project)
    with django_assert_max_num_queries(5):
        ranking_disagreements(project=world.project)


def examined(world, person, **item):
    """Serve a person an exam's item."""
    gold = Gold.objects.create(
        project=world.project, problem=world.problem, active=False, answer={}, **item
    )
    queue = Queue.objects.create(
        project=world.project, name=f"Exam {gold.pk}", task=item["task"], is_exam=True
    )
    place = {key: item[key] for key in ("trace", "parent") if key in item}
    row = queue.items.create(problem=world.problem, gold=gold, position=1, need=0, **place)
    Assignment.objects.create(item=row, user=person, lease_until=timezone.now())


def test_exam_answers_are_no_cases(world):
    world.rate(world.ada, a=1, e=1)
    world.rate(world.bo, a=-1, e=0)
    assert [text for text, _ in steps_of(world)[0]] == ["a", "e"]
    trace = Trace.objects.get(end=world.step["e"])
    examined(world, world.bo, task="all_steps", trace=trace)
    assert [text for text, _ in steps_of(world)[0]] == ["a"]
    case = step_case(step=world.step["e"], user_id=world.rea.pk)
    assert [row.rater.user for row in case.judgements] == [world.ada]


def test_the_author_of_gold_makes_no_case_of_it(world):
    world.rate(world.ada, a=1, e=1)
    world.rate(world.bo, a=-1, e=0)
    gold = Gold.objects.create(
        project=world.project,
        problem=world.problem,
        trace=Trace.objects.get(end=world.step["e"]),
        task="all_steps",
        answer={"ratings": {str(world.step["e"].pk): 1}, "first_error": None},
        created_by=world.ada,
    )
    assert [text for text, _ in steps_of(world)[0]] == ["a"]
    gold.active = False
    gold.save()
    assert [text for text, _ in steps_of(world)[0]] == ["a", "e"]


def test_rankings_of_exams_and_of_golds_author_make_no_cases(world):
    world.rank(world.ada, "c!", "d")
    world.rank(world.bo, "d", "c!")
    world.rank(world.ada, "a", "e", parent=None)
    world.rank(world.bo, "e", "a", parent=None)

    def listed():
        return {
            row.parent and row.parent.text
            for row in ranking_disagreements(project=world.project)[0]
        }

    assert listed() == {"b", None}
    examined(world, world.ada, task="rank_step", parent=world.step["b"])
    assert listed() == {None}
    Gold.objects.create(
        project=world.project,
        problem=world.problem,
        task="rank_step",
        answer={"tiers": []},
        created_by=world.bo,
    )
    assert listed() == set()
