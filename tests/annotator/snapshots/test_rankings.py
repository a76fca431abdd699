"""Snapshots freeze rankings, submissions, comments and final decisions; exports give them back."""

from __future__ import annotations

import io
import json

import orjson
import pytest

from annotator.models import (
    Adjudication,
    Comment,
    Gold,
    Ranking,
    SnapshotLabel,
    SnapshotProblem,
    Submission,
)
from annotator.queries.datasets.snapshots import snapshot_problems
from annotator.queries.rankings.places import place_of
from annotator.services.adjudication import Rating, ranking_decide, step_decide
from annotator.services.datasets.exports import export_create
from annotator.services.datasets.snapshots import snapshot_create
from annotator.services.imports import import_file
from annotator.services.judgements.labels import label_set
from annotator.services.projects.projects import project_create
from annotator.services.rankings.answers import Answer, ranking_set
from scoring.types import RankingRecord, RaterRecord
from tests.annotator.importing.data import load
from tests.annotator.importing.ranking_records import ANN, BOB, everything, record
from tests.annotator.tree_exports import export_rows
from tests.factories import problem_with_tree


@pytest.fixture
def project(db):
    return project_create(name="frozen")


def snap(project, name="one", **rules):
    return snapshot_create(project=project, name=name, rules={"neutral": "positive", **rules})


def only(snapshot):
    (problem,) = snapshot_problems(snapshot=snapshot)
    return problem


def rank_by_person(problem, user, *order, note=""):
    """A person's ranking of sibling steps, shown the other way round."""
    problem.project.memberships.get_or_create(user=user, defaults={"role": "annotator"})
    ids = [step.pk for step in order]
    place = place_of(problem=problem, level="step", parent_id=order[0].parent_id)
    answer = Answer(tiers=[[pk] for pk in ids], shown=ids[::-1])
    return ranking_set(place=place, user=user, answer=answer, note=note)


def decide(step, user, rating, **said):
    decision = Rating(rating, **said)
    return step_decide(step=step, user=user, decision=decision, reason="seen twice")


def test_everything_that_was_said_is_frozen_by_position(project):
    given = everything()
    load(project, given)
    found = only(snap(project))
    assert found.rankings == given.rankings
    assert found.submissions == given.submissions
    assert found.adjudications == given.adjudications
    first, second = found.comments
    assert (first.text, first.node, first.created) == ("why?", 1, "2025-01-02T03:04:05+00:00")
    assert (second.answers, second.resolution) == (0, "ok")


def test_what_comes_later_is_not_in_the_snapshot(project, user):
    load(project, everything())
    snapshot = snap(project)
    before = only(snapshot)
    Ranking.objects.all().delete()
    Submission.objects.all().delete()
    Comment.objects.all().delete()
    Adjudication.objects.all().delete()
    assert only(snapshot) == before
    assert only(snap(project, "two")).rankings == []


def test_the_hash_covers_rankings_submissions_comments_and_decisions(project):
    load(project, everything())
    hashes = {snap(project, "all").hash}
    for table in (Ranking, Submission, Comment, Adjudication):
        table.objects.order_by("-pk").first().delete()
        hashes.add(snap(project, table.__name__).hash)
    assert len(hashes) == 5
    assert snap(project, "same").hash in hashes


def test_the_hash_follows_the_order_of_the_criteria(project):
    load(project, everything())
    first = snap(project)
    project.criteria = [{"key": "clarity", "label": "Clarity"}]
    project.save()
    second = snap(project, "two")
    assert first.hash != second.hash
    assert [row["key"] for row in second.rules["criteria"]] == ["clarity"]
    assert only(first).criteria[0].key == "correctness"


def test_criteria_that_an_import_just_added_take_part(project):
    rankings = [RankingRecord("trace", [[1], [0]], ANN, criterion="tidiness")]
    load(project, record(rankings=rankings))
    snapshot = snap(project)
    assert [row["key"] for row in snapshot.rules["criteria"]][-1] == "tidiness"
    assert snapshot.counts["pairs"] == 1


def test_rankings_of_kinds_that_were_not_chosen_stay_out(project):
    load(project, record(rankings=[RankingRecord("trace", [[0], [1]], ANN)]))
    assert only(snap(project, rater_kinds=["person"])).rankings == []


def test_pairs_count_rankings(project):
    rankings = [
        RankingRecord("trace", [[0], [1]], ANN),
        RankingRecord("step", [[1, 2]], ANN, parent=0),
        RankingRecord("branch", [[2], [1]], BOB, parent=0),
    ]
    load(project, record(rankings=rankings))
    snapshot = snap(project)
    assert snapshot.counts["pairs"] == 2
    problems = list(snapshot_problems(snapshot=snapshot))
    # both say something of the same two ends, so that one row would contradict the other
    assert len(export_rows("trl_preference", problems)) == 1
    levels = {"step": [], "branch": ["c"], "trace": ["b"]}
    for level, chosen in levels.items():
        rows = export_rows("trl_preference", problems, level=level)
        assert [row["chosen"] for row in rows] == chosen


def test_a_final_decision_on_a_step_outranks_every_person(project, user, django_user_model):
    problem = problem_with_tree(["a", ["b"], ["c"]], project=project)
    step = problem.steps.get(text="b")
    label_set(step=step, user=user, rating=1)
    label_set(step=step, user=django_user_model.objects.create(username="two"), rating=1)
    reviewer = django_user_model.objects.create(username="reviewer")
    decide(step, reviewer, -1, error_type="logic")
    snapshot = snap(project)
    found = only(snapshot)
    assert (found.targets[1], found.ratings[1]) == (0.0, -1)
    assert snapshot.rules["rank"][0] == "adjudicated"
    row = SnapshotLabel.objects.get(snapshot=snapshot, adjudicated=True)
    assert (row.rating, row.error_type, row.rater.name) == (-1, "logic", "reviewer")
    assert [label.adjudicated for label in found.labels] == [False, False, True]


