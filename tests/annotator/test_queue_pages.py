"""Queue pages and the frame of an item, through HTTP."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from annotator.models import (
    Assignment,
    Job,
    JudgementEvent,
    Queue,
    QueueItem,
    RewardModel,
    StepScore,
    Submission,
)
from annotator.services.queues.build import queue_build
from tests.annotator.queue_world import queue_world, rate, take

pytestmark = pytest.mark.django_db
HX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def world():
    return queue_world()


def url(world, name, *args):
    return reverse(f"annotator:{name}", args=[world.project.name, *args])


def held(world, client_for, queue, number=1):
    """Return a client, the item in its hands and the item's address."""
    client = client_for(world.people[number])
    answer = client.get(url(world, "work", queue.pk))
    work = take(queue, world.people[number])
    assert answer["Location"] == url(world, "work-item", queue.pk, work.assignment.pk)
    return client, work, answer["Location"]


def test_a_reviewer_makes_a_queue_and_a_worker_fills_it(world, client_for):
    world.scored()
    client = client_for(world.owner)
    form = {"name": "Night", "task": "all_steps", "order": "random", "overlap": 2, "seed": 4}
    form |= {"lease_minutes": 10, "gold_share": 0, "reveal_share": 0.5, "limit": 3}
    answer = client.post(url(world, "queue-list"), form)
    queue = Queue.objects.get()
    assert answer["Location"] == url(world, "queue", queue.pk)
    assert (queue.overlap, queue.lease_seconds, queue.reveal_share) == (2, 600, 0.5)
    job = Job.objects.get(kind=Job.Kind.QUEUE)
    assert job.args == {"queue": queue.pk, "name": "Night"}
    assert "is being filled" in client.get(answer["Location"]).content.decode()
    Job.objects.filter(pk=job.pk).update(state="running", done=30, total=120)
    for shown in (url(world, "queue-list"), answer["Location"]):
        page = client.get(shown).content.decode()
        assert ">Being filled<" in page
        assert "30 of 120" in page
        assert ">Open</span>" not in page
    live = client.get(f"{answer['Location']}?filling", **HX)
    assert "HX-Refresh" not in live
    queue_build(queue=queue)
    Job.objects.filter(pk=job.pk).update(state="done")
    assert client.get(f"{answer['Location']}?filling", **HX)["HX-Refresh"] == "true"
    page = client.get(url(world, "queue-list")).content.decode()
    assert ">Open</span>" in page
    assert "Being filled" not in page
    page = client.get(answer["Location"]).content.decode()
    assert "0 of 6 answers" in page
    assert page.count('id="item-') == 3


def test_a_queue_that_was_not_filled_is_not_called_open(world, client_for):
    queue = Queue.objects.create(project=world.project, name="Empty", task="all_steps")
    job = Job.objects.create(
        project=world.project,
        kind=Job.Kind.QUEUE,
        state="failed",
        error="No trace is left.",
        args={"queue": queue.pk, "name": queue.name},
    )
    client = client_for(world.owner)
    for shown in (url(world, "queue-list"), url(world, "queue", queue.pk)):
        page = client.get(shown).content.decode()
        assert f'/jobs/{job.pk}/">Not filled</a>' in page
    assert "No trace is left." in page


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", "", "required"),
        ("overlap", 0, "greater than or equal to 1"),
        ("seed", -1, "greater than or equal to 0"),
        ("gold_share", 0.5, "no gold answers"),
        ("order", "none", "not one of the available choices"),
        ("model", 99, "not one of the available choices"),
        ("is_exam", "on", "no gold answers"),
        ("gold_share", "nan", "Enter a number"),
    ],
)
def test_a_queue_that_cannot_be_is_refused_beside_its_field(world, client_for, field, value, said):
    form = {"name": "Night", "task": "all_steps", "order": "file", "overlap": 1, "seed": 0}
    form |= {"lease_minutes": 10, "gold_share": 0, "reveal_share": 0, field: value}
    answer = client_for(world.owner).post(url(world, "queue-list"), form)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Queue.objects.exists()


