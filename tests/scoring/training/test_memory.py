"""When memory runs out: half the tokens at a time, once, and then a sentence."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from scoring.errors import OutOfMemoryError
from scoring.reward import load
from scoring.reward.memory import is_out_of_memory
from scoring.reward.packing import CostModel
from scoring.training import update
from tests.scoring.reward_cases import all_labelled, forked_tree, tiny_model
from tests.scoring.training.data import run

TREES = [all_labelled(forked_tree(16, seed=i), key=f"p{i}") for i in range(4)]
SETTINGS = {"steps": "4", "step_tokens": "900", "log_every": "1", "evaluate_every": "100"}


class Scarce:
    """A machine that holds passes of so many tokens, padding included, and no longer ones."""

    def __init__(self, monkeypatch, tokens, *, kind=torch.OutOfMemoryError):
        self.tokens, self.kind, self.asked = tokens, kind, []
        loss = update.pass_loss
        monkeypatch.setattr(update, "pass_loss", lambda *a, **k: self.hold(a[2]) or loss(*a, **k))

    def hold(self, examples):
        size = max(len(e.row) for e in examples) * len(examples)
        self.asked.append(size)
        if size > self.tokens:
            raise self.kind("[enforce fail] DefaultCPUAllocator: can't allocate memory")


@pytest.mark.parametrize("kind", [torch.OutOfMemoryError, RuntimeError, MemoryError])
def test_the_step_is_taken_again_in_smaller_passes_and_learns_the_same(tmp_path, monkeypatch, kind):
    _, wanted = run(tmp_path / "whole", SETTINGS, train=TREES, held=[])
    machine = Scarce(monkeypatch, 950, kind=kind)
    told: list[str] = []
    result, rows = run(
        tmp_path / "scarce",
        SETTINGS,
        train=TREES,
        held=[],
        on_progress=lambda *p: told.append(p[2]),
    )
    assert sum(size > 950 for size in machine.asked) == 1, "halved once, and never too large again"
    assert max(machine.asked[1:]) < machine.asked[0]
    assert result.provenance["pass_tokens_that_fitted"] == machine.asked[0] // 2
    assert f"Memory ran out; going on with passes of {machine.asked[0] // 2:,} tokens." in told
    # cut otherwise, rows repeat other ancestors and the epochs other orders, so only nearly the same
    assert rows[1, "loss"] == pytest.approx(wanted[1, "loss"], rel=0.2)
    assert result.steps == 4


def test_a_second_time_is_a_sentence_and_the_steps_so_far_are_kept(tmp_path, monkeypatch):
    machine = Scarce(monkeypatch, 10**9)
    made = []

    def stop_after_two(step, _total, _message):
        made.append(step)
        if step == 2:
            machine.tokens = 1

    with pytest.raises(OutOfMemoryError, match="passes were made smaller before") as error:
        run(tmp_path, SETTINGS, train=TREES, held=[], on_progress=stop_after_two)
    assert "step 2 is kept" in str(error.value)
    assert error.value.code == "out_of_memory"
    machine.tokens = 10**9
    result, rows = run(tmp_path, SETTINGS, train=TREES, held=[])
    assert {step for step, _ in rows} == {3, 4}, "with more memory it goes on where it was"
    assert "pass_tokens_that_fitted" in result.provenance
    opened = load(result.artefact)
    assert np.isfinite(opened.score("Q", TREES[0].tree).step[1:]).all()


def test_other_faults_are_not_taken_for_it():
    assert not is_out_of_memory(RuntimeError("shapes do not match"))
    assert not is_out_of_memory(ValueError("DefaultCPUAllocator"))


def test_scoring_halves_its_rows_once_and_scores_the_same():
    tree, model = forked_tree(60), tiny_model()
    model.cost = CostModel(weights=10**9, width=64, layers=2)  # only the budget cuts
    wanted = model.score("Q", tree).step
    longest = max(len(row) for row in model.rows(model.encode("Q", tree).tree))
    asked = []

    def hold(_module, inputs):
        asked.append(inputs[0].tokens)
        if inputs[0].tokens > 0.9 * longest:
            raise torch.OutOfMemoryError

    model.network.register_forward_pre_hook(hold)
    np.testing.assert_allclose(model.score("Q", tree).step, wanted, atol=1e-5)
    assert model.budget == longest // 2
    assert (asked[0], sum(size > 0.9 * longest for size in asked)) == (longest, 1)
    model.network.register_forward_pre_hook(lambda *_: (_ for _ in ()).throw(MemoryError))
    with pytest.raises(OutOfMemoryError, match="rows were halved before"):
        model.score("Q", tree)
