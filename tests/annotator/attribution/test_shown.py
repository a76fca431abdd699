"""What the page makes of the running reward that scoring left, against what the core makes of it."""

from __future__ import annotations

import numpy as np
import pytest

from annotator.queries.attribution.running import RunningReward
from annotator.views.attribution.shown import shown_running
from scoring.attribution.free import from_scores
from scoring.reward.scores import StepTokens


def stored(starts, *running):
    """Return the same running reward as the core has it and as the page reads it: two pieces a step."""
    steps = [
        StepTokens(start, np.array([0, 3], "i4"), np.array([3, 4], "i4"), np.array(row, "f4"))
        for start, row in zip(starts, running, strict=True)
    ]
    reward = np.concatenate([one.running.astype(float) for one in steps])
    page = RunningReward(
        np.repeat(np.arange(len(steps)), 2),
        np.tile([0, 3], len(steps)),
        np.tile([3, 4], len(steps)),
        reward,
        reward - np.concatenate([one.credit for one in steps]),
        float(np.float32(starts[0])),
        np.zeros(len(reward), bool),
    )
    return steps, page


@pytest.mark.parametrize(
    ("second", "badge"),
    [(0.5, "ok"), (0.5002, "amber"), (0.51, "red")],
)
def test_a_flat_path_has_the_badge_that_the_core_gives_it(second, badge):
    """A path on which nothing happens has no spread of its own to measure a small gap by."""
    steps, page = stored([0.5, second], [0.5, 0.5], [second, second])
    core, shown = from_scores(steps), shown_running(page, model="m")
    assert (core.badge, shown.badge) == (badge, badge)
    assert shown.relative_error == pytest.approx(core.relative_error, abs=1e-6)


def test_credits_and_ends_are_those_of_the_core():
    steps, page = stored([0.4, 0.7], [0.6, 0.7], [0.2, 0.9])
    core, shown = from_scores(steps), shown_running(page, model="m")
    for name in ("credit", "value", "baseline_value", "total", "relative_error"):
        np.testing.assert_allclose(getattr(shown, name), getattr(core, name), atol=1e-6)
    assert core.badge == shown.badge == "ok"


def test_a_path_whose_last_token_has_no_number_has_no_end_to_add_up_to():
    _, page = stored([0.4, 0.7], [0.6, 0.7], [0.2, 0.9])
    page.missing[[1, 3]] = True
    shown = shown_running(page, model="m")
    assert np.isnan(shown.value)
    assert shown.badge == "none"
    assert "nothing for the credits to reach" in shown.explained
    said = " ".join(shown.notes)
    assert "1 token has no number: what was done there is in the next one" in said
    assert "The last token has no number" in said
