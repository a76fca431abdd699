"""What no kind may depend on: how rows are cut into passes, packing, and being saved."""

from __future__ import annotations

import numpy as np
import pytest

from scoring.reward import artefact
from scoring.reward.registry import KINDS
from scoring.training.loop import fit
from scoring.training.objectives.registry import objective
from scoring.training.start import example_maker
from tests.scoring.training.compared_data import config, everything

SHORT = {"steps": "3", "step_tokens": "200", "lm_weight": "0.5", "checkpoint_every": "100"}
MORE = {"ensemble": {"members": "2"}}


TRAIN = [everything(i) for i in range(8)]
HELD = [everything(100 + i) for i in range(3)]


def asked(key, **settings):
    return config(key, **SHORT, **MORE.get(key, {}), **settings)


@pytest.fixture(scope="module", params=list(KINDS))
def trained(request, tmp_path_factory):
    """The kind, its run in one pass per step, and the model that it left."""
    folder = tmp_path_factory.mktemp(request.param)
    run = asked(request.param, pass_tokens="4096")
    result = fit(run, TRAIN, HELD, out_dir=folder)
    return run, result, artefact.load(folder)


def scores(model, item):
    found = model.score(item.problem_text, item.tree)
    return [found.step[1:], *(part.values[1:] for part in found.parts.values())]


def test_packed_scores_are_those_of_one_path_at_a_time(trained):
    _, _, model = trained
    for item in HELD:
        packed = model.score(item.problem_text, item.tree)
        plain = model.score_plain(item.problem_text, item.tree)
        np.testing.assert_allclose(packed.step, plain.step, atol=1e-5)
        assert packed.parts.keys() == plain.parts.keys() == set(model.kind.parts)
        for name, part in packed.parts.items():
            assert np.isfinite(part.values[1:]).all()
            np.testing.assert_allclose(part.values, plain.parts[name].values, atol=1e-5)


def test_accumulating_row_by_row_learns_what_one_pass_does(trained, tmp_path):
    run, _, model = trained
    maker = example_maker(model, run, objective(run, TRAIN))
    rows = [len(example.row) for item in TRAIN for example in maker.make(item)]
    alone = max(rows)  # as many tokens as the longest row: two rows are two passes
    assert 2 * min(rows) > alone
    assert int(SHORT["step_tokens"]) > 3 * alone
    fit(asked(run.kind, pass_tokens=str(alone)), TRAIN, HELD, out_dir=tmp_path)
    apart = artefact.load(tmp_path)
    for item in HELD:
        for one, other in zip(scores(model, item), scores(apart, item), strict=True):
            np.testing.assert_allclose(one, other, atol=2e-4)


def test_what_was_saved_measures_as_it_did_before(trained):
    run, result, model = trained
    learnt = objective(run, TRAIN)
    again = learnt.quality(model, example_maker(model, run, learnt), HELD, seed=run.training.seed)
    assert again == result.metrics
