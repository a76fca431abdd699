"""Every kind from training to the heatmap, on the smallest model and a project with everything."""

from __future__ import annotations

import numpy as np
import pytest

from annotator.management.commands import train_reward_model
from annotator.models import Job, Step
from annotator.services.jobs.requests import score_request
from annotator.services.projects.projects import project_create
from annotator.views.workbench.coloring import Colorings
from scoring.pipelines.training_trees import training_tree
from scoring.reward import load
from scoring.reward.registry import KINDS
from scoring.samples import arithmetic
from scoring.training.dataset import RankedPair, Ranking, SpanTarget
from scoring.types import (
    AdjudicationRecord,
    NodeRecord,
    OutcomeRecord,
    RankingRecord,
    RaterRecord,
    SpanLabelRecord,
    TraceRecord,
)
from tests.annotator.commands import run_command
from tests.annotator.exports.data import problem
from tests.annotator.exports.ranked_data import decision, order, ranked
from tests.annotator.pipelines.data import TINY, filled, job_folder, run, train, trained
from tests.factories import problem_with_tree

SETTINGS = {**TINY, "steps": "3", "checkpoint_every": "3", "held_out": "0.4"}
MAIN = {"prm": "auroc", "hrm": "auroc", "orm": "outcome_auroc", "ensemble": "auroc"}
MORE = {"ensemble": {"members": "2"}}
PARTS = {
    "ensemble": ["disagreement", "member 1", "member 2"],
    "multi_head": ["correctness", "progress", "clarity"],
    "vpl": ["annotator 1", "annotator 2"],
}


def with_rankings(n=8):
    """Arithmetic problems whose traces somebody ranked: right ones above wrong ones."""
    for record in arithmetic(1, n):
        right = [bool(trace.outcomes[0].value) for trace in record.traces]
        tiers = [[t for t, r in enumerate(right) if r is good] for good in (True, False)]
        tiers = [tier for tier in tiers if tier]
        ann, bob = (RaterRecord("imported", name) for name in ("ann", "bob"))
        record.rankings = [
            RankingRecord("trace", tiers, ann),
            *(RankingRecord("trace", tiers, bob, criterion=key) for key in ("progress", "clarity")),
        ]
        yield record


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("key", KINDS)
def test_every_kind_trains_scores_and_colours(key):
    project = filled(project_create(name="train"), with_rankings())
    model = trained(project, kind=key, settings=SETTINGS | MORE.get(key, {}))
    main = MAIN.get(key, "pair_accuracy")
    assert model.metrics[main]["n"] > 0
    assert set(model.metrics[f"length_{main}"]) == {"value", "low", "high", "n"}
    assert model.provenance["units"] > 0
    assert load(job_folder(model)).info["kind"] == key
    job = run(score_request(model=model, user=None))
    assert job.result["scored"] == Step.objects.count()
    coloring = Colorings(project.problems.first()).coloring(f"prm_score@{model.pk}")
    assert (coloring.scale.low, coloring.scale.high, coloring.scale.signed) == (0.0, 1.0, False)
    assert np.isfinite(coloring.values[1:]).all()
    model.refresh_from_db()
    known = Colorings(project.problems.first())
    for part, (name, _) in enumerate(model.parts, 1):
        beside = known.coloring(f"prm_score@{model.pk}.{part}")
        assert beside.label.endswith(name)
        assert np.isfinite(beside.values[1:]).all()
    assert [name for name, _ in model.parts] == PARTS.get(key, [])


@pytest.mark.django_db(transaction=True)
def test_the_command_takes_a_kind_with_its_own_settings():
    filled(project_create(name="train"), with_rankings(2))
    status, answer = run_command(
        train_reward_model,
        "--project",
        "train",
        "--kind",
        "heron",
        "--set",
        "levels=outcome,length",
    )
    assert (status, answer["state"]) == (0, "queued"), answer
    run_asked = Job.objects.get(pk=answer["job"]).args["run"]
    assert (run_asked["kind"], run_asked["model"]["levels"]) == ("heron", "outcome,length")
    status, answer = run_command(
        train_reward_model, "--project", "train", "--kind", "heron", "--set", "levels=colour"
    )
    assert status == 2
    assert "levels must name signals once each" in answer["error"]["message"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("plackett_luce", "rank steps, branches or traces"),
        ("orm", "needs both right and wrong traces"),
    ],
)
def test_a_kind_without_its_data_says_how_to_get_it(key, sentence):
    project = project_create(name="empty")
    problem_with_tree(["a!"], project=project)
    job = run(train(project, kind=key, settings={**TINY, "held_out": "0"}))
    assert (job.state, job.error_code) == (Job.State.FAILED, "training")
    assert sentence in job.error


