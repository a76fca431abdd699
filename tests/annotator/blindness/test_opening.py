"""What others judged opens step by step after one's own judgement, and when it does not."""

from __future__ import annotations

import pytest

from annotator.models import Assignment, JudgementEvent, Project, Queue, Ranking, StepLabel
from annotator.queries.access import project_for_user
from annotator.queries.blindness import labels_visible, places_open, sight_of
from annotator.services.judgements.labels import label_set
from annotator.services.judgements.submissions import submission_set
from annotator.services.people.raters import rater_for_user
from annotator.services.queues import assignment_skip, assignment_submit
from tests.annotator.queue_world import queue_world, rate, take

pytestmark = pytest.mark.django_db

# When it opens


def eyes(world, user, trace):
    access = project_for_user(user=user, name=world.project.name)
    trace.problem.project = world.project
    sight = sight_of(access=access, problem=trace.problem)
    steps = list(trace.problem.steps.order_by("preorder").values_list("pk", flat=True))
    return [sight.sees_labels(pk) for pk in steps], [sight.sees_scores(pk) for pk in steps]


def test_labels_and_scores_open_step_by_step_after_the_own_rating():
    world = queue_world(traces=1)
    trace, user = world.traces[0], world.people[1]
    first, _ = trace.problem.steps.order_by("preorder")
    first.problem = trace.problem
    assert eyes(world, user, trace) == ([False, False], [False, False])
    label_set(step=first, user=user, rating=None, note="only a note")
    assert eyes(world, user, trace) == ([False, False], [False, False])
    label_set(step=first, user=user, rating=None, unsure=True)
    assert eyes(world, user, trace) == ([True, False], [True, False])
    assert eyes(world, world.owner, trace) == ([True, True], [True, True])
    Project.objects.update(show_scores=True)
    world.project.refresh_from_db()
    assert eyes(world, user, trace) == ([True, False], [True, True])


def test_a_submission_opens_its_trace_and_clearing_a_rating_shuts_the_step():
    world = queue_world(traces=1)
    trace, user = world.traces[0], world.people[1]
    submission_set(problem=trace.problem, trace=trace, user=user, reason="give_up", note="too hard")
    assert eyes(world, user, trace)[0] == [True, True]
    other = world.people[2]
    first = trace.problem.steps.earliest("preorder")
    first.problem = trace.problem
    label_set(step=first, user=other, rating=1)
    StepLabel.objects.filter(rater__user=other).delete()
    assert eyes(world, other, trace)[0] == [False, False]


def test_what_a_queue_may_serve_stays_shut_until_submit_or_skip():
    world = queue_world(traces=2)
    queue = world.queue()
    user = world.people[1]
    work = take(queue, user)
    trace = work.trace
    rate(work, user, 1, -1)
    assert eyes(world, user, trace)[0] == [False, False]
    assignment_submit(assignment=work.assignment, user=user, fence=work.fence)
    assert eyes(world, user, trace)[0] == [True, True]
    other = take(queue, user)
    rate(other, user, 1)
    assignment_skip(assignment=other.assignment, user=user, fence=other.fence, reason="unclear")
    assert eyes(world, user, other.trace)[0] == [True, False]


def test_a_rating_outside_the_queue_does_not_open_an_item_that_waits():
    world = queue_world(traces=2)
    user, trace = world.people[1], world.traces[1]
    queue = world.queue()
    first = trace.problem.steps.earliest("preorder")
    first.problem = trace.problem
    label_set(step=first, user=world.owner, rating=-1)
    label_set(step=first, user=user, rating=1)
    access = project_for_user(user=user, name=world.project.name)
    assert [row.rating for row in labels_visible(step=first, access=access)] == [1]
    Queue.objects.filter(pk=queue.pk).update(state="closed")
    assert sorted(row.rating for row in labels_visible(step=first, access=access)) == [-1, 1]


def test_an_exam_stays_shut_until_it_is_passed():
    world = queue_world(traces=3)
    world.gold(*world.traces[:2])
    exam = world.queue(is_exam=True, pass_mark=1.0)
    user = world.people[1]
    for done in (1, 2):
        work = take(exam, user)
        rate(work, user, 1, -1)
        assignment_submit(assignment=work.assignment, user=user, fence=work.fence)
        passed = done == 2
        assert eyes(world, user, world.traces[0])[0] == [passed, passed]


def test_the_reveal_arm_opens_scores_of_its_trace_and_nothing_else():
    world = queue_world(traces=2)
    world.scored()
    queue = world.queue(reveal_share=1.0)
    user = world.people[1]
    work = take(queue, user)
    assert work.scores_shown
    other = next(trace for trace in world.traces if trace.pk != work.trace.pk)
    assert eyes(world, user, work.trace) == ([False, False], [True, True])
    assert eyes(world, user, other) == ([False, False], [False, False])
    Assignment.objects.update(state="expired")
    assert eyes(world, user, work.trace) == ([False, False], [False, False])


def test_rankings_of_others_open_after_ones_own():
    world = queue_world(traces=1)
    problem, user = world.traces[0].problem, world.people[1]
    problem.project = world.project

    def places():
        access = project_for_user(user=user, name=world.project.name)
        return places_open(access=access, problem=problem)

    assert not places()
    label_set(step=problem.steps.first(), user=user, rating=1)
    assert not places()
    Ranking.objects.create(
        problem=problem,
        level="trace",
        rater=rater_for_user(project=world.project, user=user),
        event=JudgementEvent.objects.latest("pk"),
        tiers=[[world.traces[0].pk]],
    )
    # This level, place and criterion alone.
    assert places() == {("trace", None, "")}
    boss = project_for_user(user=world.owner, name=world.project.name)
    assert not places_open(access=boss, problem=problem), "a ranking by somebody else opens nothing"
    queue = Queue.objects.create(project=world.project, name="Q", task="rank_trace", n_items=1)
    queue.items.create(problem=problem, position=1, need=1)
    assert not places()


@pytest.mark.parametrize(
    ("share", "claimed", "stored"),
    [(0.0, True, False), (0.0, None, False), (1.0, False, True), (1.0, None, True)],
)
def test_the_server_says_whether_a_score_was_shown(share, claimed, stored):
    world = queue_world(traces=1)
    user = world.people[1]
    world.scored()
    work = take(world.queue(reveal_share=share), user)
    step = work.problem.steps.earliest("preorder")
    step.problem = work.problem
    label = label_set(step=step, user=user, rating=1, shown_score=claimed).label
    assert label.shown_score is stored
    assert StepLabel.objects.get(pk=label.pk).shown_score is stored
    assert JudgementEvent.objects.latest("pk").payload["shown_score"] is stored


def test_where_scores_are_open_the_client_knows_what_stood_on_the_screen():
    world = queue_world(traces=1)
    problem = world.traces[0].problem
    step = problem.steps.earliest("preorder")
    step.problem = problem
    for claimed in (True, False, None):
        label = label_set(step=step, user=world.owner, rating=1, shown_score=claimed).label
        assert label.shown_score is claimed
    # An annotator who has rated the step may have seen its score before rating it again.
    user = world.people[1]
    assert label_set(step=step, user=user, rating=1, shown_score=True).label.shown_score is False
    assert label_set(step=step, user=user, rating=0, shown_score=True).label.shown_score is True
