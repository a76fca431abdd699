"""What holds for every suite, so that a new one is tested by being registered."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from scoring.errors import MissingInputError, ParameterError, UnknownNameError
from scoring.evaluation import DISTANCES, SUITES, Record, compare, distance, evaluate, suite
from scoring.evaluation.base import INPUTS
from scoring.evaluation.protocol import Protocol
from tests.scoring.evaluation.data import NONE, QUICK, worded

ALL = [pytest.param(row, id=row.key) for row in SUITES.values()]


@pytest.fixture(scope="module")
def reports():
    return {key: evaluate(key, worded(), resampling=QUICK) for key in SUITES}


@pytest.mark.parametrize("row", ALL)
def test_every_number_has_a_value_or_a_reason_an_interval_and_the_protocol(row, reports):
    report = reports[row.key]
    assert report.numbers
    assert len({number.key for number in report.numbers}) == len(report.numbers)
    for number in report.numbers:
        found = number.estimate
        assert number.protocol == report.protocol.hash
        assert number.label
        assert number.unit
        if found.value is None:
            assert found.undefined.startswith("undefined because")
        else:
            assert found.n > 0
            assert number.n_problems > 0
            if number.n_problems == 1:  # a bin of a diagram may be of one problem
                assert "no interval: all is of one problem" in found.notes
            else:
                assert found.low <= found.high
                assert found.method == "95% percentile bootstrap over problems"


@pytest.mark.parametrize("row", ALL)
def test_length_and_form_stand_beside_every_suite(row, reports):
    beside = [number.baselines for number in reports[row.key].numbers if number.baselines]
    assert beside
    assert all(set(baselines) == {"length", "format"} for baselines in beside)


@pytest.mark.parametrize("row", ALL)
def test_a_report_is_plain_json(row, reports):
    json.dumps(reports[row.key].to_dict(), allow_nan=False)


@pytest.mark.parametrize("row", ALL)
def test_the_order_of_records_changes_nothing(row, reports):
    again = evaluate(row.key, worded()[::-1], resampling=QUICK)
    assert again.to_dict() == reports[row.key].to_dict()


@pytest.mark.parametrize("row", ALL)
def test_another_model_on_the_same_data_has_the_same_protocol(row, reports):
    other = evaluate(row.key, worded(seed=9), resampling=NONE)
    assert other.protocol.hash == reports[row.key].protocol.hash
    fewer = evaluate(row.key, worded()[:-4], resampling=NONE)
    assert fewer.protocol.hash != reports[row.key].protocol.hash


@pytest.mark.parametrize("row", ALL)
def test_an_empty_list_is_asked_for_what_is_needed(row):
    assert set(row.needs) <= set(INPUTS)
    with pytest.raises(MissingInputError, match=INPUTS[row.needs[0]]):
        evaluate(row.key, [])


@pytest.mark.parametrize("row", [*ALL, *DISTANCES.values()], ids=lambda row: row.key)
def test_a_row_says_what_a_menu_needs_and_checks_its_parameters(row):
    assert callable(row.load())
    assert row.label
    assert row.source
    assert row.description.endswith(".")
    assert row.formula.endswith(".")
    assert row.settings({}) == {param.name: param.default for param in row.params}
    with pytest.raises(UnknownNameError):
        row.settings({"nope": 1})
    for param in row.params:
        with pytest.raises(ParameterError):
            row.settings({param.name: "nope"})


def stem(key):
    """What a plot calls the numbers of a family by."""
    return key.split(":")[0].split("@")[0]


@pytest.mark.parametrize("row", ALL)
def test_the_plots_of_a_row_and_its_main_number_are_in_its_report(row, reports):
    report = reports[row.key]
    assert row.main in {stem(number.key) for number in report.numbers}
    for plot in row.plots:
        assert bool(plot.curves) != bool(plot.bars)
        for series, label in plot.curves:
            assert label
            assert len(report.curve(series)) > 1
            assert plot.x
        if plot.bars:
            assert [n for n in report.numbers if stem(n.key) == plot.bars and n.split]


@pytest.mark.parametrize("row", ALL)
def test_a_comparison_says_where_its_numbers_stand_in_a_plot(row, reports):
    known = {number.key: number for number in reports[row.key].numbers}
    for found in compare(row.key, worded(), worded(seed=4), resampling=NONE).differences:
        number = known[found.key]
        assert (found.split, found.series, found.x) == (number.split, number.series, number.x)
        assert found.unit == number.unit


def test_an_unknown_suite_names_the_known_ones():
    with pytest.raises(UnknownNameError, match=", ".join(SUITES)):
        suite("nope")


def test_a_number_of_things_is_a_whole_number_and_hashes_alike():
    row = suite("calibration")
    assert row.settings({"bins": 5.0}) == {"bins": 5}
    with pytest.raises(ParameterError, match="a whole number from 1 to 100"):
        row.settings({"bins": 2.5})
    assert suite("processbench").settings({"threshold": 1}) == {"threshold": 1.0}


@pytest.mark.parametrize("row", [row for row in SUITES.values() if row.key != "processbench_tuned"])
def test_one_problem_has_values_and_no_interval(row):
    rows = [replace(one, problem="p", group=one.problem) for one in worded(4)]
    for number in evaluate(row.key, rows, resampling=QUICK).numbers:
        assert number.estimate.low is None


def test_no_scores_at_all_name_the_first_thing_missing():
    with pytest.raises(MissingInputError, match="needs outcome"):
        evaluate("best_of_n", [Record("a", "p", correct=True)])


@pytest.mark.parametrize("name", ["suite", "version", "params", "data"])
def test_each_part_of_a_protocol_changes_its_hash(name):
    one = Protocol("s", "1", {"threshold": 0.5}, "d")
    other = {"params": {"threshold": 0.4}}.get(name, "other")
    assert replace(one, **{name: other}).hash != one.hash
    assert len(one.hash) == 16


def test_distances_are_plain_json_too():
    for key in DISTANCES:
        report = distance(key, worded(), worded(seed=2), resampling=QUICK)
        json.dumps(report.to_dict(), allow_nan=False)
        assert report["distance"].protocol == report.protocol.hash


def test_nothing_heavy_is_loaded():
    code = (
        "import sys, numpy as np\n"
        "from scoring.evaluation import DISTANCES, SUITES, Record, evaluate\n"
        "rows = [Record(str(k), str(k // 2), score=float(k), correct=k % 2 == 0, steps=('a', 'b'))\n"
        "        for k in range(8)]\n"
        "evaluate('best_of_n', rows)\n"
        "[row.load() for row in [*SUITES.values(), *DISTANCES.values()]]\n"
        "heavy = {'torch', 'scipy', 'sklearn', 'django', 'transformers'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_everything_scored_alike_is_no_better_than_chance():
    rows = [replace(row, step_scores=np.full(4, 0.5), score=0.5) for row in worded()]
    assert evaluate("steps", rows, resampling=NONE)["auroc"].estimate.value == 0.5
    curve = evaluate("best_of_n", rows, resampling=NONE).curve("model")
    assert [point.estimate.value for point in curve] == pytest.approx([0.25] * 3)
    assert evaluate("rewardbench2", rows, resampling=NONE)["score"].estimate.value == 0.25
