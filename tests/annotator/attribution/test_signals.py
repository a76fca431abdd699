"""Signals reach people: by a job like attributions, on the page of a path's tokens, as nobody's credit."""

from __future__ import annotations

import html
import json
import re

import numpy as np
import pytest

from annotator.errors import ConflictError
from annotator.models import Attribution, Job, Step
from annotator.queries.attribution.path import path_of
from annotator.queries.attribution.stored import is_signal, measured_of
from annotator.queries.attribution.usable import default_method
from annotator.services.jobs import job_claim, job_create
from annotator.services.models.attributions import (
    attribution_estimate,
    attribution_request,
    attribution_store,
)
from scoring.attribution.choices import CHOICES, SIGNAL_CHOICES, typed_values, why_not
from scoring.attribution.registry import METHODS
from scoring.attribution.signals import SIGNALS, Signal
from scoring.attribution.signals.stored import signal_from_stored, signal_to_stored
from scoring.errors import ParameterError, UnknownNameError
from scoring.reward.registry import ALL
from scoring.samples.arithmetic import arithmetic
from tests.annotator.attribution.test_page import read, spans, told, url
from tests.annotator.pipelines.data import filled, run, trained
from tests.factories import ProjectFactory


def measured(path, key="fai", **changes):
    """What a job would measure: 0.1 and 0.4 in the halves of every step, none for the marks behind."""
    columns = [
        (k, a, b)
        for k, n in enumerate(map(len, path.texts))
        for a, b in ((0, n // 2), (n // 2, n), (n, n))
    ]
    step, begin, end = (np.array(column, np.int32) for column in zip(*columns, strict=True))
    steps = len(path.steps)
    values = {
        "key": key,
        "version": SIGNALS[key].version,
        "params": {param.name: param.default for param in SIGNALS[key].params},
        "values": np.tile([0.1, 0.4, np.nan], steps).astype(np.float32),
        "step": step,
        "begin": begin,
        "end": end,
        "per_step": np.array([*[0.25] * (steps - 1), np.nan]),
        "figures": {"ER": 3.5},
        "unit": SIGNALS[key].unit,
        "notes": ("a note of the signal",),
        "n_tokens": 3 * steps + 4,
        "dtype": "bfloat16",
        "model_hash": "weights",
        "template_hash": "layout",
    }
    return Signal(**(values | changes))


# --- choices ------------------------------------------------------------------------------------


def test_signals_and_methods_of_one_key_are_two_choices():
    assert len(CHOICES) == len(METHODS) + len(SIGNALS)
    assert CHOICES["running_reward"].label != CHOICES["signal:running_reward"].label
    assert all(row.key == name for name, row in CHOICES.items())
    with pytest.raises(UnknownNameError, match="signal:waad"):
        why_not("waad", "prm")


@pytest.mark.parametrize("kind", ALL)
def test_a_model_that_cannot_says_what_would(kind):
    missing = {name: why_not(name, kind) for name in SIGNAL_CHOICES}
    assert all(text == "" or text.endswith(".") for text in missing.values())
    assert (missing["signal:log_ratio"] == "") == (kind == "implicit_prm")
    assert bool(missing["signal:running_reward"]) == (
        kind in ("implicit_prm", "likelihood", "judge")
    )
    assert bool(missing["signal:waad"]) == (kind == "judge")
    if kind in ("token_classes", "token_pair", "special_token", "scalar_classifier"):
        assert "implicit_prm or likelihood" in missing["signal:token_entropy"]
    else:
        assert bool(missing["signal:token_entropy"]) == (kind == "judge")


def test_parameters_as_people_type_them():
    assert typed_values("signal:waad", {"reach": "5"})["reach"] == 5
    assert typed_values("signal:waad", {"heads": "0.2"})["heads"] == 0.2
    with pytest.raises(ParameterError, match="reach"):
        typed_values("signal:waad", {"reach": "far"})
    with pytest.raises(UnknownNameError, match="reach"):
        typed_values("signal:waad", {"length": "1"})


def test_what_is_stored_is_read_back_with_its_gaps():
    class Path:
        texts, steps = ("ab", "cd"), (1, 2)

    found = measured(Path, figures={"ER": 1.5, "ERV": float("nan")})
    plain, arrays = signal_to_stored(found)
    again = signal_from_stored(json.loads(json.dumps(plain, allow_nan=False)), arrays)
    for name in ("values", "step", "begin", "end", "per_step"):
        np.testing.assert_array_equal(getattr(again, name), getattr(found, name))
    assert again.figures == {"ER": 1.5}
    assert (again.dtype, again.model_hash, again.template_hash) == ("bfloat16", "weights", "layout")


# --- the job ------------------------------------------------------------------------------------


@pytest.fixture
def asked(transactional_db):
    """Return a trained model and the end of a path."""
    project = filled(ProjectFactory.create(), arithmetic(1, 8))
    model = trained(project)
    end = Step.objects.filter(problem__project=project, traces__isnull=False).first()
    return model, end


def test_a_job_measures_what_was_asked_for_and_keeps_what_made_it(asked):
    model, end = asked
    call = {"model": model, "end": end, "user": None}
    for name, params in (("signal:fai", {"layers": 1}), ("signal:token_entropy", {})):
        job = attribution_request(**call, method=name, params=params)
        assert (job.kind, job.queue) == (Job.Kind.ATTRIBUTE, "gpu")
        done = run(job)
        assert done.state == Job.State.DONE, done.error
        stored = Attribution.objects.get(method=name)
        assert is_signal(stored)
        assert stored.texts == path_of(end=end).hash
        found = measured_of(stored=stored)
        assert done.result["with_value"] == np.isfinite(found.values).sum() > 0
        assert (found.n_tokens, found.dtype) == (done.result["tokens"], "float32")
        assert found.model_hash
        assert found.template_hash
        assert found.params.items() >= params.items()
    fai = measured_of(stored=Attribution.objects.get(method="signal:fai"))
    assert np.isnan(fai.values[-10:]).all(), "nothing lies ten tokens ahead: no value, not 0"
    with pytest.raises(ConflictError, match="implicit_prm"):
        attribution_request(**call, method="signal:log_ratio", params={})
    with pytest.raises(UnknownNameError):
        attribution_request(**call, method="fai", params={})


def test_an_estimate_grows_with_what_is_held(asked):
    model, _ = asked
    call = {"model": model, "steps": 5, "params": {}}
    waad = attribution_estimate(method="signal:waad", tokens=2_000, **call)
    plain = attribution_estimate(method="signal:running_reward", tokens=2_000, **call)
    assert waad.memory_bytes > plain.memory_bytes > 0
    assert (waad.forwards, waad.backwards) == (1, 0)
    rank = attribution_estimate(method="signal:effective_rank", tokens=100, **call)
    assert "3 singular value decompositions" in rank.words
    ratio = attribution_estimate(method="signal:log_ratio", tokens=100, **call)
    assert ratio.forwards == ratio.equivalents == 2


# --- the page -----------------------------------------------------------------------------------


@pytest.fixture
def stored(project, game):
    """Return a function that stores a signal of the longest path."""
    _, steps, model = game

    def store(**changes):
        job = job_create(project=project, kind=Job.Kind.ATTRIBUTE, args={}, user=None)
        return attribution_store(
            job=job_claim(job_id=job.pk, worker=None),
            model=model,
            end=steps[4],
            found=measured(path_of(end=steps[4]), **changes),
        )

    return store


def shown(client, project, game, method, more=""):
    problem, steps, _ = game
    page = read(client, url(project, problem, f"?end={steps[4].pk}&method={method}{more}"))
    return page, html.unescape(page)


@pytest.mark.django_db
def test_a_signal_is_shown_as_one_with_its_gaps(project, game, reviewer, stored):
    stored()
    page, words = shown(reviewer, project, game, "signal:fai")
    path = path_of(end=game[1][4])
    drawn = spans(page)
    assert "".join(text for _, text in drawn if text != "¶") == "".join(path.texts)
    levels = [level for level, _ in drawn]
    assert levels[:3] == ["heat-pos-1", "heat-pos-4", "heat-none"]
    assert not any("neg" in level for level in levels)
    numbers = told(page, "numbers")
    assert numbers["line"][:3] == [0.1, 0.4, None], "the value of a token, not a running sum"
    assert numbers["start"] is None
    assert numbers["signed"] is False
    for text in (
        "signal, not credit",
        "a note of the signal",
        f"no value ({len(path.steps)})",
        "share of attention",
        "bfloat16",
        "ER, whole path",
        "Needs a decoder here",
        "PAPER: read in the paper",
        'aria-label="Colours from 0.0000 to 0.4000',
    ):
        assert text in words, text
    assert "Does it add up?" not in page
    assert "Check this method" not in page.split("Signals: not credit")[-1]
    of_steps = numbers["steps"]
    assert (of_steps["credit"][-1], of_steps["levels"][-1]) == (None, "j")
    assert of_steps["credit"][0] == pytest.approx(0.25)


@pytest.mark.django_db
def test_larger_units_fold_as_the_row_says(project, game, reviewer, stored):
    stored()
    stored(key="log_ratio")
    values = {}
    for method in ("signal:fai", "signal:log_ratio"):
        page, words = shown(reviewer, project, game, method, "&by=sentence")
        numbers = told(page, "numbers")
        values[method] = numbers["sums"][0], numbers["line"][: numbers["units"][0]]
        assert ("mean of its tokens" if method.endswith("fai") else "sum of its tokens") in words
    for method, (value, parts) in values.items():
        known = [part for part in parts if part is not None]
        assert len(known) > 1
        want = np.mean(known) if method.endswith("fai") else np.sum(known)
        assert value == pytest.approx(want, rel=1e-5)
    page, _ = shown(reviewer, project, game, "signal:fai", "&by=step")
    assert told(page, "numbers")["sums"][-1] is None
    assert spans(page)[-1][0] == "heat-none"


@pytest.mark.django_db
def test_paths_of_a_problem_can_share_the_end_of_the_scale(project, game, reviewer, stored):
    stored()
    page, _ = shown(reviewer, project, game, "signal:fai", "&scale=problem")
    assert 'aria-label="Colours from 0.0000 to 0.4000' in page


@pytest.mark.django_db
def test_the_menu_keeps_credit_and_signals_apart(project, game, reviewer):
    page, words = shown(reviewer, project, game, "signal:waad")
    groups = re.findall(r'<optgroup label="([^"]+)">(.*?)</optgroup>', page, re.DOTALL)
    assert [name for name, _ in groups] == ["Credit", "Signals: not credit"]
    assert all(f'value="{key}"' in groups[0][1] for key in METHODS)
    assert all(f'value="{key}"' in groups[1][1] for key in SIGNAL_CHOICES)
    assert "was not run on this path" in words
    assert not spans(page)


@pytest.mark.django_db
def test_a_signal_is_never_the_default(project, game, stored):
    row = stored()
    assert default_method(stored=[row], cards={}, free=False) == "running_reward"


@pytest.mark.django_db
def test_changed_texts_make_a_signal_stale(project, game, reviewer, stored):
    stored()
    game[0].prompt += " Really."
    game[0].save()
    page, _ = shown(reviewer, project, game, "signal:fai")
    assert "The texts were changed since" in page
    assert "token-text faded" in page
