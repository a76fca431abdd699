"""A run that was killed or stopped goes on exactly where it was."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

from scoring.errors import CancelledError, TrainingError
from scoring.reward import load
from tests.scoring.reward_cases import labelled
from tests.scoring.training.data import TRAIN, run

KILLED = """
import json, sys
from pathlib import Path
from tests.scoring.training.data import HELD, SMALL, TRAIN
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


def test_a_run_stopped_while_evaluating_has_lost_no_step(tmp_path):
    told: list[tuple[int, int, str]] = []
    stop = {
        "should_stop": lambda: told[-1][1:] == (6, "Evaluating: 2 of 6 held-out problems scored.")
    }
    with pytest.raises(CancelledError, match="resuming continues from step 12"):
        run(tmp_path, on_progress=lambda *seen: told.append(seen), **stop)
    assert not (tmp_path / "tracewood.json").exists()
    told.clear()
    result, rows = run(tmp_path, on_progress=lambda *seen: told.append(seen))
    assert (result.steps, rows) == (12, {})
    assert told[-1] == (6, 6, "Evaluating: 6 of 6 held-out problems scored.")


def test_a_finished_run_that_is_started_again_returns_what_it_left(tmp_path):
    first, _ = run(tmp_path)
    written = (tmp_path / "model.safetensors").stat().st_mtime_ns
    again, rows = run(tmp_path)
    assert (again, rows) == (first, {})
    assert (tmp_path / "model.safetensors").stat().st_mtime_ns == written
    other, rows = run(tmp_path, {"seed": "1"})
    assert rows
    assert load(other.artefact).info["seed"] == 1
