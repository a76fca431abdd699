"""What credit methods are given of a problem, what they lack in words, and who may have which of it."""

from __future__ import annotations

import numpy as np
import pytest

from annotator.errors import NotFoundError
from annotator.models import Step, StepScore, Trace
from annotator.queries.access import access_to
from annotator.queries.blindness import sight_of
from annotator.queries.credit.choices import read_key, write_key
from annotator.queries.credit.coloring import Colorings
from annotator.queries.credit.stored import majority
from annotator.services.judgements.labels import label_set
from scoring.credit.registry import METHODS
from tests.annotator.workbench_data import Node, member, write_model, write_problem

pytestmark = pytest.mark.django_db


def seen_by(problem, user):
    access = access_to(user=user, project=problem.project)
    return Colorings(problem, sight_of(access=access, problem=problem), user_id=user.pk)


def test_a_key_says_method_parameters_and_model_and_is_read_back():
    row = METHODS["grpo"]
    key = write_key(row, {"eps": 0.001, "ddof": 0, "single": "unit"})
    assert key == "grpo:ddof=0,eps=0.001"
    assert dict(read_key(key).params) == {"ddof": 0, "eps": 0.001}
    word = write_key(METHODS["stratified_grpo"], {"stratum": "my, key@1"})
    assert dict(read_key(word).params) == {"stratum": "my, key@1"}
    assert (read_key("prm_score@12.3").model, read_key("prm_score@12.3").part) == (12, 3)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("shap", "known: leaf_value"),
        ("grpo:dof=0", "no parameter called 'dof'; known: ddof, eps, single"),
        ("grpo:ddof=2", "must be 0 or 1, not '2'"),
        ("grpo:eps=nan", "must be a number from 0 to 1"),
        ("prm_score@x", "no model"),
    ],
)
def test_a_wrong_key_is_answered_with_the_known_ones(game, key, said):
    with pytest.raises(NotFoundError) as error:
        Colorings(game[0]).coloring(key)
    assert said in error.value.message


def test_fields_of_steps_traces_and_the_problem_stand_where_methods_look(project):
    nodes = [
        Node("Paris is in France.", outcomes=[1.0], more={"meta": {"step_reward": 0.5}}),
        Node("Lyon too.", outcomes=[0.0]),
    ]
    problem, steps = write_problem(project, "Where is Paris?", nodes)
    problem.meta = {"kg_path": "paris france"}
    problem.save()
    Trace.objects.filter(end=steps[1]).update(meta={"tests": [1, 0]}, key="second")
    Trace.objects.filter(end=steps[0]).update(
        meta={"tests": [1, 1], "retry_of": "second"}, key="first"
    )
    colorings = Colorings(problem)
    assert colorings.coloring("kg_path").values[1:].tolist() == [1.0, 0.0]
    assert colorings.coloring("verpo").missing == ""
    assert np.isfinite(colorings.coloring("verpo").values[1:]).all()
    tree, _ = colorings.inputs.tree_for(METHODS["r3l"], {}, None)
    assert tree.extra["retry_of"].tolist() == [None, steps[1].pk, None]
    assert set(tree.extra) == {"retry_of"}, "nothing else is loaded"
    rewards = colorings.inputs.stored.field("step_reward")
    assert rewards == ([None, 0.5, None], 0)


def test_plain_methods_load_no_words(game, django_assert_max_num_queries):
    colorings = Colorings(game[0])
    with django_assert_max_num_queries(5) as captured:
        colorings.coloring("tempo")
    assert not any("state_before" in query["sql"] for query in captured.captured_queries)


def test_what_is_lacking_is_said_with_the_way_to_get_it(game):
    choices = {choice.key: choice for choice in Colorings(game[0]).choices()}
    assert choices["gigpo"].missing.startswith("needs environment states: import traces")
    assert "import records with 'logp', or score" in choices["implicit_prm"].missing
    assert choices["wco"].missing.startswith("needs scores by several models: score the project")
    assert choices["tempo"].missing == ""


def test_several_models_are_read_together_and_named(game):
    problem, steps, _ = game
    other = write_model(problem, steps, name="second", tokens=False, seed=1)
    StepScore.objects.filter(step=steps[0], model=other).delete()
    coloring = Colorings(problem).coloring("wco")
    scores = dict(StepScore.objects.filter(step=steps[1]).values_list("model", "score"))
    assert coloring.values[2] == min(scores.values())
    assert "scores by tiny v1 and second v1" in coloring.made_by
    assert coloring.by_model


def test_probabilities_are_mapped_where_a_method_wants_signed_scores(game):
    problem, _, model = game
    coloring = Colorings(problem).coloring(f"pure:form=sum@{model.pk}")
    assert "scores p from 0 to 1 are read as 2p − 1" in coloring.notes
    assert (coloring.values[1:] < 0).any()
    coloring = Colorings(problem).coloring(f"tp_grpo:labels=score@{model.pk}")
    assert "scores p from 0 to 1 are read as 2p − 1" in coloring.notes
    coloring = Colorings(problem).coloring(f"par@{model.pk}")
    assert "scores p from 0 to 1 are read as 2p − 1" not in coloring.notes


