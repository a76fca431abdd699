"""The Quality page and API: each annotator's figures by hand, the arms, the gold page, exams, pauses."""

from __future__ import annotations

import json
from datetime import timedelta
from math import isclose

import pytest
from django.utils import timezone

from annotator.errors import InvalidError
from annotator.models import Assignment, Gold, Membership, RewardModel, Step, StepScore
from annotator.queries.access import project_for_user
from annotator.queries.quality.arms import arm_report
from annotator.queries.quality.people import people_quality
from annotator.services.judgements.labels import label_set
from annotator.services.quality.gold.text import gold_records
from annotator.services.queues import assignment_submit
from scoring.agreement.arms import clustered_share, difference, standard_error
from tests.annotator.queue_world import queue_world, rate, take
from tests.page_text import without_tokens

pytestmark = pytest.mark.django_db


def answered(queue, user, *ratings) -> Assignment:
    work = take(queue, user)
    rate(work, user, *ratings)
    assignment_submit(assignment=work.assignment, user=user, fence=work.fence)
    return Assignment.objects.select_related("item").get(pk=work.assignment.pk)


def people(world, user) -> dict:
    access = project_for_user(user=user, name=world.project.name)
    return {row.user_id: row for row in people_quality(access=access)}


# Figures


def test_accuracy_ratings_and_time_by_hand():
    world = queue_world(traces=6)
    world.gold(*world.traces[:4])
    queue = world.queue(gold_share=1.0)
    user = world.people[1]
    for ratings in ((1, -1), (1, -1), (1, -1), (-1,)):
        answered(queue, user, *ratings)
    rated = Step.objects.filter(labels__rater__user=user).order_by("labels__pk")
    for at, step in enumerate(rated):
        step.labels.update(milliseconds=1000 * (at + 1))  # 7 labels: 1 … 7 s
    mine = people(world, world.owner)[user.pk]
    assert (mine.items, mine.labels, mine.skipped) == (4, 7, 0)
    assert (mine.time.low, mine.time.value, mine.time.high) == (2500, 4000, 5500)
    assert mine.accuracy.value == 0.75
    # Wilson for 3 of 4 at z = 1.96, from the closed form.
    assert isclose(mine.accuracy.low, 0.30064, abs_tol=1e-4)
    assert isclose(mine.accuracy.high, 0.95441, abs_tol=1e-4)
    assert [row.count for row in mine.ratings] == [4, 0, 3, 0]
    # The gold of the fixture decides the second step of each; the last answer stopped at the first.
    assert (mine.parts.value, mine.parts.n) == (1.0, 3)
    assert mine.change.undefined.startswith("undefined because only 4 gold items")
    assert [point[0] for point in mine.accuracy_points] == [1, 2, 3, 4]
    assert [point[1] for point in mine.accuracy_points] == [1.0, 1.0, 1.0, 0.0]
    assert mine.pace_points[0] == (2, 1.5)  # seven labels in six windows: the first has two
    nobody = people(world, world.owner)[world.people[2].pk]
    assert nobody.accuracy.undefined == "undefined because no gold item was rated"
    assert nobody.time.undefined == "undefined because no rating carries a time"


def test_annotators_see_themselves_and_no_gold_of_today():
    world = queue_world(traces=3)
    world.gold(world.traces[0])
    queue = world.queue(gold_share=1.0)
    one, two = world.people[1:3]
    answered(queue, one, 1, -1)
    answered(queue, two, 1, -1)
    assert people(world, one).keys() == {one.pk}
    assert people(world, one)[one.pk].accuracy.value is None
    assert people(world, world.owner)[one.pk].accuracy.value == 1.0
    Assignment.objects.update(finished=timezone.now() - timedelta(days=1))
    assert people(world, one)[one.pk].accuracy.value == 1.0


def test_retired_gold_counts_no_more():
    world = queue_world(traces=2)
    (gold,) = world.gold(world.traces[0])
    queue = world.queue(gold_share=1.0)
    answered(queue, world.people[1], -1)
    Gold.objects.filter(pk=gold.pk).update(active=False)
    assert people(world, world.owner)[world.people[1].pk].accuracy.value is None


# Arms


def test_clustered_share_by_hand():
    # Ratio 4/8; residuals 3 − 2, 1 − 2 → Σe² = 2; se = sqrt(2/1 · 2) / 8 = 0.25.
    assert standard_error([3, 1], [4, 4]) == 0.25
    found = clustered_share([3, 1], [4, 4], "none")
    assert (found.value, found.n) == (0.5, 8)
    assert (found.low, found.high) == (0.5 - 1.96 * 0.25, 0.5 + 1.96 * 0.25)
    assert clustered_share([], [], "undefined because x").undefined == "undefined because x"
    assert clustered_share([1], [2], "none").low is None
    same = clustered_share([2, 4], [2, 4], "none")
    assert (same.value, same.low, same.notes) == (1.0, None, ("no interval: nothing varies",))
    gap = difference(([3, 1], [4, 4]), ([0, 2], [4, 4]), "none")
    assert gap.value == 0.25
    assert isclose(gap.high - gap.low, 2 * 1.96 * (0.25**2 + 0.25**2) ** 0.5)
    assert difference(([], []), ([1], [2]), "undefined because y").value is None


