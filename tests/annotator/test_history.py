"""The timeline of a problem: what it shows to whom, going back across submits, and its CSV."""

from __future__ import annotations

import csv
import io
import uuid

import pytest
from django.urls import reverse

from annotator.errors import ConflictError, ForbiddenError, InvalidError
from annotator.models import (
    Adjudication,
    Assignment,
    Comment,
    ErrorType,
    JudgementEvent,
    Membership,
    Outcome,
    Problem,
    StepLabel,
    Submission,
)
from annotator.queries.access import access_to
from annotator.queries.history.timeline import history_of, history_whole, undone_events
from annotator.queries.rankings.places import place_of
from annotator.services.adjudication import Rating, step_decide
from annotator.services.history.rebuild import judgements_rebuild
from annotator.services.history.restore import judgement_restore, judgements_undo_to
from annotator.services.history.undo import judgement_redo, judgement_undo
from annotator.services.judgements.labels import label_set
from annotator.services.judgements.outcomes import outcome_set
from annotator.services.people.raters import rater_for_user
from annotator.services.queues import assignment_submit
from annotator.services.rankings.answers import Answer, ranking_set
from tests.annotator.queue_world import answer, queue_world, rate, take
from tests.factories import ProjectFactory, UserFactory, problem_with_tree

pytestmark = pytest.mark.django_db


class World:
    """A queue world; ``ada`` and ``bo`` annotate, ``rea`` reviews, ``vi`` looks."""

    def __init__(self):
        self.queues = queue_world(traces=1, people=5)
        self.project = self.queues.project
        self.owner, self.ada, self.bo, self.rea, self.vi = self.queues.people
        for person, role in ((self.rea, "reviewer"), (self.vi, "viewer")):
            Membership.objects.filter(user=person).update(role=role)
        self.trace = self.queues.traces[0]
        self.problem = Problem.objects.select_related("project").get(pk=self.trace.problem_id)
        self.first, self.second = self.problem.steps.order_by("preorder")
        for step in (self.first, self.second):
            step.problem = self.problem

    def words(self, person, **asked):
        access = access_to(user=person, project=self.project)
        found, _ = history_of(access=access, problem=self.problem, **asked)
        return [(entry.who, entry.what) for entry in found]

    def rate(self, person, rating, step=None, **more):
        result = label_set(step=step or self.first, user=person, rating=rating, **more)
        return JudgementEvent.objects.select_related("problem__project").get(pk=result.event_id)

    def url(self, name, *args):
        return reverse(f"annotator:{name}", args=[self.project.name, self.problem.pk, *args])


@pytest.fixture
def world():
    return World()


def test_everything_stands_in_one_line_newest_first(world):
    queue = world.queues.queue(overlap=2)
    work = take(queue, world.ada)
    ErrorType.objects.create(project=world.project, key="logic", label="Logic")
    world.rate(world.ada, 1)
    world.rate(world.ada, -1, error_type="logic", note="no")
    assignment_submit(assignment=work.assignment, user=world.ada, fence=work.fence)
    step_decide(step=world.first, user=world.rea, decision=Rating(0), reason="neither")
    ada, rea = world.ada.username, world.rea.username
    assert world.words(world.rea) == [
        (rea, "decided 0"),
        (ada, "submitted an item of the queue Queue"),
        (ada, "submitted: stopped at the first error"),
        (ada, "rated −1, Logic (before: +1)"),
        (ada, "rated +1"),
        (ada, "was served an item of the queue Queue"),
    ]


def test_pages_hold_every_entry_once(world):
    answer(world.queues.queue(), world.ada)
    for rating in (0, 1, -1, 0):
        world.rate(world.bo, rating)
    access = access_to(user=world.rea, project=world.project)
    whole = [entry.cursor for entry in history_whole(access=access, problem=world.problem)]
    seen, after = [], ""
    while True:
        found, after = history_of(access=access, problem=world.problem, after=after, size=2)
        seen += [entry.cursor for entry in found]
        if not after:
            break
    assert len(whole) == 8  # six events, served, submitted
    assert seen == whole
    for nonsense in ("x", "2026-01-01~3~1", "2026-01-01T00:00:00+00:00~9~1", "~~", "1~1~x"):
        with pytest.raises(InvalidError):
            history_of(access=access, problem=world.problem, after=nonsense)


