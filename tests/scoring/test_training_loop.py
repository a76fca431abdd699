"""A run: learns, resumes exactly, stops at once, and says why it cannot go on."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import torch

from scoring.errors import CancelledError, ModelLoadError, PackingError, TrainingError
from scoring.reward import load
from scoring.reward.packing import CostModel
from scoring.training import loop
from scoring.training.config import RunConfig
from scoring.training.examples import ExampleMaker, passes
from scoring.training.loop import fit
from scoring.training.losses import Denominators, pass_loss
from scoring.training.optimizer import learning_rate
from tests.scoring.reward_cases import forked_tree, labelled, tiny_model
from tests.scoring.test_reward_artefact import save_base
from tests.scoring.test_training_dataset import all_labelled

SMALL = {
    "steps": "12",
    "step_tokens": "120",
    "tiny_layers": "1",
    "tiny_width": "64",
    "tiny_vocabulary": "400",
    "log_every": "2",
    "evaluate_every": "6",
    "checkpoint_every": "5",
}
FEW_ROWS = CostModel(weights=10**9, width=64, layers=2)  # only the budget cuts
TRAIN = [labelled(i) for i in range(12)]
HELD = [labelled(100 + i) for i in range(6)]


def run(folder, settings=(), train=TRAIN, held=HELD, **more):
    config = RunConfig.from_settings({**SMALL, **dict(settings)})
    rows: dict[tuple[int, str], float] = {}

    def keep(step, values):
        rows.update({(step, name): value for name, value in values.items()})

    result = fit(config, train, held, out_dir=folder, on_metric=keep, **more)
    return result, rows


def gradients(
    model, item, *, budget, pass_tokens, weighting="per_node", lm_weight=1.0, bfloat16=False
):
    maker = ExampleMaker(model.tokenizer, FEW_ROWS, model.context, budget, weighting)
    examples = maker.make(item)
    model.network.zero_grad()
    denominators = Denominators.of(examples)
    total = 0.0
    for group in passes(examples, pass_tokens):
        parts = pass_loss(
            model.network,
            model.kind,
            group,
            denominators,
            lm_weight=lm_weight,
            device=torch.device("cpu"),
            bfloat16=bfloat16,
        )
        parts.total.backward()
        total += float(parts.total.detach())
    return total, [p.grad.clone() for p in model.network.parameters()], len(examples)


@pytest.mark.parametrize(("budget", "pass_tokens"), [(60, 60), (60, 4096), (200, 400)])
def test_cutting_and_accumulating_leave_loss_and_gradient_as_they_are(budget, pass_tokens):
    model, item = tiny_model(), all_labelled(forked_tree(30))
    whole, wanted, one = gradients(model, item, budget=4096, pass_tokens=4096)
    cut, got, many = gradients(model, item, budget=budget, pass_tokens=pass_tokens)
    assert (one, many > 1) == (1, True)
    assert cut == pytest.approx(whole, rel=1e-5)
    for a, b in zip(wanted, got, strict=True):
        torch.testing.assert_close(a, b, atol=2e-5, rtol=1e-3)


def test_per_leaf_weights_give_the_loss_of_one_row_per_trace():
    model, tree = tiny_model(), forked_tree(20)
    item = all_labelled(tree)
    packed, wanted, _ = gradients(
        model, item, budget=4096, pass_tokens=4096, weighting="per_leaf", lm_weight=0.0
    )
    losses = []
    with torch.no_grad():
        scores = model.score_plain(item.problem_text, tree).step
        for path in (p for leaf in tree.leaves for p in [path_to(tree, int(leaf))]):
            y, p = item.targets[path], scores[path].astype(float)
            losses.append(-(y * np.log(p) + (1 - y) * np.log(1 - p)))
    assert packed == pytest.approx(float(np.concatenate(losses).mean()), rel=1e-3)
    assert any(g.abs().max() > 0 for g in wanted)


def path_to(tree, node):
    path = []
    while node > 0:
        path.append(node)
        node = int(tree.parent[node])
    return np.array(path[::-1])


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


KILLED = """
import json, sys
from pathlib import Path
from tests.scoring.test_training_loop import HELD, SMALL, TRAIN
from scoring.training.config import RunConfig
from scoring.training.loop import fit
from tests.scoring.reward_cases import labelled

