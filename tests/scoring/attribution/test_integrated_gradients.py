"""Integrated gradients: against Captum, adaptive steps, badges, baselines, memory."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from scoring.attribution import attribute
from scoring.attribution.base import badge, relative_error
from scoring.attribution.baselines import check_norm
from scoring.attribution.methods import integrated_gradients as method
from scoring.attribution.subject import subject_of
from scoring.errors import AttributionError, OutOfMemoryError
from tests.scoring.attribution.cases import PROBLEM, STEPS, ensemble, passes, trained

KEY = "integrated_gradients"


def captum(model, steps, row, n):
    """Captum's layer method with the read index explicit in every call, by token id of the baseline."""
    import captum.attr

    with subject_of(model, "value") as subject:
        path = subject.layout.lay(PROBLEM, steps)
        ids = torch.from_numpy(path.ids.astype(np.int64))[None]
        text = torch.from_numpy(path.text)
        read = path.read

        def f(rows):
            hidden = model.network.backbone(input_ids=rows, use_cache=False).last_hidden_state
            return model.kind.value(model.network.head(hidden[:, read]).float())

        layer = model.network.backbone.get_input_embeddings()
        found = captum.attr.LayerIntegratedGradients(f, layer).attribute(
            ids,
            torch.where(text[None], torch.full_like(ids, row), ids),
            n_steps=n,
            method="gausslegendre",
            internal_batch_size=8,
        )
        return path, found.sum(dim=-1)[0].detach().numpy()


@pytest.mark.filterwarnings("ignore:.*:DeprecationWarning")
def test_it_agrees_with_captum_at_the_same_nodes_and_baseline():
    model = trained("bradley_terry")
    row = 7
    model.network.backbone.config.pad_token_id = row
    path, want = captum(model, STEPS, row, 16)
    found = attribute(KEY, model, PROBLEM, STEPS, baseline="pad_row", start=16, limit=16)
    np.testing.assert_allclose(found.credit, path.by_piece(want.astype(np.float64)), atol=1e-6)
    assert np.ptp(want) > 0.05


def test_it_adds_up_and_leaves_the_layout_alone():
    model = trained()
    with passes(model.network) as seen:
        found = attribute(KEY, model, PROBLEM, STEPS)
    assert found.badge == "ok"
    assert found.total == pytest.approx(found.value - found.baseline_value, rel=0.01, abs=0.01)
    assert found.credit[found.begin == found.end].tolist() == [0.0] * len(STEPS)
    n = sum(tried for tried, _ in found.series)
    assert sum(rows for rows, _ in seen) == found.spent.forwards == n + 2
    assert found.spent.backwards == n
    assert found.params["start"] == 32


def test_steps_double_until_the_error_is_small(monkeypatch):
    model = trained()
    real = method._integral

    def rough(subject, path, line, n, share, rows):
        credit = real(subject, path, line, n, share, rows)
        return credit + (0.5 if n < 16 else 0.0) / len(credit)

    monkeypatch.setattr(method, "_integral", rough)
    found = attribute(KEY, model, PROBLEM, STEPS, start=4, limit=64)
    assert [n for n, _ in found.series] == [4, 8, 16]
    assert [error > 0.01 for _, error in found.series] == [True, True, False]
    assert found.n_used == 16
    assert found.badge == "ok"


def test_two_steps_are_red_and_said_so():
    model = trained(layers=4)
    with torch.no_grad():
        model.network.backbone.get_input_embeddings().weight.mul_(0.05)
    found = attribute(KEY, model, PROBLEM, STEPS, start=2, limit=2)
    assert found.badge == "red"
    assert found.relative_error > 0.05
    assert found.series == ((2, found.relative_error),)
    assert found.relative_error == pytest.approx(
        abs(found.total - (found.value - found.baseline_value))
        / max(abs(found.value - found.baseline_value), 0.05)
    )


