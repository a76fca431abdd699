"""Log-ratios of two models as rewards: implicit process rewards and DPO's credit of tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.credit.base import Credit
from scoring.credit.columns import lists, missing_steps
from scoring.credit.groups import below, group, notes_with_rest, spread_with_steps
from scoring.credit.moments import ROUNDING
from scoring.credit.ratios import log_ratios, same_tokens

if TYPE_CHECKING:
    from scoring.tree import FloatArray, Tree


def implicit_prm(tree: Tree, *, beta: float) -> Credit:
    """Return ``beta · Σ_t (log π − log π_ref)`` over the tokens of each step: ``(N,)``, signed.

    Source: the rewards of PRIME (PRIME-RL/PRIME, ``dp_prime.py``); its advantage on top of them
    (leave-one-out mean, sums to the end, whitening) is not part of the number.
    """
    ratios, notes = log_ratios(tree)
    return Credit(beta * ratios, None, notes)


def dpo_credit(tree: Tree, *, beta: float) -> Credit:
    """Return ``beta · Σ_t log(π / π_ref)`` by step for a policy trained with DPO: ``(N,)``, signed.

    The implicit reward's numbers, read as the optimal advantage under the token MDP.

    Source: "From r to Q*", arXiv 2404.12358; beta is our choice.
    """
    ratios, notes = log_ratios(tree)
    return Credit(beta * ratios, None, notes)


def oprl(
    tree: Tree, *, beta: float, weight: float, episode: str, ddof: int, eps: float, single: str
) -> Credit:
    """Return the trace's advantage plus ``weight`` times the step's standardised implicit reward.

    The episode's part is RLOO's or, with ``episode="mean"``, the outcome less the group's mean. The
    step's part is ``beta · Σ_t log(π / π_ref)``, standardised over all steps of the traces with a
    known outcome; a step shared by several of them counts once for each.

    Returns:
        Outcome units and standard deviations added up, signed, by step and trace.

    Source: arXiv 2509.19199 (Tongyi-ConvAI/Qwen-Character, CharacterRL-iStar).
    """
    stats = group(tree, ddof=ddof, single=single)
    ratios, notes = log_ratios(tree)
    count = int(stats.known.sum())
    scale = count / (count - 1) if episode == "rloo" and count > 1 else 1.0
    advantage = scale * (tree.outcomes - stats.mean)
    if stats.flat:
        advantage = np.where(stats.known, 0.0, np.nan)
    times = np.where(np.isfinite(ratios), below(tree, tree.outcomes)[1], 0)
    times[0] = 0
    steps = weight * _standardised(beta * ratios, times, ddof, eps)
    first = stats.notes
    if np.nan_to_num(steps[times > 0]).any():
        first = notes_with_rest(first, "the model's log-probabilities")
    return spread_with_steps(tree, advantage, steps, (*first, *notes))


def t_reg(tree: Tree) -> Credit:
    """Return the mean of ``sigmoid(log π_better − log π_worse) − ½`` over each step's tokens.

    The two log-probabilities are those of the same tokens after a prompt for a better and one for a
    worse answer. The mean is ours: the method weighs tokens.

    Returns:
        ``(N,)`` from −0.5 to 0.5, the same on every trace.

    Source: arXiv 2412.02685, as quoted in notes.
    """
    better, worse = lists(tree, "logp_better"), lists(tree, "logp_worse")
    same_tokens(tree, better, worse, "logp_worse")
    both = (better.lengths > 0) & (worse.lengths > 0)
    gaps = np.full(len(better.values), np.nan)
    gaps[both[better.owner]] = better.values[both[better.owner]] - worse.values[both[worse.owner]]
    found = better.means(0.5 * np.tanh(0.5 * gaps))
    return Credit(found, None, missing_steps(found, "log-probabilities of both prompts"))


def likelihood(tree: Tree, *, form: str) -> Credit:
    """Return how much a step raises the likelihood of the reference answer: ``R(step) − R(parent)``.

    ``answer_logp`` holds, at the problem and at each step, the log-probability of the reference
    answer right after it: its tokens' or their sum. R is that sum ("log"), its exponential
    ("probability") or the mean over the tokens ("per_token", which needs them one by one).

    Returns:
        ``(N,)`` nats, probability or nats a token; signed, the same on every trace.

    Source: arXiv 2602.03979 for the trace's R, as quoted in notes; the difference by step is ours.
    """
    found = lists(tree, "answer_logp")
    value = found.means() if form == "per_token" else found.sums()
    if form == "probability":
        value = np.exp(np.minimum(value, 0.0))
    change = np.full(len(tree), np.nan)
    change[1:] = value[1:] - value[tree.parent[1:]]
    notes = missing_steps(change, "likelihood of the answer before and after")
    if form == "per_token" and len(found.values) and found.lengths.max() == 1:
        notes += ("every likelihood is one number: taken as that of a single token",)
    return Credit(change, None, notes)


def _standardised(values: FloatArray, times: FloatArray, ddof: int, eps: float) -> FloatArray:
    """Standardise ``(N,)`` values that count ``times`` each; 0 where they do not differ."""
    counted = times > 0
    total = times.sum()
    if total < 2:
        return values * 0.0
    mean = (times[counted] @ values[counted]) / total
    spread = np.sqrt(times[counted] @ (values[counted] - mean) ** 2 / (total - ddof))
    if spread <= ROUNDING * abs(mean):
        return values * 0.0
    return np.asarray((values - mean) / (spread + eps))
