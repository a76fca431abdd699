"""Gold that a person gives back, seen from outside: it goes as any other item would.

Every story is told twice, once of a gold item and once of an ordinary one in its place, over the
JSON API, and what the person is answered must be the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from annotator.models import Assignment, Queue, QueueItem
from annotator.queries.queues.progress import queues_open_to
from annotator.services.queues import (
    assignment_return,
    assignment_skip,
    draft_save,
    item_next,
)
from annotator.services.queues.leases import leases_sweep
from tests.annotator.api_client import Api
from tests.annotator.queue_world import answer, queue_world, take

pytestmark = pytest.mark.django_db
RARELY = 1e-9  # hidden gold is in the queue, and is not drawn again while the story goes on


@dataclass
class Story:
    """Ann holds an item X, gold or not; others may work."""

    hidden: bool
    overlap: int = 1
    told: list[object] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.world = queue_world(traces=8, people=4)
        _, self.ann, *self.others = self.world.people
        if self.hidden:
            self.world.gold(self.world.traces[3])
        share = 1.0 if self.hidden else 0.0
        self.queue = self.world.queue(gold_share=share, overlap=self.overlap)
        self.x = take(self.queue, self.ann).assignment
        assert (self.x.item.gold_id is not None) == self.hidden
        if self.hidden:
            Queue.objects.update(gold_share=RARELY)
        self.api = Api(self.ann)
        self.api("get", "queues/")  # the token's first use is stored

    def give_back(self, assignment: Assignment) -> None:
        assignment.refresh_from_db()
        assignment_return(assignment=assignment, user=self.ann, fence=assignment.fence)

    def run_out(self, assignment: Assignment) -> None:
        """Let a lease end, and the reaper see it."""
        past = timezone.now() - timedelta(seconds=1)
        Assignment.objects.filter(pk=assignment.pk).update(lease_until=past)
        leases_sweep()

    def take_again(self, assignment: Assignment) -> None:
        """Ask for X again and keep what an observer has of the answer, the work done included."""
        with CaptureQueriesContext(connection) as queries:
            said = self.api("post", f"assignments/{assignment.pk}/retake/")
        body = said.json()
        error = body.get("error", {})
        self.told.append(
            (said.status_code, sorted(body), error.get("code"), error.get("message"), len(queries))
        )

    def next(self) -> Assignment | None:
        served = item_next(queue=self.queue, user=self.ann)
        return Assignment.objects.filter(pk=served.assignment_id or 0).first()


def both(tell, **world):
    """Tell a story of gold and of an ordinary item; return what was answered, which is the same."""
    stories = [Story(hidden, **world) for hidden in (True, False)]
    for story in stories:
        tell(story)
    assert stories[0].told == stories[1].told
    return stories[0].told


def leave(story, how):
    {"returned": story.give_back, "expired": story.run_out}[how](story.x)


@pytest.mark.parametrize("how", ["returned", "expired"])
@pytest.mark.parametrize(
    ("overlap", "others", "status"), [(1, 0, 200), (1, 1, 409), (2, 1, 200), (2, 2, 409)]
)
def test_taking_it_again_is_answered_by_how_many_others_worked(how, overlap, others, status):
    def tell(story):
        leave(story, how)
        for person in story.others[:others]:
            answer(story.queue, person)
        story.take_again(story.x)

    ((said, _, code, message, _),) = both(tell, overlap=overlap)
    assert said == status
    if status == 409:
        assert (code, message[:44]) == (
            "lease_lost",
            "Others have taken this item meanwhile. What ",
        )


@pytest.mark.parametrize(("others", "status"), [(0, 200), (1, 200), (2, 409)])
def test_what_was_given_back_before_it_goes_before_it(others, status):
    def tell(story):
        held = story.x
        Assignment.objects.filter(pk=held.pk).update(state="returned")  # out of the way
        first = take(story.queue, story.ann).assignment
        story.give_back(first)
        Assignment.objects.filter(pk=held.pk).update(state="leased")
        story.give_back(held)
        for _ in range(others):
            answer(story.queue, story.others[0])
        story.take_again(held)

    told = both(tell)
    assert told[0][0] == status


def test_nobody_tells_one_gold_and_one_ordinary_item_by_taking_them_again():
    for others in (0, 1, 2):
        story = Story(hidden=True)
        story.give_back(story.x)
        plain = take(story.queue, story.ann).assignment
        story.give_back(plain)
        for _ in range(others):
            answer(story.queue, story.others[0])
        for assignment in (story.x, plain):
            story.take_again(assignment)
        assert story.told[0] == story.told[1]
        assert story.told[0][0] == (200 if not others else 409)


@pytest.mark.parametrize("others", [0, 1])
def test_an_item_whose_lease_ended_comes_again_unless_it_is_gone(others):
    def tell(story):
        story.run_out(story.x)
        for person in story.others[:others]:
            answer(story.queue, person)
        story.told.append(story.next() == story.x)

    assert both(tell) == [others == 0]


@pytest.mark.parametrize("others", [0, 1])
def test_an_item_that_was_put_back_comes_last_unless_it_is_gone(others):
    def tell(story):
        story.give_back(story.x)
        for person in story.others[:others]:
            answer(story.queue, person)
        while (served := story.next()) is not None and served != story.x:
            answer(story.queue, story.ann)
        story.told.append(served == story.x)
        if served is not None:
            answer(story.queue, story.ann)
        story.told.append(item_next(queue=story.queue, user=story.ann).outcome)

    assert both(tell) == [others == 0, "nothing"]


@pytest.mark.parametrize("how", ["returned", "expired", "skipped"])
def test_others_look_again_when_it_comes_back(how):
    """Whoever had nothing left is told that items wait, whatever came back."""

    def tell(story):
        bob = story.others[0]
        while item_next(queue=story.queue, user=bob).outcome == "item":
            answer(story.queue, bob)
        if how == "skipped":
            assignment_skip(assignment=story.x, user=story.ann, fence=1, reason="no idea")
        else:
            leave(story, how)
        (mine,) = queues_open_to(project=story.world.project, user=bob)
        story.told.append(mine.finished)

    assert both(tell) == [False]


def test_a_place_that_is_gone_keeps_the_draft():
    def tell(story):
        draft_save(assignment=story.x, user=story.ann, draft={"note": "half"})
        story.give_back(story.x)
        answer(story.queue, story.others[0])
        story.take_again(story.x)
        draft_save(assignment=story.x, user=story.ann, draft={"note": "more"})
        story.told.append(Assignment.objects.get(pk=story.x.pk).draft)

    assert both(tell)[-1] == {"note": "more"}


def test_gold_taken_again_starts_anew():
    story = Story(hidden=True)
    for _ in range(2):
        story.give_back(story.x)
        story.take_again(story.x)
    row = Assignment.objects.get(pk=story.x.pk)
    assert (row.state, row.fence, row.freed, row.places) == ("leased", 3, None, None)
    story.give_back(story.x)
    answer(story.queue, story.others[0])
    story.take_again(story.x)
    assert [said[0] for said in story.told] == [200, 200, 409]


def test_gold_that_came_back_stays_gold_for_everybody_else():
    story = Story(hidden=True)
    story.give_back(story.x)
    Queue.objects.update(gold_share=1.0)
    for person in story.others:
        assert take(story.queue, person).item == story.x.item
    item = QueueItem.objects.get(pk=story.x.item_id)
    assert (item.need, item.open, item.freed) == (0, True, None)


def test_an_exam_hides_nothing_and_keeps_its_items():
    world = queue_world(traces=4)
    world.gold(*world.traces[:2])
    exam = world.queue(is_exam=True, pass_mark=1.0)
    _, ann, bob = world.people
    work = take(exam, ann)
    assignment_return(assignment=work.assignment, user=ann, fence=work.fence)
    for _ in range(2):
        answer(exam, bob)
    assert Api(ann)("post", f"assignments/{work.assignment.pk}/retake/").status_code == 200