def test_the_list_says_what_is_left_for_me(world, client_for):
    queue = world.queue(name="Steps")
    client = client_for(world.people[1])
    page = client.get(url(world, "queue-list")).content.decode()
    assert "items wait" in page
    assert "All queues" not in page
    take(queue, world.people[1])
    for state in ("open", "paused"):
        Queue.objects.update(state=state)
        assert "one item in your hands" in client.get(url(world, "queue-list")).content.decode()
    Assignment.objects.update(state="submitted")
    assert "No queue is open" in client.get(url(world, "queue-list")).content.decode()


def test_work_is_served_saved_and_submitted(world, client_for):
    queue = world.queue()
    client, work, address = held(world, client_for, queue)
    page = client.get(address).content.decode()
    assert f'data-fence="{work.fence}"' in page
    assert "first 0" in page
    rate(work, world.people[1], 1, -1)
    sent = {"fence": work.fence, "milliseconds": 4200}
    answer = client.post(f"{address}submit/", sent, **HX)
    assert answer["HX-Redirect"] == url(world, "work", queue.pk)
    row = Assignment.objects.get()
    assert (row.state, row.milliseconds) == ("submitted", 4200)
    assert Submission.objects.get().reason == "found_error"
    following = client.get(url(world, "work", queue.pk))
    assert following["Location"] != address
    assert "1 today" in client.get(following["Location"]).content.decode()


def test_without_scripts_a_submit_redirects(world, client_for):
    queue = world.queue()
    client, work, address = held(world, client_for, queue)
    rate(work, world.people[1], -1)
    answer = client.post(f"{address}submit/", {"fence": work.fence, "milliseconds": ""})
    assert (answer.status_code, answer["Location"]) == (302, url(world, "work", queue.pk))


def test_missing_work_is_named_and_nothing_is_counted(world, client_for):
    queue = world.queue(task="all_steps")
    client, work, address = held(world, client_for, queue)
    rate(work, world.people[1], -1)
    answer = client.post(f"{address}submit/", {"fence": work.fence}, **HX)
    assert answer.status_code == 422
    assert answer.content.decode() == "Not rated yet: step 2. Rate the steps, all of them."
    assert Assignment.objects.get().state == "leased"


def test_a_lost_lease_keeps_the_draft_and_can_be_taken_again(world, client_for):
    queue = world.queue()
    client, work, address = held(world, client_for, queue)
    sent = {"draft": json.dumps({"note": "half"})}
    assert client.post(f"{address}draft/", sent, **HX).status_code == 204
    rate(work, world.people[1], -1)
    Assignment.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    for verb in ("submit", "heartbeat", "return"):
        answer = client.post(f"{address}{verb}/", {"fence": work.fence}, **HX)
        assert answer.status_code == 409
        assert "What you saved is kept" in answer.content.decode()
    page = client.get(address).content.decode()
    assert "Take it again" in page
    assert "first 0" not in page
    answer = client.post(f"{address}retake/", **HX)
    assert answer["HX-Redirect"] == address
    row = Assignment.objects.get()
    assert (row.state, row.fence, row.draft) == ("leased", 2, {"note": "half"})
    assert client.post(f"{address}submit/", {"fence": 1}, **HX).status_code == 409
    assert client.post(f"{address}submit/", {"fence": 2}, **HX).status_code == 200
    assert JudgementEvent.objects.filter(kind="submission").count() == 1


def test_heartbeat_moves_the_end_of_the_lease(world, client_for):
    queue = world.queue(lease_seconds=60)
    client, work, address = held(world, client_for, queue)
    soon = timezone.now() + timedelta(seconds=5)
    Assignment.objects.update(lease_until=soon)
    answer = client.post(f"{address}heartbeat/", {"fence": work.fence}, **HX)
    assert answer.json()["fence"] == 1
    assert 55 <= answer.json()["seconds"] <= 60
    assert Assignment.objects.get().lease_until > soon