def test_others_show_only_where_one_has_judged(world, client_for):
    world.rate(world.ada, -1, note="the secret of ada")
    world.rate(world.bo, 1, step=world.second)
    page = client_for(world.bo).get(world.url("history")).content.decode()
    assert "the secret of ada" not in page
    assert world.ada.username not in page
    assert [who for who, _ in world.words(world.bo)] == [world.bo.username]
    world.rate(world.bo, 1)
    assert world.ada.username in dict(world.words(world.bo))
    assert world.words(world.vi) == []


def test_what_is_still_to_be_served_stays_hidden(world):
    world.rate(world.ada, -1)
    queue = world.queues.queue()
    take(queue, world.bo)
    world.rate(world.bo, 1)
    assert [who for who, _ in world.words(world.bo)] == [world.bo.username, world.bo.username]


def test_submissions_decisions_and_comments_of_others_follow_the_step(world):
    queue = world.queues.queue(overlap=2)
    answer(queue, world.ada)
    step_decide(step=world.first, user=world.rea, decision=Rating(0), reason="neither")
    Comment.objects.create(
        project=world.project,
        problem=world.problem,
        step=world.first,
        rater=rater_for_user(project=world.project, user=world.ada),
        text="look",
    )
    work = take(queue, world.bo)
    assert {who for who, _ in world.words(world.bo)} == {world.bo.username}
    rate(work, world.bo, 1, -1)
    assignment_submit(assignment=work.assignment, user=world.bo, fence=work.fence)
    others = [what for who, what in world.words(world.bo) if who != world.bo.username]
    assert others == ["commented", "decided 0", "submitted: stopped at the first error", "rated −1"]


def test_one_step_alone(world):
    world.rate(world.ada, -1)
    world.rate(world.ada, 1, step=world.second)
    assert world.words(world.rea, step=world.second) == [(world.ada.username, "rated +1")]


def test_what_an_import_judged_is_for_reviewers(world):
    payload = {"labels": [{"step": world.first.pk}] * 2, "rankings": [{}]}
    JudgementEvent.objects.create(
        project=world.project, problem=world.problem, kind="import", payload=payload
    )
    assert world.words(world.rea) == [("", "imported: 2 labels, 1 ranking")]
    for person in (world.ada, world.vi):
        assert world.words(person) == [("", "imported")]


def test_outcomes_and_undos_are_told(world):
    outcome_set(trace=world.trace, user=world.rea, name="correct", value=0.0)
    world.rate(world.rea, 1)
    judgement_undo(problem=world.problem, user=world.rea)
    assert [what for _, what in world.words(world.rea)] == [
        "undid: took back the rating +1",
        "rated +1",
        "set the outcome correct to 0 (before: 1)",
    ]
    access = access_to(user=world.rea, project=world.project)
    found, _ = history_of(access=access, problem=world.problem)
    assert [entry.undone for entry in found] == [False, True, False]
    judgement_redo(problem=world.problem, user=world.rea)
    found, _ = history_of(access=access, problem=world.problem)
    assert [entry.undone for entry in found] == [False, True, False, False]


def test_undone_by_hand():
    assert undone_events([]) == set()
    assert undone_events([(2, 1)]) == {1}
    assert undone_events([(2, 1), (3, 2)]) == {2}  # done again
    assert undone_events([(3, 2), (2, 1), (4, 3)]) == {1, 3}


