"""What counts as an answer, task by task; what a lost lease says; who may be given an item."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from annotator.errors import ConflictError, InvalidError
from annotator.models import (
    Assignment,
    GuidelineVersion,
    JudgementEvent,
    QueueCursor,
    QueueItem,
    Ranking,
    Submission,
)
from annotator.services.judgements.labels import label_set
from annotator.services.judgements.spans import span_label_set
from annotator.services.judgements.submissions import submission_set
from annotator.services.people.members import member_pause, member_resume, member_set
from annotator.services.people.raters import rater_for_user
from annotator.services.queues import (
    assignment_heartbeat,
    assignment_retake,
    assignment_return,
    assignment_skip,
    assignment_submit,
    draft_save,
    item_assign,
    item_next,
    member_leases_return,
    queue_state_set,
)
from tests.annotator.queue_world import answer, queue_world, rate, take
from tests.factories import UserFactory, problem_with_tree

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return queue_world()


def submit(work, user, fence=None, **rest):
    return assignment_submit(
        assignment=work.assignment, user=user, fence=fence or work.fence, **rest
    )


def run_out(work):
    Assignment.objects.filter(pk=work.assignment.pk).update(
        lease_until=timezone.now() - timedelta(seconds=1)
    )


@pytest.mark.parametrize(
    ("task", "ratings", "missing"),
    [
        ("first_error", (), "steps 1, 2"),
        ("first_error", (1,), "step 2"),
        ("first_error", (1, 1), ""),
        ("first_error", (1, 0), ""),
        ("first_error", (-1,), ""),
        ("all_steps", (-1,), "step 2"),
        ("all_steps", (-1, 1), ""),
    ],
)
def test_ratings_that_a_task_wants(world, task, ratings, missing):
    queue, ann = world.queue(task=task), world.people[1]
    work = take(queue, ann)
    rate(work, ann, *ratings)
    if not missing:
        assert submit(work, ann).assignment.state == "submitted"
        reason = "found_error" if -1 in ratings else "solution"
        assert Submission.objects.get().reason == reason
        return
    with pytest.raises(InvalidError) as refused:
        submit(work, ann)
    assert refused.value.code == "work_missing"
    assert f"Not rated yet: {missing}." in refused.value.message
    assert not Submission.objects.exists()


def test_a_gap_before_the_first_error_is_named(world):
    problem = problem_with_tree(["a", ["b", ["c", ["d!"]]]], project=world.project)
    queue, ann = world.queue(order="file"), world.people[1]
    for _ in range(4):
        answer(queue, ann)
    work = take(queue, ann)
    assert work.problem == problem
    for at, rating in ((0, 1), (2, -1)):
        step = problem.steps.order_by("preorder")[at]
        step.problem = work.problem
        label_set(step=step, user=ann, rating=rating)
    with pytest.raises(InvalidError, match=r"step 2\. Rate the steps, up to the first"):
        submit(work, ann)


def test_an_unsure_step_and_a_span_are_answers(world):
    problem_with_tree(["a", ["b", ["c!"]]], project=world.project)
    queue, ann = world.queue(task="all_steps"), world.people[1]
    for _ in range(4):
        work = take(queue, ann)
        rate(work, ann, 1, 1)
        submit(work, ann)
    work = take(queue, ann)
    first, second, third = work.problem.steps.order_by("preorder")
    for step in (first, second, third):
        step.problem = work.problem
    label_set(step=first, user=ann, rating=None, unsure=True)
    span_label_set(first=second, last=third, user=ann, rating=-1)
    submit(work, ann)
    assert Submission.objects.get(problem=work.problem).reason == "found_error"


def test_seen_but_not_rated_is_no_answer(world):
    queue, ann = world.queue(), world.people[1]
    work = take(queue, ann)
    step = work.problem.steps.earliest("preorder")
    step.problem = work.problem
    label_set(step=step, user=ann, rating=None)
    with pytest.raises(InvalidError, match="steps 1, 2"):
        submit(work, ann)


def test_labels_of_others_are_not_my_answer(world):
    queue = world.queue(overlap=2)
    _, ann, bob = world.people
    work = take(queue, ann)
    rate(work, bob, -1)
    with pytest.raises(InvalidError):
        submit(work, ann)


@pytest.mark.parametrize("reason", ["give_up", "bad_problem"])
@pytest.mark.parametrize("whole", [True, False])
def test_giving_up_is_an_answer_and_keeps_its_reason(world, reason, whole):
    queue, ann = world.queue(), world.people[1]
    work = take(queue, ann)
    submission_set(
        problem=work.problem,
        trace=None if whole else work.trace,
        user=ann,
        reason=reason,
        note="cannot be solved",
    )
    submit(work, ann)
    assert Submission.objects.get().reason == reason
    assert JudgementEvent.objects.filter(kind="submission").count() == 1


def test_a_ranking_of_the_level_is_the_answer_to_a_ranking_task(world):
    problem = problem_with_tree(["a!"], ["b"], project=world.project)
    queue, ann = world.queue(task="rank_trace"), world.people[1]
    work = take(queue, ann)
    assert (work.problem, work.trace, work.level, work.is_rating) == (problem, None, "trace", False)
    with pytest.raises(InvalidError, match="Rank the traces first"):
        submit(work, ann)
    rater = rater_for_user(project=world.project, user=ann)
    event = JudgementEvent.objects.create(
        project=world.project, problem=problem, kind="ranking", rater=rater, user=ann, payload={}
    )
    said = {"problem": problem, "rater": rater, "event": event, "tiers": [[1], [2]]}
    Ranking.objects.create(level="step", **said)
    with pytest.raises(InvalidError):
        submit(work, ann)
    Ranking.objects.create(level="trace", **said)
    assert submit(work, ann).assignment.state == "submitted"
    assert not Submission.objects.exists()


@pytest.mark.parametrize(
    ("task", "places"),
    [
        ("rank_step", [None, "a", "b"]),  # the root's two, a's two, b's three
        ("rank_branch", [None, "b"]),  # below a there are only leaves
    ],
)
def test_places_to_rank(task, places):
    world = queue_world(traces=0)
    problem_with_tree(
        ["a", ["a1!"], ["a2"]], ["b", ["b1"], ["b2", ["b3"]], ["b4"]], project=world.project
    )
    queue = world.queue(task=task)
    items = queue.items.order_by("position")
    assert [item.parent.text if item.parent else None for item in items] == places


def test_submitting_twice_is_one_answer_and_an_older_fence_is_none(world):
    queue, ann = world.queue(), world.people[1]
    work = take(queue, ann)
    rate(work, ann, -1)
    key = uuid.uuid4()
    first = submit(work, ann, milliseconds=10, idempotency_key=key)
    again = submit(work, ann, milliseconds=10, idempotency_key=key)
    assert (first.replayed, again.replayed) == (False, True)
    assert QueueCursor.objects.get().submitted == 1
    with pytest.raises(ConflictError) as lost:
        submit(work, ann, fence=7)
    assert (lost.value.code, lost.value.status) == ("lease_lost", 409)
    assert "submitted this item already" in lost.value.message


@pytest.mark.parametrize("milliseconds", [-1, 10**12])
def test_a_time_that_is_none_is_refused(world, milliseconds):
    queue, ann = world.queue(), world.people[1]
    work = take(queue, ann)
    rate(work, ann, -1)
    with pytest.raises(InvalidError):
        submit(work, ann, milliseconds=milliseconds)
    assert Assignment.objects.get().state == "leased"


def test_an_expired_lease_is_refused_and_the_work_is_kept(world):
    queue, ann = world.queue(), world.people[1]
    work = take(queue, ann)
    rate(work, ann, -1)
    draft_save(assignment=work.assignment, user=ann, draft={"note": "x"})
    run_out(work)
    for act in (
        lambda: submit(work, ann),
        lambda: assignment_heartbeat(assignment=work.assignment, user=ann, fence=1),
        lambda: assignment_return(assignment=work.assignment, user=ann, fence=1),
        lambda: assignment_skip(assignment=work.assignment, user=ann, fence=1, reason="x"),
    ):
        with pytest.raises(ConflictError) as lost:
            act()
        assert lost.value.code == "lease_lost"
        assert "Take it again" in lost.value.message
    draft_save(assignment=work.assignment, user=ann, draft={"note": "y"})
    assert Assignment.objects.get().draft == {"note": "y"}
    assert JudgementEvent.objects.filter(kind="step_label").count() == 1
    assert QueueItem.objects.get(pk=work.item.pk).need == 0


def test_retake_while_nobody_else_has_it(world):
    queue = world.queue()
    _, ann, bob = world.people
    work = take(queue, ann)
    run_out(work)
    assert assignment_retake(assignment=work.assignment, user=ann).fence == 2
    run_out(work)
    taken = take(queue, bob)
    assert taken.trace == work.trace
    with pytest.raises(ConflictError, match="Others have taken this item"):
        assignment_retake(assignment=work.assignment, user=ann)
    assignment_return(assignment=taken.assignment, user=bob, fence=1)
    assert assignment_retake(assignment=work.assignment, user=ann).fence == 3
    assert QueueItem.objects.get(pk=work.item.pk).need == 0
    queue_state_set(queue=queue, state="closed")
    other = take(queue, ann)
    assert other.assignment == work.assignment  # in hand: a closed queue lets it be finished


def test_a_stopped_member_does_not_retake(world):
    queue, ann = world.queue(), world.people[1]
    work = take(queue, ann)
    member_pause(project=world.project, user_id=ann.pk, reason="Let us talk first.")
    with pytest.raises(ConflictError, match=r"Let us talk first\. What you saved is kept"):
        assignment_retake(assignment=work.assignment, user=ann)
    assert Assignment.objects.get().state == "expired"
    member_resume(project=world.project, user_id=ann.pk)
    assert assignment_retake(assignment=work.assignment, user=ann).fence == 2


def test_a_draft_ends_with_the_answer(world):
    queue, ann = world.queue(), world.people[1]
    work = take(queue, ann)
    draft_save(assignment=work.assignment, user=ann, draft=[1])
    rate(work, ann, -1)
    submit(work, ann)
    assert Assignment.objects.get().draft is None
    with pytest.raises(ConflictError):
        draft_save(assignment=work.assignment, user=ann, draft=[2])


def test_the_newest_guidelines_are_pinned_at_the_lease(world):
    queue, ann = world.queue(), world.people[1]
    for number in (2, 3):
        GuidelineVersion.objects.create(project=world.project, number=number, author=world.owner)
    assert take(queue, ann).assignment.guideline.number == 3


def test_a_paused_queue_takes_the_answer_in_hand(world):
    queue, ann = world.queue(), world.people[1]
    work = take(queue, ann)
    queue_state_set(queue=queue, state="paused")
    rate(work, ann, -1)
    assert submit(work, ann).assignment.state == "submitted"


def test_a_member_who_may_only_look_gives_back_what_they_hold(world):
    queue = world.queue()
    _, ann, bob = world.people
    work = take(queue, ann)
    kept = queue.items.latest("position")
    item_assign(item=kept, to=ann)
    member_set(project=world.project, user=ann, role="viewer")
    assert Assignment.objects.get().state == "expired"
    assert QueueItem.objects.get(pk=kept.pk).reserved_for is None
    assert take(queue, bob).trace == work.trace


def test_whom_an_item_cannot_be_kept_for(world):
    world.gold(world.traces[3])
    queue = world.queue(gold_share=0.01)
    _, ann, bob = world.people
    first = answer(queue, ann).item
    second = take(queue, ann).item
    third = queue.items.get(position=3)
    world.project.memberships.filter(user=bob).update(paused="drift")
    for item, to, code in (
        (first, ann, "item_known"),
        (third, bob, "invalid"),
        (third, UserFactory.create(), "invalid"),
        (queue.items.get(gold__isnull=False), ann, "item_gold"),
        (second, world.owner, "item_full"),
    ):
        with pytest.raises((ConflictError, InvalidError)) as refused:
            item_assign(item=item, to=to)
        assert refused.value.code == code
    assert not QueueItem.objects.filter(reserved_for__isnull=False).exists()


def test_an_item_kept_for_nobody_is_met_by_those_who_passed_it(world):
    queue = world.queue()
    _, ann, bob = world.people
    item = queue.items.earliest("position")
    item_assign(item=item, to=bob)
    for _ in range(3):
        answer(queue, ann)
    assert item_next(queue=queue, user=ann).outcome == "nothing"
    member_leases_return(project=world.project, user_id=bob.pk, reason="Bob left.")
    assert take(queue, ann).item == item
