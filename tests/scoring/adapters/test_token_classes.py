"""Token classifiers against a forward pass of the published class per prefix."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import Qwen2ForTokenClassification

from scoring.errors import ModelLoadError
from tests.scoring.adapters.published import (
    PROMPT,
    added,
    one_by_one,
    saved_model,
    scored,
    small_tree,
)


def direct(model, fast, separator, steps):
    """TRL's layout and a plain forward pass, nothing shared."""
    ids = fast(PROMPT)["input_ids"]
    for step in steps:
        ids = ids + fast(step)["input_ids"] + fast(separator)["input_ids"]
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits
    return torch.softmax(logits[0, -1], dim=-1)[1].item()


@pytest.mark.parametrize(("typed", "separator"), [(r"\n", "\n"), (r"\sso\n\n", " so\n\n")])
def test_every_step_has_the_probability_of_its_own_prefix(tmp_path, typed, separator):
    model, fast = saved_model(tmp_path / "m", Qwen2ForTokenClassification, num_labels=2)
    scorer = added(tmp_path / "a", "token_classes", model=str(tmp_path / "m"), separator=typed)
    tree = small_tree()
    want = one_by_one(tree, lambda steps: direct(model, fast, separator, steps))
    got = scored(scorer, tree)
    np.testing.assert_allclose(got.step, want, atol=2e-6)
    assert np.ptp(want[1:]) > 0.01
    assert got.skipped == {}


def test_the_other_class_can_be_the_right_one(tmp_path):
    saved_model(tmp_path / "m", Qwen2ForTokenClassification, num_labels=2)
    first, other = (
        scored(
            added(tmp_path / right, "token_classes", model=str(tmp_path / "m"), right=right),
            small_tree(),
        ).step[1:]
        for right in "10"
    )
    np.testing.assert_allclose(first + other, 1, atol=1e-6)


def test_a_head_of_another_shape_is_refused(tmp_path):
    saved_model(tmp_path / "m", Qwen2ForTokenClassification, num_labels=3)
    with pytest.raises(ModelLoadError, match="gives 3 numbers at a token and this kind reads 2"):
        added(tmp_path / "a", "token_classes", model=str(tmp_path / "m"))
