"""The pages of reward models: the training form, numbers beside their baseline, curves."""

from __future__ import annotations

import html
import re

import pytest

from annotator.models import Job, RewardModel
from annotator.views.pages.charts import charts
from annotator.views.pages.models.metrics import metric_rows
from annotator.views.pages.models.words import LABELS, UNSET
from scoring.reward.registry import ADDED, KINDS
from scoring.training.config import RunConfig
from tests.annotator.page_world import world_create

pytestmark = pytest.mark.django_db


def test_training_form_comes_from_the_config_and_checks_before_queueing(client_for):
    world = world_create()
    client = client_for(world.people["reviewer"])
    page = client.get("/p/Ours/models/").content.decode()
    for name in ("learning_rate", "held_out", "step_tokens"):
        assert f'name="{name}"' in page
    wrong = client.post("/p/Ours/models/", {"kind": "prm", "base": "tiny", "held_out": "2"})
    assert wrong.status_code == 422
    assert not Job.objects.filter(state="queued").exists()
    said = {"kind": "prm", "base": "tiny", "steps": "40", "name": "mine"}
    assert client.post("/p/Ours/models/", said).status_code == 302
    job = Job.objects.get(state="queued")
    assert job.args["run"]["training"]["steps"] == 40
    assert job.args["name"] == "mine"


def test_poor_numbers_are_shown_beside_the_baseline(client_for):
    world = world_create()
    model = world.project.reward_models.get()
    model.metrics["length_auroc"] = {"value": 0.55, "low": 0.5, "high": 0.6, "n": 10}
    model.metrics["above_length_auroc"] = {"value": -0.05, "low": -0.1, "high": 0.02, "n": 10}
    model.metrics["undecided"] = {"value": 3.0, "low": None, "high": None, "n": 13}
    model.provenance["measured_on"] = {"": {"machine": 10}}
    model.save()
    page = client_for(world.people["viewer"]).get(f"/p/Ours/models/{model.pk}/").content.decode()
    assert "0.500" in page
    assert "0.550" in page
    assert "Not shown to be better than step length." in page
    assert "Labelled steps left out: target 0.5" in page
    assert "checkers' labels" in html.unescape(page)


def test_origin_of_a_model_is_told_in_words(client_for):
    world = world_create()
    told = {"measured_on": {"": {"person": 4}}, "generated_traces": 1200}
    RewardModel.objects.filter(pk=world.ids["model"]).update(provenance=told)
    page = client_for(world.people["viewer"]).get(f"/p/Ours/models/{world.ids['model']}/")
    assert "Generated traces</th><td>1,200</td>" in page.content.decode()
    assert "easured_on" not in page.content.decode()


def test_settings_have_plain_words_units_and_the_order_of_the_form(client_for):
    world = world_create()
    model, client = world.project.reward_models.get(), client_for(world.people["reviewer"])
    config = RunConfig.from_settings({"max_seconds": "600"}).to_dict()
    shown = []
    for training in (config["training"], config["training"] | {"max_seconds": None}):
        model.config = dict(sorted((config | {"training": training}).items(), reverse=True))
        model.save()
        page = client.get(f"/p/Ours/models/{model.pk}/").content.decode().split('id="config"')[1]
        rows = re.findall(r'<th scope="row">(.*?)</th><td>(.*?)</td>', page)
        assert rows[:3] == [("Kind", "Process reward model"), ("Base", "tiny"), ("Seed", "0")]
        shown.append(dict(rows)["Time limit, in seconds"])
    assert shown == ["600", "no limit"]
    form = client.get("/p/Ours/models/").content.decode()
    assert re.search(r'name="learning_rate"[^>]* placeholder="by the base"', form)


def test_every_word_for_a_setting_is_of_one_that_exists():
    known = {spec.name for key in KINDS for spec in RunConfig.describe(key)}
    known |= {spec.name for row in ADDED.values() for spec in row.settings()}
    assert {*LABELS, *UNSET} <= known