def test_skip_needs_a_reason(world, client_for):
    queue = world.queue()
    client, work, address = held(world, client_for, queue)
    sent = {"fence": work.fence, "reason": " "}
    assert client.post(f"{address}skip/", sent, **HX).status_code == 422
    sent["reason"] = "in Latin"
    assert client.post(f"{address}skip/", sent, **HX)["HX-Redirect"] == url(world, "work", queue.pk)
    row = Assignment.objects.get()
    assert (row.state, row.reason) == ("skipped", "in Latin")
    assert QueueItem.objects.get(pk=work.item.pk).need == 1


@pytest.mark.parametrize(
    ("draft", "said"),
    [
        ("{", "not JSON"),
        ("[" * 5_000, "not JSON"),
        ('"\\u0000"', "NUL"),
        ('"\\ud800"', "whole characters"),
        ("NaN", "finite"),
        (json.dumps("x" * 200_000), "at most"),
    ],
)
def test_hostile_drafts_get_a_sentence(world, client_for, draft, said):
    client, _, address = held(world, client_for, world.queue())
    answer = client.post(f"{address}draft/", {"draft": draft}, **HX)
    assert answer.status_code == 422
    assert said in answer.content.decode()


def test_a_backslash_u0000_in_text_is_no_nul(world, client_for):
    client, _, address = held(world, client_for, world.queue())
    draft = {"tex": "\\u0000 is written so"}
    assert client.post(f"{address}draft/", {"draft": json.dumps(draft)}, **HX).status_code == 204
    assert Assignment.objects.get().draft == draft


def test_the_item_of_somebody_else_does_not_exist(world, client_for):
    _, _, address = held(world, client_for, world.queue(), 1)
    for client in (client_for(world.people[2]), client_for(world.owner)):
        assert client.get(address).status_code == 404
        assert client.post(f"{address}submit/", {"fence": 1}, **HX).status_code == 404


def test_an_item_belongs_to_the_queue_of_its_address(world, client_for):
    queue, other = world.queue(), world.queue(name="Other")
    client, work, _ = held(world, client_for, queue)
    assert client.get(url(world, "work-item", other.pk, work.assignment.pk)).status_code == 404


@pytest.mark.parametrize("fence", ["", "x", "-1", str(2**70), "1.5"])
def test_a_fence_that_is_none_is_refused(world, client_for, fence):
    client, _, address = held(world, client_for, world.queue())
    assert client.post(f"{address}submit/", {"fence": fence}, **HX).status_code == 422


def test_empty_page_says_why(world, client_for):
    queue = world.queue(limit=1)
    held(world, client_for, queue, 2)
    page = client_for(world.people[1]).get(url(world, "work", queue.pk)).content.decode()
    assert "nothing left for you" in page
    Queue.objects.update(state="paused")
    page = client_for(world.people[1]).get(url(world, "work", queue.pk)).content.decode()
    assert "paused" in page


def test_a_reviewer_gives_an_item_to_somebody_else(world, client_for):
    queue = world.queue()
    client, work, address = held(world, client_for, queue, 1)
    sent = {"user": world.people[2].pk, "instead_of": work.assignment.pk}
    answer = client_for(world.owner).post(url(world, "queue-assign", queue.pk, work.item.pk), sent)
    assert answer.status_code == 302
    assert take(queue, world.people[2]).trace == work.trace
    lost = client.post(f"{address}heartbeat/", {"fence": 1}, **HX)
    assert lost.status_code == 409
    assert "A reviewer gave this item to" in lost.content.decode()


def test_pause_open_close_and_delete(world, client_for):
    queue, client = world.queue(), client_for(world.owner)
    for state in ("paused", "open", "closed"):
        client.post(url(world, "queue-state", queue.pk), {"state": state})
        assert Queue.objects.get().state == state
    assert client.post(url(world, "queue-state", queue.pk), {"state": "x"}).status_code == 422
    client.post(url(world, "queue-delete", queue.pk))
    assert not Queue.objects.exists()


def test_a_queue_somebody_worked_in_is_not_deleted(world, client_for):
    queue = world.queue()
    take(queue, world.people[1])
    answer = client_for(world.owner).post(url(world, "queue-delete", queue.pk))
    assert answer.status_code == 409
    assert Queue.objects.exists()


