"""What holds for every registered attribution method and every kind of model."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from scoring.attribution import METHODS, attribute, methods, why_not
from scoring.attribution.base import CONFIDENCE
from scoring.attribution.faithfulness.hidden import BIASED, TASKS
from scoring.attribution.registry import DEFAULT, NEEDS
from scoring.attribution.stored import from_stored, to_stored
from scoring.errors import AttributionError, CancelledError, ParameterError, UnknownNameError
from scoring.reward.registry import ALL
from tests.scoring.attribution.cases import (
    NASTY_STEPS,
    PROBLEM,
    PUBLISHED,
    STEPS,
    TRAINED,
    ensemble,
    trained,
)

EVERY = [pytest.param(key, id=key) for key in METHODS]
QUICK = {"integrated_gradients": {"start": 4, "limit": 4}, "step_shapley": {"permutations": 4}}


@pytest.fixture(scope="module")
def model():
    return trained()


def run(key, model, steps=STEPS, **params):
    return attribute(key, model, PROBLEM, steps, **QUICK.get(key, {}), **params)


def whole(found, steps):
    """Check what must hold of any result."""
    for k, text in enumerate(steps):
        here = found.step == k
        pieces = [text[a:b] for a, b in zip(found.begin[here], found.end[here], strict=True)]
        assert "".join(pieces) == text
        assert found.begin[here][0] == 0
        assert found.credit[here].sum() == pytest.approx(found.per_step[k], abs=1e-5)
    assert found.per_step.sum() == pytest.approx(found.total, abs=1e-9)
    assert found.credit.dtype == np.float32
    assert found.read_index == found.n_tokens - 1
    assert np.isfinite(found.credit).all()
    gap = found.value - found.baseline_value
    if METHODS[found.method].complete and found.method != "integrated_gradients":
        assert found.total == pytest.approx(gap, abs=1e-5)
        assert found.badge == "ok"


@pytest.mark.parametrize("kind", [*TRAINED, "ensemble"])
@pytest.mark.parametrize("key", EVERY)
def test_every_method_takes_every_trained_kind_apart_or_says_why_not(key, kind):
    model = ensemble() if kind == "ensemble" else trained(kind)
    if why := why_not(key, kind):
        with pytest.raises(AttributionError) as caught:
            run(key, model)
        assert str(caught.value) == why
        return
    whole(run(key, model), STEPS)


@pytest.mark.parametrize("kind", PUBLISHED)
def test_every_method_takes_published_models_apart(tmp_path, kind):
    model = PUBLISHED[kind](tmp_path)
    values = []
    for key in METHODS:
        if key == "objective_split":
            with pytest.raises(AttributionError, match="nothing to split"):
                run(key, model)
            continue
        found = run(key, model)
        whole(found, STEPS)
        values.append(found.value)
    assert np.ptp(values) < 1e-4


@pytest.mark.parametrize("key", EVERY)
def test_spans_are_the_text_whatever_it_is(key, model):
    model = trained("multi_head") if key == "objective_split" else model
    whole(run(key, model, NASTY_STEPS), NASTY_STEPS)


@pytest.mark.parametrize("key", EVERY)
def test_one_step_is_enough_and_none_is_refused(key, model):
    model = trained("multi_head") if key == "objective_split" else model
    whole(run(key, model, STEPS[:1]), STEPS[:1])
    with pytest.raises(AttributionError, match="no step yet"):
        run(key, model, ())


@pytest.mark.parametrize("key", EVERY)
def test_a_stored_result_comes_back_as_it_was(key, model):
    import json

    found = run(key, trained("multi_head") if key == "objective_split" else model)
    plain, arrays = to_stored(found)
    again = from_stored(json.loads(json.dumps(plain, allow_nan=False)), arrays)
    for name in type(found).__slots__:
        if name == "objectives":
            assert list(again.objectives) == list(found.objectives)
            for one, other in zip(
                again.objectives.values(), found.objectives.values(), strict=True
            ):
                np.testing.assert_array_equal(one.credit, other.credit)
                assert (one.weight, one.value) == (other.weight, other.value)
            continue
        np.testing.assert_array_equal(getattr(again, name), getattr(found, name), err_msg=name)


@pytest.mark.parametrize("key", EVERY)
def test_unknown_parameters_and_values_are_refused(key, model):
    with pytest.raises(UnknownNameError):
        attribute(key, model, PROBLEM, STEPS, nonsense=1)
    for param in METHODS[key].params:
        for wrong in (None, math.nan, -7, True, ""):
            with pytest.raises(ParameterError, match=param.name):
                attribute(key, model, PROBLEM, STEPS, **{param.name: wrong})


@pytest.mark.parametrize("key", EVERY)
def test_what_progress_raises_stops_the_work(key, model):
    def stop(_share):
        raise CancelledError("asked to stop")

    model = trained("multi_head") if "heads" in METHODS[key].needs else model
    with pytest.raises(CancelledError):
        run(key, model, progress=stop)
    shares = []
    run(key, model, progress=shares.append)
    assert shares == sorted(shares)
    assert all(0 <= share < 1 for share in shares)


@pytest.mark.parametrize("key", EVERY)
def test_a_row_says_everything_a_menu_needs(key):
    row = METHODS[key]
    assert row.label
    assert row.summary.endswith(".")
    assert row.source
    assert row.cost
    assert set(row.needs) <= set(NEEDS)
    assert row.known_from == f"{row.confidence}: {CONFIDENCE[row.confidence]}"
    assert all(param.allows(param.default) for param in row.params)


def test_rows_agree_with_each_other_and_with_what_is_planted():
    rows = METHODS.values()
    assert len({row.preferred for row in rows}) == len(rows), "one order, no ties"
    assert [row.key for row in rows if row.free] == [DEFAULT]
    for row in rows:
        assert not row.stand_in or not METHODS[row.stand_in].stand_in
        assert {one.task for one in row.least} <= set(TASKS) - {"even", *BIASED}
        assert all(0 < one.correlation < 1 for one in row.least)
        assert {one.task for one in row.shares} <= set(BIASED)


def test_a_method_is_one_file_and_one_row():
    files = {path.stem for path in Path(methods.__file__).parent.glob("[!_]*.py")}
    assert {row.target for row in METHODS.values()} == {
        f"{methods.__name__}.{name}:attribution" for name in files
    }


def test_each_kind_has_the_default_method_or_a_reason():
    assert DEFAULT in METHODS
    cannot = {kind for kind in ALL if why_not(DEFAULT, kind)}
    assert cannot == {"judge", "implicit_prm", "likelihood"}
    assert "reading=tree" in why_not(DEFAULT, "listwise", {"reading": "sequence"})
    with pytest.raises(AttributionError, match="reading=tree"):
        run(DEFAULT, trained("listwise", reading="sequence"))


def test_weights_are_as_they_were_before():
    model = trained()
    before = [p.requires_grad for p in model.network.parameters()]
    run("integrated_gradients", model)
    assert [p.requires_grad for p in model.network.parameters()] == before
    assert all(p.grad is None for p in model.network.parameters())
    assert not model.network.backbone._forward_pre_hooks


def test_the_package_loads_no_method_and_nothing_heavy():
    code = (
        "import sys, scoring.attribution, scoring.attribution.stored, scoring.attribution.grouping; "
        "print([m for m in sys.modules if 'methods.' in m or m.split('.')[0] in ('torch', 'django')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_counts_passes_loads_nothing_heavy():
    """Pages ask for it, and they never load torch."""
    code = (
        "import sys; from scoring.attribution import METHODS; from scoring.registry import load_target\n"
        "for row in METHODS.values(): load_target(row.counts)\n"
        "print([m for m in sys.modules if m.split('.')[0] in ('torch', 'django')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