def test_the_best_try_is_kept_where_none_is_good(monkeypatch):
    errors = {2: 0.3, 4: 0.1, 8: 0.2}
    monkeypatch.setattr(method, "relative_error", lambda *_: errors[tried.pop(0)])
    tried = [2, 4, 8]
    found = attribute(KEY, trained(), PROBLEM, STEPS, start=2, limit=8)
    assert found.series == ((2, 0.3), (4, 0.1), (8, 0.2))
    assert found.n_used == 4


def test_relative_errors_have_a_floor_and_badges_their_limits():
    assert relative_error(1.1, 1.0, 1.0) == pytest.approx(0.1)
    assert relative_error(0.002, 0.001, 2.0) == pytest.approx(0.01)
    assert relative_error(0.0, 0.0, 0.0) == 0.0
    assert [badge(e, complete=True) for e in (0.01, 0.011, 0.05, 0.051)] == [
        *("ok", "amber", "amber", "red"),
    ]
    assert badge(9.0, complete=False) == "none"


def test_a_padding_row_of_zeros_is_refused_with_the_reason():
    model = trained()
    with pytest.raises(AttributionError, match="no padding token"):
        attribute(KEY, model, PROBLEM, STEPS, baseline="pad_row")
    model.network.backbone.config.pad_token_id = 3
    with torch.no_grad():
        model.network.backbone.get_input_embeddings().weight[3] = 0
    with pytest.raises(
        AttributionError, match=r"length of 0, under 5% of the median .* neutral_tok"
    ):
        attribute(KEY, model, PROBLEM, STEPS, baseline="pad_row")


def test_a_baseline_of_a_twentieth_of_the_median_row_is_the_shortest():
    check_norm(0.0501, 1.0, "pad_row")
    with pytest.raises(AttributionError, match="Take the baseline mean_embedding"):
        check_norm(0.0499, 1.0, "neutral_token_mean")


def test_steps_without_text_have_no_way_to_go():
    with pytest.raises(AttributionError, match="no text"):
        attribute(KEY, trained(), PROBLEM, ["", ""])


@pytest.mark.parametrize("rows", [1, 3, 16])
def test_rows_at_a_time_change_nothing(rows):
    model = trained()
    whole = attribute(KEY, model, PROBLEM, STEPS, start=16, limit=16)
    with passes(model.network) as seen:
        found = attribute(KEY, model, PROBLEM, STEPS, start=16, limit=16, rows=rows)
    np.testing.assert_allclose(found.credit, whole.credit, atol=1e-5)
    assert max(n for n, _ in seen[1:]) == rows


def test_memory_that_runs_out_halves_the_rows_once(monkeypatch):
    model = trained()
    whole = attribute(KEY, model, PROBLEM, STEPS, start=16, limit=16)
    room = [8]
    real = torch.autograd.grad

    def tight(said, at):
        if len(at[0]) > room[0]:
            raise torch.OutOfMemoryError("Tried to allocate 2.00 GiB")
        return real(said, at)

    monkeypatch.setattr(torch.autograd, "grad", tight)
    found = attribute(KEY, model, PROBLEM, STEPS, start=16, limit=16)
    np.testing.assert_allclose(found.credit, whole.credit, atol=1e-5)
    assert found.notes == (method.HALVED,)
    room[0] = 4
    with pytest.raises(OutOfMemoryError, match="half as many rows"):
        attribute(KEY, model, PROBLEM, STEPS, start=16, limit=16)


def test_it_works_where_gradients_are_off():
    model = trained()
    want = attribute(KEY, model, PROBLEM, STEPS).credit
    with torch.inference_mode():
        got = attribute(KEY, model, PROBLEM, STEPS).credit
    np.testing.assert_allclose(got, want, atol=1e-6)
    with torch.no_grad():
        np.testing.assert_allclose(attribute(KEY, model, PROBLEM, STEPS).credit, want, atol=1e-6)


def test_members_of_an_ensemble_are_inputs_side_by_side():
    found = attribute(KEY, ensemble(), PROBLEM, STEPS)
    assert found.badge == "ok"
    assert found.spent.backwards == 2 * found.n_used