def test_a_decision_that_a_step_has_no_rating_leaves_it_without_target(project, user):
    problem = problem_with_tree(["a"], project=project)
    step = problem.steps.get(text="a")
    label_set(step=step, user=user, rating=1)
    reviewer = type(user).objects.create(username="reviewer")
    decide(step, reviewer, None, unsure=True)
    snapshot = snap(project)
    assert only(snapshot).targets == [None]
    assert snapshot.counts["excluded"] == {"unsure step": 1}


def test_a_final_decision_on_a_ranking_makes_the_pair(project, user, django_user_model):
    problem = problem_with_tree(["a", ["b"], ["c"]], project=project)
    b, c = (problem.steps.get(text=text) for text in "bc")
    rank_by_person(problem, user, b, c)
    place = place_of(problem=problem, level="step", parent_id=b.parent_id)
    ranking_decide(
        place=place,
        criterion="",
        user=django_user_model.objects.create(username="reviewer"),
        decision=Answer(tiers=[[c.pk], [b.pk]]),
        reason="c is shorter",
    )
    (row,) = export_rows("trl_preference", [only(snap(project))])
    assert (row["chosen"], row["rejected"], row["decided_by"], row["raters"]) == (
        "c", "b", "adjudication", ["person:reviewer"],
    )  # fmt: skip


def tracewood_line(project, name="line"):
    (row,) = export_rows("tracewood", [only(snap(project, name))])
    return row


def test_a_backup_carries_everything_and_comes_back_equal(project, user):
    load(project, everything())
    problem = project.problems.get()
    b, c = (problem.steps.get(text=text) for text in "bc")
    rank_by_person(problem, user, b, c, note="n")
    decide(b, user, 1)
    line = tracewood_line(project)
    assert len(line["rankings"]) == 4
    assert line["rankings"][1]["scores"] == [[0, 2], [1, 1]]
    assert (line["rankings"][-1]["tiers"], line["rankings"][-1]["shown"]) == ([[1], [2]], [2, 1])
    assert [row["step"] for row in line["adjudications"] if "step" in row] == [2, 1]
    other = project_create(name="restored")
    stream = io.BytesIO(orjson.dumps(line))
    report = import_file(project=other, stream=stream, name="b.jsonl", format="tracewood")
    assert (report.accepted, report.counts.rankings, report.errors) == (1, 4, [])
    again = tracewood_line(other, "again")
    persons = json.dumps(line["raters"]).replace(
        f'"kind": "person", "name": "{user.username}"',
        f'"kind": "imported", "name": "{user.username}", "version": "person"',
    )
    assert again.pop("raters") == json.loads(persons)
    line.pop("raters")
    for gone in ("sources", "key", "meta"):  # of the record that brought it
        line.pop(gone, None), again.pop(gone, None)
    assert again == line


def test_a_restored_decision_binds_no_person(project, user):
    problem = problem_with_tree(["a"], project=project)
    decide(problem.steps.get(), user, -1)
    other = project_create(name="restored")
    stream = io.BytesIO(orjson.dumps(tracewood_line(project)))
    import_file(project=other, stream=stream, name="b.jsonl", format="tracewood")
    assert only(snap(other)).targets == [0.0]
    label_set(step=other.problems.get().steps.get(), user=user, rating=1)
    assert only(snap(other, "two")).targets == [1.0]


FORMATS = (
    "tracewood",
    "prm800k",
    "trl_stepwise",
    "trl_preference",
    "trl_unpaired",
    "openrlhf_rm",
    "rewardbench2",
    "ranking_list",
)


@pytest.mark.parametrize("key", FORMATS)
def test_gold_leaves_no_mark_in_any_file(key, project, user, tmp_path):
    problem = problem_with_tree(["a", ["b!"], ["c"]], project=project)
    b, c = (problem.steps.get(text=text) for text in ("b!", "c"))
    for step, rating in ((problem.steps.get(text="a"), 1), (b, 1), (c, -1)):
        label_set(step=step, user=user, rating=rating)
    rank_by_person(problem, user, b, c)
    options = {"rejected": 1} if key == "rewardbench2" else {}

    def content(name):
        snapshot = snap(project, name)
        export = export_create(
            project=project,
            format=key,
            snapshot=snapshot,
            out_dir=tmp_path / name,
            options=options,
        )
        rows = SnapshotProblem.objects.filter(snapshot=snapshot).values_list("extras", flat=True)
        files = [(tmp_path / name / file["path"]).read_bytes() for file in export.files]
        return files, snapshot.hash, list(rows)

    before = content("before")
    Gold.objects.create(
        project=project,
        problem=problem,
        task="rate",
        answer={"ratings": {str(b.pk): 1}, "first_error": c.pk},
        created_by=user,
    )
    assert content("after") == before


def test_raters_of_a_backup_are_never_persons(project):
    load(
        project, record(rankings=[RankingRecord("trace", [[0], [1]], RaterRecord("person", "me"))])
    )
    (ranking,) = only(snap(project)).rankings
    assert ranking.rater == RaterRecord("imported", "me", "person")
