"""Pages of evaluations: the form, the numbers, the pictures, the files."""

from __future__ import annotations

import csv
import html
import json
import re

import numpy as np
import pytest

from annotator.models import EvaluationResult, Job, StepScore
from annotator.queries.evaluations.stored import results_of
from annotator.views.pages.evaluations.axes import axis
from annotator.views.pages.evaluations.forms import NEEDS
from annotator.views.pages.evaluations.plots import pictures
from annotator.views.pages.evaluations.rows import SuiteRows
from scoring.evaluation import DISTANCES, SUITES
from scoring.evaluation.base import INPUTS, Plot
from tests.annotator.evaluations.data import evaluated, measured, model_of
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    return UserFactory.create(username="owner")


@pytest.fixture
def project(owner):
    return measured(owner)


def text_of(answer):
    return re.sub(r"\s+", " ", html.unescape(answer.content.decode()))


def test_the_form_offers_every_suite_and_setting_and_queues_what_is_ticked(
    client_for, project, owner
):
    model = model_of(project, kind="prm", artefact="models/1")
    other = model_of(project, "other", seed=2)
    client, address = client_for(owner), f"/p/{project.name}/models/{model.pk}/evaluate/"
    shown = text_of(client.get(address))
    for row in [*SUITES.values(), *DISTANCES.values()]:
        assert row.description in shown
        assert all(f'name="{param.name}"' in shown for param in row.params)
    said = {"part": "all", "suites": ["calibration", "starc"], "bins": "5", "threshold": "0.3"}
    assert client.post(address, said).status_code == 302
    job = Job.objects.get(kind=Job.Kind.EVALUATE)
    assert job.args["suites"] == [["calibration", {"bins": 5}]]  # no distance of one model
    assert client.post(address, {**said, "against": other.pk}).status_code == 302
    job = Job.objects.filter(kind=Job.Kind.EVALUATE).latest("pk")
    assert [key for key, _ in job.args["suites"]] == ["calibration", "starc"]
    assert job.args["against"] == other.pk


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"suites": []}, "Choose a suite at least."),
        ({"bins": "0"}, "greater than or equal to 1"),
        ({"part": "none"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field_and_nothing_is_queued(
    client_for, project, owner, said, words
):
    model = model_of(project)
    answer = client_for(owner).post(
        f"/p/{project.name}/models/{model.pk}/evaluate/",
        {"part": "all", "suites": ["calibration"], **said},
    )
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert not Job.objects.filter(kind=Job.Kind.EVALUATE).exists()


def test_a_model_without_scores_is_told_to_score_first(client_for, project, owner):
    model = model_of(project)
    StepScore.objects.all().delete()
    address = f"/p/{project.name}/models/{model.pk}/evaluate/"
    answer = client_for(owner).post(address, {"part": "all", "suites": ["steps"]})
    assert "Score the project with it first." in text_of(answer)


def test_the_page_shows_stored_numbers_with_interval_baselines_protocol_and_reasons(
    client_for, project, owner, django_assert_max_num_queries
):
    evaluation = evaluated(model_of(project, leave=3))
    client, address = client_for(owner), f"/p/{project.name}/evaluations/{evaluation.pk}/"
    client.get(address)
    with django_assert_max_num_queries(14):
        shown = text_of(client.get(address))
    for result in results_of(evaluation=evaluation):
        if result.reason:
            assert result.reason in shown
            continue
        assert f"Protocol <code>{result.protocol}</code>" in shown
        assert SUITES[result.suite].formula in shown
        for found in result.report["numbers"]:
            if (value := found["estimate"]["value"]) is not None:
                assert f"<b>{value:.3f}</b>".replace("-", "−") in shown, found["key"]
    assert "Length alone" in shown
    assert "3 of " in shown
    assert "Out of date" not in shown


def test_the_page_computes_nothing_and_shows_what_was_stored(client_for, project, owner):
    evaluation = evaluated(model_of(project), suites=["steps"])
    result = EvaluationResult.objects.get(evaluation=evaluation)
    result.report["numbers"][0]["estimate"]["value"] = 0.123456
    result.save()
    StepScore.objects.filter(model=evaluation.model).first().delete()
    shown = text_of(client_for(owner).get(f"/p/{project.name}/evaluations/{evaluation.pk}/"))
    assert "<b>0.123</b>" in shown
    assert "Out of date" in shown


def test_every_plot_of_a_suite_with_numbers_is_drawn_with_words(client_for, project, owner):
    evaluation = evaluated(model_of(project))
    shown = text_of(client_for(owner).get(f"/p/{project.name}/evaluations/{evaluation.pk}/"))
    for title in ("F1 by threshold", "Best of n", "Reliability", "Pairs in order by rule"):
        assert f"<figcaption>{title}</figcaption>" in shown
        assert f'aria-label="{title}' in shown
    assert "nan" not in "".join(re.findall(r' d="([^"]*)"', shown))
    assert " style=" not in shown


def test_a_comparison_names_both_models_and_shows_differences(client_for, project, owner):
    one, two = model_of(project, "sharp", noise=0.1), model_of(project, "blunt", noise=0.9)
    evaluation = evaluated(one, against=two)
    client = client_for(owner)
    shown = text_of(client.get(f"/p/{project.name}/evaluations/{evaluation.pk}/"))
    assert ">sharp v1</th>" in shown
    assert ">blunt v1</th>" in shown
    assert "STARC" in shown
    assert '<li><svg viewBox="0 0 22 8"' in shown
    of_two = text_of(client.get(f"/p/{project.name}/models/{two.pk}/"))
    assert f"/evaluations/{evaluation.pk}/" in of_two


def test_downloads_hold_every_number_and_no_formula(client_for, project, owner):
    model = model_of(project, "=cmd()")
    evaluation = evaluated(model, suites=["steps", "best_of_n"])
    client, stem = client_for(owner), f"/p/{project.name}/evaluations/{evaluation.pk}"
    rows = list(csv.DictReader(client.get(f"{stem}.csv").content.decode().splitlines()))
    numbers = [
        (result.suite, found)
        for result in results_of(evaluation=evaluation)
        for found in result.report["numbers"]
    ]
    assert [(row["suite"], row["key"]) for row in rows] == [(s, n["key"]) for s, n in numbers]
    for row, (_, found) in zip(rows, numbers, strict=True):
        assert float(row["value"]) == found["estimate"]["value"]
        assert row["protocol"] == found["protocol"]
    answer = client.get(f"{stem}.json")
    assert answer["Content-Disposition"].startswith("attachment")
    told = json.loads(answer.content)
    assert [result["suite"] for result in told["results"]] == ["steps", "best_of_n"]
    assert told["counts"] == evaluation.counts


def test_a_model_shows_its_evaluations_to_reviewers_only(client_for, project, owner):
    model = model_of(project)
    evaluation = evaluated(model, suites=["steps"])
    address = f"/p/{project.name}/models/{model.pk}/"
    assert f"/evaluations/{evaluation.pk}/" in text_of(client_for(owner).get(address))
    viewer = UserFactory.create()
    project.memberships.create(user=viewer, role="viewer")
    hidden = text_of(client_for(viewer).get(address))
    assert "Evaluat" not in hidden
    assert "/evaluations/" not in hidden
    job = text_of(client_for(owner).get(f"/p/{project.name}/jobs/{evaluation.job_id}/"))
    assert f"/evaluations/{evaluation.pk}/" in job


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([0.61, 0.78], (0.6, 0.65, 0.7, 0.75, 0.8)),
        ([0.0, 1.0], (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)),
        ([-3.0, 12.0], (-5.0, 0.0, 5.0, 10.0, 15.0)),
    ],
)
def test_an_axis_ends_at_round_numbers_around_its_values(values, ticks):
    found = axis(values, 0, 100)
    assert found.values == pytest.approx(ticks)
    assert found.place(ticks[0]) == 0
    assert found.place(ticks[-1]) == 100


