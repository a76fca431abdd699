"""Several processes train one model as one process does, lose nothing and end together."""

from __future__ import annotations

import multiprocessing
import pickle
import types

import pytest
import torch
from safetensors.torch import load_file, save_file

from scoring.errors import (
    CancelledError,
    OutOfMemoryError,
    ProcessLostError,
    TrainingError,
    UnknownNameError,
)
from scoring.reward.settings import SettingError
from scoring.reward.shape import base_shape
from scoring.training import launch
from scoring.training.config import RunConfig
from scoring.training.estimate import Amount, estimate
from scoring.training.examples import passes
from scoring.training.hooks import Hooks
from scoring.training.rundata import run_name
from scoring.training.team import ALONE, Processes
from tests.scoring.reward_cases import tiny_model
from tests.scoring.training.data import HELD, TRAIN, run

FEW = {"steps": "5", "log_every": "1", "checkpoint_every": "2", "evaluate_every": "4"}
TWO = {**FEW, "processes": "2"}


def weights(folder):
    return load_file(str(folder / "model.safetensors"))


def assert_equal(folder, other):
    ours, theirs = weights(folder), weights(other)
    assert ours.keys() == theirs.keys()
    assert max(float((ours[k] - theirs[k]).abs().max()) for k in ours) < 1e-5


def workers():
    found = multiprocessing.active_children()
    return {child.name: child for child in found if child.name.startswith("training ")}


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone")
    return folder, *run(folder, FEW)


def test_two_processes_one_of_them_killed_learn_what_one_learns(tmp_path, alone):
    whole, wanted, wanted_rows = alone
    told: list[str] = []

    def kill_the_second_in_step_3(done, _total, message):
        told.append(message)
        if done == 3:
            workers()["training 2"].kill()

    with pytest.raises(ProcessLostError, match="Process 2 of the 2 that trained was ended by SIGK"):
        run(tmp_path, TWO, on_progress=kill_the_second_in_step_3)
    assert not workers(), "none outlives the run"
    assert told[:2] == ["Preparing the model and the data.", "Step 1 of 5."]
    assert [p.name for p in (tmp_path / "checkpoints").glob("step-*")] == ["step-00000002"]
    saved: list[bool] = []
    result, rows = run(tmp_path, TWO, on_saved=lambda: saved.append(True))
    assert {step for step, _ in rows} == {3, 4, 5}
    assert all(rows[key] == pytest.approx(wanted_rows[key], abs=1e-4) for key in rows)
    assert len(saved) == 2, "after step 4, and before the evaluation"
    assert_equal(whole, tmp_path)
    assert result.metrics["auroc"].value == pytest.approx(wanted.metrics["auroc"].value)
    assert not (tmp_path / "checkpoints").exists()
    assert not workers()


@pytest.mark.slow
def test_two_processes_stop_when_asked_and_one_goes_on(tmp_path, alone):
    whole, _, wanted_rows = alone
    steps: list[int] = []
    with pytest.raises(CancelledError, match="stopped after step 3"):
        run(
            tmp_path,
            TWO,
            should_stop=lambda: 3 in steps,
            on_progress=lambda done, _total, _message: steps.append(done),
        )
    assert not workers()
    _, rows = run(tmp_path, FEW)
    assert {step for step, _ in rows} == {4, 5}
    assert all(rows[key] == pytest.approx(wanted_rows[key], abs=1e-4) for key in rows)
    assert_equal(whole, tmp_path)


@pytest.mark.slow
def test_a_loss_that_is_no_number_in_one_process_stops_all(tmp_path):
    with pytest.raises(CancelledError):
        run(tmp_path, FEW, should_stop=lambda: True)
    saved = tmp_path / "checkpoints" / "step-00000000" / "tensors.safetensors"
    tensors = load_file(str(saved))
    tensors["network.head.weight"][0, 0] = float("nan")
    save_file(tensors, str(saved))
    with pytest.raises(TrainingError, match=r"not a number at step 1; the checkpoint of step 0"):
        run(tmp_path, TWO)
    assert not workers()


class Listened:
    """Two processes as ``_listen`` sees them, spoken for by the test."""

    def __init__(self, status=-9):
        ended = types.SimpleNamespace(join=lambda: None, exitcode=status)
        pairs = [multiprocessing.Pipe() for _ in range(2)]
        self.lines = [theirs for _, theirs in pairs]
        self.members = [launch._Member(n, ended, ours) for n, (ours, _) in enumerate(pairs)]

    def hear(self, **hooks):
        return launch._listen(self.members, Hooks(**hooks))


def test_what_the_first_asks_is_answered_until_it_is_done():
    heard: list[object] = []
    both = Listened()
    both.lines[0].send(("ask", "on_metric", (1, {"loss": 2.0})))
    both.lines[0].send(("ask", "should_stop", ()))
    both.lines[1].send(("done", None))
    both.lines[0].send(("done", "the result"))
    found = both.hear(on_metric=lambda *said: heard.append(said), should_stop=lambda: True)
    assert (found, heard) == ("the result", [(1, {"loss": 2.0})])
    assert [both.lines[0].recv() for _ in range(2)] == [None, True]


