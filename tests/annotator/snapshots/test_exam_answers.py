"""An exam tests a person against a known answer: what they said in it is no data."""

from __future__ import annotations

import pytest

from annotator.models import JudgementEvent, Ranking, SnapshotLabel, StepLabel, Submission
from annotator.queries.datasets.snapshots import snapshot_problems
from annotator.services.datasets.snapshots import snapshot_create
from annotator.services.judgements.labels import label_set
from annotator.services.judgements.spans import span_label_set
from annotator.services.people.raters import rater_for_user
from annotator.services.queues import assignment_submit
from tests.annotator.queue_world import queue_world, rate, take

pytestmark = pytest.mark.django_db


def snap(world):
    rules = {"neutral": "positive", "aggregate": "majority"}
    made = snapshot_create(project=world.project, name="one", rules=rules)
    return made, {problem.id: problem for problem in snapshot_problems(snapshot=made)}


def test_answers_to_an_exam_stay_out_of_snapshots_and_are_counted():
    world = queue_world(traces=3)
    examined, _, work = (trace.problem for trace in world.traces)
    world.gold(world.traces[0])
    exam = world.queue(name="Exam", is_exam=True, pass_mark=1.0)
    ann = world.people[1]
    item = take(exam, ann)
    rate(item, ann, 1, 1)
    steps = list(examined.steps.order_by("preorder"))
    span_label_set(first=item.problem.steps.get(pk=steps[0].pk), last=steps[1], user=ann, rating=1)
    assignment_submit(assignment=item.assignment, user=ann, fence=item.fence)
    for problem, person, rating in ((examined, world.owner, -1), (work, ann, 1)):
        step = problem.steps.earliest("preorder")
        step.problem = problem
        label_set(step=step, user=person, rating=rating)
    snapshot, _ = snap(world)
    kept = SnapshotLabel.objects.filter(snapshot=snapshot)
    assert sorted(kept.values_list("problem", "rater__name", "rating")) == sorted(
        [(examined.pk, world.owner.username, -1), (work.pk, ann.username, 1)]
    )
    assert snapshot.counts["excluded"]["answer in an exam"] == 2
    extras = snapshot.problems.get(problem=examined).extras
    assert not {"spans", "submissions"} & extras.keys()
    # They stay where they were given.
    assert StepLabel.objects.filter(rater__user=ann).count() == 3
    assert Submission.objects.filter(rater__user=ann, problem=examined).exists()


@pytest.mark.parametrize("level", ["step", "branch"])
def test_of_rankings_only_the_answer_to_the_item_stays_out(level):
    world = queue_world(traces=2)
    problem = world.traces[0].problem
    world.gold(world.traces[0])
    exam = world.queue(name="Exam", is_exam=True, pass_mark=1.0)
    ann = world.people[1]
    take(exam, ann)
    # As an exam of rank_step would be: the same item, asked about the steps below the problem.
    type(exam).objects.filter(pk=exam.pk).update(task="rank_step")
    exam.items.update(trace=None)
    first, second = problem.steps.order_by("preorder")
    first.problem = problem
    label_set(step=first, user=world.owner, rating=1)
    Ranking.objects.create(
        problem=problem,
        level=level,
        rater=rater_for_user(project=world.project, user=ann),
        event=JudgementEvent.objects.latest("pk"),
        tiers=[[first.pk], [second.pk]],
    )
    _, problems = snap(world)
    (found,) = (item for item in problems.values() if item.labels)
    assert [row.level for row in found.rankings] == ([] if level == "step" else ["branch"])
