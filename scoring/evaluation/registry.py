"""The suites that a reward model can be evaluated on: one file and one row each. Torch-free."""

from __future__ import annotations

from scoring.credit.base import Param
from scoring.evaluation.aggregate import AGGREGATIONS, OWN
from scoring.evaluation.base import SuiteRow
from scoring.registry import find_row

_S = "scoring.evaluation.suites"
_D = "scoring.evaluation.distances"
_THRESHOLD = Param("threshold", 0.5, "scores on the good side of it are good", low=-1e9, high=1e9)
_AGGREGATION = Param(
    "aggregation",
    OWN,
    f"'{OWN}' = the model's score of the solution; else how step scores become one",
    choices=(OWN, *AGGREGATIONS),
)
_MAX_N = Param("max_n", 0, "largest n; 0 = solutions of the smallest pool", low=0, high=4096)
_BINS = Param("bins", 15, "bins of equal mass", low=1, high=100)
_GAMMA = Param("gamma", 1.0, "discount of later steps", low=0.01, high=1.0)
_REWARD = Param(
    "reward",
    "signed",
    "reward of a step with score p: 'signed' 2p − 1, 'score' p",
    choices=("signed", "score"),
)

SUITES: dict[str, SuiteRow] = {
    row.key: row
    for row in (
        SuiteRow(
            "steps",
            "Step labels",
            f"{_S}.steps:ranking",
            version="3",
            needs=("labelled_scores",),
            source="textbook: AUROC and average precision",
            description="Ranks labelled steps by score: AUROC and average precision.",
        ),
        SuiteRow(
            "processbench",
            "ProcessBench, fixed threshold",
            f"{_S}.processbench:fixed",
            version="1",
            needs=("step_scores", "first_error"),
            source="Zheng et al. 2024, arXiv 2412.06559; QwenLM/ProcessBench",
            description="Finds the first wrong step: F1 of wrong and right solutions.",
            params=(_THRESHOLD,),
        ),
        SuiteRow(
            "processbench_tuned",
            "ProcessBench, tuned threshold",
            f"{_S}.processbench:tuned",
            version="1",
            needs=("step_scores", "first_error"),
            source="Zheng et al. 2024, arXiv 2412.06559; threshold tuned on other data",
            description="The same with the threshold that does best on one split or other problems.",
            params=(
                Param(
                    "tune_on",
                    "",
                    "split to tune on; '' = the other four fifths of the problems",
                    choices=("", "gsm8k", "math", "olympiadbench", "omnimath"),
                ),
            ),
        ),
        SuiteRow(
            "prmbench",
            "PRMBench",
            f"{_S}.prmbench:classes",
            version="1",
            needs=("step_scores", "step_labels"),
            source="Song et al. 2025, arXiv 2501.03124; ssmisya/PRMBench",
            description="Tells wrong steps from right ones in each class of error: PRM-Score.",
            params=(_THRESHOLD,),
        ),
        SuiteRow(
            "rewardbench2",
            "RewardBench 2",
            f"{_S}.rewardbench2:subsets",
            version="1",
            needs=("outcome", "correct"),
            source="Malik et al. 2025, arXiv 2506.01937; allenai/reward-bench",
            description="Scores the right answer of four highest; equally right ones alike.",
            params=(_AGGREGATION,),
            competing=True,
            level="outcome",
        ),
        SuiteRow(
            "rewardmath",
            "RewardMATH",
            f"{_S}.rewardmath:one_to_many",
            version="1",
            needs=("outcome", "correct"),
            source="Kim et al. 2024, arXiv 2410.01729; kimsh0507/RewardMATH_official",
            description="Scores the one right solution above all of the many wrong ones.",
            params=(_AGGREGATION,),
            competing=True,
            level="outcome",
        ),
        SuiteRow(
            "best_of_n",
            "Best of n",
            f"{_S}.best_of_n:curve",
            version="1",
            needs=("outcome", "correct"),
            source="Chen et al. 2021, arXiv 2107.03374; Nakano et al. 2021, arXiv 2112.09332",
            description="How often the solution is right that the model picks out of n.",
            params=(_AGGREGATION, _MAX_N),
            competing=True,
            level="outcome",
        ),
        SuiteRow(
            "aggregation",
            "Aggregation sweep",
            f"{_S}.aggregation:sweep",
            version="1",
            needs=("step_scores", "correct"),
            source="rules of Lightman, Wang, Cheng et al.; the sweep is a choice of this project",
            description="Which way of joining step scores picks and ranks solutions best.",
            params=(Param("n", 0, "best of how many; 0 = the smallest pool", low=0, high=4096),),
            competing=True,
            level="outcome",
        ),
        SuiteRow(
            "calibration",
            "Calibration of steps",
            f"{_S}.calibration:of_steps",
            version="1",
            needs=("labelled_scores",),
            source="Brier 1950; Guo et al. 2017, arXiv 1706.04599; Nixon et al. 2019",
            description="Whether steps scored 0.8 are right in 80 %, before and after temperature.",
            params=(_BINS,),
        ),
        SuiteRow(
            "calibration_outcome",
            "Calibration of solutions",
            f"{_S}.calibration:of_outcomes",
            version="1",
            needs=("outcome", "correct"),
            source="Brier 1950; Guo et al. 2017, arXiv 1706.04599; Nixon et al. 2019",
            description="The same of the scores of whole solutions.",
            params=(_AGGREGATION, _BINS),
            level="outcome",
        ),
        SuiteRow(
            "overoptimisation",
            "Over-optimisation",
            f"{_S}.overoptimisation:curve",
            version="1",
            needs=("outcome", "reward"),
            source="Gao et al. 2022, arXiv 2210.10760; Beirami et al. 2024, arXiv 2401.01879",
            description="Proxy and gold reward against the divergence of the best of n.",
            params=(_AGGREGATION, _MAX_N),
            competing=True,
            level="outcome",
        ),
    )
}
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
            params=(
                _REWARD,
                _GAMMA,
                Param(
                    "canonical",
                    "minimal",
                    "'minimal' takes shaping out by least squares, 'value' by the value of a step",
                    choices=("minimal", "value"),
                ),
            ),
        ),
        SuiteRow(
            "epic",
            "EPIC-style (reconstruction)",
            f"{_D}.epic:distance",
            version="1",
            needs=("step_scores",),
            source="Gleave et al. 2021, ICLR, arXiv 2006.13900; canonical reward reconstructed",
            description="Pearson distance of two models beyond shaping and scale, 0 to 1.",
            params=(_REWARD, _GAMMA),
        ),
    )
}


def suite(key: str) -> SuiteRow:
    """Return the row called ``key``.

    Raises:
        UnknownNameError: naming the known suites.
    """
    return find_row(SUITES, "evaluation suite", key)


def distance_row(key: str) -> SuiteRow:
    """Return the row of the distance called ``key``.

    Raises:
        UnknownNameError: naming the known distances.
    """
    return find_row(DISTANCES, "distance between models", key)
