"""The rows of the attribution methods; each has one file in ``methods/``. Torch-free.

A new method is that file and a row here. One that does not run the path once, as ``counts.once`` says, also
names what counts its passes: a function beside the others in ``counts.py``, or in its own file if that
needs no torch.
"""

from __future__ import annotations

from scoring.attribution.base import Least, MethodRow, Share
from scoring.params import Param

_M = "scoring.attribution.methods"
_C = "scoring.attribution.counts"
_OUTPUT = Param(
    "output",
    "value",
    "what is taken apart: the raw reward in log-odds, or the probability shown as the step's score, "
    "whose flat ends hide differences",
    choices=("value", "score"),
    words=("raw reward", "score"),
)

ROWS: tuple[MethodRow, ...] = (
    MethodRow(
        "running_reward",
        "Running reward",
        f"{_M}.running_reward:attribution",
        version="1",
        needs=("value",),
        cost="1 F: the scoring forward itself",
        granularity="token",
        complete=True,
        confidence="TEXTBOOK",
        source="telescoping sum of the head read at every token (value differences, Sutton 1988)",
        summary="How the model's estimate changes as each token is read: r(t) − r(t−1).",
        preferred=30,
        free=True,
        # Within a step the head is read where it was not trained to be, and a model may put off what it
        # thinks to the separator.
        judged_by="step",
        params=(_OUTPUT,),
    ),
    MethodRow(
        "closed_prefix",
        "Closed prefix",
        f"{_M}.closed_prefix:attribution",
        version="1",
        needs=("value",),
        cost="1 packed F over T + K·s tokens, s of them closing each step",
        granularity="step",
        complete=True,
        confidence="OURS",
        source="what reward-bench's get_per_token_reward.py does for every token, for steps and in one pass",
        summary="How the score of the answer would change had it ended after each step.",
        preferred=20,
        counts=f"{_C}:closed",
        params=(_OUTPUT,),
    ),
    MethodRow(
        "integrated_gradients",
        "Integrated gradients",
        f"{_M}.integrated_gradients:attribution",
        version="1",
        needs=("value",),
        cost="n + 2 forwards, n backwards; n doubles from 32 to at most 256 and the tries add up",
        granularity="token",
        complete=True,
        confidence="TEXTBOOK",
        source="Sundararajan, Taly & Yan 2017, arXiv 1703.01365; Gauss-Legendre nodes",
        summary="What each token adds on the way from neutral text to the text that is there.",
        preferred=10,
        counts=f"{_C}:gradients",
        least=(Least("additive", 0.95), Least("interaction", 0.75)),
        shares=(
            Share(
                "length",
                0.0,
                "none can be shown, since the neutral text is as long as the text",
            ),
        ),
        params=(
            _OUTPUT,
            Param(
                "baseline",
                "neutral_token_mean",
                "what stands for no text: the mean of neutral tokens' embeddings, the mean of all, or "
                "the model's own padding row",
                choices=("neutral_token_mean", "mean_embedding", "pad_row"),
                words=("mean of neutral tokens", "mean of all tokens", "padding row"),
            ),
            Param("start", 32, "steps of the first try", low=2, high=1024, whole=True),
            Param(
                "limit",
                256,
                "most steps; doubled from start until ok",
                low=2,
                high=1024,
                whole=True,
            ),
            Param(
                "spread",
                0.0,
                "standard deviation of rewards, in the output's unit; 0 = from the model",
                low=0.0,
            ),
            Param(
                "rows",
                0,
                "points of the path in memory together; 0 = by tokens",
                low=0,
                high=1024,
                whole=True,
            ),
        ),
    ),
    MethodRow(
        "leave_one_step_out",
        "Leave one step out",
        f"{_M}.leave_one_step_out:attribution",
        version="1",
        needs=("value",),
        cost="1 + (K - 1)/2 F with the cache, K + 1 F without",
        granularity="step",
        complete=False,
        confidence="TEXTBOOK",
        source="occlusion, Zeiler & Fergus 2014, arXiv 1311.2901, of whole steps",
        summary="How much the reward falls if the step is absent.",
        preferred=50,
        counts=f"{_C}:left_out",
        params=(
            _OUTPUT,
            Param(
                "variant",
                "drop",
                "what stands in the step's place: nothing, or a sentence that says nothing",
                choices=("drop", "neutral"),
                words=("nothing", "a neutral sentence"),
            ),
            Param("sentence", "Let us go on.", "the neutral sentence", word=True),
        ),
    ),
    MethodRow(
        "step_shapley",
        "Step Shapley",
        f"{_M}.step_shapley:attribution",
        version="1",
        needs=("value",),
        cost="at most m·K forwards, equal beginnings shared; 2^K if that is fewer, and then exact",
        granularity="step",
        complete=True,
        confidence="TEXTBOOK",
        source="Shapley 1953; sampled orders with their reversals, Castro et al. 2009, Mitchell et al. 2022",
        summary="Mean change of the reward when the step joins, over orders in which steps can join.",
        preferred=40,
        counts=f"{_C}:shapley",
        # The mean over orders of joining: the first step always counts twice, the second 1.5 times, the third once.
        shares=(
            Share(
                "position",
                1 / 3,
                "a third can be shown, since steps move up where those before them are absent",
            ),
        ),
        params=(
            _OUTPUT,
            Param(
                "permutations",
                20,
                "orders drawn, half of them reversals",
                low=4,
                high=2000,
                whole=True,
            ),
            Param("seed", 0, "of the draw", low=0, high=2**31 - 1, whole=True),
        ),
    ),
    MethodRow(
        "objective_split",
        "By criterion",
        f"{_M}.objective_split:attribution",
        version="1",
        needs=("value", "heads"),
        cost="1 F",
        granularity="token",
        complete=True,
        confidence="TEXTBOOK",
        source="a weighted sum taken apart, as ArmoRM's (Wang et al. 2024, arXiv 2406.12845)",
        summary="The running reward split by criterion, weight times head: the parts add up exactly.",
        preferred=60,
        judged_by="step",
        stand_in="running_reward",  # planted models have one number and no heads
    ),
)
