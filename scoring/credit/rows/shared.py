"""Parameters that many methods share."""

from __future__ import annotations

from scoring.credit.base import NeedsIf
from scoring.params import Param

DDOF = Param(
    "ddof",
    1,
    "whether the standard deviation is that of a sample or of a population",
    choices=(0, 1),
    words=("0 (population)", "1 (sample)"),
)
EPS = Param("eps", 1e-6, "added to the standard deviation", low=0.0, high=1.0)
SINGLE = Param(
    "single",
    "unit",
    "what a group of one gets: its outcome, as if the mean were 0 and the deviation 1, or 0",
    choices=("unit", "zero"),
    words=("its outcome", "0"),
)
REWARDS = Param(
    "rewards",
    "outcome",
    "the outcome, which comes with the last step, alone or with each step's own reward",
    choices=("outcome", "with_steps"),
    words=("the outcome", "outcome and steps' rewards"),
)
WITH_STEPS = NeedsIf("rewards", "with_steps", ("step_reward",))
CRITIC = Param(
    "critic",
    "leaf_value",
    "values before steps: the leaf value, which stands in, or a critic's as imported",
    choices=("leaf_value", "column"),
    words=("leaf value", "a critic's, as imported"),
)
METHODS_FOLDER = "scoring.credit.methods"