def test_an_earlier_judgement_is_restored_as_a_new_event(world):
    first = world.rate(world.ada, -1, note="wrong sign")
    world.rate(world.ada, 1)
    count = JudgementEvent.objects.count()
    key = uuid.uuid4()
    for replayed in (False, True):
        done = judgement_restore(event=first, user=world.ada, may_review=False, idempotency_key=key)
        assert done.replayed == replayed
    label = StepLabel.objects.get()
    assert (label.rating, label.note) == (-1, "wrong sign")
    assert JudgementEvent.objects.count() == count + 1
    with pytest.raises(ConflictError, match="stands like this already"):
        judgement_restore(event=first, user=world.ada, may_review=False)
    judgement_restore(event=first, user=world.ada, may_review=False, before=True)
    assert not StepLabel.objects.exists()
    judgement_undo(problem=world.problem, user=world.ada)
    assert StepLabel.objects.get().rating == -1
    Outcome.objects.all().delete()  # the factory writes them without events
    assert judgements_rebuild(project=world.project, dry_run=True).equal


def test_only_own_judgements_and_for_reviewers_what_is_shared(world):
    label = world.rate(world.ada, -1)
    outcome_set(trace=world.trace, user=world.rea, name="correct", value=0.0)
    outcome = JudgementEvent.objects.select_related("problem__project").latest("pk")
    with pytest.raises(ForbiddenError):
        judgement_restore(event=label, user=world.rea, may_review=True)
    with pytest.raises(ForbiddenError):
        judgement_restore(event=outcome, user=world.ada, may_review=False, before=True)
    with pytest.raises(ForbiddenError):
        judgements_undo_to(event=label, user=world.rea)
    judgement_restore(event=outcome, user=world.owner, may_review=True, before=True)
    assert Outcome.objects.get(trace=world.trace).value == 1.0
    made = JudgementEvent.objects.latest("pk")
    assert (made.user, made.rater.user) == (world.owner, world.owner)


def test_a_decision_is_restored_by_another_reviewer(world):
    step_decide(step=world.first, user=world.rea, decision=Rating(0), reason="neither")
    first = JudgementEvent.objects.select_related("problem__project").latest("pk")
    step_decide(step=world.first, user=world.owner, decision=Rating(1), reason="it holds")
    judgement_restore(event=first, user=world.owner, may_review=True)
    row = Adjudication.objects.get()
    assert (row.decision["rating"], row.reason) == (0, "neither")
    Outcome.objects.all().delete()
    assert judgements_rebuild(project=world.project, dry_run=True).equal


def test_a_type_of_error_that_is_gone_is_said(world):
    kind = ErrorType.objects.create(project=world.project, key="logic", label="Logic")
    event = world.rate(world.ada, -1, error_type="logic")
    world.rate(world.ada, 1)
    kind.delete()
    with pytest.raises(InvalidError, match="'logic' no longer exists"):
        judgement_restore(event=event, user=world.ada, may_review=False)


def test_undo_back_across_a_submit_reopens_nothing_and_says_so(world):
    queue = world.queues.queue()
    work = take(queue, world.ada)
    event = world.rate(world.ada, -1)
    assignment_submit(assignment=work.assignment, user=world.ada, fence=work.fence)
    done = judgements_undo_to(event=event, user=world.ada)
    assert len(done.events) == 2  # the submission, then the rating
    assert not Submission.objects.exists()
    assert not StepLabel.objects.exists()
    row = Assignment.objects.get()
    assert row.state == "submitted"
    queue.refresh_from_db()
    assert queue.items.get().need == 0
    said = " ".join(done.said)
    assert "2 steps back" in said
    assert "in the queue Queue stays submitted and is not reopened" in said
    assert "It now lacks something: Not rated yet" in said
    with pytest.raises(ConflictError, match="undone already"):
        judgements_undo_to(event=event, user=world.ada)
    judgement_redo(problem=world.problem, user=world.ada)
    assert StepLabel.objects.get().rating == -1


def test_buttons_do_what_they_say(world, client_for):
    first = world.rate(world.ada, -1)
    world.rate(world.ada, 1)
    client = client_for(world.ada)
    page = client.get(world.url("history")).content.decode()
    assert page.count(">Undo to here<") == 2
    answer = client.post(world.url("history-restore", first.pk), follow=True)
    assert "Restored, as a new entry." in answer.content.decode()
    assert StepLabel.objects.get().rating == -1
    answer = client.post(world.url("history-undo", first.pk), follow=True)
    assert "3 steps back" in answer.content.decode()
    assert not StepLabel.objects.exists()
    assert client.post(world.url("history-undo", first.pk)).status_code == 409