def test_a_training_that_its_limit_ended_says_so(client_for):
    world = world_create()
    model = world.project.reward_models.get()
    model.config = {"training": {"steps": 1600, "max_seconds": 600.0}}
    model.provenance = {"steps": 1048}
    model.save()
    address, client = f"/p/Ours/models/{model.pk}/", client_for(world.people["viewer"])
    sentence = "Its limit of 600 seconds ended the training after 1,048 of 1,600 steps."
    assert sentence in client.get(address).content.decode()
    RewardModel.objects.filter(pk=model.pk).update(provenance={"steps": 1600})
    assert "ended the training" not in client.get(address).content.decode()


def test_a_curve_of_a_part_of_the_held_out_problems_says_so():
    drawn = charts({"auroc": [(10, 0.5), (20, 0.6)], "loss": [(10, 0.5)]})
    assert [chart.note for chart in drawn] == ["on the first 60 held-out problems at most", ""]


def test_being_above_the_baseline_is_read_from_the_paired_difference():
    found = {
        "auroc": {"value": 0.7, "low": 0.5, "high": 0.9, "n": 10},
        "length_auroc": {"value": 0.6, "low": 0.4, "high": 0.8, "n": 10},
    }
    assert [row.beats_baseline for row in metric_rows(found)] == [None]
    found["above_length_auroc"] = {"value": 0.1, "low": 0.05, "high": 0.15, "n": 10}
    measured_on = {"": {"person": 1200, "machine": 4}}
    (row,) = metric_rows(found, measured_on)
    assert row.beats_baseline is True
    assert row.judges == "1,200 people's, 4 checkers' labels"


def test_curves_download_cannot_be_a_formula(client_for):
    world = world_create()
    job = world.project.jobs.get()
    job.metrics.create(step=2, name="=cmd()", value=1.0)
    answer = client_for(world.people["viewer"]).get(
        f"/p/Ours/models/{world.ids['model']}/metrics.csv"
    )
    rows = answer.content.decode().splitlines()
    assert rows[0] == "metric,step,value"
    assert "loss,1,0.5" in rows
    assert "'=cmd(),2,1.0" in rows


@pytest.mark.parametrize("row", [pytest.param(row, id=row.key) for row in KINDS.values()])
def test_every_kind_can_be_chosen_and_shows_its_own_settings(client_for, row):
    world = world_create()
    client = client_for(world.people["reviewer"])
    shown = client.get("/p/Ours/models/", {"kind": row.key}).content.decode()
    assert html.escape(row.description) in shown
    for spec in row.settings():
        assert f'name="{spec.name}"' in shown, spec.name
    said = {"kind": row.key, "base": "tiny", "name": "mine"}
    assert client.post("/p/Ours/models/", said).status_code == 302
    assert Job.objects.get(state="queued").args["run"]["kind"] == row.key


def test_choosing_another_kind_swaps_its_settings_only(client_for):
    client = client_for(world_create().people["reviewer"])
    part = client.get(
        "/p/Ours/models/?kind=heron", headers={"HX-Request": "true", "HX-Target": "kind-settings"}
    ).content.decode()
    assert part.count("kind-settings") == 1
    assert 'name="levels"' in part
    assert "<html" not in part
    assert 'name="steps"' not in part


def test_an_unknown_kind_shows_the_form_of_the_first(client_for):
    client = client_for(world_create().people["reviewer"])
    assert 'name="labels"' in client.get("/p/Ours/models/?kind=nonsense").content.decode()


def test_numbers_of_comparisons_have_words_and_no_picture_beyond_one():
    found = {
        "pair_accuracy": {"value": 0.7, "low": 0.6, "high": 0.8, "n": 10},
        "mean_margin": {"value": 2.5, "low": 1.0, "high": 4.0, "n": 10},
        "ties": {"value": 3.0, "low": None, "high": None, "n": 13},
    }
    accuracy, margin, ties = metric_rows(found)
    assert (accuracy.label, margin.label, ties.label) == (
        "Pair accuracy",
        "Mean margin",
        "Ties among them",
    )
    assert accuracy.box is not None
    assert margin.box is None
    assert ties.is_count
    steps, outcomes = metric_rows({key: {"n": 1} for key in ("auroc", "game24/outcome_auroc")})
    assert [row.unit for row in (accuracy, steps, outcomes)] == ["comparison", "step", "trace"]
