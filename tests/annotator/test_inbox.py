"""The inbox: unsure ratings and questions, answered once and seen by who asked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from annotator.models import Comment, Membership, Step, StepLabel
from annotator.queries.rankings.places import place_of
from annotator.services.guidelines.versions import guideline_set
from annotator.services.judgements.labels import label_set
from annotator.services.people.raters import rater_for_user
from annotator.services.rankings.answers import Answer, ranking_set
from tests.factories import MembershipFactory, UserFactory, problem_with_tree

pytestmark = pytest.mark.django_db


class World:
    def __init__(self):
        self.project = MembershipFactory.create().project
        self.ada, self.bo, self.rea = (UserFactory.create(username=n) for n in ("ada", "bo", "rea"))
        for person, role in (
            (self.ada, "annotator"),
            (self.bo, "annotator"),
            (self.rea, "reviewer"),
        ):
            Membership.objects.create(project=self.project, user=person, role=role)
        self.problem = problem_with_tree(["a", ["b"], ["c"]], project=self.project)
        self.step = {row.text: row for row in Step.objects.filter(problem=self.problem)}

    def unsure(self, person, text, note=""):
        label = label_set(step=self.step[text], user=person, rating=None, unsure=True, note=note)
        return label.label

    def flag(self, person, text, said):
        return Comment.objects.create(
            project=self.project,
            problem=self.problem,
            step=self.step[text],
            rater=rater_for_user(project=self.project, user=person),
            kind="flag",
            text=said,
        )

    def url(self, name, *args):
        return reverse(f"annotator:{name}", args=[self.project.name, *args])

    def page(self, client, **query):
        return client.get(self.url("inbox"), query).content.decode()


@pytest.fixture
def world():
    return World()


def test_reviewers_see_all_and_others_their_own(world, client_for):
    mine, other = world.unsure(world.ada, "a", "is it <b>odd</b>?"), world.unsure(world.bo, "b")
    asked = world.flag(world.bo, "c", "may a step be empty?")
    page = world.page(client_for(world.rea), kind="unsure")
    assert f'id="label-{mine.pk}"' in page
    assert f'id="label-{other.pk}"' in page
    assert "is it &lt;b&gt;odd" in page
    assert f'id="comment-{asked.pk}"' in world.page(client_for(world.rea), kind="flag")
    page = world.page(client_for(world.ada), kind="unsure")
    assert f'id="label-{other.pk}"' not in page
    assert "<textarea" not in page
    assert f'id="comment-{asked.pk}"' not in world.page(client_for(world.ada), kind="flag")
    assert "Contradictions" not in page


def test_an_unsure_rating_is_answered_and_the_asker_sees_it_on_the_step(world, client_for):
    label = world.unsure(world.ada, "b", "is 1 prime?")
    guideline_set(project=world.project, markdown="1 is no prime", author=None)
    client = client_for(world.rea)
    sent = {"answer": "No, see part 2.", "guideline": "1"}
    answer = client.post(world.url("inbox-unsure", label.pk), sent)
    assert answer["Location"] == world.url("inbox") + "?kind=unsure"
    row = Comment.objects.get()
    assert (row.kind, row.rater, row.step) == ("unsure", label.rater, world.step["b"])
    assert (row.text, row.resolution, row.resolved_by) == (
        "is 1 prime?",
        "No, see part 2.",
        world.rea,
    )
    assert row.guideline.number == 1
    assert StepLabel.objects.get().unsure
    assert f'id="label-{label.pk}"' not in world.page(client, kind="unsure")
    assert "No, see part 2." in world.page(client, kind="unsure", state="answered")
    step = f"?step={world.step['b'].pk}&tab=labels"
    bench = reverse("annotator:problem", args=[world.project.name, world.problem.pk]) + step
    assert "No, see part 2." in client_for(world.ada).get(bench).content.decode()
    assert "No, see part 2." not in client_for(world.bo).get(bench).content.decode()


def test_being_unsure_again_asks_again(world, client_for):
    label = world.unsure(world.ada, "b")
    client = client_for(world.rea)
    client.post(world.url("inbox-unsure", label.pk), {"answer": "It is right."})
    # A label takes the time of its transaction, which is the test's: the answer was before it.
    Comment.objects.update(resolved=label.updated - timedelta(minutes=1))
    label = world.unsure(world.ada, "b", "still not")
    assert f'id="label-{label.pk}"' in world.page(client, kind="unsure")
    client.post(world.url("inbox-unsure", label.pk), {"answer": "See version 3."})
    row = Comment.objects.get()
    assert (row.text, row.resolution) == ("still not", "See version 3.")
    label_set(step=world.step["b"], user=world.ada, rating=1)
    assert client.post(world.url("inbox-unsure", label.pk), {"answer": "x"}).status_code == 404


def test_a_question_is_answered_and_opened_again(world, client_for):
    asked, client = world.flag(world.ada, "b", "why?"), client_for(world.rea)
    address = world.url("inbox-question", asked.pk)
    assert client.post(address, {"answer": " "}).status_code == 422
    assert client.post(address, {"answer": "so", "guideline": "9"}).status_code == 422
    assert client.post(address, {"answer": "because", "guideline": ""}).status_code == 302
    asked.refresh_from_db()
    assert (asked.resolution, asked.resolved_by) == ("because", world.rea)
    assert "because" in world.page(client_for(world.ada), kind="flag", state="answered")
    client.post(address, {"withdraw": "1"})
    asked.refresh_from_db()
    assert (asked.resolution, asked.resolved, asked.resolved_by) == ("", None, None)


def test_only_reviewers_answer_and_only_in_their_project(world, client_for):
    asked, label = world.flag(world.ada, "b", "why?"), world.unsure(world.ada, "c")
    for person, status in ((world.ada, 403), (UserFactory.create(), 404)):
        for address in (
            world.url("inbox-question", asked.pk),
            world.url("inbox-unsure", label.pk),
        ):
            assert client_for(person).post(address, {"answer": "x"}).status_code == status
    other = MembershipFactory.create(user=world.rea)
    address = reverse("annotator:inbox-question", args=[other.project.name, asked.pk])
    assert client_for(world.rea).post(address, {"answer": "x"}).status_code == 404
    assert (
        client_for(world.rea).post(world.url("inbox-question", 2**70), {"answer": "x"}).status_code
        == 404
    )


def test_pages_go_on_and_nonsense_is_the_first_page(world, client_for):
    rows = [world.flag(world.ada, "b", f"question {n}") for n in range(52)]
    client = client_for(world.rea)
    page = world.page(client, kind="flag")
    assert page.count('id="comment-') == 50
    assert f"before={rows[2].pk}" in page
    assert world.page(client, kind="flag", before=rows[2].pk).count('id="comment-') == 2
    assert world.page(client, kind="flag", before="x").count('id="comment-') == 50


def test_contradictions_stand_there_while_they_last(world, client_for):
    place = place_of(problem=world.problem, level="step", parent_id=world.step["a"].pk)
    b, c = world.step["b"].pk, world.step["c"].pk
    ranking_set(place=place, user=world.ada, answer=Answer(tiers=[[b], [c]]))
    label_set(step=world.step["b"], user=world.ada, rating=-1)
    label_set(step=world.step["c"], user=world.ada, rating=1)
    page = world.page(client_for(world.rea), kind="contradictions")
    assert "A preferred step is rated −1" in page
    label_set(step=world.step["b"], user=world.ada, rating=1)
    page = world.page(client_for(world.rea), kind="contradictions")
    assert "A preferred step is rated −1" not in page
