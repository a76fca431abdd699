"""Settings from text: parsed, limited, described, and refused with the way out."""

from __future__ import annotations

import pytest

from scoring.errors import UnknownNameError
from scoring.reward.settings import SettingError
from scoring.training.config import RunConfig, TrainingConfig


def test_settings_reach_the_trainer_and_the_model():
    run = RunConfig.from_settings({"steps": "7", "learning_rate": "1e-3", "head": "scalar"})
    assert run.training.steps == 7
    assert run.training.learning_rate == 1e-3
    assert run.model.head == "scalar"


def test_an_unknown_setting_names_the_known_ones():
    with pytest.raises(UnknownNameError, match=r"no setting called 'lr'; known: .*learning_rate"):
        RunConfig.from_settings({"lr": "1"})


def test_an_unknown_kind_names_the_known_ones():
    with pytest.raises(UnknownNameError, match="known: prm"):
        RunConfig.from_settings({}, kind_key="nonsense")


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("steps", "many", "steps must be a whole number from 1 to 1000000, not 'many'"),
        ("steps", "0", "steps must be a whole number from 1 to 1000000, not 0"),
        ("steps", "10" * 9, "steps must be a whole number from 1 to 1000000, not 1010"),
        ("steps", "9" * 5000, "9…'"),
        ("seed", "-1", "seed must be a whole number from 0 to 2147483647, not -1"),
        ("pass_tokens", "99999999", "pass_tokens must be a whole number from 16 to 1048576"),
        ("tiny_width", "1000000", "tiny_width must be a whole number from 64 to 4096"),
        ("steps", "2.5", "steps must be a whole number"),
        ("held_out", "1.5", "held_out must be a number from 0 to 0.9, not 1.5"),
        ("learning_rate", "nan", "learning_rate must be a number from 0 to 1 or none"),
        ("learning_rate", "inf", "learning_rate must be"),
        ("weighting", "leaf", "weighting must be one of per_node, per_leaf, not 'leaf'"),
        ("head", "three", "head must be one of two_class, scalar"),
        ("tiny_width", "100", "tiny_width must be a multiple of 64, not 100"),
    ],
)
def test_a_wrong_value_says_what_would_be_right(name, text, sentence):
    with pytest.raises(SettingError, match=sentence):
        RunConfig.from_settings({name: text})


def test_an_empty_base_is_refused():
    with pytest.raises(SettingError, match="a folder or a hub id"):
        RunConfig.from_settings({}, base=" ")


def test_none_means_the_default_of_the_base():
    tiny, other = (RunConfig.from_settings({}, base=base).training for base in ("tiny", "a/b"))
    assert (tiny.learning_rate, tiny.lm_weight) == (2e-3, 1.0)
    assert (other.learning_rate, other.lm_weight) == (1e-5, 0.0)
    assert RunConfig.from_settings({"max_seconds": "none"}).training.max_seconds is None
    assert RunConfig.from_settings({"lm_weight": "0"}).training.lm_weight == 0.0


def test_every_setting_has_words_and_a_default_that_fits():
    specs = RunConfig.describe()
    assert len({spec.name for spec in specs}) == len(specs)
    for spec in specs:
        assert spec.doc.endswith(".")
        assert spec.kind in ("int", "float", "bool", "str")
        if spec.default is not None:
            RunConfig.from_settings({spec.name: str(spec.default)})


def test_a_run_survives_its_way_through_json():
    run = RunConfig.from_settings({"steps": "7", "labels": "hard"})
    assert RunConfig.from_dict(run.to_dict()) == run


def test_a_config_cannot_be_changed():
    with pytest.raises(AttributeError):
        TrainingConfig().steps = 3
