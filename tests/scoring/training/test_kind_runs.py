"""Runs of every kind that learns from outcomes, pairs or rankings: it learns, repeats and resumes."""

from __future__ import annotations

import numpy as np
import pytest

from scoring.errors import CancelledError
from scoring.reward import load
from scoring.reward.registry import kind
from scoring.training.generated import ArithmeticStream
from scoring.training.loop import fit
from tests.scoring.training.compared_data import LEARNING, answers, config

TRAIN = [answers(i) for i in range(12)]
HELD = [answers(100 + i) for i in range(6)]


def run(folder, key, *, settings=(), **more):
    rows: dict[tuple[int, str], float] = {}

    def keep(step, values):
        rows.update({(step, name): value for name, value in values.items()})

    result = fit(config(key, **dict(settings)), TRAIN, HELD, out_dir=folder, on_metric=keep, **more)
    return result, rows


@pytest.mark.parametrize("key", LEARNING)
def test_every_kind_learns_a_separable_rule_and_opens_again(tmp_path, key):
    result, rows = run(tmp_path, key)
    name = "outcome_auroc" if key == "orm" else "pair_accuracy"
    found = result.metrics
    assert found[name].value > 0.95
    assert rows[60, name] == pytest.approx(found[name].value), (
        "all held-out problems are in the curve"
    )
    assert found[f"length_{name}"].value < found[name].value
    model = load(result.artefact)
    assert model.kind.fixed == kind(key).load(model.kind.config, **model.info["fixed"]).fixed
    item = HELD[0]
    scores = model.score(item.problem_text, item.tree).step[2:]
    assert ((scores >= 0) & (scores <= 1)).all()
    good = np.array([str(text).startswith("yes") for text in item.tree.text[2:]])
    assert scores[good].min() > scores[~good].max()
    assert (scores[good] > 0.5).all(), "0.5 is about the middle of the training answers"
    assert model.info["provenance"]["units"] > 0
    assert not (tmp_path / "checkpoints").exists()


SHORT = {"steps": "8", "checkpoint_every": "3", "evaluate_every": "4", "log_every": "2"}


@pytest.mark.parametrize("key", ["bt_ties", "plackett_luce"])
def test_a_run_that_was_stopped_goes_on_as_if_it_had_not_been(tmp_path, key):
    whole, rows = run(tmp_path / "whole", key, settings=SHORT)
    asked = iter(range(1000))
    with pytest.raises(CancelledError):
        run(tmp_path / "cut", key, settings=SHORT, should_stop=lambda: next(asked) >= 5)
    cut, later = run(tmp_path / "cut", key, settings=SHORT)
    assert later == {k: v for k, v in rows.items() if k[0] > 5 - 5 % 2 or k in later}
    assert cut.metrics == whole.metrics
    assert load(cut.artefact).kind.fixed == load(whole.artefact).kind.fixed


def test_the_seed_alone_decides(tmp_path):
    first, again, other = (
        run(tmp_path / name, "heron", settings={**SHORT, "seed": seed})[1]
        for name, seed in (("a", "0"), ("b", "0"), ("c", "1"))
    )
    assert first == again
    assert first != other


def test_the_tie_parameter_is_learnt_and_kept(tmp_path):
    _, rows = run(tmp_path, "bt_ties", settings={"steps": "30"})
    head = load(tmp_path).network.head
    assert head.get_parameter("tie").item() != pytest.approx(-0.6931, abs=1e-3)
    assert rows[20, "label_loss"] < rows[1, "label_loss"]


@pytest.mark.parametrize("key", ["orm", "hrm", "tree_preference", "heron", "listwise"])
def test_generated_traces_carry_what_these_kinds_learn_from(tmp_path, key):
    assert kind(key).streams
    result, _ = run(tmp_path, key, settings={"steps": "2"}, stream=ArithmeticStream(0))
    assert result.provenance["generated_steps"] > 0


def test_generated_traces_alone_give_the_scores_their_scale(tmp_path):
    fit(
        config("tree_preference", steps="2"),
        [],
        HELD,
        out_dir=tmp_path,
        stream=ArithmeticStream(0),
    )
    assert len(set(load(tmp_path).kind.references)) == 10
