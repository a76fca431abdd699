"""What stays hidden: every address against every secret."""

from __future__ import annotations

import numpy as np
import pytest
from django.db import transaction
from django.test import Client

from annotator.models import (
    Adjudication,
    Alternative,
    Comment,
    JudgementEvent,
    Problem,
    Ranking,
    SpanLabel,
    Step,
    StepLabel,
    StepScore,
    TokenScore,
    Trace,
)
from annotator.services.judgements.labels import label_set
from annotator.services.people.raters import rater_for_user, rater_get_or_create
from tests.annotator.page_world import world_create
from tests.annotator.routes import GATED, routes

pytestmark = pytest.mark.django_db

SCORE, VALUE = 0.3141592, 0.2718281


# Field of an answer → what would stand there if it leaked.
SECRETS = {
    "label.note": "otherslabelnote",
    "label.imported": "importedlabelnote",
    "label.machine": "machinelabelnote",
    "span.note": "othersspannote",
    "alternative.text": "othersalternative",
    "ranking.note": "othersrankingnote",
    "comment.text": "otherscomment",
    "adjudication.reason": "finaldecision",
    "adjudication.blind": "blinddecision",
    "gold.note": "goldnote",
    "problem.meta": "problemverdict",
    "step.meta": "stepverdict",
    "trace.key": "traceverdict",
    "score": "0.314",
    "value": "0.271",
}


# Labels that came with the data are open to viewers, who do not judge.
OPEN_TO_VIEWERS = {"label.imported", "label.machine"}


SHOWING = {"annotator:problem", "annotator:gold-list", "api:step-labels", "api:problem-tree"}


FIGURES = [
    f"annotator:figure-{kind}{form}"
    for kind in ("tree", "path", "compare")
    for form in ("", "-svg", "-csv")
]
VARIANTS = {
    "annotator:problem": [
        *(f"tab={tab}" for tab in ("credit", "tokens", "labels", "outcomes", "source")),
        "by=prm_score@{model}&tab=credit",
        "by=value",
        "model={model}&tab=tokens",
    ],
    "annotator:tree": ["", "by=prm_score@{model}", "by=value"],
    "annotator:credit-values": ["by=prm_score@{model}", "by=value"],
    "annotator:credit-menu": ["", "by=prm_score@{model}", "by=value"],
    "annotator:credit-here": ["", "by=prm_score@{model}"],
    "annotator:find-columns": [f"name={name}" for name in ("human", "outcome", "disagree")],
    "api:problem-credit": [
        "method=value",
        "method=prm_score&model={model}",
        "method=monte_carlo&source=search",
        "method=shaping&potential=label",
        "method=stratified_grpo&stratum=judge",
    ],
    "annotator:step-tokens": ["model={model}"],
    "annotator:siblings": ["", "by=prm_score@{model}", "by=value"],
    "annotator:find": [f"q={word}" for word in ("others", "verdict", "note")],
    "annotator:step-texts": ["at=1,2,3"],
    **{
        name: [
            "",
            *(f"by={by}" for by in ("human", "checker", "value", "tempo", "prm_score@{model}")),
            "by=human&by_b=prm_score@{model}",
        ]
        for name in ("annotator:compare", *FIGURES)
    },
    **{
        name: ["", "model={model}", "by=score", "by=value", "by=score&model={model}"]
        for name in ("annotator:overview", "annotator:problem-overview")
    },
    "annotator:problem-list": ["", "sort=newest", "labels=some", "labels=all", "labels=none"],
    "api:problem-tree": ["", "model={model}"],
    "api:scores": ["model={model}", "model={model}&problem={problem}"],
    "api:project-problems": ["", "labels=some", "labels=all"],
}


