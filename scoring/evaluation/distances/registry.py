"""The distances between two models: one file and one row each. Torch-free."""

from __future__ import annotations

from scoring.evaluation.base import SuiteRow
from scoring.params import Param
from scoring.registry import find_row

_D = "scoring.evaluation.distances"
_GAMMA = Param("gamma", 1.0, "discount of later steps", low=0.01, high=1.0)
_REWARD = Param(
    "reward",
    "signed",
    "reward of a step with score p",
    choices=("signed", "score"),
    words=("signed: 2p − 1", "the score: p"),
)

DISTANCES: dict[str, SuiteRow] = {
    row.key: row
    for row in (
        SuiteRow(
            "starc",
            "STARC",
            f"{_D}.starc:distance",
            version="1",
            needs=("step_scores",),
            source="Skalse et al. 2024, ICLR, arXiv 2309.15257",
            description="How far two models are apart beyond shaping and scale, 0 to 2.",
            formula="‖c(R₁)/‖c(R₁)‖ − c(R₂)/‖c(R₂)‖‖, c taking out what potential shaping can "
            "change: 0 = equal up to shaping and scale, √2 = unrelated, 2 = opposite.",
            params=(
                _REWARD,
                _GAMMA,
                Param(
                    "canonical",
                    "minimal",
                    "by what shaping is taken out",
                    choices=("minimal", "value"),
                    words=("least squares", "the value of a step"),
                ),
            ),
            main="distance",
        ),
        SuiteRow(
            "epic",
            "EPIC-style (reconstruction)",
            f"{_D}.epic:distance",
            version="1",
            needs=("step_scores",),
            source="Gleave et al. 2021, ICLR, arXiv 2006.13900; canonical reward reconstructed",
            description="Pearson distance of two models beyond shaping and scale, 0 to 1.",
            formula="√((1 − ρ) / 2), ρ the correlation of the two rewards after taking out what "
            "shaping can change: 0 = equal, 1 = opposite.",
            params=(_REWARD, _GAMMA),
            main="distance",
        ),
    )
}


def distance_row(key: str) -> SuiteRow:
    """Return the row of the distance called ``key``.

    Raises:
        UnknownNameError: naming the known distances.
    """
    return find_row(DISTANCES, "distance between models", key)