def test_arms_compare_agreement_overrides_time_and_gold():
    world = queue_world(traces=4)
    model = RewardModel.objects.create(project=world.project, name="m", kind="prm", ready=True)
    for trace in world.traces:
        first, second = trace.problem.steps.order_by("preorder")
        StepScore.objects.create(step=first, model=model, score=0.9)
        StepScore.objects.create(step=second, model=model, score=0.2)
    queue = world.queue(reveal_share=0.5, overlap=1)
    user = world.people[1]
    works = []
    for ratings in ((1, -1), (1, 1), (-1, -1), (1, -1)):
        work = take(queue, user)
        rate(work, user, *ratings)
        assignment_submit(assignment=work.assignment, user=user, fence=work.fence)
        works.append(work.assignment.pk)
    shown, blind = works[:2], works[2:]
    Assignment.objects.filter(pk__in=shown).update(scores_shown=True)
    Assignment.objects.filter(pk__in=blind).update(scores_shown=False)
    report = arm_report(project=world.project)
    assert report.model == model
    assert (report.shown.answers, report.shown.steps) == (2, 4)
    # Shown: right, right; right, not (model says wrong, person does not) → 3 of 4, override 1 of 2.
    assert (report.shown.agreement.value, report.shown.override.value) == (0.75, 0.5)
    # Blind: first step called wrong against the model; all else agrees → 3 of 4, override 0 of 2.
    assert (report.blind.agreement.value, report.blind.override.value) == (0.75, 0.0)
    assert (report.effect.agreement.value, report.effect.override.value) == (0.0, 0.5)
    assert report.shown.time.undefined.startswith("undefined because no rating")
    assert report.effect.accuracy.undefined.startswith("undefined because an arm")


def test_without_a_drawing_queue_every_figure_says_why_not():
    world = queue_world(traces=1)
    answered(world.queue(), world.people[1], -1)
    report = arm_report(project=world.project)
    for arm in (report.shown, report.blind, report.effect):
        for figure in (arm.agreement, arm.override, arm.time, arm.accuracy):
            assert figure.value is None
            assert figure.undefined.startswith("undefined because")


# Pages and API


def test_the_page_shows_reviewers_everybody_and_annotators_themselves(client_for):
    world = queue_world(traces=4)
    world.gold(*world.traces[:2])
    world.scored()
    queue = world.queue(gold_share=1.0, reveal_share=0.5)
    one, two = world.people[1:3]
    for user in (one, two):
        for _ in range(2):
            answered(queue, user, 1, -1)
    url = f"/p/{world.project.name}/quality/"
    whole = client_for(world.owner).get(url).content.decode()
    assert f'id="person-{one.pk}"' in whole
    assert "Scores shown or not" in whole
    assert "100 %" in whole
    assert "<svg" in whole
    own = client_for(one).get(url).content.decode()
    assert f'id="person-{one.pk}"' in own
    assert f'id="person-{two.pk}"' not in own
    assert "Scores shown or not" not in own
    assert "Gold answers</a>" not in own
    body = client_for(two).get(f"/api/v1/projects/{world.project.name}/quality/").json()
    assert [row["id"] for row in body["results"]] == [two.pk]
    assert body["arms"] == []
    body = client_for(world.owner).get(f"/api/v1/projects/{world.project.name}/quality/").json()
    assert [arm["name"] for arm in body["arms"]] == ["scores shown", "blind", "difference"]


def test_gold_by_the_api_names_each_refused_record(client_for):
    world = queue_world(traces=2)
    url = f"/api/v1/projects/{world.project.name}/gold/"
    client = client_for(world.owner)
    text = (
        f"task,trace,first_error,ratings\nfirst_error,{world.traces[0].pk},2,\nfirst_error,x,,1\n"
    )
    made = client.post(url, json.dumps({"text": text}), content_type="application/json").json()
    assert (made["accepted"], made["rejected"]) == (1, 1)
    assert made["refused"] == [{"record": 2, "reason": "'trace' is an id, not 'x'."}]
    (row,) = client.get(url).json()["results"]
    assert (row["trace"], row["active"], row["answers"]) == (world.traces[0].pk, True, 0)
    gone = client.patch(
        f"/api/v1/gold/{row['id']}/", json.dumps({"active": False}), "application/json"
    )
    assert gone.json()["active"] is False
    assert client_for(world.people[1]).get(url).status_code == 403


