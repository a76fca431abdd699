"""What a problem opens with: the first of a fixed order that says something about its steps, and why."""

from __future__ import annotations

import html

import numpy as np
import pytest

from annotator.models import Outcome
from annotator.queries.access import access_to
from annotator.queries.blindness import sight_of
from annotator.queries.credit.coloring import Colorings
from annotator.services.judgements.labels import label_set
from scoring.credit import registry
from scoring.credit.groups import leaf_values
from tests.annotator.workbench.data import HTMX, address
from tests.annotator.workbench_data import (
    Node,
    branching_nodes,
    member,
    write_model,
    write_problem,
)

pytestmark = pytest.mark.django_db

CHAIN = (Node("One."), Node("Two.", 0), Node("Three.", 1, outcomes=[1.0]))


def opened(problem, user=None):
    if user is None:
        return Colorings(problem).opening
    access = access_to(user=user, project=problem.project)
    sight = sight_of(access=access, problem=problem)
    return Colorings(problem, sight, user_id=user.pk).opening


def rate(project, steps, ratings, name="colleague"):
    user = member(project, name, "annotator")
    for step, rating in zip(steps, ratings, strict=True):
        label_set(step=step, user=user, rating=rating)
    return user


def test_traces_that_end_differently_open_with_tempo(game):
    problem, _, _ = game
    assert opened(problem).key == "tempo"
    assert "end differently" in opened(problem).why


def test_one_trace_opens_with_scores_then_ratings_then_values_then_the_leaf_value(project):
    problem, steps = write_problem(project, "One trace.", CHAIN)
    assert opened(problem).key == "leaf_value"
    assert opened(problem).why.endswith(
        "one trace with an outcome has no other to be compared with."
    )
    for step, value in zip(steps, (0.1, 0.2, 0.3), strict=True):
        step.value = value
        step.save()
    assert opened(problem).key == "value"
    rate(project, steps, (1, 1, -1))
    assert opened(problem).key == "rating"
    model = write_model(problem, steps)
    newer = write_model(problem, steps, name="newer", seed=1)
    assert opened(problem).key == f"prm_score@{newer.pk}"
    newer.step_scores.update(score=0.5)
    assert opened(problem).key == f"prm_score@{model.pk}", "the newest that tells steps apart"


def test_traces_that_end_alike_or_unknown_say_so(project):
    alike = [Node(text, outcomes=[0.0]) for text in ("a", "b")]
    problem, steps = write_problem(project, "Alike.", alike)
    write_model(problem, steps)
    assert opened(problem).why.endswith("all traces end alike, so that outcomes give no credit.")
    Outcome.objects.all().delete()
    assert opened(problem).why.endswith("no trace has an outcome called correct.")
    bare, _ = write_problem(project, "Nothing.", [Node("a")])
    assert (opened(bare).key, opened(bare).why) == ("tempo", "")


@pytest.mark.parametrize("outcome", [0.1, 0.7])
def test_rounding_of_means_is_no_difference_between_traces(project, outcome):
    # the mean of three equal outcomes, above, is not the outcome itself, below, by 1e-17
    nodes = [Node("shared"), *(Node(text, 0, outcomes=[outcome]) for text in "abc")]
    problem, steps = write_problem(project, "Alike.", nodes)
    assert opened(problem).key == "leaf_value"
    assert opened(problem).why.endswith("all traces end alike, so that outcomes give no credit.")
    model = write_model(problem, steps)
    assert opened(problem).key == f"prm_score@{model.pk}"


def test_steps_that_are_alike_but_for_rounding_do_not_open_with_tempo(project):
    # two branches with the mean 0.2: of 0.1, 0.2, 0.3 and of 0.3, 0.2, 0.1, summed in their order
    nodes = [
        Node("a", outcomes=[0.1, 0.2, 0.3]),
        Node("b", outcomes=[0.3, 0.2, 0.1]),
    ]
    problem, _ = write_problem(project, "Alike on average.", nodes)
    means = leaf_values(Colorings(problem).tree)[1:]
    assert 0 < np.ptp(means) < 1e-15, "rounding parts them"
    assert opened(problem).key == "leaf_value"
    assert "end alike on average" in opened(problem).why


def test_outcomes_of_a_few_steps_give_way_to_what_covers_most(project):
    pruned = [Node("kept", outcomes=[1.0]), Node("also", outcomes=[0.0])]
    nodes = [*pruned, *(Node(f"dropped {at}", value=float(at)) for at in range(6))]
    problem, _ = write_problem(project, "A search.", nodes)
    assert opened(problem).key == "value"
    assert "pass through less than half of the steps" in opened(problem).why
    bare = [Node(node.text, outcomes=node.outcomes) for node in nodes]
    problem, _ = write_problem(project, "Without values.", bare)
    assert opened(problem).key == "tempo", "of few steps it still says something"


def test_a_blind_reader_opens_with_nothing_that_others_said(project):
    problem, steps = write_problem(project, "One trace.", CHAIN)
    model = write_model(problem, steps)
    rate(project, steps, (1, 1, -1))
    project.show_scores = False
    project.save()
    blind = member(project, "blind", "annotator")
    assert opened(problem, blind).key == "leaf_value"
    rate(project, steps[:1], (1,), name="blind")
    model.step_scores.all().delete()
    assert opened(problem, blind).key == "rating", "own ratings are open to oneself"
    access = access_to(user=blind, project=project)
    sight = sight_of(access=access, problem=problem)
    own = Colorings(problem, sight, user_id=blind.pk).coloring("rating").values
    assert np.isfinite(own).sum() == 1, "what others said of the rest is not"


def test_the_page_says_why_and_an_address_wins(project, reviewer):
    problem, steps = write_problem(project, "One trace.", CHAIN)
    model = write_model(problem, steps)
    page = html.unescape(reviewer.get(address(problem)).content.decode())
    assert "Step score comes first here: one trace with an outcome" in page
    assert f'"by": "prm_score@{model.pk}"' in page
    assert f"?step={steps[1].pk}&by=prm_score%40{model.pk}" in page, "links keep the choice"
    asked = html.unescape(reviewer.get(address(problem, "?by=grpo")).content.decode())
    assert '"by": "grpo"' in asked
    assert "comes first here" not in asked
    part = reviewer.get(address(problem), headers=HTMX).content.decode()
    assert f"by=prm_score%40{model.pk}" in part


def test_no_method_is_computed_to_choose(project, monkeypatch):
    problem, steps = write_problem(project, "Large.", branching_nodes(300))
    Outcome.objects.update(value=1.0)
    write_model(problem, steps, tokens=False)
    monkeypatch.setattr(registry, "load_target", lambda target: pytest.fail(target))
    assert opened(problem).key.startswith("prm_score@")
