"""Remarks, replies, questions for the guideline inbox, and written alternatives."""

from __future__ import annotations

import uuid

import pytest

from annotator.errors import ConflictError, InvalidError, NotFoundError
from annotator.models import Alternative, Comment
from annotator.queries.access import access_to
from annotator.queries.judgements.comments import comment_for_user, threads_of
from annotator.services.history.undo import judgement_redo, judgement_undo
from annotator.services.judgements.comments import comment_add, comment_resolve
from annotator.services.judgements.labels import label_set
from tests.annotator.api_client import Api, assert_error
from tests.annotator.workbench_data import GAME, member, project_with_types, write_problem
from tests.page_text import without_tokens

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def world():
    project = project_with_types()
    return write_problem(project, "Make 24.", GAME)


@pytest.fixture
def people(world):
    project = world[0].project
    roles = {"ann": "annotator", "bob": "annotator", "rita": "reviewer", "vic": "viewer"}
    return {name: member(project, name, role) for name, role in roles.items()}


def texts(world, user, step):
    access = access_to(user=user, project=world[0].project)
    threads, _ = threads_of(access=access, problem=world[0], step=step)
    return [thread.comment.text for thread in threads]


def address(world, rest):
    return f"/p/{world[0].project.name}/problems/{world[0].pk}/{rest}"


def test_the_newest_threads_come_first_and_every_other_is_a_page_away(world, people, client_for):
    problem, steps = world
    made = [
        comment_add(problem=problem, user=people["ann"], step=steps[0], text=f"remark {n}")
        for n in range(53)
    ]
    reply = comment_add(
        problem=problem, user=people["rita"], step=steps[0], text="late", answers=made[0]
    )
    client = client_for(people["rita"])
    url = f"/api/v1/problems/{problem.pk}/comments/?step={steps[0].pk}"
    newest = client.get(url).json()
    assert [row["id"] for row in newest["results"]] == [row.pk for row in made[3:]]
    assert newest["earlier"] == made[3].pk
    oldest = client.get(f"{url}&before={newest['earlier']}").json()
    assert [row["id"] for row in oldest["results"]] == [
        made[0].pk, reply.pk, made[1].pk, made[2].pk,
    ]  # fmt: skip
    assert oldest["earlier"] is None
    page = client.get(address(world, f"steps/{steps[0].pk}/comments/"), headers=HTMX)
    assert f"before={made[3].pk}" in page.content.decode()
    page = client.get(
        address(world, f"steps/{steps[0].pk}/comments/?before={made[3].pk}"), headers=HTMX
    )
    assert "remark 0" in page.content.decode()
    assert "remark 3" not in page.content.decode()
    assert "Back to the newest" in page.content.decode()


def test_replies_join_the_thread(world, people):
    problem, steps = world
    first = comment_add(problem=problem, user=people["ann"], step=steps[0], text=" unclear ")
    reply = comment_add(
        problem=problem, user=people["rita"], step=steps[0], text="why?", answers=first
    )
    again = comment_add(
        problem=problem, user=people["ann"], step=steps[0], text="the sign", answers=reply
    )
    assert (first.text, reply.answers, again.answers) == ("unclear", first, first)
    access = access_to(user=people["rita"], project=problem.project)
    [thread], _ = threads_of(access=access, problem=problem, step=steps[0])
    assert [row.text for row in thread.replies] == ["why?", "the sign"]


def test_remarks_of_others_open_with_ones_own_judgement(world, people):
    problem, steps = world
    comment_add(problem=problem, user=people["bob"], step=steps[0], text="wrong, I think")
    assert texts(world, people["bob"], steps[0]) == ["wrong, I think"]
    assert texts(world, people["ann"], steps[0]) == []
    assert texts(world, people["vic"], steps[0]) == []
    assert texts(world, people["rita"], steps[0]) == ["wrong, I think"]
    with pytest.raises(NotFoundError):
        comment_for_user(user=people["ann"], pk=Comment.objects.get().pk, problem=problem)
    label_set(step=steps[0], user=people["ann"], rating=1)
    assert texts(world, people["ann"], steps[0]) == ["wrong, I think"]


def test_same_key_is_one_remark(world, people):
    problem, _ = world
    key = uuid.uuid4()
    said = {"problem": problem, "user": people["ann"], "idempotency_key": key}
    assert comment_add(text="x", **said) == comment_add(text="x", **said)
    assert Comment.objects.count() == 1
    with pytest.raises(ConflictError):
        comment_add(text="y", **said)


def test_bad_remarks_are_refused(world, people):
    problem, steps = world
    other, others = write_problem(problem.project, "Make 25.", GAME)
    elsewhere = comment_add(problem=other, user=people["ann"], text="x")
    said = {"problem": problem, "user": people["ann"]}
    for more in (
        {"text": "  "},
        {"text": "x", "kind": "unsure"},
        {"text": "x", "step": others[0]},
        {"text": "x", "answers": elsewhere},
        {"text": "x" * 10_001},
        {"text": "nul \x00"},
    ):
        with pytest.raises(InvalidError):
            comment_add(**said, **more)
    assert Comment.objects.count() == 1
    assert steps