def fill(world) -> None:
    """Put every secret of the table on the world's problem."""
    project, colleague, owner = world.project, world.member, world.people["owner"]
    problem = Problem.objects.get(pk=world.ids["problem"])
    problem.project = project
    steps = list(problem.steps.order_by("preorder"))
    for step in steps:
        step.problem = problem
    label_set(step=steps[0], user=colleague, rating=-1, note=SECRETS["label.note"])
    event = JudgementEvent.objects.latest("pk")
    mine = rater_for_user(project=project, user=colleague)
    for kind in ("imported", "machine"):
        rater = rater_get_or_create(project=project, kind=kind, name=kind, version="1")
        StepLabel.objects.create(
            step=steps[0], rater=rater, event=event, rating=-1, note=SECRETS[f"label.{kind}"]
        )
    SpanLabel.objects.create(
        first=steps[0],
        last=steps[1],
        rater=mine,
        event=event,
        rating=-1,
        note=SECRETS["span.note"],
    )
    Alternative.objects.create(
        problem=problem,
        replaces=steps[0],
        rater=mine,
        event=event,
        text=SECRETS["alternative.text"],
    )
    Ranking.objects.create(
        problem=problem,
        level="step",
        rater=mine,
        event=event,
        tiers=[[steps[0].pk], [steps[-1].pk]],
        note=SECRETS["ranking.note"],
    )
    Comment.objects.create(
        project=project, problem=problem, step=steps[0], rater=mine, text=SECRETS["comment.text"]
    )
    Adjudication.objects.create(
        project=project,
        problem=problem,
        step=steps[0],
        rater=rater_for_user(project=project, user=owner),
        event=event,
        decision={"rating": -1},
        blind={"note": SECRETS["adjudication.blind"]},
        reason=SECRETS["adjudication.reason"],
    )
    project.golds.update(note=SECRETS["gold.note"])
    problem.meta = {"judge": SECRETS["problem.meta"]}
    problem.save()
    Step.objects.filter(problem=problem).update(
        value=VALUE, visits=3, meta={"judge": SECRETS["step.meta"]}
    )
    Trace.objects.filter(problem=problem).update(key=SECRETS["trace.key"])
    StepScore.objects.update(score=SCORE)
    TokenScore.objects.create(
        step=steps[0],
        model_id=world.ids["model"],
        start=0.0,
        ends=np.array([len(steps[0].text)], "<i4").tobytes(),
        running=np.array([SCORE], "<f4").tobytes(),
    )


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        made = world_create()
        fill(made)
        yield made
        transaction.set_rollback(True)


def read(world, route, who: str) -> str:
    """Return everything that GET of an address, in all its variants, says to a person."""
    client = Client(raise_request_exception=False)
    client.force_login(world.people[who])
    said = []
    for variant in VARIANTS.get(route.name, [""]):
        query = variant.format(**world.ids)
        for headers in ({},) if route.is_api else ({}, {"HX-Request": "true"}):
            answer = client.get(
                f"{route.path(world, who)}?project=Ours&{query}", headers=dict(headers)
            )
            said.append(b"".join(answer).decode(errors="replace"))
    return "\n".join(said)


@pytest.mark.parametrize("who", ["annotator", "viewer"])
@pytest.mark.parametrize("route", GATED)
def test_no_address_gives_a_secret_away(world, route, who):
    said = read(world, route, who)
    for field, secret in SECRETS.items():
        if who == "viewer" and field in OPEN_TO_VIEWERS:
            continue
        assert secret not in said, f"{route.name} shows {field} to a {who}"


def test_reviewers_do_see_what_the_table_hides(world):
    said = "\n".join(read(world, route, "reviewer") for route in routes() if route.name in SHOWING)
    shown = {field for field, secret in SECRETS.items() if secret in said}
    assert shown >= {
        "label.note",
        "label.imported",
        "label.machine",
        "gold.note",
        "problem.meta",
        "step.meta",
        "trace.key",
        "score",
        "value",
    }


def test_viewers_see_labels_that_came_with_the_data(world):
    labels = next(route for route in routes() if route.name == "api:step-labels")
    said = read(world, labels, "viewer")
    assert all(SECRETS[field] in said for field in OPEN_TO_VIEWERS)
