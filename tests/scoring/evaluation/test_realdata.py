"""The suites on public data: published choices reproduced, upstream rules computed a second time.

Set ``TRACEWOOD_REAL_DATA`` to a folder with ``strictprmbench`` and ``prmbench``; without it these are
skipped.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import f1_score

from scoring.evaluation import Record, compare, distance, evaluate
from scoring.evaluation.aggregate import outcome
from scoring.evaluation.sources import of_prmbench
from tests.scoring.evaluation.data import NONE, QUICK

ROOT = Path(__file__).parents[3]
DATA = Path(os.environ.get("TRACEWOOD_REAL_DATA") or ROOT.parent / "shared" / "data")
STRICT, PRMBENCH = DATA / "strictprmbench", DATA / "prmbench"
pytestmark = pytest.mark.realdata
strict = pytest.mark.skipif(not STRICT.is_dir(), reason=f"no StrictPRMBench at {STRICT}")
prmbench = pytest.mark.skipif(not PRMBENCH.is_dir(), reason=f"no PRMBench at {PRMBENCH}")
MODELS = ("qwen_prm", "math_shepherd", "skywork_prm", "rlhflow_prm")

# ``clean_idx_…`` and ``clean_score_…`` of Skywork in StrictPRMBench's own results,
# results/matched_trace/per_problem_matched_product_gm_min_last_14cell.jsonl at 53376f2c: which of
# 32 candidates is chosen, and its score.
PUBLISHED = {
    ("gsm8k_000", "product"): (22, -1.1223786336116042),
    ("gsm8k_000", "geometric"): (14, 0.7664338553252645),
    ("gsm8k_000", "min"): (25, 0.62451171875),
    ("gsm8k_000", "last"): (12, 0.984375),
    ("gsm8k_003", "product"): (20, -0.1195909280647401),
    ("gsm8k_003", "geometric"): (26, 0.9601334095875607),
    ("gsm8k_003", "min"): (26, 0.9267578125),
    ("gsm8k_003", "last"): (23, 0.9853515625),
    ("gsm8k_005", "product"): (31, -0.3848704134456359),
    ("gsm8k_005", "geometric"): (31, 0.8795981374369382),
    ("gsm8k_005", "min"): (31, 0.76806640625),
    ("gsm8k_005", "last"): (31, 0.98193359375),
    ("gsm8k_007", "product"): (28, -1.6003198545265653),
    ("gsm8k_007", "geometric"): (9, 0.6181638260970792),
    ("gsm8k_007", "min"): (6, 0.467529296875),
    ("gsm8k_007", "last"): (28, 0.935546875),
    ("gsm8k_015", "product"): (18, -0.5153392835600614),
    ("gsm8k_015", "geometric"): (20, 0.7891525597500795),
    ("gsm8k_015", "min"): (20, 0.69287109375),
    ("gsm8k_015", "last"): (19, 0.9658203125),
    ("gsm8k_020", "product"): (7, -0.8579332056916379),
    ("gsm8k_020", "geometric"): (30, 0.8463677402530357),
    ("gsm8k_020", "min"): (11, 0.693359375),
    ("gsm8k_020", "last"): (9, 0.97021484375),
}


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def models():
    """Records of each published model on the 416 candidates."""
    if not STRICT.is_dir():
        pytest.skip(f"no StrictPRMBench at {STRICT}")
    texts = {}
    for path in (STRICT / "bon_candidates" / "gsm8k_full_500").glob("*.json"):
        pool = json.loads(path.read_text(encoding="utf-8"))
        for at, candidate in enumerate(pool["candidates"]):
            steps = tuple(step["text"] for step in candidate["steps"])
            texts[pool["problem_id"], at] = steps
    return {
        model: [
            Record(
                id=f"{row['problem_id']}/{row['candidate_index']:02d}",
                problem=row["problem_id"],
                step_scores=np.array(row["step_scores"]),
                correct=row["is_correct"],
                steps=texts[row["problem_id"], row["candidate_index"]],
            )
            for row in lines(STRICT / "step_scores" / f"{model}_gsm8k.jsonl")
        ]
        for model in MODELS
    }


@strict
@pytest.mark.parametrize(("problem", "rule"), PUBLISHED)
def test_the_published_choice_of_a_published_model_is_reproduced(models, problem, rule):
    pool = sorted((r for r in models["skywork_prm"] if r.problem == problem), key=lambda r: r.id)
    scores = [outcome(row, rule) for row in pool]
    index, score = PUBLISHED[problem, rule]
    assert (int(np.argmax(scores)), max(scores)) == (index, pytest.approx(score, abs=1e-12))


@strict
def test_best_of_n_is_what_drawing_subsets_approaches(models):
    rows, rng = models["qwen_prm"], np.random.default_rng(0)
    report = evaluate("best_of_n", rows, resampling=QUICK, aggregation="min")
    assert report["accuracy@32"].n_problems == 13
    means = []
    for problem in sorted({row.problem for row in rows}):
        pool = [row for row in rows if row.problem == problem]
        scores = np.array([row.step_scores.min() for row in pool])
        right = np.array([row.correct for row in pool], float)
        order = rng.random((4000, 32)).argsort(axis=1)[:, :8]
        best = scores[order] == scores[order].max(axis=1, keepdims=True)
        means.append(((right[order] * best).sum(axis=1) / best.sum(axis=1)).mean())
    assert report["accuracy@8"].estimate.value == pytest.approx(np.mean(means), abs=0.005)
    assert report["accuracy@1"].estimate.value == pytest.approx(
        np.mean([row.correct for row in rows])
    )


@strict
def test_four_models_under_one_protocol(models):
    reports = [evaluate("aggregation", models[name], resampling=NONE) for name in MODELS]
    assert len({report.protocol.hash for report in reports}) == 1
    found = compare("best_of_n", models["qwen_prm"], models["math_shepherd"], aggregation="last")[
        "accuracy@8"
    ]
    assert found.difference.low <= found.difference.value <= found.difference.high
    assert 0 < found.p <= 1
    assert set(
        evaluate("best_of_n", models["qwen_prm"], resampling=NONE, aggregation="min")[
            "accuracy@8"
        ].baselines
    ) == {"length", "format"}


@strict
@pytest.mark.parametrize("key", ["starc", "epic"])
def test_distances_between_published_models_are_a_metric_on_these_data(models, key):
    between = np.array(
        [
            [
                distance(key, models[a], models[b], resampling=NONE)["distance"].estimate.value
                for b in MODELS
            ]
            for a in MODELS
        ]
    )
    np.testing.assert_allclose(np.diag(between), 0.0, atol=1e-6)
    np.testing.assert_allclose(between, between.T, atol=1e-12)
    for a, b, c in np.ndindex(4, 4, 4):
        assert between[a, c] <= between[a, b] + between[b, c] + 1e-9


@prmbench
def test_prmbench_equals_its_rules_written_as_loops():
    rows = lines(PRMBENCH / "target_data.jsonl")
    rng = np.random.default_rng(0)
    records = [
        replace(record, step_scores=rng.random(len(record.steps))) for record in of_prmbench(rows)
    ]
    report = evaluate("prmbench", records, resampling=NONE)
    by_id = {record.id: record for record in records}
    truth, judged, first = {}, {}, {}
    seen = set()
    for row in rows:
        kind, name = row["classification"], f"{row['classification']}_{row['idx']}"
        if name in seen:
            continue
        seen.add(name)
        wrong = [step - 1 for step in row["error_steps"]]
        labels = by_id[name].step_scores > 0.5
        for at, good in enumerate(labels):
            truth.setdefault(kind, []).append(at not in wrong)
            judged.setdefault(kind, []).append(good)
            if wrong and at == min(wrong):
                first.setdefault(kind, []).append(not good)
    for kind, labels in truth.items():
        f1 = f1_score(labels, judged[kind])
        assert report[f"f1:{kind}"].estimate.value == pytest.approx(f1)
        if kind != "multi_solutions":
            negative = f1_score(labels, judged[kind], pos_label=False)
            assert report[f"prm_score:{kind}"].estimate.value == pytest.approx((f1 + negative) / 2)
            assert report[f"first_error:{kind}"].estimate.value == pytest.approx(
                np.mean(first[kind])
            )
    every, all_judged = (list(chain(*columns.values())) for columns in (truth, judged))
    scores = [f1_score(every, all_judged, pos_label=label) for label in (True, False)]
    assert report["prm_score"].estimate.value == pytest.approx(np.mean(scores))
    assert report["prm_score"].estimate.n == len(every)
    assert {number.split for number in report.numbers} >= set(truth) | {"correct"}


@prmbench
def test_position_and_form_say_something_on_prmbench():
    """Injected errors are not spread evenly over a solution; the baselines beside it show it."""
    rng = np.random.default_rng(0)
    records = [
        replace(record, step_scores=rng.random(len(record.steps)))
        for record in of_prmbench(lines(PRMBENCH / "target_data.jsonl"))
    ]
    number = evaluate("steps", records, resampling=QUICK)["auroc"]
    assert number.estimate.value == pytest.approx(0.5, abs=0.03)
    assert number.baselines["format"].value.low > 0.5