def test_items_are_paged_by_key(world, client_for, monkeypatch):
    monkeypatch.setattr("annotator.views.pages.queues.page.ITEM_PAGE", 3)
    queue, client = world.queue(), client_for(world.owner)
    first = client.get(url(world, "queue", queue.pk)).content.decode()
    assert first.count('id="item-') == 3
    last = queue.items.order_by("position")[2]
    assert f"?after={last.position:g}%3A{last.pk}" in first
    rest = client.get(f"{url(world, 'queue', queue.pk)}?after={last.position:g}:{last.pk}")
    assert rest.content.decode().count('id="item-') == 1
    for nonsense in ("x", "1:", "nan:1", "1:99999999999999999999"):
        page = client.get(url(world, "queue", queue.pk), {"after": nonsense})
        assert page.status_code == 200


def test_the_live_part_costs_the_same_at_any_size(world, client_for, django_assert_max_num_queries):
    queue, client = world.queue(), client_for(world.owner)
    take(queue, world.people[1])
    with django_assert_max_num_queries(16):
        part = client.get(url(world, "queue", queue.pk), **HX).content.decode()
    assert part.lstrip().startswith('<div id="queue-live"')
    assert world.people[1].get_username() in part


def test_a_gold_share_without_gold_outside_the_exam_is_told(world, client_for):
    world.gold(world.traces[0])
    exam = world.queue(name="Exam", is_exam=True, pass_mark=1.0)
    bare = world.queue(name="Bare", gold_share=0.5, exam=exam)
    world.gold(world.traces[1])
    plain = world.queue(name="Plain", gold_share=0.5)
    client = client_for(world.owner)
    pages = {q.name: client.get(url(world, "queue", q.pk)).content.decode() for q in (bare, plain)}
    assert "<dt>Gold items</dt><dd>0</dd>" in pages["Bare"]
    assert "those of exams are left out" in pages["Bare"]
    assert "<dt>Left to exams</dt><dd>1</dd>" in pages["Bare"]
    assert "<dt>Gold items</dt><dd>1</dd>" in pages["Plain"]
    assert 'id="without-gold"' not in pages["Plain"]


def test_who_may_make_a_queue_is_told_to_and_start_stands_beside_the_name(world, client_for):
    address = url(world, "queue-list")
    pages = [client_for(person).get(address).content.decode() for person in world.people[:2]]
    assert "No queue is open. Make one below." in pages[0]
    assert "No queue is open. A reviewer makes one." in pages[1]
    queue = world.queue()
    page = client_for(world.people[1]).get(address).content.decode()
    row = page.split(f'id="mine-{queue.pk}"')[1]
    assert row.index(f'id="work-{queue.pk}"') < row.index(queue.get_task_display())


def test_scores_that_are_not_there_cannot_be_shown(world, client_for):
    scored, bare = (
        RewardModel.objects.create(project=world.project, name=name, kind="imported", ready=True)
        for name in ("prm", "bare")
    )
    client = client_for(world.owner)
    form = {"name": "Night", "task": "all_steps", "order": "file", "overlap": 1, "seed": 0}
    form |= {"lease_minutes": 10, "gold_share": 0, "reveal_share": 0.5}
    for model, who in (("", "models of this project have"), (bare.pk, "bare v1 has")):
        refused = client.post(url(world, "queue-list"), form | {"model": model})
        assert refused.status_code == 422
        said = f"{who} scored no step, so there is nothing to show. Score the project on the page"
        assert said in refused.content.decode()
        StepScore.objects.get_or_create(step=world.traces[0].end, model=scored, score=0.5)
    form["model"] = bare.pk
    assert not Queue.objects.exists()
    for said in ({"reveal_share": 0}, {"model": scored.pk}):
        answer = client.post(url(world, "queue-list"), form | said | {"name": f"{said}"})
        assert answer.status_code == 302
    # A queue without a model shows any that has scored; once none has, its page says so.
    queue = world.queue(name="Any", reveal_share=0.5)
    address = url(world, "queue", queue.pk)
    assert 'id="without-scores"' not in client.get(address).content.decode()
    StepScore.objects.all().delete()
    assert 'id="without-scores"' in client.get(address).content.decode()