def test_own_labels_become_gold_from_the_workbench(client_for):
    world = queue_world(traces=1)
    trace = world.traces[0]
    client = client_for(world.owner)
    name = world.project.name
    page = client.get(f"/p/{name}/problems/{trace.problem_id}/?step={trace.end_id}&tab=outcomes")
    assert "Use my labels as gold" in page.content.decode()
    asked = {"trace": trace.pk, "task": "first_error"}
    assert client.post(f"/p/{name}/gold/new/", asked).status_code == 422
    for step in trace.problem.steps.all():
        step.problem = trace.problem
        label_set(step=step, user=world.owner, rating=1)
    assert client.post(f"/p/{name}/gold/new/", asked).status_code == 302
    gold = Gold.objects.get()
    assert gold.answer["first_error"] is None
    assert "no wrong step" in client.get(f"/p/{name}/gold/").content.decode()
    Gold.objects.update(answer=gold.answer | {"first_error": trace.end_id})
    assert "first error at step 2 " in client.get(f"/p/{name}/gold/").content.decode()
    client.post(f"/p/{name}/gold/{gold.pk}/", {"active": "0"})
    assert not Gold.objects.get().active
    page = client_for(world.people[1]).get(
        f"/p/{name}/problems/{trace.problem_id}/?step={trace.end_id}&tab=outcomes"
    )
    shown = without_tokens(page.content.decode()).lower()
    assert "gold" not in shown.replace("gold_calls", "")  # the name of a field that a method reads


def test_an_exam_page_keeps_answers_back_until_it_is_over(client_for):
    world = queue_world(traces=3)
    world.gold(*world.traces[:2])
    exam = world.queue(name="Exam", is_exam=True, pass_mark=1.0, options={"attempts": 2})
    user = world.people[1]
    client, url = client_for(user), f"/p/{world.project.name}/exams/{exam.pk}/"
    assert "You have answered 0 of 2 items" in client.get(url).content.decode()
    answered(exam, user, 1, -1)
    answered(exam, user, -1)
    failed = client.get(url).content.decode()
    assert "Not passed: 1 of 2 right in attempt 1 of 2" in failed
    assert "Your answers" not in failed
    assert client.post(url).status_code == 302
    assert client.post(url).status_code == 409
    for _ in range(2):
        answered(exam, user, 1, -1)
    passed = client.get(url).content.decode()
    assert "Passed: 2 of 2 right" in passed
    assert passed.count("✓ right") == 2


def test_a_reviewer_pauses_and_resumes_from_the_members_page(client_for):
    world = queue_world(traces=1)
    user = world.people[1]
    client = client_for(world.owner)
    url = f"/p/{world.project.name}/members/{user.pk}/pause/"
    assert client.post(url, {"reason": " "}).status_code == 422
    client.post(url, {"reason": "Please read the new guidelines."})
    assert Membership.objects.get(user=user).paused == "Please read the new guidelines."
    queue = world.queue()
    page = client_for(user).get(f"/p/{world.project.name}/work/{queue.pk}/")
    assert "Please read the new guidelines." in page.content.decode()
    client.post(url, {"resume": "1"})
    assert Membership.objects.get(user=user).paused == ""


def test_settings_keep_the_rule_on_gold(client_for):
    world = queue_world(traces=0)
    client = client_for(world.owner)
    url = f"/p/{world.project.name}/settings/"
    said = {"primary_outcome": "correct", "pause_below": "0.7", "pause_after": "8"}
    assert client.post(url, said).status_code == 302
    world.project.refresh_from_db()
    assert (world.project.pause_below, world.project.pause_after) == (0.7, 8)
    assert client.post(url, said | {"pause_below": "1.5"}).status_code == 422
    assert client.post(url, said | {"pause_below": ""}).status_code == 302
    world.project.refresh_from_db()
    assert world.project.pause_below is None


@pytest.mark.parametrize(
    ("text", "records"),
    [
        ('[{"task": "all_steps", "trace": 1}]', [{"task": "all_steps", "trace": 1}]),
        ('{"task": "a"}\n\n{"task": "b"}', [{"task": "a"}, {"task": "b"}]),
        (
            "task,trace,ratings\nall_steps,7,1 1 −1\n",
            [{"task": "all_steps", "trace": 7, "ratings": [1, 1, -1]}],
        ),
        (
            "task,problem,parent,tiers\nrank_step,3,,7 > 3 = 9\n",
            [{"task": "rank_step", "problem": 3, "parent": None, "tiers": [[7], [3, 9]]}],
        ),
    ],
)
def test_gold_is_read_from_json_lines_and_csv(text, records):
    assert gold_records(text) == records


@pytest.mark.parametrize(
    "text", ["", "[1]", "[", "{", "trace\n1\n", "task,colour\na,b\n", "[" * 9999]
)
def test_text_that_is_no_gold_is_a_sentence(text):
    with pytest.raises(InvalidError) as refused:
        gold_records(text)
    assert refused.value.fields.keys() == {"text"}