def test_rankings_of_a_problem_arrive_at_the_ends_of_what_was_ranked():
    tree = training_tree(ranked(order([1], [0, 2])))
    assert set(tree.ranked.pairs) == {
        RankedPair("trace", 2, 1, distance=1.0),
        RankedPair("trace", 2, 3, distance=1.0),
        RankedPair("trace", 1, 3, tie=True, distance=0.0),
    }
    assert tree.ranked.rankings == (Ranking(((2,), (1, 3)), 1.0),)
    assert set(tree.ranked.spoken_of("trace")) == {(0, 1), (0, 2), (1, 2)}


def test_rankings_arrive_by_criterion_and_by_rater_too():
    bob = RaterRecord("person", "bob")
    tree = training_tree(
        ranked(
            order([0], [1], [2], criterion="clear"),
            order([1], [0], criterion="clear", rater=bob),
            order([2], [1], rater=bob),
            adjudications=[decision([2], [0], criterion="clear")],
        )
    )
    assert tree.ranked.criteria == ("right", "clear")
    said = {(p.criterion, p.better, p.worse) for p in tree.ranked.by_criterion if not p.tie}
    # The decision on clarity stands in the place of what Ann and Bob said of it.
    assert said == {("clear", 3, 1), ("", 3, 2)}
    own = {(p.rater, p.better, p.worse) for p in tree.ranked.by_rater}
    assert {pair[1:] for pair in own if pair[0] == "person:ann"} == {(1, 2), (1, 3), (2, 3)}
    # What Bob said on the whole stands before what he said by criterion.
    assert {pair[1:] for pair in own if pair[0] == "person:bob"} == {(3, 2)}


def test_several_raters_of_a_place_count_one_together():
    bob = RaterRecord("person", "bob")
    tree = training_tree(ranked(order([0], [1], [2]), order([2], [1], [0], rater=bob)))
    assert [ranking.weight for ranking in tree.ranked.rankings] == [0.5, 0.5]
    assert tree.ranked.pairs == (), "split evenly: no answer"
    assert len(tree.ranked.spoken) == 3


def test_judged_runs_of_steps_arrive_at_their_nodes_under_the_rules():
    """a → d → e is the run 0 … 4 of the export; in the tree the problem is 0."""
    ann, bob = RaterRecord("person", "ann"), RaterRecord("imported", "bob")
    spans = [SpanLabelRecord(3, 4, bob, -1), SpanLabelRecord(3, 4, ann, 1)]
    tree = training_tree(problem(spans=[*spans, SpanLabelRecord(0, 4, bob, -1)]))
    assert tree.spans == (SpanTarget(4, 5, 1.0), SpanTarget(1, 5, 0.0))
    decided = AdjudicationRecord(ann, {"rating": -1}, "", level="span", run=(3, 4))
    tree = training_tree(problem(spans=spans, adjudications=[decided]))
    assert tree.spans == (SpanTarget(4, 5, 0.0),)


def test_the_primary_outcome_and_search_values_come_along():
    found = problem(
        targets=[],
        nodes=[NodeRecord("a", value=0.25), NodeRecord("b")],
        traces=[
            TraceRecord(0, outcomes=[OutcomeRecord("speed", 9.0), OutcomeRecord("correct", 1.0)]),
            TraceRecord(1, outcomes=[OutcomeRecord("correct", None)]),
        ],
    )
    tree = training_tree(found).tree
    np.testing.assert_array_equal(tree.outcomes, [1.0, np.nan])
    np.testing.assert_array_equal(tree.value, [np.nan, 0.25, np.nan])
    np.testing.assert_array_equal(training_tree(found, "speed").tree.outcomes, [9.0, np.nan])
