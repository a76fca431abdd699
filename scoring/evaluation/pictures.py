"""What the pages draw of each suite's report, for the rows of ``registry``."""

from __future__ import annotations

from scoring.evaluation.base import Plot

_KL = "divergence from one pick, nats"
_RELIABILITY = Plot(
    "Reliability",
    "share that is right",
    (("reliability", "all, as scored"), ("reliability_after", "other half, after temperature")),
    x="mean score of the bin",
    diagonal=True,
)

PROCESSBENCH = (
    Plot("F1 by threshold", "F1", (("threshold", "F1"),), x="threshold"),
    Plot("F1 by split", "F1", bars="f1", beside=True),
)
TUNED = (Plot("F1 by split", "F1", bars="f1", beside=True),)
PRMBENCH = (
    Plot("PRM-Score by class", "PRM-Score", bars="prm_score", beside=True),
    Plot("First wrong step found, by class", "share", bars="first_error", beside=True),
)
REWARDBENCH2 = (Plot("Accuracy by subset", "share", bars="accuracy", beside=True),)
BEST_OF_N = (
    Plot(
        "Best of n",
        "share right",
        (("model", "model"), ("oracle", "oracle")),
        x="n",
        log=True,
        beside=True,
    ),
)
AGGREGATION = (
    Plot("Best of n by rule", "share right", bars="accuracy", beside=True),
    Plot("Pairs in order by rule", "share", bars="in_order", beside=True),
)
EDITS = (
    Plot("AUROC lost by edit", "AUROC lost", bars="lost", unit=False),
    Plot("Mean change of a step's score by edit", "change", bars="moved", unit=False),
    Plot("Pairs of solutions that change places, by edit", "share", bars="swapped"),
)
PROBING = (
    Plot("AUROC of the probe by property", "AUROC", bars="auroc", beside=True),
    Plot("AUROC of the reward itself by property", "AUROC", bars="reward"),
    Plot("Correlation with the reward by property", "correlation", bars="lean", unit=False),
)
CALIBRATION = (_RELIABILITY,)
PAIRS = (
    Plot("Preferred one ahead, by criterion", "share", bars="accuracy", beside=True),
    _RELIABILITY,
)
OVEROPTIMISATION = (
    Plot(
        "Gold reward of the chosen",
        "gold",
        (("gold", "gold"),),
        x=_KL,
        beside=True,
        unit=False,
    ),
    Plot("The model's score of it", "proxy", (("proxy", "proxy"),), x=_KL, unit=False),
)
