"""A project with a team, and what its people do with pages and keys."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from annotator.models import Assignment, Gold, Job, Queue
from annotator.services import jobs
from annotator.services.queues import QueueWish, queue_create
from annotator.services.queues.build import queue_build
from scoring.pipelines import runner
from tests.annotator.workbench_data import (
    Node,
    member,
    project_with_types,
    write_model,
    write_problem,
)
from tests.browser.waiting import until

ANNOTATORS = ("ann", "bob", "cyn")
WRONG, RIGHT = "1", "3"
FORK = (
    Node("4 * 5 = 20 (left: 6 10 20)"),
    Node("20 - 6 = 14 (left: 10 14)", 0, outcomes=[0.0]),
    Node("10 - 6 = 4 (left: 4 4 5)"),
    Node("4 * 5 = 20 (left: 4 20)", 2, outcomes=[1.0]),
    Node("5 * 6 = 30 (left: 4 10 30)"),
    Node("30 - 10 = 20 (left: 4 20)", 4, outcomes=[0.0]),
    Node("10 / 5 = 2 (left: 2 4 6)"),
    Node("2 + 4 = 6 (left: 6 6)", 6, outcomes=[0.0]),
)
# The rank of each first step, by its text.
RANKS = {"10 - 6": "1", "4 * 5": "2", "5 * 6": "3", "10 / 5": "4"}


def team_project():
    """Make six problems with one trace of three steps each, scored by a model."""
    project = project_with_types("Team")
    for number in range(6):
        nodes = [Node(f"first of {number}", -1), Node(f"second of {number}", 0)]
        nodes.append(Node(f"third of {number}", 1, outcomes=[1.0]))
        write_model(*write_problem(project, f"What is {number} + 1?", nodes), name=f"m{number}")
    return project


def fork_of(project):
    """Make a problem with four first steps, of which one leads to the answer."""
    return write_problem(project, "Use 4, 5, 6 and 10 to make 24.", FORK)[0]


def team_of(project):
    """Make an owner, a reviewer and three annotators; return them by name."""
    roles = {"boss": "owner", "rea": "reviewer", **dict.fromkeys(ANNOTATORS, "annotator")}
    return {name: member(project, name, role) for name, role in roles.items()}


def run_jobs(kind):
    """Do what an io worker would."""
    for pk in Job.objects.filter(kind=kind, state="queued").values_list("pk", flat=True):
        runner.run_claimed(jobs.job_claim(job_id=pk, worker=None))
        assert Job.objects.get(pk=pk).state == "done", Job.objects.get(pk=pk).error


def queue_of(project, boss, **wish):
    queue, _ = queue_create(project=project, user=boss, wish=QueueWish(name="Work", **wish))
    queue_build(queue=queue)
    return queue


def served(page):
    """Wait for an item of a queue; False once nothing is left."""
    page.wait_for_selector("#workbar[data-held='1'], #work-empty")
    if page.locator("#work-empty").count():
        return False
    page.wait_for_selector("html[data-ready]")
    return True


def rate(page, keys):
    """Rate steps, each after the answer to the one before."""
    surface = page.locator("#judging")
    for key in keys:
        before = surface.get_attribute("data-frontier")
        page.keyboard.press(key)
        page.wait_for_selector(f"#judging:not([data-frontier='{before}'])")


def leave(page):
    """Submit with the key and wait for what comes next."""
    before = page.url
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: url != before)


def problem_of(page):
    """Return the number in the prompt "What is 4 + 1?"."""
    return int(page.locator(".prompt").inner_text().split()[2])


def rank(page, ranks):
    """Give each candidate its rank with one key, in the order in which they are shown."""
    for card in page.locator("#rk-pool .rk-card").all_inner_texts():
        page.keyboard.press(next(key for text, key in ranks.items() if text in card))


def lunch():
    """All leases end behind the pages' backs."""
    past = timezone.now() - timedelta(seconds=1)
    Assignment.objects.filter(state="leased").update(lease_until=past)


def take_again(page, *, fence):
    """Take a lost item again with the key that has the focus."""
    page.wait_for_selector("#work-lost:not([hidden])")
    until(page, "document.activeElement.textContent === 'Take it again'")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"#workbar[data-held='1'][data-fence='{fence}']")
    page.wait_for_selector("html[data-ready]")


def choose(page, form, **fields):
    for name, value in fields.items():
        field = page.locator(f"{form} [name={name}]")
        if field.evaluate("e => e.tagName") == "SELECT":
            field.select_option(**({"label": value} if isinstance(value, str) else value))
        elif field.get_attribute("type") == "checkbox":
            field.check()
        else:
            field.fill(str(value))


def new_queue(page, **fields):
    page.goto(page.url.split("/p/")[0] + "/p/Team/queues/")
    if page.locator("#new-queue").get_attribute("open") is None:
        page.locator("#new-queue summary").click()
    choose(page, "#new-queue", **fields)
    page.get_by_role("button", name="Make the queue").click()
    page.wait_for_url("**/queues/*/**")
    run_jobs(Job.Kind.QUEUE)
    return Queue.objects.get(name=fields["name"])


# What each person says of the problems: the first two are the exam's, the third is hidden gold.
OPINIONS = {
    "ann": ("31", "333", "31", "31", "333", "333"),
    "bob": ("31", "333", "31", "331", "31", "333"),
    "cyn": ("31", "1", "1", "1", "1", "1"),
}


GOLD = ((1, -1), (1, 1, 1), (1, -1))


def gold_for(path, ratings):
    """Make a gold answer of the trace with these steps."""
    said = list(zip(path, ratings, strict=False))
    return Gold.objects.create(
        project=path[0].problem.project,
        problem=path[0].problem,
        trace=path[0].problem.traces.get(),
        task="first_error",
        answer={
            "ratings": {str(step.pk): rating for step, rating in said},
            "first_error": next((step.pk for step, rating in said if rating < 0), None),
        },
        note="the answer in the drawer",
    )


def paths_of(project):
    return [list(p.steps.order_by("preorder")) for p in project.problems.order_by("pk")]


def exam_then_queue(project, boss):
    """Two gold answers are the exam, a third is hidden in the queue behind it."""
    paths = paths_of(project)
    for path, ratings in zip(paths[:2], GOLD, strict=False):
        gold_for(path, ratings)
    exam_wish = QueueWish(name="Exam", task="first_error", is_exam=True, pass_mark=0.6)
    exam, _ = queue_create(project=project, user=boss, wish=exam_wish)
    queue_build(queue=exam)
    gold_for(paths[2], GOLD[2])
    shares = {"gold_share": 1.0, "reveal_share": 0.5, "overlap": 3, "exam": exam, "seed": 1}
    queue = queue_of(project, boss, task="first_error", **shares)
    assert (exam.n_items, queue.n_items) == (2, 3)
    return exam, queue


def work_through(page, name):
    """Rate all that is served, with a note on each last step; yield what every page said."""
    while served(page):
        assignment = int(page.locator("#workbar").get_attribute("data-assignment"))
        yield name, assignment, page.content()
        rate(page, OPINIONS[name][problem_of(page)])
        page.keyboard.press("n")
        until(page, "document.activeElement.name === 'note'")
        page.keyboard.type(f"thought of {name}")
        page.keyboard.press("Escape")
        page.wait_for_selector(".stepcard.current .badge:has-text('note')")
        yield name, assignment, page.content()
        leave(page)
