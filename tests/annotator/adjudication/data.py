"""People who judge one small tree differently, and reviewers who decide."""

from __future__ import annotations

from urllib.parse import urlencode

from django.urls import reverse

from annotator.models import ErrorType, Membership, Outcome, Step
from annotator.queries.adjudication.disagreements import step_disagreements
from annotator.queries.rankings.places import place_of
from annotator.services.adjudication import ranking_decide
from annotator.services.judgements.labels import label_set
from annotator.services.rankings.answers import Answer, ranking_set
from tests.factories import MembershipFactory, UserFactory, problem_with_tree


class World:
    """One problem ``a → b → (c!, d)``, ``e``; two annotators, two reviewers."""

    def __init__(self):
        self.project = MembershipFactory.create().project
        self.people = [UserFactory.create(username=name) for name in ("ada", "bo", "rea", "rik")]
        roles = ("annotator", "annotator", "reviewer", "reviewer")
        for person, role in zip(self.people, roles, strict=True):
            Membership.objects.create(project=self.project, user=person, role=role)
        self.ada, self.bo, self.rea, self.rik = self.people
        ErrorType.objects.create(project=self.project, key="logic", label="Logic")
        self.problem = problem_with_tree(
            ["a", ["b", ["c!"], ["d"]]], ["e"], project=self.project, prompt="What is six?"
        )
        Outcome.objects.all().delete()  # the factory writes them without events
        self.step = {row.text: row for row in Step.objects.filter(problem=self.problem)}

    def rate(self, person, **ratings):
        for text, rating in ratings.items():
            step = self.step[text.replace("c", "c!")]
            said = {"rating": None, "unsure": True} if rating == "?" else {"rating": rating}
            label_set(step=step, user=person, **said)

    def place(self, level="step", parent="b"):
        parent_id = self.step[parent].pk if parent else None
        return place_of(problem=self.problem, level=level, parent_id=parent_id)

    def rank(self, person, *texts, criterion="correctness", parent="b"):
        tiers = [[self.step[text].pk] for text in texts]
        answer = Answer(tiers=tiers)
        place = self.place(parent=parent)
        ranking_set(place=place, user=person, answer=answer, criterion=criterion)

    def url(self, name, *args, **query):
        address = reverse(f"annotator:{name}", args=[self.project.name, *args])
        return f"{address}?{urlencode(query)}" if query else address


def steps_of(world, **asked):
    found, after = step_disagreements(project=world.project, **asked)
    return [(row.step.text, row.severity) for row in found], after


def decide_order(world, user=None, **more):
    c, d = world.step["c!"].pk, world.step["d"].pk
    said = {"decision": Answer(tiers=[[c], [d]]), "reason": "c ends right", **more}
    person = user or world.rea
    return ranking_decide(place=world.place(), criterion="correctness", user=person, **said)
