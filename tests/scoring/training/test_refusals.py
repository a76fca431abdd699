"""A run that cannot go on says why and keeps what was saved."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError

from scoring.errors import ModelLoadError, PackingError, TrainingError
from scoring.training import loop, update
from scoring.training.config import RunConfig
from scoring.training.loop import fit
from tests.scoring.reward_cases import labelled, save_base
from tests.scoring.training.data import HELD, SMALL, TRAIN, run


def test_a_loss_that_is_not_a_number_stops_the_run_and_keeps_the_last_checkpoint(
    tmp_path, monkeypatch
):
    original = update.pass_loss
    calls = []

    def sick(*args, **kwargs):
        parts = original(*args, **kwargs)
        calls.append(1)
        return (
            parts if len(calls) <= 7 else type(parts)(parts.total * float("nan"), float("nan"), 0.0)
        )

    monkeypatch.setattr(update, "pass_loss", sick)
    with pytest.raises(
        TrainingError,
        match=r"not a number at step 8; the checkpoint of step 5 is kept.*learning_rate",
    ):
        run(tmp_path)
    assert (tmp_path / "checkpoints" / "step-00000005" / "tensors.safetensors").is_file()
    assert not (tmp_path / "tracewood.json").exists()


def no_room(tensors, path, **_):
    """What safetensors does on a full disk: it leaves half a file and says this."""
    Path(path).write_bytes(b"half")
    raise SafetensorError(
        "Error while serializing: I/O error: No space left on device (os error 28)"
    )


def test_a_full_disk_is_a_sentence_and_the_older_checkpoint_stays_usable(tmp_path, monkeypatch):
    original = loop.Checkpoints.save

    def full(self, progress, network, optimizer):
        with monkeypatch.context() as patch:
            if progress.step == 10:
                patch.setattr("scoring.training.checkpoint.save_file", no_room)
            original(self, progress, network, optimizer)

    folder = tmp_path / "checkpoints"
    with monkeypatch.context() as patch:
        patch.setattr(loop.Checkpoints, "save", full)
        with pytest.raises(TrainingError) as refused:
            run(tmp_path)
    assert str(refused.value) == (
        f"The checkpoint of step 10 cannot be written to {folder}: No space left on device. Put that "
        "right (make room, or let this user write there), then resume: what was saved before is "
        "intact."
    )
    assert refused.value.code == "disk_full"
    assert {path.name for path in folder.iterdir()} == {"tokenizer.json", "step-00000005"}
    result, rows = run(tmp_path)
    assert result.steps == max(step for step, _ in rows) > 10
    assert min(step for step, _ in rows) > 5, "it went on from the checkpoint that was kept"


def test_a_disk_that_is_full_at_the_end_leaves_no_half_model(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("scoring.reward.artefact.save_file", no_room)
        with pytest.raises(TrainingError, match=r"The model cannot be written .* No space left"):
            run(tmp_path)
    assert not (tmp_path / "model.safetensors").exists()
    assert not (tmp_path / "tracewood.json").exists()
    result, _ = run(tmp_path)
    assert (result.artefact / "model.safetensors").is_file()


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
