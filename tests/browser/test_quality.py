"""Quality, gold and exam pages in the browser: nothing violates the policy, axe finds nothing."""

from __future__ import annotations

import pytest

from annotator.models import RewardModel, StepLabel, StepScore
from annotator.queries.queues.gates import assignment_for_user
from annotator.services.queues import assignment_submit, item_next
from tests.annotator.queue_world import queue_world, rate
from tests.browser.test_accessibility import violations

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world():
    made = queue_world(traces=8)
    made.gold(*made.traces[:2])
    model = RewardModel.objects.create(project=made.project, name="m", kind="prm", ready=True)
    for trace in made.traces:
        for step in trace.problem.steps.all():
            StepScore.objects.create(step=step, model=model, score=0.4)
    exam = made.queue(name="Exam", is_exam=True, pass_mark=0.5)
    made.gold(*made.traces[2:4])
    queue = made.queue(gold_share=0.5, reveal_share=0.5)
    for user in made.people[1:]:
        for source, number in ((queue, 4), (exam, 4)):
            for n in range(number):
                served = item_next(queue=source, user=user)
                if (
                    served.assignment_id is None
                ):  # the draw of gold has taken all there was for them
                    break
                work = assignment_for_user(user=user, pk=served.assignment_id)
                rate(work, user, *((1, -1) if n % 2 else (-1,)))
                assignment_submit(assignment=work.assignment, user=user, fence=work.fence)
    for at, label in enumerate(StepLabel.objects.order_by("pk")):
        StepLabel.objects.filter(pk=label.pk).update(milliseconds=1500 + 400 * at)
    made.exam = exam
    return made


# The second person is an annotator, to whom gold is closed.
@pytest.mark.parametrize(
    ("path", "who"),
    [
        ("quality/", 0),
        ("quality/", 1),
        ("gold/", 0),
        ("members/", 0),
        ("members/", 1),
        ("exams/", 0),
        ("exams/", 1),
    ],
)
def test_pages_are_sound(world, open_page, path, who):
    where = f"{path}{world.exam.pk}/" if path == "exams/" else path
    page = open_page(world.people[who], f"/p/{world.project.name}/{where}")
    assert page.locator("h1").is_visible()
    assert violations(page) == []
