"""Making a snapshot: splits, filters, names, stopping, automatic ones."""

from __future__ import annotations

import pytest

from annotator.errors import ConflictError, InvalidError
from annotator.models import Snapshot, SnapshotLabel
from annotator.queries.datasets.snapshots import snapshot_named
from annotator.services.datasets.snapshots import (
    snapshot_automatic,
    snapshot_create,
    snapshot_delete,
)
from annotator.services.datasets.splits import splits_of
from annotator.services.judgements.labels import label_set
from scoring.errors import UnknownNameError
from tests.annotator.snapshots.data import content, machine_label, only, snap, step
from tests.factories import problem_with_tree


def test_split_of_a_problem_never_changes_when_others_are_added(project):
    problems = [problem_with_tree(["a!"], project=project, prompt=f"p{n}") for n in range(40)]
    first = {p.id: p.split for p in content(snap(project))}
    for n in range(40):
        problem_with_tree(["a!"], project=project, prompt=f"q{n}")
    second = {p.id: p.split for p in content(snap(project, name="two"))}
    assert len(first) == len(problems)
    assert first.items() <= second.items()
    assert set(second.values()) == {"train", "validation", "test"}


def test_shares_are_kept_roughly_and_no_split_is_empty():
    keys = [bytes([n % 256, n // 256]) for n in range(2000)]
    shares = {"train": 0.8, "validation": 0.1, "test": 0.1}
    found = splits_of(keys, shares)
    assert 1500 < found.count("train") < 1700
    for n in range(3, 20):
        assert set(splits_of(keys[:n], shares)) == set(shares)
    assert splits_of(keys[:1], {"train": 1.0}) == ["train"]
    assert splits_of([], shares) == []


@pytest.mark.parametrize(
    "splits",
    [{"train": 0.5}, {"train": 1.5, "test": -0.5}, {"train": 0.5, "dev": 0.5}, {}],
)
def test_shares_that_make_no_sense_are_refused(project, splits):
    with pytest.raises(InvalidError):
        snap(project, splits=splits)
    assert not Snapshot.objects.exists()


def test_filter_takes_labelled_or_named_problems_only(project, user):
    first, second, third = (problem_with_tree(["a!"], project=project) for _ in range(3))
    label_set(step=second.steps.get(), user=user, rating=1)

    def chosen(name, **filters):
        snapshot = snapshot_create(project=project, name=name, rules={}, filter=filters)
        return {row.problem_id for row in snapshot.problems.all()}

    assert chosen("labelled", labelled=True) == {second.pk}
    assert chosen("named", problems=[first.pk, third.pk]) == {first.pk, third.pk}
    with pytest.raises(InvalidError, match="known: problems, labelled"):
        chosen("wrong", colour="red")


def test_name_is_taken_once_and_the_first_snapshot_stays(problem, project, user):
    first = snap(project)
    label_set(step=step(problem, "a"), user=user, rating=1)
    with pytest.raises(ConflictError, match="snapshots never change"):
        snap(project)
    assert Snapshot.objects.get() == first
    assert not SnapshotLabel.objects.exists()


@pytest.mark.parametrize(
    "rules",
    [
        {"aggregate": "mean"},
        {"neutral": "maybe"},
        {"weight": 1},
        {"rater_kinds": ["robot"]},
        {"rater_kinds": []},
    ],
)
def test_unknown_rules_are_refused(project, rules):
    with pytest.raises(InvalidError):
        snapshot_create(project=project, name="x", rules=rules)


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\nb"])
def test_names_that_cannot_be_shown_are_refused(project, name):
    with pytest.raises(InvalidError):
        snap(project, name=name)


def test_stopping_half_way_leaves_nothing(problem, project):
    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        snapshot_create(project=project, name="x", rules={}, on_progress=stop)
    assert not Snapshot.objects.exists()


def test_automatic_snapshots_are_made_once_per_content(problem, project, user):
    first = snapshot_automatic(project=project)
    assert snapshot_automatic(project=project) == first
    label_set(step=step(problem, "a"), user=user, rating=1)
    assert snapshot_automatic(project=project) != first
    assert Snapshot.objects.count() == 2


def test_automatic_snapshot_takes_checkers_below_everybody_else(problem, project, user):
    machine_label(problem, "d", -1)
    machine_label(problem, "a", -1)
    assert only(snapshot_automatic(project=project)).targets == [0.0, None, None, 0.0]
    label_set(step=step(problem, "a"), user=user, rating=1)
    snapshot = snapshot_automatic(project=project)
    assert only(snapshot).targets == [1.0, None, None, 0.0]
    assert snapshot.rules["include_machine"]


def test_snapshot_that_something_was_made_of_stays(problem, project):
    snapshot = snap(project)
    model = project.reward_models.create(name="m", kind="prm", snapshot=snapshot)
    with pytest.raises(ConflictError):
        snapshot_delete(snapshot=snapshot)
    model.delete()
    snapshot_delete(snapshot=snapshot)
    assert not Snapshot.objects.exists()


def test_unknown_snapshot_names_the_known_ones(problem, project):
    snap(project)
    assert snapshot_named(project=project, name="one").name == "one"
    with pytest.raises(UnknownNameError, match="known: one"):
        snapshot_named(project=project, name="two")
