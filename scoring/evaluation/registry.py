"""The suites that a reward model can be evaluated on: one file and one row each. Torch-free."""

from __future__ import annotations

from scoring.evaluation import pictures
from scoring.evaluation.aggregate import AGGREGATIONS, OWN
from scoring.evaluation.base import SuiteRow
from scoring.evaluation.distances.registry import DISTANCES, distance_row
from scoring.params import Param
from scoring.registry import find_row

__all__ = ["DISTANCES", "SUITES", "distance_row", "suite"]

_S = "scoring.evaluation.suites"
_THRESHOLD = Param("threshold", 0.5, "scores on the good side of it are good", low=-1e9, high=1e9)
_RULES = tuple(rule.label for rule in AGGREGATIONS.values())
_AGGREGATION = Param(
    "aggregation",
    OWN,
    f"'{OWN}' = the model's score of the solution; else how step scores become one",
    choices=(OWN, *AGGREGATIONS),
    words=("the model's score of the solution", *_RULES),
)
_RANKED_BY = Param(
    "aggregation",
    "min",
    "how step scores become the one that solutions are ranked by",
    choices=tuple(AGGREGATIONS),
    words=_RULES,
)
_MAX_N = Param("max_n", 0, "largest n; 0 = solutions of the smallest pool", low=0, high=4096)
_BINS = Param("bins", 15, "bins of equal mass", low=1, high=100)


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
            formula="AUROC = the probability that a right step scores above a wrong one, a tie "
            "counting half. Average precision = mean over the right steps of the share of "
            "right ones among the steps that score as high or higher.",
            main="auroc",
        ),
        SuiteRow(
            "processbench",
            "ProcessBench, fixed threshold",
            f"{_S}.processbench:fixed",
            version="1",
            needs=("step_scores", "first_error"),
            source="Zheng et al. 2024, arXiv 2412.06559; QwenLM/ProcessBench",
            description="Finds the first wrong step: F1 of wrong and right solutions.",
            formula="F1 = 2ab / (a + b), with a = the share of wrong solutions whose first step "
            "below the threshold is the first wrong one, and b = the share of right "
            "solutions without a step below it.",
            params=(_THRESHOLD,),
            plots=pictures.PROCESSBENCH,
            main="f1",
        ),
        SuiteRow(
            "processbench_tuned",
            "ProcessBench, tuned threshold",
            f"{_S}.processbench:tuned",
            version="1",
            needs=("step_scores", "first_error"),
            source="Zheng et al. 2024, arXiv 2412.06559; threshold tuned on other data",
            description="The same with the threshold that does best on one split or other problems.",
            formula="F1 as with a fixed threshold; each fifth of the problems is judged with the "
            "threshold that gives the best F1 on the other four, or all with the best one "
            "of a split.",
            params=(
                Param(
                    "tune_on",
                    "",
                    "split to tune on; without one, the other four fifths of the problems",
                    choices=("", "gsm8k", "math", "olympiadbench", "omnimath"),
                    words=("other problems", "GSM8K", "MATH", "OlympiadBench", "Omni-MATH"),
                ),
            ),
            plots=pictures.TUNED,
            main="f1",
        ),
        SuiteRow(
            "prmbench",
            "PRMBench",
            f"{_S}.prmbench:classes",
            version="1",
            needs=("step_scores", "step_labels"),
            source="Song et al. 2025, arXiv 2501.03124; ssmisya/PRMBench",
            description="Tells wrong steps from right ones in each class of error: PRM-Score.",
            formula="PRM-Score = (F1 + negative F1) / 2 over the steps of a class: F1 = 2TP / "
            "(2TP + FP + FN) with right steps as positives, negative F1 the same with "
            "wrong ones. A step above the threshold is judged right.",
            params=(_THRESHOLD,),
            plots=pictures.PRMBENCH,
            main="prm_score",
        ),
        SuiteRow(
            "rewardbench2",
            "RewardBench 2",
            f"{_S}.rewardbench2:subsets",
            version="1",
            needs=("outcome", "correct"),
            source="Malik et al. 2025, arXiv 2506.01937; allenai/reward-bench",
            description="Scores the right answer of four highest; equally right ones alike.",
            formula="A question counts 1 / k if its right answer is among the k highest scores; "
            "Ties has its own formula of accuracies and margins; the score is the mean of "
            "the subsets.",
            params=(_AGGREGATION,),
            competing=True,
            level="outcome",
            plots=pictures.REWARDBENCH2,
            main="score",
        ),
        SuiteRow(
            "rewardmath",
            "RewardMATH",
            f"{_S}.rewardmath:one_to_many",
            version="1",
            needs=("outcome", "correct"),
            source="Kim et al. 2024, arXiv 2410.01729; kimsh0507/RewardMATH_official",
            description="Scores the one right solution above all of the many wrong ones.",
            formula="Accuracy = the share of problems whose right solution scores above every "
            "wrong one. MRR = the mean of 1 / rank of the right solution, ties counted "
            "against it.",
            params=(_AGGREGATION,),
            competing=True,
            level="outcome",
            main="accuracy",
        ),
        SuiteRow(
            "best_of_n",
            "Best of n",
            f"{_S}.best_of_n:curve",
            version="1",
            needs=("outcome", "correct"),
            source="Chen et al. 2021, arXiv 2107.03374; Nakano et al. 2021, arXiv 2112.09332",
            description="How often the solution is right that the model picks out of n.",
            formula="The average, over all ways to draw n solutions of a problem, of whether the "
            "one with the highest score is right, a tie decided by lot; then the mean "
            "over problems.",
            params=(_AGGREGATION, _MAX_N),
            competing=True,
            level="outcome",
            plots=pictures.BEST_OF_N,
            main="gain",
        ),
        SuiteRow(
            "aggregation",
            "Aggregation sweep",
            f"{_S}.aggregation:sweep",
            version="1",
            needs=("step_scores", "correct"),
            source="rules of Lightman, Wang, Cheng et al.; the sweep is a choice of this project",
            description="Which way of joining step scores picks and ranks solutions best.",
            formula="Best of n as there, and the share of pairs of a right and a wrong solution "
            "of a problem in which the right one scores higher, for every rule that turns "
            "step scores into one.",
            params=(Param("n", 0, "best of how many; 0 = the smallest pool", low=0, high=4096),),
            competing=True,
            level="outcome",
            plots=pictures.AGGREGATION,
            main="in_order",
        ),
        SuiteRow(
            "calibration",
            "Calibration of steps",
            f"{_S}.calibration:of_steps",
            version="1",
            needs=("labelled_scores",),
            source="Brier 1950; Guo et al. 2017, arXiv 1706.04599; Nixon et al. 2019",
            description="Whether steps scored 0.8 are right in 80 %, before and after temperature.",
            formula="Brier score = mean (p − y)². Log loss = −mean [y log p + (1 − y) log(1 − "
            "p)]. ECE = Σ n_b / n · |mean y − mean p| over bins with as many scores each. "
            "After temperature: p' = σ(logit p / T), T fitted on half of the problems, "
            "measured on the other half.",
            params=(_BINS,),
            plots=pictures.CALIBRATION,
            main="ece",
        ),
        SuiteRow(
            "calibration_outcome",
            "Calibration of solutions",
            f"{_S}.calibration:of_outcomes",
            version="1",
            needs=("outcome", "correct"),
            source="Brier 1950; Guo et al. 2017, arXiv 1706.04599; Nixon et al. 2019",
            description="The same of the scores of whole solutions.",
            formula="As for steps, with the scores of whole solutions against whether they are "
            "right.",
            params=(_AGGREGATION, _BINS),
            level="outcome",
            plots=pictures.CALIBRATION,
            main="ece",
        ),
        SuiteRow(
            "pairs",
            "Preferences",
            f"{_S}.calibration:of_pairs",
            version="1",
            needs=("step_scores", "preferred"),
            source="accuracy of pairs; Brier 1950; Guo et al. 2017, arXiv 1706.04599; Nixon et al. 2019",
            description="Scores the preferred one of a ranked pair higher, and how far that can be "
            "believed.",
            formula="Accuracy = the share of pairs in which the preferred one scores higher, an equal "
            "score half, by criterion. Calibration as of steps, of p = σ(r_a − r_b), r the "
            "log-odds of the scores, each pair seen from both sides; T is fitted on half of "
            "the problems.",
            params=(_BINS,),
            level="pairs",
            plots=pictures.PAIRS,
            main="accuracy",
        ),
        SuiteRow(
            "overoptimisation",
            "Over-optimisation",
            f"{_S}.overoptimisation:curve",
            version="1",
            needs=("outcome", "reward"),
            source="Gao et al. 2022, arXiv 2210.10760; Beirami et al. 2024, arXiv 2401.01879",
            description="Proxy and gold reward against the divergence of the best of n.",
            formula="For the best of n at divergence log n − (n − 1) / n: the mean score of the "
            "chosen solution (proxy) and its mean gold reward (gold). The drop is how far "
            "the last gold point lies below the highest. α and β: gold(n) − gold(1) = d (α − β d), "
            "d = √divergence, by least squares.",
            params=(_AGGREGATION, _MAX_N),
            competing=True,
            level="outcome",
            plots=pictures.OVEROPTIMISATION,
            main="gold_drop",
        ),
        SuiteRow(
            "edits",
            "Edited solutions",
            f"{_S}.edits:sensitivity",
            version="2",
            needs=("edited_scores",),
            source="a choice of this project",
            description="What is lost when words, formulas, halves or the order are taken away, and "
            "what a mere rewriting or another order of answer options changes.",
            formula="AUROC lost = AUROC of the labelled steps as they are minus that of the same "
            "steps in the edited solutions. Change = mean |p' − p| over steps. Changed places = "
            "the share of pairs of solutions of a problem that are ranked the other way, a new "
            "tie counting half. Without content AUROC should be lost, after a mere rewriting not.",
            params=(_RANKED_BY,),
            plots=pictures.EDITS,
            main="lost",
        ),
        SuiteRow(
            "probing",
            "Probes of the states",
            f"{_S}.probing:dimensions",
            version="1",
            needs=("states",),
            source="after MRMBench, arXiv 2511.12464; probe, controls and lean are a choice of this "
            "project",
            description="Which properties can be read off the model's states, and on which of them its "
            "reward leans.",
            formula="AUROC of a ridge regression on the last hidden state, of problems that it has "
            "not seen. Selectivity = that minus the same with shuffled labels. Correlation with the "
            "reward = of what the head and the property's direction read in all steps.",
            params=(
                Param(
                    "min_labels",
                    40,
                    "of a property that is probed; a quarter of them of the rarer kind",
                    low=10,
                    high=100_000,
                ),
                Param(
                    "components",
                    256,
                    "main ones that probes see at most",
                    low=1,
                    high=2048,
                ),
            ),
            level="states",
            plots=pictures.PROBING,
            main="auroc",
        ),
    )
}


def suite(key: str) -> SuiteRow:
    """Return the row called ``key``.

    Raises:
        UnknownNameError: naming the known suites.
    """
    return find_row(SUITES, "evaluation suite", key)
