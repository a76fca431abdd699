"""Answers to gold are checked; too many wrong ones pause a person."""

from __future__ import annotations

import pytest

from annotator.errors import ConflictError, InvalidError
from annotator.models import Assignment, Membership, Project, QueueItem, StepLabel
from annotator.queries.queues.progress import queue_progress
from annotator.queries.rankings.places import place_of
from annotator.services.people.members import member_pause, member_remove, member_resume
from annotator.services.quality.gold import GoldTarget, gold_rank
from annotator.services.queues import assignment_submit, item_next
from annotator.services.queues.checks import PAUSED
from annotator.services.rankings.answers import Answer, ranking_set
from tests.annotator.gold_data import answered
from tests.annotator.queue_world import queue_world, rate, take
from tests.factories import problem_with_tree

pytestmark = pytest.mark.django_db

# Checking answers


def test_submitted_gold_is_checked_and_other_items_are_not():
    world = queue_world(traces=3)
    world.gold(world.traces[1])  # the second step is the first wrong one
    queue = world.queue(gold_share=1.0)
    user = world.people[1]
    gold = answered(queue, user, 1, -1)
    assert gold.item.gold_id is not None
    assert gold.result["right"] is True
    assert gold.result["score"] == 1.0
    plain = answered(queue, user, 1, -1)
    assert (plain.item.gold_id, plain.result) == (None, None)
    wrong = answered(queue, world.people[2], -1)
    assert (wrong.result["right"], wrong.result["first_error"]) == (False, False)


def test_too_much_wrong_gold_stops_the_person_and_asks_again_for_the_window():
    world = queue_world(traces=8)
    user = world.people[1]
    Project.objects.filter(pk=world.project.pk).update(pause_below=0.6, pause_after=2)
    world.gold(world.traces[0], world.traces[1], world.traces[2])
    queue = world.queue(gold_share=1.0)
    good = answered(queue, user, 1, -1)
    assert good.result["right"]
    # No gold is drawn for now: three ordinary answers after the good one.
    queue.gold_share = 0
    queue.save()
    before = Assignment.objects.filter(user=user).count()
    ordinary = [answered(queue, user, -1) for _ in range(3)]
    assert all(row.item.gold_id is None for row in ordinary)
    assert {QueueItem.objects.get(pk=row.item_id).need for row in ordinary} == {0}
    queue.gold_share = 1.0
    queue.save()
    bad = answered(queue, user, -1)
    assert not bad.result["right"]
    member = Membership.objects.get(project=world.project, user=user)
    assert member.paused == PAUSED  # 1 of 2 is below 0.6
    assert "gold" not in member.paused
    served = item_next(queue=queue, user=user)
    assert (served.outcome, served.reason) == ("stopped", PAUSED)
    # The window is what came after the good answer; the labels stay.
    for row in ordinary:
        item = QueueItem.objects.get(pk=row.item_id)
        assert (item.need, item.open) == (1, True)
    assert StepLabel.objects.filter(rater__user=user).count() >= before + 3
    assert queue_progress(queues=[queue_of(queue)])[queue.pk].wanted == 5 + 3
    # Somebody else is served them, the person is not, also when they go on.
    member_resume(project=world.project, user_id=user.pk)
    queue.gold_share = 0
    queue.save()
    theirs = {take_and_answer(queue, world.people[2]) for _ in range(5)}
    assert {row.item_id for row in ordinary} <= theirs


def queue_of(queue):
    return type(queue).objects.get(pk=queue.pk)


def take_and_answer(queue, user) -> int:
    return int(answered(queue, user, -1).item_id)


def test_gold_before_a_pause_no_longer_counts_after_it():
    world = queue_world(traces=6)
    user = world.people[1]
    Project.objects.filter(pk=world.project.pk).update(pause_below=0.6, pause_after=2)
    world.gold(*world.traces[:4])
    queue = world.queue(gold_share=1.0)
    answered(queue, user, -1)
    answered(queue, user, -1)
    assert Membership.objects.get(user=user).paused
    member_resume(project=world.project, user_id=user.pk)
    answered(queue, user, -1)
    assert not Membership.objects.get(user=user).paused  # one answer since, two are needed
    answered(queue, user, -1)
    assert Membership.objects.get(user=user).paused


