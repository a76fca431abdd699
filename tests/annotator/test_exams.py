"""Exams open their queue, are taken again as often as allowed, and stop nobody."""

from __future__ import annotations

import pytest

from annotator.errors import ConflictError
from annotator.models import (
    Assignment,
    Gold,
    JudgementEvent,
    Membership,
    Project,
    Qualification,
    StepLabel,
)
from annotator.queries.queues.gates import assignment_for_user
from annotator.queries.rankings.places import place_of
from annotator.services.quality.exams import attempts_of, exam_retake
from annotator.services.queues import assignment_skip, assignment_submit, item_next
from annotator.services.rankings.answers import Answer, ranking_set
from tests.annotator.gold_data import answered
from tests.annotator.queue_world import queue_world, take
from tests.factories import problem_with_tree

pytestmark = pytest.mark.django_db

# Exams


def exam_world(*, attempts=2):
    world = queue_world(traces=4)
    world.gold(*world.traces[:2])
    exam = world.queue(name="Exam", is_exam=True, pass_mark=1.0, options={"attempts": attempts})
    return world, exam, world.queue(exam=exam)


def test_an_exam_opens_its_queue_after_every_item_is_right():
    world, exam, queue = exam_world()
    user = world.people[1]
    assert item_next(queue=queue, user=user).outcome == "exam"
    answered(exam, user, 1, -1)
    assert not Qualification.objects.exists()
    answered(exam, user, 1, -1)
    passed = Qualification.objects.get(queue=exam, user=user)
    assert (passed.passed, passed.right, passed.total, passed.attempt) == (True, 2, 2, 1)
    assert item_next(queue=queue, user=user).outcome == "item"
    with pytest.raises(ConflictError, match="passed"):
        exam_retake(queue=exam, user=user)


def test_a_failed_exam_starts_again_from_nothing_as_often_as_allowed():
    world, exam, queue = exam_world(attempts=2)
    user = world.people[1]
    answered(exam, user, 1, -1)
    with pytest.raises(ConflictError, match="every item"):
        exam_retake(queue=exam, user=user)
    answered(exam, user, -1)
    assert item_next(queue=exam, user=user).outcome == "nothing"
    failed = Qualification.objects.get(queue=exam, user=user)
    assert (failed.passed, failed.right, failed.total) == (False, 1, 2)
    assert attempts_of(queue=exam, user=user).left == 1
    events = JudgementEvent.objects.count()
    exam_retake(queue=exam, user=user)
    assert not StepLabel.objects.filter(rater__user=user).exists()
    assert JudgementEvent.objects.count() > events  # taken back as events; the log keeps all
    assert item_next(queue=queue, user=user).outcome == "exam"
    for _ in range(2):
        answered(exam, user, 1, -1)
    again = Qualification.objects.get(queue=exam, user=user)
    assert (again.passed, again.right, again.attempt) == (True, 2, 2)


def test_no_attempt_left_is_a_sentence_and_a_skipped_item_is_not_right():
    world, exam, _ = exam_world(attempts=1)
    user = world.people[1]
    answered(exam, user, 1, -1)
    work = take(exam, user)
    assignment_skip(assignment=work.assignment, user=user, fence=work.fence, reason="no idea")
    assert Qualification.objects.get(user=user).right == 1
    with pytest.raises(ConflictError, match="no attempt left"):
        exam_retake(queue=exam, user=user)


def test_exam_answers_never_stop_anybody():
    world, exam, _ = exam_world()
    Project.objects.filter(pk=world.project.pk).update(pause_below=1.0, pause_after=1)
    user = world.people[1]
    answered(exam, user, -1)
    assert not Membership.objects.get(user=user).paused
    assert assignment_for_user(user=user, pk=Assignment.objects.get(user=user).pk)


def test_the_list_of_queues_offers_a_failed_exam_again_as_long_as_an_attempt_is_left(client_for):
    world, exam, queue = exam_world(attempts=2)
    user, where = world.people[1], f"/p/{world.project.name}/queues/"
    client, again = client_for(user), f'id="again-{exam.pk}"'

    def rows():
        page = " ".join(client.get(where).content.decode().split())
        found = (page.split(f'id="mine-{row.pk}"')[1].split("</tr>")[0] for row in (exam, queue))
        return tuple(found)

    answered(exam, user, 1, -1)
    assert again not in rows()[0]
    assert ">1 of 2<" in rows()[0]
    answered(exam, user, -1)
    listed, behind = rows()
    assert "not passed, 1 of 2 right; 1 attempt left" in listed
    assert "2 of 2<" in listed
    assert "opens when you have passed the exam Exam" in behind
    action = listed.split('method="post" action="')[1].split('"')[0]
    assert again in listed
    taken = client.post(action)
    assert taken["Location"].endswith(f"/work/{exam.pk}/")
    listed = rows()[0]
    assert again not in listed
    assert "0 of 2<" in listed
    assert "attempt 2 of 2" in listed
    for _ in range(2):
        answered(exam, user, -1)
    assert "no attempt left" in rows()[0]
    assert again not in rows()[0]


def test_right_answers_show_beside_ones_own_only_when_no_attempt_is_left(client_for):
    world, exam, _ = exam_world(attempts=2)
    user = world.people[1]
    client, where = client_for(user), f"/p/{world.project.name}/exams/{exam.pk}/"

    def page():
        return " ".join(client.get(where).content.decode().split())

    first = answered(exam, user, 1, -1).item.trace
    answered(exam, user, -1)
    told = ("first error at step", "Right answer", "second ", first.problem.prompt)
    assert not any(words in page() for words in told)  # the same items come again
    exam_retake(queue=exam, user=user)
    seen = {}
    for ratings in ((1, -1), (-1,)):
        item = answered(exam, user, *ratings).item
        seen[item.trace_id] = (item, ratings)
    rows = page().split("<tbody>")[1].split("</tbody>")[0].split("</tr>")[:-1]
    assert len(rows) == len(seen) == 2
    for row, (item, ratings) in zip(rows, seen.values(), strict=True):
        assert item.problem.prompt.replace("?", "") in row
        assert f'?step={item.trace.end_id}"' in row
        own, known = row.split("<td")[2:4]
        assert f"first error at step {len(ratings)}" in own
        assert "first error at step 2" in known
        assert f"<b>step 2</b> {item.trace.end.text}" in known
        assert ("<b>step 1</b>" in known) == (len(ratings) == 1)
        assert ("✓ right" if len(ratings) == 2 else "✗ not right") in row


def test_an_exam_of_rankings_shows_both_orders_in_letters(client_for):
    world = queue_world(traces=0)
    problem = problem_with_tree(["one"], ["two"], ["three"], project=world.project)
    one, two, three = problem.steps.order_by("preorder")
    gold = {"tiers": [[three.pk], [one.pk, two.pk]]}
    Gold.objects.create(project=world.project, problem=problem, task="rank_step", answer=gold)
    exam = world.queue(task="rank_step", is_exam=True, pass_mark=1.0, options={"attempts": 1})
    user = world.people[1]
    work = take(exam, user)
    place = place_of(problem=problem, level="step", parent_id=None)
    ranking_set(place=place, user=user, answer=Answer([[one.pk], [two.pk], [three.pk]]))
    assignment_submit(assignment=work.assignment, user=user, fence=work.fence)
    shown = client_for(user).get(f"/p/{world.project.name}/exams/{exam.pk}/").content.decode()
    row = " ".join(shown.split("<tbody>")[1].split())
    assert "<td>A &gt; B &gt; C</td>" in row
    assert "<td>C &gt; A = B<" in row
    assert "<b>C</b> three" in row
