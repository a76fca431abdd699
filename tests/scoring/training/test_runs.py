"""A run learns, repeats with its seed, counts what it learnt from and tells how far it is."""

from __future__ import annotations

import time

import numpy as np
import pytest

from scoring.reward import load
from scoring.training.config import RunConfig
from scoring.training.loop import fit
from scoring.training.optimizer import learning_rate
from tests.scoring.reward_cases import labelled, save_base
from tests.scoring.training.data import HELD, SMALL, TRAIN, run


def test_a_run_learns_an_easy_rule_and_its_artefact_scores_like_it(tmp_path):
    result, rows = run(tmp_path, {"steps": "60", "step_tokens": "400", "evaluate_every": "60"})
    assert result.metrics["auroc"].value > 0.95
    assert result.metrics["auroc"].n == 18
    assert rows[60, "loss"] < rows[2, "loss"]
    assert {"loss", "learning_rate"} <= {name for step, name in rows if step == 1}
    assert rows[60, "auroc"] > 0.95
    model = load(result.artefact)
    item = HELD[0]
    scores = model.score(item.problem_text, item.tree).step[1:]
    assert ((scores > 0.5) == (item.targets[1:] > 0.5)).all()
    assert model.info["metrics"]["auroc"]["value"] == result.metrics["auroc"].value
    assert model.info["provenance"]["labelled_steps"] == 36
    assert model.info["provenance"]["held_out_problems"] == 6
    assert not (tmp_path / "checkpoints").exists()


def test_the_same_seed_gives_the_same_rows_and_another_seed_others(tmp_path):
    _, first = run(tmp_path / "a")
    _, second = run(tmp_path / "b")
    _, other = run(tmp_path / "c", {"seed": "1"})
    assert first == second
    assert first != other


def test_the_learning_rate_rises_stays_and_falls_to_a_tenth():
    plan = RunConfig.from_settings({"steps": "100", "warmup": "0.1", "decay": "0.5"}).training
    rates = [learning_rate(plan, step / 100) for step in range(100)]
    assert rates[:10] == sorted(rates[:10])
    assert rates[0] > 0
    assert set(rates[10:51]) == {2e-3}
    assert rates[50:] == sorted(rates[50:], reverse=True)
    assert learning_rate(plan, 1.0) == pytest.approx(2e-4)


def test_the_last_evaluation_tells_how_far_it_is(tmp_path):
    told: list[tuple[int, int, str]] = []
    run(tmp_path, on_progress=lambda *seen: told.append(seen))
    last = told.index((12, 12, "Step 12 of 12."))
    assert told[last + 1 :] == [
        (n, 6, f"Evaluating: {n} of 6 held-out problems scored.") for n in range(1, 7)
    ]


def test_a_time_limit_ends_the_run_early_with_an_artefact(tmp_path):
    began = time.monotonic()
    result, _ = run(tmp_path, {"steps": "100000", "max_seconds": "2"})
    assert 0 < result.steps < 100_000
    assert result.seconds >= 2
    assert time.monotonic() - began < 60
    assert load(result.artefact).info["steps"] == result.steps


def test_generated_traces_are_counted_apart(tmp_path):
    result, _ = run(tmp_path, stream=lambda number: labelled(1000 + number))
    assert result.provenance["generated_traces"] > 0
    assert result.provenance["generated_steps"] == 3 * result.provenance["generated_traces"]
    assert result.provenance["labelled_steps"] == 36


def test_generated_traces_alone_are_enough_to_learn_from(tmp_path):
    result, _ = run(tmp_path, train=[], stream=lambda number: labelled(1000 + number))
    assert result.metrics["auroc"].n == 18


def test_no_held_out_problems_is_allowed_and_shows_as_undefined(tmp_path):
    result, _ = run(tmp_path, held=[])
    assert result.metrics["auroc"].value is None
    assert result.metrics["auroc"].n == 0


def test_a_local_base_is_trained_and_opens_again(tmp_path):
    config = RunConfig.from_settings(
        {**SMALL, "learning_rate": "1e-3", "steps": "4"}, base=str(save_base(tmp_path / "base"))
    )
    result = fit(config, TRAIN, HELD, out_dir=tmp_path / "out")
    item = HELD[0]
    assert np.isfinite(load(result.artefact).score(item.problem_text, item.tree).step[1:]).all()