def test_what_the_caller_raises_comes_through():
    both = Listened()
    both.lines[0].send(("ask", "on_saved", ()))
    with pytest.raises(ZeroDivisionError):
        both.hear(on_saved=lambda: 1 / 0)


def test_a_neighbours_death_is_told_instead_of_its_consequences(monkeypatch):
    both = Listened()
    both.lines[0].send(("failed", RuntimeError("Connection closed by peer")))
    both.lines[1].close()
    with pytest.raises(ProcessLostError, match="Process 2 of the 2 that trained was ended by SIG"):
        both.hear()
    monkeypatch.setattr(launch, "COLLECT_S", 0.01)
    alive = Listened()
    alive.lines[0].send(("failed", RuntimeError("a fault of its own")))
    with pytest.raises(RuntimeError, match="a fault of its own"):
        alive.hear()
    told = Listened()
    told.lines[0].send(("failed", RuntimeError("Connection closed by peer")))
    told.lines[1].send(("failed", TrainingError("the reason")))
    with pytest.raises(TrainingError, match="the reason"):
        told.hear()


def test_errors_are_sent_as_they_are_or_in_words():
    lost = TrainingError("the disk is full")
    lost.code = "disk_full"
    sent = pickle.loads(pickle.dumps(launch._portable(lost)))
    assert (type(sent), str(sent), sent.code) == (TrainingError, "the disk is full", "disk_full")
    unknown = UnknownNameError("kind", "x", ["prm"])  # takes other arguments than it keeps
    assert str(launch._portable(unknown)) == str(unknown)
    assert launch._portable(unknown).code == "unknown_name"
    assert isinstance(launch._portable(MemoryError()), OutOfMemoryError)
    other = pickle.loads(pickle.dumps(launch._portable(KeyError("k"))))
    assert "KeyError" in str(other)
    assert any("Traceback" in note or "KeyError" in note for note in other.__notes__)


def example(length):
    return types.SimpleNamespace(row=[0] * length)


@pytest.mark.parametrize("lengths", [[9], [5, 4, 3, 2], [30, 1, 1, 1, 1], [7] * 11])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_rows_are_dealt_once_and_all_processes_run_equally_often(lengths, size):
    rows = [example(n) for n in lengths]
    dealt = []
    for rank in range(size):
        place = types.SimpleNamespace(process_index=rank, num_processes=size, device="cpu")
        dealt.append(Processes(place).deal(rows, 16))
    assert len({len(own) for own in dealt}) == 1, "or some would wait for the others for ever"
    counted = [row for own in dealt for group, counts in own if counts for row in group]
    assert sorted(map(id, counted)) == sorted(map(id, rows))
    groups = [group for own in dealt for group, _ in own]
    assert all(groups), "a pass without rows cannot be run"
    assert all(len(g) == 1 or max(len(r.row) for r in g) * len(g) <= 16 for g in groups)
    tokens = [sum(len(r.row) for g, counts in own if counts for r in g) for own in dealt]
    assert max(tokens) - min(tokens) <= max(lengths)


def test_a_team_of_one_changes_nothing():
    model = tiny_model()
    rows = [example(n) for n in (3, 5, 2)]
    assert [group for group, counts in ALONE.deal(rows, 8) if counts] == passes(rows, 8)
    assert ALONE.joined(model.network) is model.network
    assert ALONE.sums(1.5, 2.5) == (1.5, 2.5)
    tensor = torch.ones(2)
    assert ALONE.whole(tensor) is ALONE.part(tensor, tensor) is tensor


def test_more_processes_than_gpus_are_refused_with_both_numbers(tmp_path, monkeypatch):
    monkeypatch.setattr(launch.torch.cuda, "device_count", lambda: 2)
    with pytest.raises(TrainingError, match="processes is 4 and this machine has 2 GPUs"):
        run(tmp_path, {"processes": "4"}, device="cuda")


def test_the_number_of_processes_is_checked_and_no_part_of_what_a_run_is():
    for wrong in ("0", "65"):
        with pytest.raises(SettingError, match="processes must be"):
            RunConfig.from_settings({"processes": wrong})
    one, two = (RunConfig.from_settings({"processes": n}) for n in ("1", "2"))
    assert run_name(one, "data") == run_name(two, "data") != run_name(two, "other")
    assert RunConfig.from_dict(two.to_dict()) == two
    old = one.to_dict()
    del old["training"]["processes"]
    assert RunConfig.from_dict(old) == one, "jobs from before there was a choice"


def test_each_process_needs_less_memory():
    shape = base_shape("tiny", RunConfig.from_settings({}).model)
    amount = Amount(characters=10_000, steps=100, problems=10)
    one, four = (
        estimate(RunConfig.from_settings({"processes": n}).training, "tiny", shape, amount)
        for n in ("1", "4")
    )
    assert four.memory["optimiser"].low == one.memory["optimiser"].low / 4
    assert four.memory["weights"].low == one.memory["weights"].low / 4
    assert four.memory["activations"] == one.memory["activations"]
    assert four.seconds.low == pytest.approx(one.seconds.low / 4)
    assert four.seconds.high == one.seconds.high
    assert any("each of the 4 processes" in sentence for sentence in four.basis)
    assert len(HELD) < len(TRAIN)