def keep(step, values):
    with open(sys.argv[2], "a") as file:
        for name, value in values.items():
            file.write(json.dumps([step, name, value]) + "\\n")

fit(RunConfig.from_settings(SMALL), TRAIN, HELD, out_dir=Path(sys.argv[1]), on_metric=keep,
    stream=lambda number: labelled(1000 + number),
    on_progress=lambda done, total, message: print(done, flush=True))
"""


@pytest.mark.slow
def test_the_rows_of_a_run_killed_twice_equal_those_of_an_unbroken_one(tmp_path):
    rows = tmp_path / "rows.jsonl"
    command = [sys.executable, "-c", KILLED, str(tmp_path / "killed"), str(rows)]
    for stop_after in (7, 11):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            for line in process.stdout:
                if int(line) >= stop_after:
                    process.send_signal(signal.SIGKILL)
                    break
        assert process.returncode == -signal.SIGKILL
        assert list((tmp_path / "killed" / "checkpoints").glob("step-*"))
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    got = {(s, n): v for s, n, v in map(json.loads, rows.read_text().splitlines())}
    _, wanted = run(tmp_path / "whole", stream=lambda number: labelled(1000 + number))
    assert got.keys() == wanted.keys()
    assert max(abs(got[key] - wanted[key]) for key in wanted) < 1e-6


def test_cancel_takes_effect_before_the_next_step_and_the_run_can_go_on(tmp_path):
    done: list[int] = []
    with pytest.raises(CancelledError, match="stopped after step 3"):
        run(
            tmp_path / "a",
            should_stop=lambda: len(done) >= 4,  # "preparing", then steps 1–3
            on_progress=lambda step, _total, _message: done.append(step),
        )
    assert done == [0, 1, 2, 3]
    _, rest = run(tmp_path / "a")
    _, whole = run(tmp_path / "b")
    assert all(step > 3 for step, _ in rest)
    assert all(abs(whole[key] - value) < 1e-6 for key, value in rest.items())


def test_a_loss_that_is_not_a_number_stops_the_run_and_keeps_the_last_checkpoint(
    tmp_path, monkeypatch
):
    original = loop.pass_loss
    calls = []

    def sick(*args, **kwargs):
        parts = original(*args, **kwargs)
        calls.append(1)
        return (
            parts if len(calls) <= 7 else type(parts)(parts.total * float("nan"), float("nan"), 0.0)
        )

    monkeypatch.setattr(loop, "pass_loss", sick)
    with pytest.raises(
        TrainingError,
        match=r"not a number at step 8; the checkpoint of step 5 is kept.*learning_rate",
    ):
        run(tmp_path)
    assert (tmp_path / "checkpoints" / "step-00000005" / "tensors.safetensors").is_file()
    assert not (tmp_path / "tracewood.json").exists()


def test_a_full_disk_is_a_sentence_and_the_older_checkpoint_stays(tmp_path, monkeypatch):
    original = loop.Checkpoints.save

    def full(self, progress, network, optimizer):
        if progress.step == 10:
            monkeypatch.setattr("scoring.training.checkpoint.save_file", no_room)
        original(self, progress, network, optimizer)

    def no_room(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(loop.Checkpoints, "save", full)
    with pytest.raises(TrainingError, match=r"checkpoint of step 10 .* No space left on device"):
        run(tmp_path)
    assert loop.Checkpoints(tmp_path / "checkpoints").steps() == [5]


def test_checkpoints_of_other_data_or_settings_are_not_mixed_in(tmp_path):
    with pytest.raises(CancelledError):
        run(tmp_path, should_stop=lambda: True)
    with pytest.raises(TrainingError, match="start the new run in another folder"):
        run(tmp_path, {"seed": "5"})
    with pytest.raises(TrainingError, match="start the new run in another folder"):
        run(tmp_path, train=TRAIN[1:])


def test_a_torn_checkpoint_is_named(tmp_path):
    with pytest.raises(CancelledError):
        run(tmp_path, should_stop=lambda: True)
    (path,) = (tmp_path / "checkpoints").glob("step-*")
    (path / "tensors.safetensors").write_bytes(b"torn")
    with pytest.raises(TrainingError, match="cannot be read"):
        run(tmp_path)


def test_checkpoints_hold_no_pickle_and_only_the_newest_two_are_kept(tmp_path):
    seen: list[list[str]] = []

    def look(_done, _total, _message):
        seen.append(sorted(p.name for p in (tmp_path / "checkpoints").glob("step-*/*")))

    run(tmp_path, {"checkpoint_every": "2"}, on_progress=look)
    assert max(map(len, seen)) == 4
    assert {name for names in seen for name in names} == {"state.json", "tensors.safetensors"}


def test_a_time_limit_ends_the_run_early_with_an_artefact(tmp_path):
    began = time.monotonic()
    result, _ = run(tmp_path, {"steps": "100000", "max_seconds": "2"})
    assert 0 < result.steps < 100_000
    assert result.seconds >= 2
    assert time.monotonic() - began < 60
    assert load(result.artefact).info["steps"] == result.steps


def test_a_finished_run_that_is_started_again_returns_what_it_left(tmp_path):
    first, _ = run(tmp_path)
    written = (tmp_path / "model.safetensors").stat().st_mtime_ns
    again, rows = run(tmp_path)
    assert (again, rows) == (first, {})
    assert (tmp_path / "model.safetensors").stat().st_mtime_ns == written
    other, rows = run(tmp_path, {"seed": "1"})
    assert rows
    assert load(other.artefact).info["seed"] == 1


def test_bfloat16_changes_the_loss_by_rounding_only():
    model, item = tiny_model(), all_labelled(forked_tree(20))
    exact, _, _ = gradients(model, item, budget=4096, pass_tokens=4096)
    rounded, _, _ = gradients(model, item, budget=4096, pass_tokens=4096, bfloat16=True)
    assert rounded != exact
    assert rounded == pytest.approx(exact, rel=0.02)


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


def test_nothing_to_learn_from_is_refused_before_any_work(tmp_path):
    right = [labelled(0)]
    right[0].targets[1:] = 1.0
    with pytest.raises(TrainingError, match="needs both right and wrong"):
        run(tmp_path / "x", train=right)
    assert not (tmp_path / "x").exists()


def test_labels_that_all_lie_beyond_the_context_are_refused(tmp_path):
    long = [replace(tree, problem_text="x " * 400) for tree in TRAIN]
    with pytest.raises(
        TrainingError, match="nothing is left to learn from: 36 labelled steps of 12"
    ):
        run(tmp_path, {"tiny_context": "16"}, train=long)


def test_a_missing_base_is_refused_with_the_way_out(tmp_path):
    config = RunConfig.from_settings(SMALL, base=str(tmp_path / "nowhere"))
    with pytest.raises(ModelLoadError, match="Give 'tiny'"):
        fit(config, TRAIN, HELD, out_dir=tmp_path / "out")


def test_a_local_base_is_trained_and_opens_again(tmp_path):
    config = RunConfig.from_settings(
        {**SMALL, "learning_rate": "1e-3", "steps": "4"}, base=str(save_base(tmp_path / "base"))
    )
    result = fit(config, TRAIN, HELD, out_dir=tmp_path / "out")
    item = HELD[0]
    assert np.isfinite(load(result.artefact).score(item.problem_text, item.tree).step[1:]).all()


def test_a_language_loss_on_an_untied_base_is_refused(tmp_path):
    base = save_base(tmp_path / "base", tie_word_embeddings=False)
    config = RunConfig.from_settings({**SMALL, "lm_weight": "1"}, base=str(base))
    with pytest.raises(TrainingError, match="set lm_weight=0"):
        fit(config, TRAIN, HELD, out_dir=tmp_path / "out")


def test_a_model_that_cannot_be_packed_is_not_trained(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "scoring.reward.network.tree_mask",
        lambda last: torch.ones(last.shape[0], 1, last.shape[1], last.shape[1], dtype=torch.bool),
    )
    with pytest.raises(PackingError):
        run(tmp_path)
