"""Every value that a form offers has words of its own; the values stay those of the command line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from scoring.attribution.rows import ROWS as ATTRIBUTION_ROWS
from scoring.credit.registry import METHODS
from scoring.evaluation.registry import DISTANCES, SUITES
from scoring.judge.config import JudgeConfig
from scoring.params import Param, said_params
from scoring.reward.registry import ADDED, KINDS
from scoring.reward.settings import SettingError, describe, from_settings
from scoring.training.config import RunConfig, TrainingConfig

if TYPE_CHECKING:
    from scoring.reward.settings import FieldSpec

SPECS = {
    f"{row.key} {spec.name}": spec
    for rows, settings in (
        (KINDS, lambda row: RunConfig.describe(row.key)),
        (ADDED, lambda row: row.settings()),
    )
    for row in rows.values()
    for spec in settings(row)
    if spec.choices
}
METHOD_ROWS: tuple[Any, ...] = (
    *SUITES.values(),
    *DISTANCES.values(),
    *METHODS.values(),
    *ATTRIBUTION_ROWS,
)
PARAMS = {
    f"{row.key} {param.name}": param for row in METHOD_ROWS for param in row.params if param.choices
}
ROWS: dict[str, FieldSpec | Param] = {**SPECS, **PARAMS}
RAW = re.compile(r"[a-z]_[a-z]|^(reading|combine|layout)=")


@pytest.mark.parametrize("name", ROWS)
def test_every_choice_has_words_and_none_are_alike(name):
    row = ROWS[name]
    assert len(row.words) == len(row.choices) == len(set(row.words))
    assert [value for value, _ in row.menu] == list(row.choices)
    assert not [words for words in row.words if RAW.search(words) or not words.strip()]
    assert row.default in row.choices


@pytest.mark.parametrize("name", SPECS)
def test_help_speaks_of_choices_by_their_words(name):
    spec = SPECS[name]
    lines = (spec.doc, *(one.doc for one in describe(TrainingConfig)))
    for value in (one for one in spec.choices if "_" in one):
        assert not [line for line in lines if value in line], value


def test_the_command_line_takes_values_and_no_words():
    run = RunConfig.from_settings({"weighting": "per_leaf"})
    assert run.training.weighting == "per_leaf"
    words = dict(next(spec for spec in describe(TrainingConfig) if spec.name == "weighting").menu)
    with pytest.raises(SettingError, match="per_node, per_leaf"):
        RunConfig.from_settings({"weighting": words["per_leaf"]})


def test_a_value_is_said_as_the_menu_calls_it_and_others_as_they_are():
    spec = next(spec for spec in describe(TrainingConfig) if spec.name == "weighting")
    assert spec.said("per_leaf") == dict(spec.menu)["per_leaf"]
    assert spec.said("gone") == "gone"
    assert spec.said(None) is None
    assert not [one for one in describe(JudgeConfig) if one.choices]
    assert from_settings(JudgeConfig, {"model": "m"}).model == "m"


@pytest.mark.parametrize("row", METHODS.values(), ids=lambda row: row.key)
def test_what_a_parameter_means_is_said_without_its_keys(row):
    for param in row.params:
        quoted = set(re.findall(r"'(\w+)'", param.meaning))
        assert not quoted & set(map(str, param.choices)), param.name


def test_values_of_parameters_are_said_in_words_and_what_has_none_as_it_is():
    params = METHODS["pure"].params
    values = {"form": "approx_min", "temperature": 0.1, "outcome_weight": 0, "baseline": None}
    assert said_params(params, values) == [
        ("form", "soft minimum"),
        ("temperature", "0.1"),
        ("outcome weight", "0"),
        ("baseline", "none"),
    ]
    assert said_params(params, {"gone_since": 3}) == [("gone since", "3")]
    number = Param("n", 1, "a choice of 1 is not True", choices=(1, 2), words=("one", "two"))
    assert (number.said(1), number.said(True)) == ("one", "True")
