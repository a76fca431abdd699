"""Trees as columns: right shape, right numbers, and no more queries for more steps."""

from __future__ import annotations

import numpy as np
import pytest

from annotator.models import Outcome, StepLabel
from annotator.queries.access import project_for_user
from annotator.queries.blindness import labels_visible
from annotator.queries.packed import packed_columns
from annotator.queries.trees.columns import (
    SEEN,
    UNSURE,
    label_columns,
    positions,
    score_column,
    text_hits,
    text_previews,
    tree_columns,
    tree_of,
)
from annotator.queries.trees.paths import (
    children_counts,
    next_unlabelled,
    path_around,
)
from annotator.services.judgements.labels import label_set
from scoring.credit import assign
from scoring.errors import MissingInputError
from tests.annotator.workbench_data import (
    GAME,
    Node,
    branching_nodes,
    member,
    project_with_types,
    write_model,
    write_problem,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return project_with_types()


@pytest.fixture
def game(project):
    return write_problem(project, "24", GAME)


def test_columns_start_with_the_problem_and_follow_preorder(game):
    problem, steps = game
    columns = tree_columns(problem=problem)
    assert columns.ids.tolist() == [0, *(step.pk for step in steps)]
    assert columns.depth.tolist() == [0, 1, 2, 2, 3, 4, 3, 3, 1]
    assert columns.value[1] == 1.0
    assert np.isnan(columns.value[2])


def test_a_problem_without_steps_is_a_tree_of_one(project):
    problem, _ = write_problem(project, "nothing yet", [])
    tree = tree_of(problem=problem)
    assert tree.ids.tolist() == [0]
    assert np.isnan(assign("tempo", tree).per_node).all()


def test_the_tree_has_traces_outcomes_and_texts(game):
    problem, steps = game
    tree = tree_of(problem=problem)
    assert tree.ends.tolist() == [2, 5, 6, 7, 8]
    assert tree.outcomes.tolist() == [0.0, 1.0, 0.0, 0.0, 0.0]
    assert tree.text[0] == problem.prompt
    assert tree.text[3] == steps[2].text
    assert tree.extra["kind"].tolist() == ["", *(step.kind for step in steps)]
    assert tree.extra["kind"][5] == "answer"


def test_outcomes_of_another_name_are_missing_not_zero(game):
    problem, _ = game
    tree = tree_of(problem=problem, outcome="reward")
    assert np.isnan(tree.outcomes).all()
    assert "outcome" not in tree.given


def test_leaf_value_comes_from_the_stored_outcomes(game):
    problem, _ = game
    values = assign("leaf_value", tree_of(problem=problem)).per_node
    np.testing.assert_allclose(values[1:], [1 / 4, 0, 1 / 3, 1, 1, 0, 0, 0])


def test_credit_says_what_the_problem_lacks(project):
    problem, _ = write_problem(project, "no outcomes", [Node("a")])
    with pytest.raises(MissingInputError, match="outcome"):
        assign("grpo", tree_of(problem=problem))


def test_scores_stand_at_their_steps_and_nowhere_else(game):
    problem, steps = game
    model = write_model(problem, steps[2:4])
    ids = tree_columns(problem=problem).ids
    column = score_column(problem=problem, model=model, ids=ids)
    assert np.flatnonzero(np.isfinite(column)).tolist() == [3, 4]


def test_positions_find_ids_in_any_order():
    assert positions(np.array([0, 30, 10, 20]), np.array([10, 0, 20])).tolist() == [2, 0, 3]


def test_labels_of_mine_and_of_checkers_stay_apart(game, project):
    from annotator.models import JudgementEvent
    from annotator.services.people.raters import rater_get_or_create

    problem, steps = game
    me = member(project, "me", "annotator")
    for step, rating, unsure in (
        (steps[0], 1, False),
        (steps[1], None, True),
        (steps[2], None, False),
    ):
        label_set(step=step, user=me, rating=rating, unsure=unsure)
    checker = rater_get_or_create(project=project, kind="machine", name="arithmetic", version="1")
    event = JudgementEvent.objects.first()
    StepLabel.objects.create(step=steps[3], rater=checker, rating=-1, event=event)
    ids = tree_columns(problem=problem).ids
    at, codes, given = label_columns(problem=problem, ids=ids, user_id=me.pk)
    assert dict(zip(at.tolist(), codes.tolist(), strict=True)) == {1: 1, 2: UNSURE, 3: SEEN}
    assert given.tolist() == [-9, -9, -9, -9, -1, -9, -9, -9, -9]


def test_previews_are_cut_and_hits_ignore_case(project):
    problem, _ = write_problem(project, "long", [Node("x" * 500), Node("50% OF_all")])
    assert len(text_previews(problem=problem, at=[1])[1]) == 200
    assert text_hits(problem=problem, text="50% of_ALL") == [2]
    assert text_hits(problem=problem, text="_") == [2]


def test_previews_skip_a_chat_that_a_text_repeats_and_mark_it():
    chat = "system\nYou are a helpful assistant.\nuser\nMake 24.\nassistant\n"
    texts = (chat + "First add " + "9" * 300, "system\nof equations", "no\nassistant\nhere")
    problem, _ = write_problem(project_with_types(), "Make 24.", [Node(text) for text in texts])
    previews = text_previews(problem=problem, at=[1, 2, 3])
    assert previews[1] == "… First add " + "9" * 190, "200 characters of its own"
    assert previews[2] == texts[1], "an equation system is no chat"
    assert previews[3] == texts[2]


def test_hits_find_typographic_signs_by_those_of_a_keyboard(project):
    problem, _ = write_problem(
        project, "signs", [Node("16 − 3 × 2"), Node("8 ÷ 2 – so"), Node("1")]
    )
    assert text_hits(problem=problem, text="16 - 3 *") == [1]
    assert text_hits(problem=problem, text="8 / 2 - s") == [2]
    assert text_hits(problem=problem, text="− 3") == [1]


def test_the_number_of_queries_does_not_grow_with_the_tree(project, django_assert_num_queries):
    small, few = write_problem(project, "small", [Node("a", outcomes=[1.0])])
    large, many = write_problem(project, "large", branching_nodes(600))
    models = [write_model(small, few, name="s"), write_model(large, many, name="l", tokens=False)]
    for problem, model in zip((small, large), models, strict=True):
        with django_assert_num_queries(3):  # shape, traces, scores
            assign("prm_score", tree_of(problem=problem, model=model, with_text=False))
        first = problem.steps.get(preorder=1)
        with django_assert_num_queries(2):  # trace, steps
            path_around(problem=problem, step=first)


def test_the_path_goes_on_along_the_wanted_trace(game):
    problem, steps = game
    path = path_around(problem=problem, step=steps[2], end_id=steps[6].pk)
    assert [step.pk for step in path.steps] == [steps[0].pk, steps[2].pk, steps[6].pk]
    assert path.trace.end_id == steps[6].pk
    other = path_around(problem=problem, step=steps[1], end_id=steps[6].pk)
    assert other.trace.end_id == steps[1].pk


def test_a_long_path_is_cut_and_counted(project):
    chain = [Node(str(at), at - 1) for at in range(100)]
    chain[-1].outcomes = [1.0]
    problem, steps = write_problem(project, "chain", chain)
    path = path_around(problem=problem, step=steps[59], before=10, after=5)
    assert [step.depth for step in path.steps] == list(range(50, 66))
    assert (path.earlier, path.later) == (49, 35)


def test_children_are_counted_for_every_parent_on_the_path(game):
    problem, steps = game
    counts = children_counts(problem=problem, steps=[steps[0], steps[2], steps[3]])
    assert counts == {None: 2, steps[0].pk: 2, steps[2].pk: 3}


def test_annotators_see_the_labels_of_others_only_after_their_own(game, project):
    _, steps = game
    me, other = member(project, "me", "annotator"), member(project, "other", "annotator")
    label_set(step=steps[0], user=other, rating=-1)
    access = project_for_user(user=me, name=project.name)
    assert labels_visible(step=steps[0], access=access) == []
    label_set(step=steps[0], user=me, rating=1)
    assert [row.rating for row in labels_visible(step=steps[0], access=access)] == [1, -1]
    boss = project_for_user(user=member(project, "boss", "reviewer"), name=project.name)
    assert len(labels_visible(step=steps[0], access=boss)) == 2


def test_the_next_unlabelled_step_is_found_once_around(game, project):
    problem, steps = game
    me = member(project, "me", "annotator")
    label_set(step=steps[7], user=me, rating=1)
    assert next_unlabelled(problem=problem, user=me, after=7).preorder == 1
    assert next_unlabelled(problem=problem, user=me, after=1, backwards=True).preorder == 7
    for step in steps:
        label_set(step=step, user=me, rating=0)
    assert next_unlabelled(problem=problem, user=me, after=3) is None


def test_an_unknown_outcome_stays_unknown(game):
    problem, _ = game
    Outcome.objects.filter(trace__problem=problem, value=1.0).update(value=None)
    tree = tree_of(problem=problem)
    assert np.isnan(tree.outcomes[1])
    assert "outcome" in tree.given


def test_columns_come_packed_with_nan_for_missing_and_nothing_for_no_rows():
    select = "SELECT * FROM (VALUES (2, 0.5), (9000000000, NULL)) AS t (a, b) WHERE a > %(low)s"
    a, b = packed_columns(select, {"low": 0}, a="int", b="float")
    assert a.tolist() == [2, 9_000_000_000]
    assert b[0] == 0.5
    assert np.isnan(b[1])
    assert [len(column) for column in packed_columns(select, {"low": 10**10}, a="int")] == [0]