def test_nobody_is_stopped_without_a_threshold_and_reviewers_never():
    world = queue_world(traces=4)
    world.gold(*world.traces[:3])
    queue = world.queue(gold_share=1.0)
    for _ in range(3):
        answered(queue, world.people[1], -1)
    assert not Membership.objects.get(user=world.people[1]).paused
    Project.objects.filter(pk=world.project.pk).update(pause_below=1.0, pause_after=1)
    answered(queue, world.owner, -1)
    assert not Membership.objects.get(user=world.owner).paused


def test_giving_a_gold_item_up_is_not_right():
    from annotator.services.judgements.submissions import submission_set

    world = queue_world(traces=2)
    world.gold(world.traces[0])
    queue = world.queue(gold_share=1.0)
    user = world.people[1]
    work = take(queue, user)
    submission_set(
        problem=work.problem, trace=work.trace, user=user, reason="give_up", note="too long"
    )
    assignment_submit(assignment=work.assignment, user=user, fence=work.fence)
    result = Assignment.objects.get(pk=work.assignment.pk).result
    assert (result["right"], result["score"]) == (False, 0.0)


def test_gold_of_a_ranking_is_compared_with_what_the_criteria_say_together():
    world = queue_world(traces=0)
    problem = problem_with_tree(["a!"], ["b"], ["c"], project=world.project)
    problem.project = world.project
    problem_with_tree(["d!"], ["e"], project=world.project, prompt="not gold")
    a, b, c = problem.steps.order_by("preorder").values_list("pk", flat=True)
    gold_rank(target=GoldTarget(problem, "rank_step"), user=world.owner, tiers=[[a], [b], [c]])
    queue = world.queue(task="rank_step", gold_share=1.0)

    def ranked(user, **by_criterion):
        work = take(queue, user)
        place = place_of(problem=problem, level="step", parent_id=None)
        for criterion, tiers in by_criterion.items():
            said = Answer(tiers=tiers)
            ranking_set(place=place, user=user, answer=said, criterion=criterion.strip("_"))
        assignment_submit(assignment=work.assignment, user=user, fence=work.fence)
        return Assignment.objects.get(pk=work.assignment.pk).result

    # b and c tie on the first criterion and the second one separates them
    one = ranked(world.people[1], correctness=[[a], [b, c]], clarity=[[b], [a], [c]])
    assert (one["right"], one["agreed"], one["tau"]) == (True, 3, 1.0)
    # their own word overall wins over the criteria
    two = ranked(world.people[2], correctness=[[a], [b], [c]], _=[[c], [b], [a]])
    assert (two["right"], two["agreed"], two["tau"]) == (False, 0, -1.0)


# Pausing and removing by hand


def test_a_paused_or_removed_member_gives_items_back_and_keeps_the_work():
    world = queue_world(traces=2)
    queue = world.queue()
    one, two = world.people[1:3]
    held, other = take(queue, one), take(queue, two)
    rate(held, one, 1)
    member_pause(project=world.project, user_id=one.pk, reason="Holiday.")
    assert item_next(queue=queue, user=one).reason == "Holiday."
    assert QueueItem.objects.get(pk=held.item.pk).need == 1
    with pytest.raises(ConflictError) as lost:
        assignment_submit(assignment=held.assignment, user=one, fence=held.fence)
    assert lost.value.code == "lease_lost"
    assert "Holiday." in lost.value.message
    rate(other, two, -1)
    access = project_access(world)
    member_remove(access=access, user_id=two.pk)
    assert QueueItem.objects.get(pk=other.item.pk).need == 1
    assert StepLabel.objects.filter(rater__user=two).count() == 1
    with pytest.raises(InvalidError, match="Say why"):
        member_pause(project=world.project, user_id=one.pk, reason="  ")


def project_access(world):
    from annotator.queries.access import project_for_user

    return project_for_user(user=world.owner, name=world.project.name)
