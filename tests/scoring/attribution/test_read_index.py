"""Where f is read is said, never inferred: padding ids, embeddings and batches change nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from scoring.attribution.subject import subject_of
from tests.scoring.attribution.cases import PROBLEM, PUBLISHED, STEPS, by_hand, trained


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return {
        "trained": trained("bradley_terry"),
        "published": PUBLISHED["answer"](tmp_path_factory.mktemp("answer")),
    }


@pytest.mark.parametrize("batch", [1, 8])
@pytest.mark.parametrize("by", ["ids", "embeddings"])
@pytest.mark.parametrize("padding", ["the last token", "another"])
@pytest.mark.parametrize("model", ["trained", "published"])
def test_the_reward_is_the_same_however_it_is_asked_for(
    models, monkeypatch, model, padding, by, batch
):
    model = models[model]
    with subject_of(model, "value") as subject, torch.no_grad():
        path = subject.layout.lay(PROBLEM, STEPS)
        want = subject.values(path.ids)[-1]
        config = subject.networks[0].backbone.config
        last = int(path.ids[-1])
        monkeypatch.setattr(config, "pad_token_id", last if padding == "the last token" else 3)
        others = [subject.layout.sequence(PROBLEM, STEPS[:k]) for k in (1, 2, 3, 1, 2, 3, 1)]
        if by == "ids":
            got = subject.at_ends([path.ids, *others][:batch])[0]
        else:
            rows = torch.stack([subject.embed(path.ids)[0]] * batch)
            rows[1:] = rows[1:].flip(1)  # neighbours that say something else
            got = float(subject.read_embeds([rows], path.read)[0])
    assert got == pytest.approx(want, abs=1e-5)
    assert path.read == len(path.ids) - 1


def test_a_trained_model_is_read_at_its_last_separator():
    model = trained()
    with subject_of(model, "value") as subject:
        path = subject.layout.lay(PROBLEM, STEPS)
        ids, r = by_hand(model, PROBLEM, STEPS)
        assert path.ids.tolist() == ids
        assert path.ids[path.read] == model.tokenizer.separator
        np.testing.assert_allclose(subject.values(path.ids), r, atol=1e-6)
        np.testing.assert_allclose(subject.at_ends([path.ids])[0], r[-1], atol=1e-5)


def test_weights_in_bfloat16_are_summed_in_higher_precision():
    from scoring.attribution import attribute

    full = attribute("integrated_gradients", trained("bradley_terry"), PROBLEM, STEPS)
    model = trained("bradley_terry")
    model.network.to(torch.bfloat16)
    half = attribute("integrated_gradients", model, PROBLEM, STEPS)
    assert half.dtype == "bfloat16"
    assert half.model_hash != full.model_hash
    assert np.corrcoef(half.credit, full.credit)[0, 1] > 0.99
    assert half.badge in ("ok", "amber")
