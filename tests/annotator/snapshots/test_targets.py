"""The rules by which ratings become targets, and what they leave out."""

from __future__ import annotations

import pytest

from annotator.services.judgements.labels import label_set
from scoring.pipelines.training_trees import training_tree
from tests.annotator.snapshots.data import import_lines, machine_label, only, snap, step
from tests.factories import UserFactory


def test_counts_say_what_is_in_and_what_was_left_out(problem, project, user):
    label_set(step=step(problem, "b"), user=user, rating=-1)
    label_set(step=step(problem, "d"), user=user, rating=1)
    label_set(step=step(problem, "a"), user=user, rating=0)
    label_set(step=step(problem, "c!"), user=user, rating=None, unsure=True)
    machine_label(problem, "c!", 1)
    counts = snap(project, neutral="drop").counts
    assert counts == {
        "problems": 1,
        "traces": 2,
        "steps": 4,
        "labels": 4,
        "pairs": 2,  # b against d by label, and the two traces by outcome
        "excluded": {
            "neutral step": 1,
            "unsure step": 1,
            "label of a rater kind that was not chosen": 1,
        },
    }


@pytest.mark.parametrize(
    ("neutral", "target"), [("positive", 1.0), ("negative", 0.0), ("drop", None), ("soft", 0.5)]
)
def test_neutral_policy_decides_the_target_of_zero(problem, project, user, neutral, target):
    label_set(step=step(problem, "a"), user=user, rating=0)
    found = only(snap(project, neutral=neutral))
    assert (found.targets[0], found.ratings[0]) == (target, 0)


def test_aggregation_rule_decides_between_raters(problem, project):
    for rating in (1, 1, -1):
        label_set(step=step(problem, "a"), user=UserFactory(), rating=rating)
    found = {
        rule: only(snap(project, name=rule, aggregate=rule))
        for rule in ("majority", "latest", "per_rater")
    }
    results = {rule: problem.targets[0] for rule, problem in found.items()}
    assert results == {"majority": 1.0, "latest": 0.0, "per_rater": pytest.approx(2 / 3)}
    ratings = {rule: problem.ratings[0] for rule, problem in found.items()}
    assert ratings == {"majority": 1, "latest": -1, "per_rater": None}
    assert training_tree(found["per_rater"]).effective_weights("per_node")[1] == 3.0
    assert training_tree(found["majority"]).effective_weights("per_node")[1] == 1.0


def test_machine_labels_only_come_when_asked_and_only_count_where_nobody_else_rated(
    problem, project, user
):
    machine_label(problem, "a", -1)
    machine_label(problem, "d", -1)
    label_set(step=step(problem, "a"), user=user, rating=1)
    without = only(snap(project))
    assert [label.rater.kind for label in without.labels] == ["person"]
    with_machine = only(snap(project, name="two", include_machine=True))
    assert with_machine.targets == [1.0, None, None, 0.0]
    assert {label.rater.kind for label in with_machine.labels} == {"person", "machine"}


def test_a_person_outranks_the_source_and_the_rule_is_in_the_snapshot(project, user):
    import_lines(project, {"prompt": "q", "completions": ["a", "b"], "labels": [True, True]})
    problem = project.problems.get()
    assert only(snap(project)).targets == [1.0, 1.0]
    label_set(step=step(problem, "a"), user=user, rating=-1)
    label_set(step=step(problem, "b"), user=user, rating=None, unsure=True)
    corrected = snap(project, name="two")
    assert corrected.rules["rank"] == ["adjudicated", "person", "imported", "machine", "model"]
    assert only(corrected).targets == [0.0, 1.0]
    assert len(only(corrected).labels) == 4
    assert "tied step" not in corrected.counts["excluded"]


def test_a_snapshot_made_without_a_rank_keeps_its_targets(project, user):
    import_lines(project, {"prompt": "q", "completions": ["a"], "labels": [True]})
    label_set(step=step(project.problems.get(), "a"), user=user, rating=-1)
    snapshot = snap(project)
    del snapshot.rules["rank"]
    assert only(snapshot).targets == [None]


def test_tied_unrated_and_unsure_steps_are_counted_apart(problem, project):
    first, second = UserFactory(), UserFactory()
    label_set(step=step(problem, "a"), user=first, rating=1)
    label_set(step=step(problem, "a"), user=second, rating=-1)
    label_set(step=step(problem, "b"), user=first, rating=None, unsure=True)
    label_set(step=step(problem, "d"), user=first, rating=None, note="seen")
    excluded = snap(project).counts["excluded"]
    assert excluded == {"tied step": 1, "unsure step": 1, "unrated step": 1}