def test_a_method_that_wants_signed_scores_can_be_given_scores():
    wanting = [row for row in METHODS.values() if row.signed_scores]
    assert wanting
    for row in wanting:
        assert "score" in {*row.needs, *(name for one in row.also for name in one.needs)}


def test_a_model_of_log_ratios_stands_in_for_log_probabilities(game):
    problem, steps, model = game
    model.kind, model.parts = "implicit_prm", [["reward of the step", "nats"]]
    model.config = {"beta": 0.5}
    model.save()
    StepScore.objects.filter(model=model).update(parts=[0.25])
    coloring = Colorings(problem).coloring("dpo_credit:beta=1")
    assert coloring.values[1:].tolist() == [0.5] * len(steps)
    assert any("log-ratios from tiny v1" in note for note in coloring.notes)


def test_par_is_coloured_about_one_half_and_shows_no_parts_of_a_model(game):
    problem, _, model = game
    problem.meta = {"ref_scores": [0.2, 0.4]}
    problem.save()
    model.parts = [["honest", "probability"]]
    model.save()
    colorings = Colorings(problem)
    limits = colorings.coloring(f"par@{model.pk}").scale
    assert (limits.low, limits.neutral, limits.high) == (0, 0.5, 1)
    keys = [choice.key for choice in colorings.choices()]
    assert [key for key in keys if key.startswith("par@")] == [f"par@{model.pk}"]
    assert f"prm_score@{model.pk}.1" in keys


def test_the_label_is_that_of_most_people_and_a_tie_is_none():
    at, rating = np.array([1, 1, 1, 2, 2, 3, 3, 4, 4]), np.array([1, 1, -1, 1, -1, -1, 1, 1, 2])
    level = np.array([1, 1, 1, 1, 1, 0, 1, 1, 2])
    found = majority(at, rating, level, 5)
    assert found[1] == 1.0, "two against one"
    assert np.isnan(found[2]), "a tie"
    assert found[3] == 1.0, "a person before the source"
    assert np.isnan(found[4]), "a final decision that there is no rating"


def test_blind_annotators_get_nothing_of_others_through_a_method(game, project):
    problem, steps, _ = game
    project.show_scores = False
    project.save()
    Step.objects.filter(problem=problem).update(meta={"checks": 1})
    ann, rev = member(project, "ann", "annotator"), member(project, "rev", "reviewer")
    for step in steps:
        step.problem = problem
        label_set(step=step, user=member(project, "other", "annotator"), rating=-1)
    assert seen_by(problem, rev).coloring("shaping:potential=label").missing == ""
    blind = seen_by(problem, ann)
    for key in ("shaping:potential=label", "int", "grounded_prm"):
        assert blind.coloring(key).missing, key
    assert blind.models == {}
    assert "open" in blind.coloring("grounded_prm").missing
    label_set(step=steps[7], user=ann, rating=1)
    own = seen_by(problem, ann).inputs.stored.label
    assert np.flatnonzero(np.isfinite(own)).tolist() == [8]
    assert own[8] == 1.0


def test_infinite_and_missing_numbers_are_counted_and_equal_outcomes_are_no_signal(project):
    problem, _ = write_problem(project, "x", [Node("a", outcomes=[1.0]), Node("b", outcomes=[1.0])])
    coloring = Colorings(problem).coloring("grpo")
    assert coloring.no_signal
    assert coloring.caption.startswith("no signal")
    other, _ = write_problem(project, "y", [Node("a", outcomes=[1.0]), Node("b")])
    assert Colorings(other).coloring("leaf_value").scale.missing == 1


def test_numbers_by_trace_are_the_truth_and_limits_may_be_those_of_one_trace(game):
    problem, steps, _ = game
    coloring = Colorings(problem).coloring("tempo")
    end = steps[4].pk
    own = coloring.along(end, [1, 3, 4, 5])
    assert own[0] != coloring.values[1]
    assert "means over traces" in coloring.caption
    narrowed = coloring.with_limits_of(own)
    assert narrowed.of_trace
    assert narrowed.scale.high <= np.abs(own).max()


def test_a_method_of_scores_without_a_model_reads_the_newest(game):
    problem, steps, _ = game
    newest = write_model(problem, steps, name="newest", tokens=False, seed=2)
    assert Colorings(problem).coloring("pure").key == f"pure@{newest.pk}"


def test_values_of_a_search_that_are_no_shares_are_called_means_without_intervals(project):
    nodes = [
        Node("One.", value=44.0, more={"visits": 3}),
        Node("Two.", value=0.5, more={"visits": 2}),
    ]
    problem, _ = write_problem(project, "Where?", nodes)
    found = Colorings(problem).coloring("monte_carlo")
    assert found.values[1:].tolist() == [44.0, 0.5]
    assert found.scale.unit == "mean value of the visits"
    assert "no shares of successes" in found.caption
    assert np.isnan(found.low).all()
