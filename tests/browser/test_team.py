"""A whole team at work in real browsers: made by its owner, examined, served, lost and found.

People only use pages and keys. What counts afterwards are the rows and the log of events.
"""

from __future__ import annotations

import pytest
from django.db.models import Count

from annotator.models import (
    Assignment,
    Gold,
    JudgementEvent,
    Qualification,
    Queue,
    QueueItem,
    Ranking,
    StepLabel,
    Submission,
)
from tests.annotator.workbench_data import member
from tests.browser.team_world import (
    ANNOTATORS,
    OPINIONS,
    RIGHT,
    choose,
    exam_then_queue,
    fork_of,
    leave,
    lunch,
    new_queue,
    paths_of,
    queue_of,
    rate,
    served,
    take_again,
    team_of,
    team_project,
    work_through,
)
from tests.browser.waiting import until
from tests.page_text import without_tokens

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def project():
    return team_project()


@pytest.fixture
def fork(project):
    return fork_of(project)


@pytest.fixture
def team(project):
    return team_of(project)


def test_an_owner_makes_team_gold_exam_and_queue_with_the_pages(open_page, project):
    page = open_page(member(project, "boss", "owner"), "/p/Team/members/")
    add = "form:has(button:text-is('Add'))"
    for name, role in (("rea", "Reviewer"), ("ann", "Annotator")):
        choose(page, add, username=name, role=role, invite=True)
        page.locator(f"{add} button").click()
        page.wait_for_selector(f"h2:has-text('Send this link to {name}')")
    link = page.locator("#invite-link").inner_text()
    context = page.context.browser.new_context()
    arrived = context.new_page()
    arrived.goto(link)
    arrived.locator("main").get_by_role("button", name="Sign in").click()
    arrived.wait_for_selector(".who:has-text('ann')")
    context.close()
    roles = dict(project.memberships.values_list("user__username", "role"))
    assert roles == {"boss": "owner", "rea": "reviewer", "ann": "annotator"}

    traces = list(project.problems.order_by("pk").values_list("traces__pk", flat=True))
    page.goto(page.url.replace("members", "gold"))
    rows = [f"first_error,{traces[0]},2", f"first_error,{traces[1]},", f"first_error,{traces[2]},9"]
    page.locator("[name=text]").fill("\n".join(["task,trace,first_error", *rows]))
    page.get_by_role("button", name="Add").click()
    said = page.locator(".notice-bar").inner_text()
    assert "2 gold answers kept" in said
    assert "record 3" in said
    assert list(Gold.objects.order_by("pk").values_list("trace", flat=True)) == traces[:2]

    exam = new_queue(page, name="Exam", is_exam=True, pass_mark=1)
    wish = {"overlap": 3, "gold_share": 0.5, "reveal_share": 0.5, "limit": 2, "exam": "Exam"}
    queue = new_queue(page, name="Work", **wish)
    assert (exam.is_exam, exam.pass_mark, exam.n_items) == (True, 1.0, 2)
    assert (queue.exam, queue.overlap, queue.n_items) == (exam, 3, 2)
    assert not queue.items.filter(gold__isnull=False).exists()  # those of the exam are known
    tasks = {"rank_step": "Rank sibling steps", "rank_branch": "Rank branches of a fork"}
    fork_of(project)
    for task, label in tasks.items():
        assert new_queue(page, name=task, task=label).n_items == 1
    assert new_queue(page, name="all", task="Rank whole traces").n_items == 1


def test_three_people_pass_the_exam_or_not_and_rate_unseen_by_each_other(open_page, project, team):
    exam, queue = exam_then_queue(project, team["boss"])
    seen = []
    for name in ANNOTATORS:
        page = open_page(team[name], f"/p/Team/work/{queue.pk}/")
        page.wait_for_selector("#work-empty[data-outcome='exam']")
        before = page.url
        page.locator("#work-on").focus()
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url, before=before: url != before)
        seen += work_through(page, name)
        page.goto(page.url.replace(f"/work/{exam.pk}/", f"/work/{queue.pk}/"))
        seen += work_through(page, name)
    assert page.locator("#work-empty").get_attribute("data-outcome") == "exam"  # closed to cyn

    passed = dict(Qualification.objects.values_list("user__username", "passed"))
    assert passed == {"ann": True, "bob": True, "cyn": False}
    assert len(seen) == 2 * (6 + 6 + 2)
    assert_unseen(seen)
    assert_kept(project)
    assert_each_item_at_most(queue, 3)
    answers = Assignment.objects.filter(item__queue=queue, item__gold__isnull=False)
    assert [row.result["right"] for row in answers] == [True, True]


