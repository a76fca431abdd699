"""Snapshots: what they hold, that they never change, and what their hash says."""

from __future__ import annotations

import io
import json

import pytest

from annotator.errors import ConflictError, InvalidError
from annotator.models import (
    Outcome,
    Rater,
    Snapshot,
    SnapshotLabel,
    SourceFile,
    SourceRecord,
    Step,
    StepLabel,
)
from annotator.queries.snapshots import snapshot_named, snapshot_problems
from annotator.services.alternatives import alternative_set
from annotator.services.imports import import_file
from annotator.services.labels import label_set
from annotator.services.outcomes import outcome_set
from annotator.services.projects import project_create
from annotator.services.raters import rater_get_or_create
from annotator.services.snapshots import snapshot_automatic, snapshot_create, snapshot_delete
from annotator.services.spans import span_label_set
from annotator.services.splits import splits_of
from scoring.errors import UnknownNameError
from scoring.pipelines.train import training_tree
from tests.factories import UserFactory, problem_with_tree


@pytest.fixture
def project(db):
    return project_create(name="snapshots")


@pytest.fixture
def problem(project):
    return problem_with_tree(["a", ["b", ["c!"]], ["d"]], project=project)


def step(problem, text):
    return problem.steps.get(text=text)


def snap(project, name="one", **rules):
    return snapshot_create(project=project, name=name, rules={"neutral": "positive", **rules})


def content(snapshot):
    return list(snapshot_problems(snapshot=snapshot))


def only(snapshot):
    (problem,) = content(snapshot)
    return problem


def machine_label(problem, text, rating):
    rater = rater_get_or_create(
        project=problem.project, kind=Rater.Kind.MACHINE, name="checker", version="1"
    )
    event = problem.events.create(project=problem.project, kind="import", payload={})
    return StepLabel.objects.create(
        step=step(problem, text), rater=rater, event=event, rating=rating, source=record_of(problem)
    )


def record_of(problem, key="k"):
    file, _ = SourceFile.objects.get_or_create(project=problem.project, format="f", name="f")
    return SourceRecord.objects.get_or_create(
        project=problem.project,
        format="f",
        key_hash=key.encode(),
        defaults={"problem": problem, "file": file, "key": key},
    )[0]


def import_lines(project, *records):
    stream = io.BytesIO("\n".join(map(json.dumps, records)).encode())
    return import_file(project=project, stream=stream, name="f.jsonl", format="trl_stepwise")


def test_numbers_beyond_64_bits_in_kept_fields_survive_a_snapshot(project):
    huge = {"x": 1e30, "deep": [{"y": -1e300}]}
    line = {
        "tracewood": 1,
        "problem": {"prompt": "p", "meta": huge},
        "steps": {"text": ["a", "b"], "parent": [-1, -1], "meta": [huge, None]},
        "traces": [{"end": 0, "sampling": huge, "meta": huge}],
        "raters": [{"kind": "imported", "name": "r", "version": ""}],
        "labels": {"node": [0], "rater": [0], "rating": [1], "meta": [huge]},
        "alternatives": [{"parent": -1, "text": "c", "rater": 0, "replaces": 1, "meta": huge}],
        "meta": huge,
    }
    stream = io.BytesIO(json.dumps(line).encode())
    import_file(project=project, stream=stream, name="f.jsonl", format="tracewood")
    found = only(snap(project, rater_kinds=["imported"]))
    kept = (
        found.problem.meta,
        found.nodes[0].meta,
        found.traces[0].sampling,
        found.labels[0].meta,
        found.alternatives[0].meta,
    )
    assert all(meta == huge for meta in kept)


def test_snapshot_holds_tree_traces_outcomes_and_labels(problem, project, user):
    label_set(step=step(problem, "b"), user=user, rating=-1, error_type="logic", note="n")
    span_label_set(first=step(problem, "a"), last=step(problem, "b"), user=user, rating=0)
    alternative_set(
        problem=problem,
        parent=step(problem, "a"),
        replaces=step(problem, "b"),
        user=user,
        text="better",
    )
    found = only(snap(project))
    assert [node.text for node in found.nodes] == ["a", "b", "c!", "d"]
    assert [node.parent for node in found.nodes] == [-1, 0, 1, 0]
    assert [(trace.end, trace.outcomes[0].value) for trace in found.traces] == [(2, 1.0), (3, 0.0)]
    (label,) = found.labels
    assert (label.node, label.rating, label.error_type, label.note) == (1, -1, "logic", "n")
    assert (label.rater.kind, label.rater.name) == ("person", user.username)
    assert found.targets == [None, 0.0, None, None]
    assert found.ratings == [None, -1, None, None]
    assert [(span.first, span.last, span.rating) for span in found.spans] == [(0, 1, 0)]
    assert [(x.parent, x.replaces, x.text) for x in found.alternatives] == [(0, 1, "better")]


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