def test_what_one_may_not_know_of_does_not_exist(world, client_for):
    hidden = world.rate(world.ada, -1)
    for name in ("history-restore", "history-undo"):
        assert client_for(world.bo).post(world.url(name, hidden.pk)).status_code == 404
        assert client_for(world.rea).post(world.url(name, hidden.pk)).status_code == 403
        assert client_for(world.vi).post(world.url(name, hidden.pk)).status_code == 403
        assert client_for(world.ada).post(world.url(name, 2**70)).status_code == 404
    for wrong in ("x", "999999", "9" * 30):
        assert client_for(world.ada).get(world.url("history"), {"step": wrong}).status_code == 404


def test_csv_has_every_entry_and_no_formula(world, client_for):
    hostile = ("=HYPERLINK(1)", "+1+cmd|' /C calc'!A0", "@SUM(A1)", " -2+3", "\t=1", "＝1")
    for note in hostile:
        world.rate(world.ada, -1, note=note)
    world.ada.username = "=ada"
    world.ada.save()
    answer = client_for(world.rea).get(world.url("history-csv"))
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert len(rows) == len(hostile)
    assert [row["note"] for row in reversed(rows)] == [f"'{note}" for note in hostile]
    assert {row["who"] for row in rows} == {"'=ada"}
    assert rows[0]["step"] == f"{world.first.pk}"
    secret = client_for(world.bo).get(world.url("history-csv")).content.decode()
    assert "HYPERLINK" not in secret


def test_reading_costs_the_same_at_any_length(world, django_assert_max_num_queries):
    answer(world.queues.queue(), world.ada)
    for rating in (0, 1, -1) * 10:
        world.rate(world.bo, rating)
    for person in (world.rea, world.bo):
        access = access_to(user=person, project=world.project)
        with django_assert_max_num_queries(9):
            history_of(access=access, problem=world.problem)


def test_ranked_items_are_called_by_their_first_words_and_open_criterion_by_criterion():
    project = ProjectFactory.create()
    ada, bo = UserFactory.create(username="ada"), UserFactory.create(username="bo")
    for person in (ada, bo):
        Membership.objects.create(project=project, user=person, role="annotator")
    long = "nine words that are more than forty characters long"
    problem = problem_with_tree([long, ["x"]], ["y"], project=project)
    problem = Problem.objects.select_related("project").get(pk=problem.pk)
    roots = {step.text: step.pk for step in problem.steps.filter(parent=None)}
    traces = {trace.end.text: trace.pk for trace in problem.traces.select_related("end")}
    steps = place_of(problem=problem, level="step", parent_id=None)
    whole = place_of(problem=problem, level="trace", parent_id=None)

    def rank(person, place, items, criterion=""):
        answer = Answer(tiers=[[item] for item in items])
        ranking_set(place=place, user=person, answer=answer, criterion=criterion)

    rank(ada, steps, [roots["y"], roots[long]])
    rank(ada, whole, [traces["x"], traces["y"]])
    rank(ada, steps, [roots[long], roots["y"]], criterion="correctness")

    def read(person):
        found, _ = history_of(access=access_to(user=person, project=project), problem=problem)
        return [entry.what for entry in found if entry.kind == "ranking" and not entry.mine]

    shown = "“nine words that are more than forty cha…”"
    assert read(bo) == []
    rank(bo, steps, [roots["y"], roots[long]])
    assert read(bo) == [f"ranked steps overall: “y” > {shown}"]
    rank(bo, steps, [roots["y"], roots[long]], criterion="correctness")
    rank(bo, whole, [traces["x"], traces["y"]])
    assert read(bo) == [
        f"ranked steps by correctness: {shown} > “y”",
        "ranked traces overall: trace 1 > trace 2",
        f"ranked steps overall: “y” > {shown}",
    ]