def test_questions_are_settled_by_an_answer_only(world, people):
    problem, steps = world
    flag = comment_add(problem=problem, user=people["ann"], step=steps[0], text="?", kind="flag")
    with pytest.raises(InvalidError, match="inbox"):
        comment_resolve(comment=flag, user=people["rita"])
    remark = comment_add(problem=problem, user=people["ann"], text="ok")
    comment_resolve(comment=remark, user=people["rita"])
    assert (remark.resolved is not None, remark.resolved_by) == (True, people["rita"])
    comment_resolve(comment=remark, user=people["rita"], resolved=False)
    assert (remark.resolved, remark.resolved_by) == (None, None)


def test_panel_says_replies_settles_and_flags(world, people, client_for):
    _, steps = world
    ann, bob, rita = (client_for(people[name]) for name in ("ann", "bob", "rita"))
    place = address(world, f"steps/{steps[0].pk}/comments/")
    sent = ann.post(place, {"text": "<b>odd</b>", "key": uuid.uuid4()}, headers=HTMX)
    assert (sent.status_code, sent["HX-Trigger"]) == (200, "talk-changed")
    assert "&lt;b&gt;odd&lt;/b&gt;" in sent.content.decode()
    ann.post(place, {"text": "may one skip?", "kind": "flag"}, headers=HTMX)
    assert Comment.objects.filter(kind="flag", step=steps[0]).count() == 1
    remark = Comment.objects.get(kind="comment")
    assert "odd" not in without_tokens(bob.get(place).content.decode())
    assert (
        bob.post(place, {"text": "me too", "answers": remark.pk}, headers=HTMX).status_code == 404
    )
    settle = address(world, f"comments/{remark.pk}/settle/")
    assert bob.post(settle, headers=HTMX).status_code == 404
    assert rita.post(settle, headers=HTMX).status_code == 200
    remark.refresh_from_db()
    assert remark.resolved_by == people["rita"]
    empty = ann.post(place, {"text": " "}, headers=HTMX)
    assert (empty.status_code, "HX-Trigger" in empty) == (422, False)
    assert client_for(people["vic"]).get(place).status_code == 403


def test_alternative_is_written_rewritten_taken_back_and_undone(world, people, client_for):
    problem, steps = world
    ann = client_for(people["ann"])
    place = address(world, f"steps/{steps[2].pk}/alternative/")
    ann.post(place, {"text": "10 - 4 = 6"}, headers=HTMX)
    own = Alternative.objects.get()
    assert (own.text, own.parent, own.replaces) == ("10 - 4 = 6", steps[0], steps[2])
    ann.post(place, {"text": "10 - 6 = 4!"}, headers=HTMX)
    assert Alternative.objects.get().text == "10 - 6 = 4!"
    assert ann.post(place, {"text": " "}, headers=HTMX).status_code == 422
    assert ann.post(place, {"clear": "1"}, headers=HTMX).status_code == 200
    assert not Alternative.objects.exists()
    judgement_undo(problem=problem, user=people["ann"])
    assert Alternative.objects.get().text == "10 - 6 = 4!"
    judgement_redo(problem=problem, user=people["ann"])
    assert not Alternative.objects.exists()
    assert "10 - 6 = 4!" not in client_for(people["bob"]).get(place).content.decode()


def test_api_has_alternatives_and_submissions(world, people):
    problem, steps = world
    api = Api(people["ann"])
    place = f"steps/{steps[0].pk}/alternative/"
    assert api("get", place).json() == {"alternative": None}
    assert api("put", place, {"text": "5 * 4 = 20"}).json()["alternative"]["parent"] is None
    assert api("get", place).json()["alternative"]["text"] == "5 * 4 = 20"
    assert Api(people["bob"])("get", place).json() == {"alternative": None}
    assert api("delete", place).json()["alternative"] is None
    assert_error(api("delete", place), 404, "not_found")
    trace = problem.traces.first()
    end = f"traces/{trace.pk}/submission/"
    assert_error(api("put", end, {"reason": "give_up"}), 422, "invalid")
    saved = api("put", end, {"reason": "give_up", "note": "too long", "milliseconds": 5})
    assert saved.json()["submission"]["note"] == "too long"
    assert Api(people["bob"])("get", end).json() == {"submission": None}
    assert api("delete", end).json()["submission"] is None


def test_api_comments(world, people):
    problem, steps = world
    ann, rita = Api(people["ann"]), Api(people["rita"])
    place = f"problems/{problem.pk}/comments/"
    made = ann("post", place, {"step": steps[0].pk, "text": "odd", "kind": "flag"})
    assert made.status_code == 201
    assert (made.json()["kind"], made.json()["step"]) == ("flag", steps[0].pk)
    remark = ann("post", place, {"text": "on the whole"}).json()
    reply = rita("post", place, {"text": "yes", "answers": remark["id"]})
    assert reply.json()["answers"] == remark["id"]
    rows = ann("get", place).json()["results"]
    assert [(row["text"], row["answers"]) for row in rows] == [
        ("on the whole", None),
        ("yes", remark["id"]),
    ]
    on_step = ann("get", f"{place}?step={steps[0].pk}").json()["results"]
    assert [row["text"] for row in on_step] == ["odd"]
    assert Api(people["bob"])("get", f"{place}?step={steps[0].pk}").json()["results"] == []
    settled = rita("patch", f"{place}{remark['id']}/", {"resolved": True}).json()
    assert settled["resolved"] is not None
    assert_error(
        Api(people["bob"])("patch", f"{place}{remark['id']}/", {"resolved": True}), 404, "not_found"
    )
