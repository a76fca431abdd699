"""Early stop watches problems of its own, keeps the best weights and survives being killed."""

from __future__ import annotations

import numpy as np
import pytest

from scoring.errors import CancelledError, TrainingError
from scoring.reward import load
from scoring.training import early
from scoring.training.early import with_validation
from tests.scoring.reward_cases import labelled
from tests.scoring.training.data import HELD, TRAIN, run

WATCHED = [labelled(200 + i) for i in range(4)]
FEW = {"steps": "40", "evaluate_every": "2", "patience": "3", "log_every": "40"}


@pytest.fixture
def falling(monkeypatch):
    """Give the watched number these values in turn, whatever the model says."""

    def values(*told):
        said = iter(told)
        monkeypatch.setattr(early.Watch, "_value", lambda *_: next(said))

    return values


def test_it_stops_after_so_many_evaluations_without_better_and_keeps_the_best(tmp_path, falling):
    falling(0.5, 0.6, 0.7, 0.7, 0.65, 0.6)  # the first is before any step; equal is not better
    result, rows = run(tmp_path, FEW, validation=WATCHED)
    curve = {step: value for (step, name), value in rows.items() if name == "validation_auroc"}
    assert curve == {2: 0.6, 4: 0.7, 6: 0.7, 8: 0.65, 10: 0.6}
    assert result.steps == 10
    told = result.provenance
    assert (told["best_step"], told["stopped_early"]) == (4, True)
    assert told["best_validation_auroc"] == 0.7
    assert told["validation_problems"] == 4
    assert told["problems"] == 12, "the snapshot's own validation problems cost no training problem"
    assert not (tmp_path / "checkpoints").exists()


def test_the_weights_of_the_best_evaluation_are_those_that_are_saved(
    tmp_path, falling, monkeypatch
):
    falling(0.5, 0.6, 0.9, 0.1, 0.1, 0.1)
    seen = {}
    look = early.Watch.look

    def remember(self, model, maker, progress, checkpoints):
        state = model.network.state_dict()
        seen[progress.step] = {name: weight.clone() for name, weight in state.items()}
        return look(self, model, maker, progress, checkpoints)

    monkeypatch.setattr(early.Watch, "look", remember)
    result, _ = run(tmp_path, FEW, validation=WATCHED)
    kept = load(result.artefact).network.state_dict()
    assert sorted(seen) == [2, 4, 6, 8, 10]
    assert result.provenance["best_step"] == 4
    same = [step for step, state in seen.items() if all((state[n] == kept[n]).all() for n in kept)]
    assert same == [4]


def test_a_killed_run_watches_on_where_it_was(tmp_path, monkeypatch):
    settings = {**FEW, "checkpoint_every": "3"}
    whole, wanted = run(tmp_path / "whole", settings, validation=WATCHED)
    asked = iter(range(1000))
    with pytest.raises(CancelledError):
        run(tmp_path / "cut", settings, validation=WATCHED, should_stop=lambda: next(asked) >= 5)
    cut, later = run(tmp_path / "cut", settings, validation=WATCHED)
    assert cut.provenance == whole.provenance
    assert cut.steps == whole.steps
    assert all(later[key] == pytest.approx(wanted[key], abs=1e-6) for key in later)
    for name, weight in load(whole.artefact).network.state_dict().items():
        np.testing.assert_allclose(load(cut.artefact).network.state_dict()[name], weight, atol=1e-6)


def test_without_validation_problems_a_tenth_of_those_for_training_is_taken(tmp_path):
    rest, taken = with_validation(TRAIN, ())
    assert len(taken) >= 1
    assert {t.problem_key for t in rest} | {t.problem_key for t in taken} == {
        t.problem_key for t in TRAIN
    }
    assert not {t.problem_key for t in rest} & {t.problem_key for t in taken}
    assert with_validation(TRAIN, WATCHED) == (TRAIN, WATCHED)
    with pytest.raises(TrainingError, match="not two to take one from"):
        with_validation(TRAIN[:1], ())


def test_a_number_that_is_not_defined_is_refused_before_any_step(tmp_path):
    one_class = [labelled(300)]
    one_class[0].targets[1:] = 1.0
    with pytest.raises(TrainingError, match="patience watches auroc on 1 validation problems"):
        run(tmp_path, FEW, validation=one_class, held=HELD)