def assert_unseen(seen):
    """No page held what others said, gold, or a score outside the arm that shows them."""
    arms = set()
    for name, assignment, source in seen:
        for other in {*ANNOTATORS, "boss", "rea"} - {name}:
            assert f"thought of {other}" not in source
            assert f">{other}<" not in source
        assert "gold" not in without_tokens(source).lower()
        assert "drawer" not in source
        shown = Assignment.objects.get(pk=assignment).scores_shown
        assert ('title="Step score of' in source) == shown
        arms.add(shown)
    assert arms == {True, False}


def assert_kept(project):
    """Every key press that was answered is a label, with what was on screen."""
    rows = StepLabel.objects.select_related("rater__user", "step")
    said = {(row.rater.user.username, row.step.problem_id, row.step.depth): row for row in rows}
    wanted = {
        (name, path[0].problem_id, depth): int(key) - 2
        for name, opinions in OPINIONS.items()
        for path, keys in zip(
            paths_of(project)[: 2 if name == "cyn" else 6], opinions, strict=False
        )
        for depth, key in enumerate(keys, start=1)
    }
    assert {place: row.rating for place, row in said.items()} == wanted
    log = JudgementEvent.objects.filter(kind="step_label")
    assert set(rows.values_list("event", flat=True)) <= set(log.values_list("pk", flat=True))
    held = Assignment.objects.values_list("user__username", "item__problem", "scores_shown")
    shown = {(name, problem): arm for name, problem, arm in held}
    assert all(row.shown_score is shown[place[:2]] for place, row in said.items())


def assert_each_item_at_most(queue, overlap):
    """Nobody answered twice and nothing was answered more often than asked for."""
    ordinary = QueueItem.objects.filter(queue=queue, gold=None)
    answers = ordinary.filter(assignments__state="submitted").annotate(n=Count("assignments"))
    assert all(item.n + item.need == overlap for item in answers)
    people = Assignment.objects.filter(item__queue=queue).values("item", "user")
    assert all(row["n"] == 1 for row in people.annotate(n=Count("pk")))


def test_lunch_a_second_tab_and_a_farewell_lose_nothing(open_page, project, team, fork):
    ranks = queue_of(project, team["boss"], task="rank_step", overlap=1)
    page = open_page(team["ann"], f"/p/Team/work/{ranks.pk}/")
    assert served(page)
    for key in ("2", "1"):
        page.keyboard.press(key)
    until(page, lambda: Assignment.objects.get().draft)
    lunch()
    page.reload()
    take_again(page, fence=2)
    assert page.locator(".rk-tier").count() == 2  # as it was before lunch
    page.locator("#rk-pool .rk-card").first.focus()
    for key in ("3", "4"):
        page.keyboard.press(key)
    lunch()
    with page.expect_response("**/submit/") as answer:
        page.keyboard.press("Enter")
    assert answer.value.status == 409
    take_again(page, fence=3)
    assert page.locator("[data-criterion=correctness] [data-done]").is_visible()
    leave(page)
    assert [len(tier) for tier in Ranking.objects.get().tiers] == [1, 1, 1, 1]
    assert Assignment.objects.get().state == "submitted"
    assert JudgementEvent.objects.filter(kind="ranking").count() == 1

    Queue.objects.filter(pk=ranks.pk).update(name="Forks")
    queue = queue_of(project, team["boss"], task="first_error", overlap=1, limit=2)
    one = open_page(team["bob"], f"/p/Team/work/{queue.pk}/")
    assert served(one)
    rate(one, "31")
    other = one.context.new_page()
    other.goto(one.url)
    assert served(other)
    before = one.url
    for tab in (one, other):
        tab.evaluate("document.getElementById('submit-form').requestSubmit()")
    for tab in (one, other):
        tab.wait_for_url(lambda url: url != before)
    assert Submission.objects.filter(rater__user=team["bob"]).count() == 1
    assert Assignment.objects.filter(user=team["bob"], state="submitted").count() == 1
    assert JudgementEvent.objects.filter(kind="submission", user=team["bob"]).count() == 1

    served(one)
    rate(one, "3")
    boss = open_page(team["boss"], "/p/Team/members/")
    boss.locator("tr:has-text('bob')").get_by_role("button", name="Remove").click()
    boss.wait_for_selector(".toast:has-text('bob is no longer a member')")
    one.keyboard.press(RIGHT)
    one.wait_for_selector("#work-lost:not([hidden])")
    assert "What you saved is kept" in one.locator("#work-lost").inner_text()
    labels = StepLabel.objects.filter(rater__user=team["bob"]).order_by("pk")
    assert list(labels.values_list("rating", flat=True)) == [1, -1, 1]
    item = queue.items.order_by("position")[1]
    assert (item.need, item.open) == (1, True)
    cyn = open_page(team["cyn"], f"/p/Team/work/{queue.pk}/")
    assert served(cyn)
    assert Assignment.objects.get(user=team["cyn"]).item == item