def test_later_judgements_outcomes_and_imports_do_not_touch_it(project, user):
    row = {"prompt": "p", "completions": ["x", "y"], "labels": [True, False]}
    import_lines(project, row)
    problem = project.problems.get()
    label_set(step=problem.steps.get(text="x"), user=user, rating=0)
    trace = problem.traces.get()
    outcome_set(trace=trace, user=user, name="correct", value=1.0)
    snapshot = snap(project)
    before = content(snapshot)

    label_set(step=problem.steps.get(text="x"), user=user, rating=-1)
    label_set(step=problem.steps.get(text="y"), user=UserFactory(), rating=1)
    outcome_set(trace=trace, user=user, name="correct", value=0.0)
    outcome_set(trace=trace, user=user, name="other", value=0.0)
    span_label_set(
        first=problem.steps.get(text="x"), last=problem.steps.get(text="y"), user=user, rating=1
    )
    alternative_set(problem=problem, parent=None, user=user, text="new")
    import_lines(
        project,
        {"prompt": "p", "completions": ["x", "z"], "labels": [True, True]},
        {"prompt": "p", "completions": ["w"], "labels": [True]},
        {"prompt": "q", "completions": ["x"], "labels": [True]},
    )
    assert Step.objects.filter(problem=problem).count() == 4
    assert content(snapshot) == before
    assert snap(project, name="two").hash != snapshot.hash


def test_renumbering_by_a_later_import_keeps_the_frozen_order(project):
    import_lines(
        project, *({"prompt": "p", "completions": ["a", x], "labels": [True, True]} for x in "bc")
    )
    snapshot = snap(project)
    import_lines(project, {"prompt": "p", "completions": ["a", "b", "deep"], "labels": [True] * 3})
    found = only(snapshot)
    assert [(node.text, node.parent) for node in found.nodes] == [("a", -1), ("b", 0), ("c", 0)]
    assert [trace.end for trace in found.traces] == [1, 2]


def test_same_content_twice_has_the_same_hash_and_another_project_too(user):
    row = {"prompt": "p", "completions": ["x", "y"], "labels": [True, False]}
    hashes = set()
    for name in ("first", "second"):
        project = project_create(name=name)
        import_lines(project, row)
        hashes |= {snap(project, name="a").hash, snap(project, name="b").hash}
    assert len(hashes) == 1
    assert len(hashes.pop()) == 64


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        lambda p: Outcome.objects.update(value=0.5),
        lambda p: StepLabel.objects.update(rating=-1),
        lambda p: StepLabel.objects.update(note="n"),
        lambda p: Step.objects.filter(text="a").update(text="A"),
        lambda p: Step.objects.filter(text="a").update(meta={"k": 1}),
    ],
)
def test_any_change_of_content_changes_the_hash(problem, project, user, change):
    label_set(step=step(problem, "a"), user=user, rating=1)
    before = snap(project, name="before").hash
    change(problem)
    assert snap(project, name="after").hash != before


def test_rules_are_part_of_the_hash(problem, project):
    hashes = {snap(project, name=rule, neutral=rule).hash for rule in ("positive", "drop", "soft")}
    assert len(hashes) == 3


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
    assert corrected.rules["rank"] == ["person", "imported", "machine", "model"]
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


def test_number_of_queries_does_not_depend_on_the_number_of_problems(
    project, django_assert_max_num_queries
):
    problem_with_tree(["a!"], project=project)
    one = snap(project)
    for _ in range(40):
        problem_with_tree(["a!"], project=project)
    many = snap(project, name="many")
    for snapshot in (one, many):
        with django_assert_max_num_queries(10):
            content(snapshot)


def test_callers_and_states_come_back_by_position(project):
    problem = problem_with_tree(["a", ["b!"]], project=project)
    a, b = problem.steps.order_by("preorder")
    Step.objects.filter(pk=b.pk).update(
        caller=a, state_before="s", kind="action", agent="sub", level="execute", visits=3, value=0.5
    )
    node = only(snap(project)).nodes[1]
    assert (node.caller, node.state_before, node.kind, node.agent) == (0, "s", "action", "sub")
    assert (node.level, node.visits, node.value) == ("execute", 3, 0.5)
