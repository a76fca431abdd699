"""Parameters that many methods share."""

from __future__ import annotations

from scoring.credit.base import NeedsIf
from scoring.params import Param

DDOF = Param("ddof", 1, "1 = sample, 0 = population standard deviation", choices=(0, 1))
EPS = Param("eps", 1e-6, "added to the standard deviation", low=0.0, high=1.0)
SINGLE = Param(
    "single",
    "unit",
    "a group of one: 'unit' keeps its outcome (mean 0, deviation 1), 'zero' gives 0",
    choices=("unit", "zero"),
)
REWARDS = Param(
    "rewards",
    "outcome",
    "'outcome' comes with the last step; 'with_steps' adds each step's own reward",
    choices=("outcome", "with_steps"),
)
WITH_STEPS = NeedsIf("rewards", "with_steps", ("step_reward",))
CRITIC = Param(
    "critic",
    "leaf_value",
    "values before steps: 'leaf_value' of the tree stands in, 'column' reads a critic's",
    choices=("leaf_value", "column"),
)
METHODS_FOLDER = "scoring.credit.methods"
