"""An exam and the other queues of a project share no item, whichever is made first."""

from __future__ import annotations

import pytest

from annotator.errors import ConflictError, InvalidError
from annotator.models import QueueItem
from annotator.services.quality.gold import GoldTarget, gold_rank
from annotator.services.queues import queue_state_set
from tests.annotator.queue_world import answer, queue_world
from tests.factories import problem_with_tree

pytestmark = pytest.mark.django_db
EXAM = {"name": "Exam", "is_exam": True, "pass_mark": 1.0}


def traces_in(queue):
    return set(queue.items.values_list("trace", flat=True))


@pytest.fixture
def world():
    world = queue_world(traces=4)
    world.gold(*world.traces[:2])
    return world


@pytest.mark.parametrize("wish", [{}, {"gold_share": 0.5}, {"task": "all_steps"}])
def test_a_later_queue_leaves_the_exam_out_with_or_without_naming_it(world, wish):
    exam = world.queue(**EXAM)
    rest = {trace.pk for trace in world.traces[2:]}
    for number, names in enumerate(({}, {"exam": exam})):
        queue = world.queue(name=f"Work {number}", **wish, **names)
        assert traces_in(queue) == rest
        assert queue.options["report"]["left_to_exams"] == 2


def test_a_later_exam_leaves_out_what_people_meet_elsewhere(world):
    world.queue(limit=1)
    exam = world.queue(**EXAM)
    assert traces_in(exam) == {world.traces[1].pk}
    assert exam.options["report"]["in_other_queues"] == 1
    with pytest.raises(InvalidError, match=r"stands in another queue.*or close the queues"):
        world.queue(**EXAM | {"name": "Second exam"})


def test_of_a_closed_queue_only_what_somebody_was_served_counts(world):
    queue = world.queue()
    with pytest.raises(InvalidError, match="stands in another queue"):
        world.queue(**EXAM)
    met = answer(queue, world.people[1]).trace
    assert met == world.traces[0]
    queue_state_set(queue=queue, state="closed")
    exam = world.queue(**EXAM | {"name": "After"})
    assert traces_in(exam) == {world.traces[1].pk}
    with pytest.raises(ConflictError, match=r"'Queue' and 'After' have items in common"):
        queue_state_set(queue=queue, state="open")
    queue_state_set(queue=exam, state="closed")
    queue_state_set(queue=queue, state="open")


def test_a_project_that_is_all_exam_has_nothing_left(world):
    world.gold(*world.traces[2:])
    world.queue(**EXAM)
    with pytest.raises(InvalidError, match="item of an exam"):
        world.queue(name="Work")


def test_other_projects_do_not_count(world):
    other = queue_world(traces=2)
    other.gold(*other.traces)
    other.queue(**EXAM)
    assert world.queue().n_items == 4


def test_places_to_rank_are_kept_apart_by_task_and_place():
    world = queue_world(traces=0)
    problem = problem_with_tree(
        ["a", ["a1!"], ["a2"]], ["b", ["b1!"], ["b2"]], project=world.project
    )
    problem.project = world.project
    a, b = problem.steps.filter(parent=None).order_by("preorder")
    target = GoldTarget(problem, "rank_step")
    gold_rank(target=target, user=world.owner, tiers=[[a.pk], [b.pk]])
    below = list(a.children.order_by("preorder").values_list("pk", flat=True))
    under = GoldTarget(problem, "rank_step", parent_id=a.pk)
    gold_rank(target=under, user=world.owner, tiers=[[below[0]], [below[1]]])
    world.queue(**EXAM | {"task": "rank_step"})
    steps = world.queue(name="Steps", task="rank_step")
    assert list(steps.items.values_list("parent", flat=True)) == [b.pk]
    traces = world.queue(name="Traces", task="rank_trace")
    assert QueueItem.objects.filter(queue=traces).count() == 1


def test_an_exam_without_items_cannot_be_asked_for(world):
    exam = world.queue(**EXAM)
    exam.items.all().delete()
    exam.n_items = 0
    exam.save()
    with pytest.raises(InvalidError, match="'Exam' has no items yet") as refused:
        world.queue(name="Work", exam=exam)
    assert "exam" in refused.value.fields
