"""What is collected from the tables under which filter."""

from __future__ import annotations

from datetime import UTC, date, datetime

from annotator.models import GuidelineVersion, Ranking, Rater, StepLabel
from annotator.queries.agreement.columns import rankings_of
from annotator.queries.agreement.scope import Scope
from annotator.services.judgements.spans import span_label_set
from annotator.services.judgements.submissions import submission_set
from tests.annotator.agreement.data import EVERYBODY, blamed, imported, judge, ranked, ratings
from tests.annotator.queue_world import answer, queue_world, rate, take
from tests.factories import problem_with_tree


class TestColumns:
    def test_people_only_unless_others_are_asked_for(self, world):
        judge(world.traces[0], world.people[1], 1, -1)
        imported(world, "labeler", world.traces[0], 0)
        people = {("first 0", "agree-1"): 1, ("second 0!", "agree-1"): -1}
        assert ratings(world.project) == people
        assert ratings(world.project, EVERYBODY) == {**people, ("first 0", "labeler"): 0}

    def test_unsure_is_no_rating(self, world):
        judge(world.traces[0], world.people[1], None, 1)
        assert ratings(world.project) == {("second 0!", "agree-1"): 1}

    def test_of_two_sources_of_one_labeler_the_newest_counts(self, world):
        imported(world, "labeler", world.traces[0], 1, key="a")
        imported(world, "labeler", world.traces[0], -1, key="b")
        assert ratings(world.project, EVERYBODY) == {("first 0", "labeler"): -1}

    def test_other_projects_stay_out(self, world):
        other = queue_world(traces=1, people=2, tag="other")
        judge(other.traces[0], other.people[1], 1)
        assert ratings(world.project) == {}

    def test_guideline_version(self, world):
        GuidelineVersion.objects.create(project=world.project, number=1)
        judge(world.traces[0], world.people[1], 1)
        GuidelineVersion.objects.create(project=world.project, number=2)
        judge(world.traces[0], world.people[2], 0)
        assert ratings(world.project, Scope(guideline=1)) == {("first 0", "agree-1"): 1}
        assert ratings(world.project, Scope(guideline=2)) == {("first 0", "agree-2"): 0}

    def test_days_are_inclusive(self, world):
        judge(world.traces[0], world.people[1], 1)
        StepLabel.objects.update(updated=datetime(2026, 5, 4, 23, 59, 59, tzinfo=UTC))
        day = date(2026, 5, 4)
        assert len(ratings(world.project, Scope(since=day, until=day))) == 1
        assert ratings(world.project, Scope(since=date(2026, 5, 5))) == {}
        assert ratings(world.project, Scope(until=date(2026, 5, 3))) == {}
        assert len(ratings(world.project, Scope(until=date.max))) == 1

    def test_a_queue_is_what_its_people_submitted(self, world):
        queue = world.queue(overlap=2, limit=1)
        answer(queue, world.people[1])
        work = take(queue, world.people[2])
        rate(work, world.people[2], 1)  # not submitted
        judge(world.traces[3], world.people[1], 0)  # not in the queue
        scope = Scope(queue=queue.pk)
        (found,) = ratings(world.project, scope).items()
        assert found == ((f"first {world.traces.index(work.trace)}", "agree-1"), -1)
        assert list(blamed(world.project, scope).values()) == [0]
        assert rankings_of(project=world.project, scope=scope).rows == ()

    def test_first_errors_of_finished_traces(self, world):
        judge(world.traces[0], world.people[1], 1, 1)
        judge(world.traces[0], world.people[2], -1)
        judge(world.traces[0], world.people[3], 1)  # left in the middle
        judge(world.traces[1], world.people[1], None, -1)  # unsure is judged
        assert blamed(world.project) == {
            ("second 0!", "agree-1"): -1,
            ("second 0!", "agree-2"): 0,
            ("second 1!", "agree-1"): 1,
        }

    def test_a_span_answers_for_its_steps_without_a_label(self, world):
        trace, person = world.traces[0], world.people[1]
        first, last = trace.problem.steps.order_by("preorder")
        span_label_set(first=first, last=last, user=person, rating=-1)
        assert blamed(world.project) == {("second 0!", "agree-1"): 0}
        judge(trace, person, 1)
        assert blamed(world.project) == {("second 0!", "agree-1"): 1}
        assert ratings(world.project) == {("first 0", "agree-1"): 1}

    def test_who_gave_up_blames_nothing(self, world):
        first, second = world.traces[:2]
        for trace in (first, second):
            judge(trace, world.people[1], -1)
        submission_set(
            problem=first.problem,
            trace=first,
            user=world.people[1],
            reason="give_up",
            note="too long",
        )
        assert blamed(world.project) == {("second 1!", "agree-1"): 0}
        submission_set(
            problem=second.problem,
            trace=None,
            user=world.people[1],
            reason="bad_problem",
            note="no answer",
        )
        assert blamed(world.project) == {}

    def test_rankings_by_filter(self, world):
        GuidelineVersion.objects.create(project=world.project, number=1)
        one, two = world.people[1:3]
        ranked(world, one, world.traces[0], [[1], [2]], criterion="soundness")
        kept = ranked(world, two, world.traces[0], [[1, 2]], criterion="soundness")
        kept.guideline = GuidelineVersion.objects.get(project=world.project, number=1)
        kept.updated = datetime(2026, 5, 4, 12, tzinfo=UTC)
        kept.save()
        found = rankings_of(project=world.project, scope=Scope())
        assert [(row.tiers, row.criterion, row.level) for row in found.rows] == [
            (((1,), (2,)), "soundness", "step"),
            (((1, 2),), "soundness", "step"),
        ]
        for scope in (Scope(guideline=1), Scope(until=date(2026, 5, 4))):
            (row,) = rankings_of(project=world.project, scope=scope).rows
            assert row.rater == kept.rater_id
        assert rankings_of(project=world.project, scope=Scope(kinds=("imported",))).rows == ()

    def test_rankings_without_a_common_item_are_of_different_questions(self, world):
        one, two = world.people[1:3]
        for user, source in ((one, "a"), (two, "b")):
            for number, tiers in enumerate([[[1], [2]], [[7, 8]], [[2], [3]], [[8], [7]]]):
                event = imported(world, source, world.traces[0], 1, key=f"{source}{number}")
                row = ranked(world, user, world.traces[number % 4], tiers, level="trace")
                Ranking.objects.filter(pk=row.pk).update(
                    problem=world.traces[0].problem, source=event.source
                )
        found = rankings_of(project=world.project, scope=Scope())
        # [1, 2] and [2, 3] are linked by 2, [7, 8] stands alone; the newest of each counts.
        assert [(row.place, row.tiers) for row in found.rows] == [
            ((0, 1), ((2,), (3,))),
            ((0, 7), ((8,), (7,))),
        ] * 2

    def test_rankings_of_a_queue(self, world):
        problem = problem_with_tree(
            ["root", ["a"], ["b"]], ["other"], project=world.project, prompt="fork"
        )
        root = problem.steps.get(text="root")
        queue = world.queue(task="rank_step", name="Ranks", overlap=2)
        trace = problem.traces.first()
        one, two = world.people[1:3]
        for user in (one, two):
            for parent in (root, None):
                ranked(world, user, trace, [[1], [2]], parent=parent)
            ranked(world, user, trace, [[1], [2]], parent=root, level="branch")
        answer_ranked(queue, one)
        answer_ranked(queue, one)
        found = rankings_of(project=world.project, scope=Scope(queue=queue.pk))
        assert {(row.place, row.level) for row in found.rows} == {
            ((root.pk, 1), "step"),
            ((0, 1), "step"),
        }
        assert {row.rater for row in found.rows} == {Rater.objects.get(user=one).pk}


def answer_ranked(queue, user):
    """Be served a fork whose ranking is there and submit it."""
    from annotator.services.queues import assignment_submit

    work = take(queue, user)
    assignment_submit(assignment=work.assignment, user=user, fence=work.fence)