def test_a_constant_and_a_logarithmic_axis():
    flat = axis([0.5, 0.5], 0, 100)
    assert flat.low < 0.5 < flat.high
    doubling = axis([1, 2, 4, 8], 0, 90, log=True)
    assert [doubling.place(n) for n in (1, 2, 4, 8)] == [0, 30, 60, 90]
    assert [tick.label for tick in doubling.ticks] == ["1", "2", "4", "8"]


@pytest.mark.parametrize(
    "values", [[-1e308, 1e308], [0.0, 5e-324], [5e-324], [1e308], [0.0, np.inf], [0.0]]
)
def test_an_axis_holds_the_largest_and_the_smallest_numbers(values):
    found = axis(values, 0, 100)
    assert found.low < found.high
    assert all(0 <= found.place(value) <= 100 for value in values)
    assert found.ticks


def point(key, x, value, low=None, high=None, split=""):
    estimate = {"value": value, "low": low, "high": high}
    series = "curve" if x is not None else ""
    return {"key": key, "x": x, "series": series, "split": split, "estimate": estimate}


def test_a_band_goes_up_along_the_high_ends_and_back_along_the_low_ones():
    plot = Plot("t", "y", (("curve", "model"),), x="x")
    numbers = [point("a", 0, 0.0, 0.0, 1.0), point("b", 1, 1.0, 0.0, 1.0)]
    (picture,) = pictures([plot], numbers)
    (line,) = picture.lines
    left, right, bottom, top = picture.left, picture.right, picture.bottom, picture.top
    assert line.path == f"M{left:.1f} {bottom:.1f}L{right:.1f} {top:.1f}"
    assert line.band.count("L") == 3
    assert line.band.endswith("Z")


def test_many_numbers_of_classes_are_folded_and_few_are_not():
    def report(n):
        numbers = [
            point("f1", None, 0.5),
            *(point(f"f1:{k}", None, 0.5, split=f"{k}") for k in range(n)),
        ]
        return SuiteRows(EvaluationResult(suite="prmbench", report={"numbers": numbers}), None)

    assert (len(report(5).numbers), len(report(5).parts)) == (6, 0)
    assert (len(report(20).numbers), len(report(20).parts)) == (1, 20)


def test_values_that_are_alike_stand_beside_one_another():
    numbers = [point(f"a:{s}", None, 0.5, 0.4, 0.6, split=s) for s in ("x", "y")]
    for number in numbers:
        same = {"value": number["estimate"], "difference": {}}
        number["baselines"] = {"length": same, "format": same}
    (picture,) = pictures([Plot("t", "y", bars="a", beside=True)], numbers)
    for bar in picture.bars:
        assert len({dot.y for dot in bar.dots}) == 3
        assert len({dot.at for dot in bar.dots}) == 1


def test_the_form_has_words_for_everything_that_suites_need():
    assert set(NEEDS) == set(INPUTS)


def test_what_has_fewer_than_two_points_or_rows_is_not_drawn():
    plots = [Plot("t", "y", (("curve", "m"),), x="x"), Plot("t", "y", bars="a")]
    assert pictures(plots, [point("a:x", 0, 0.5), point("a:y", None, 0.5, split="y")]) == []
