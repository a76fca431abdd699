"""A whole team at work in real browsers: disagreements, decisions, second thoughts, data sets.

People only use pages and keys. What counts afterwards are the rows and the log of events.
"""

from __future__ import annotations

import json
from collections import Counter
from operator import itemgetter

import pytest

from annotator.models import (
    Adjudication,
    Export,
    GuidelineVersion,
    Job,
    JudgementEvent,
    Queue,
    Ranking,
    StepLabel,
)
from annotator.queries.rankings.places import place_of
from annotator.services.judgements.labels import label_set
from annotator.services.rankings.answers import Answer, ranking_set
from tests.browser.team_world import (
    ANNOTATORS,
    RANKS,
    RIGHT,
    WRONG,
    fork_of,
    leave,
    paths_of,
    queue_of,
    rank,
    rate,
    run_jobs,
    served,
    team_of,
    team_project,
)
from tests.browser.waiting import eventually, until

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


def test_the_reviewer_sees_decides_answers_and_sends_back(open_page, project, team, fork):
    paths = paths_of(project)
    said = {"ann": (1, -1), "bob": (1, 1, 1), "cyn": (1, 1, -1)}
    for name, ratings in said.items():
        for step, rating in zip(paths[0], ratings, strict=False):
            label_set(step=step, user=team[name], rating=rating, note=f"thought of {name}")
    label_set(step=paths[1][0], user=team["cyn"], rating=None, unsure=True, note="which digits?")
    place = place_of(problem=fork, level="branch", parent_id=None)
    for name, order in (("ann", "0123"), ("bob", "3210"), ("cyn", "0213")):
        tiers = [[place.items[int(at)]] for at in order]
        ranking_set(place=place, user=team[name], answer=Answer(tiers=tiers))
    kept = set(JudgementEvent.objects.values_list("pk", flat=True))

    page = open_page(team["rea"], "/p/Team/quality/")
    assert "ann" in page.locator("#people ~ .table-wrap tbody").first.inner_text()
    page.goto(page.url.replace("quality", "agreement"))
    page.wait_for_selector("[data-poll], #agreement-status, .notice-bar")
    run_jobs(Job.Kind.AGREEMENT)
    page.reload()
    # steps 1, 2 and 3: equal pairs 3 of 3, 1 of 3, 0 of 1
    assert "0.444" in page.locator("#figure-percent").inner_text()

    page.goto(page.url.replace("agreement", "adjudication"))
    assert page.locator(".cases tbody tr").count() == 2
    page.locator("tbody a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("html[data-ready] #decide:not([data-decide])")
    assert "thought of" not in page.content()
    for key in (RIGHT, "Enter"):
        page.keyboard.press(key)
    page.wait_for_selector("html[data-ready] #decide[data-decide]")
    assert page.content().count("thought of") == 3
    assert not any(f">{name}<" in page.content() for name in ANNOTATORS)
    for key in (WRONG, "n"):
        page.keyboard.press(key)
    page.keyboard.type("it does not follow")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("html[data-ready] #decide:not([data-decide])")
    row = Adjudication.objects.get()
    assert (row.step, row.decision["rating"], row.blind["rating"]) == (paths[0][1], -1, 1)
    assert kept < set(JudgementEvent.objects.values_list("pk", flat=True))
    assert StepLabel.objects.filter(rater__kind="person").count() == 9

    page.goto(page.url.split("/adjudication/")[0] + "/inbox/?kind=unsure")
    page.locator("[name=answer]").fill("Only those that are used.")
    page.get_by_role("button", name="Answer").click()
    page.wait_for_selector(".toast")
    asked = open_page(team["cyn"], "/p/Team/inbox/?kind=unsure&state=answered")
    assert "Only those that are used." in asked.locator("main").inner_text()
    assert "thought of ann" not in asked.content()

    boss = open_page(team["boss"], "/p/Team/guidelines/edit/")
    boss.locator("[name=markdown]").fill("# Rules\nDigits that are not used are no premise.")
    if boss.locator("[name=change]").count():
        boss.locator("[name=change]").fill("Unused digits.")
    boss.get_by_role("button", name="Save as a new version").click()
    boss.wait_for_url("**/guidelines/")
    newest = GuidelineVersion.objects.latest("number")
    page.goto(page.url.split("/inbox/")[0] + "/guidelines/again/")
    page.get_by_label("unsure").check()
    page.get_by_role("button", name="Count only").click()
    page.wait_for_selector("#affected:text-is('1')")
    page.get_by_role("button", name="Make the queue").click()
    page.wait_for_url("**/queues/*/**")
    run_jobs(Job.Kind.QUEUE)
    queue = Queue.objects.get()
    assert list(queue.items.values_list("problem", flat=True)) == [paths[1][0].problem_id]
    again = open_page(team["cyn"], f"/p/Team/work/{queue.pk}/")
    assert served(again)
    again.keyboard.press("i")
    again.wait_for_selector("#guideline-panel:has-text('no premise')")
    again.keyboard.press("i")
    again.keyboard.press("k")
    again.wait_for_selector(".stepcard.current[data-number='1']")
    again.keyboard.press(WRONG)
    until(again, lambda: again.locator("#judging-foot").inner_text().startswith("1 of"))
    rate(again, "33")
    leave(again)
    label = StepLabel.objects.get(step=paths[1][0], rater__user=team["cyn"])
    assert (label.rating, label.unsure, label.guideline) == (-1, False, newest)


def exported(page, key):
    """Export the snapshot with the page and return the rows of the file it offers."""
    page.goto(page.url.split("/p/")[0] + "/p/Team/datasets/")
    card = page.locator(f"form:has(#format-{key})")
    card.locator("[name=snapshot]").select_option(label="Snapshot first")
    with page.expect_navigation():
        card.get_by_role("button", name="Export").click()
    run_jobs(Job.Kind.EXPORT)
    made = Export.objects.get(format=key)
    page.goto(page.url.split("/p/")[0] + f"/p/Team/exports/{made.pk}/")
    files = page.locator("a[href*='/files/'][href$='.jsonl']").all()
    texts = [page.request.get(page.url.split("/p/")[0] + a.get_attribute("href")) for a in files]
    rows = [json.loads(line) for text in texts for line in text.text().splitlines()]
    return made, rows


def test_undo_crosses_submits_and_the_data_set_has_what_people_said(open_page, project, team, fork):
    queue = queue_of(project, team["boss"], task="rank_step", overlap=3)
    history = f"/p/Team/problems/{fork.pk}/history/"
    for name in ANNOTATORS:
        page = open_page(team[name], history)
        told = page.locator("main").inner_text()
        assert not any(f"{other} ranked" in told for other in ANNOTATORS)
        page.goto(page.url.replace(history, f"/p/Team/work/{queue.pk}/"))
        assert served(page)
        rank(page, RANKS if name != "cyn" else dict.fromkeys(RANKS, "1"))
        leave(page)
    tiers = dict(Ranking.objects.values_list("rater__user__username", "tiers"))
    assert tiers["ann"] == tiers["bob"]
    assert [len(tiers[name]) for name in ANNOTATORS] == [4, 4, 1]
    page = open_page(team["cyn"], history)
    page.get_by_role("button", name="Undo to here").last.click()
    page.wait_for_selector(".timeline .undone")
    assert set(Ranking.objects.values_list("rater__user__username", flat=True)) == {"ann", "bob"}
    page.get_by_role("button", name="Restore").last.click()
    eventually(page, Ranking.objects.count, 3)
    log = JudgementEvent.objects.filter(user=team["cyn"], kind="ranking")
    assert log.count() == 3  # said, undone, restored: nothing is taken out of the log

    for name in ("ann", "bob"):
        for step in project.problems.earliest("pk").steps.order_by("preorder"):
            label_set(step=step, user=team[name], rating=1)
    page = open_page(team["boss"], "/p/Team/datasets/")
    page.locator("#new-snapshot [name=name]").fill("first")
    with page.expect_navigation():
        page.get_by_role("button", name="Freeze labels").click()
    run_jobs(Job.Kind.SNAPSHOT)
    best_first = [text for text, _ in sorted(RANKS.items(), key=itemgetter(1))]
    pairs = {
        (better, worse) for at, better in enumerate(best_first) for worse in best_first[at + 1 :]
    }
    made, rows = exported(page, "trl_preference")
    steps = [row for row in rows if row["level"] == "step"]
    assert {(_first(row["chosen"]), _first(row["rejected"])) for row in steps} == pairs
    assert all(row["raters"] == ["person:ann", "person:bob"] for row in steps)
    assert (len(rows), made.rows, made.excluded) == (9, 9, {"tie": 3})  # + the one right trace
    _, plain = exported(page, "openrlhf_rm")
    assert Counter(row["chosen"] for row in plain) == Counter(row["chosen"] for row in rows)
    _, lists = exported(page, "ranking_list")
    assert sorted((row["rater"], len(row["tiers"])) for row in lists) == [
        ("ann", 4),
        ("bob", 4),
        ("cyn", 1),
    ]
    _, (bench,) = exported(page, "rewardbench2")
    assert [_first(text) for text in bench["chosen"]] == ["10 - 6"]
    assert {_first(text) for text in bench["rejected"]} == set(RANKS) - {"10 - 6"}
    _, problems = exported(page, "tracewood")
    assert len(problems) == 7
    assert sum(len(row.get("labels", {}).get("rating", [])) for row in problems) == 6
    assert sum(len(row.get("rankings", [])) for row in problems) == 3


def _first(text):
    return next(start for start in RANKS if text.startswith(start))
