"""The token signals: one file and one row here each. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scoring.attribution.signals.base import SignalRow
from scoring.errors import AttributionError
from scoring.params import Param, checked
from scoring.registry import find_row, load_target

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from scoring.attribution.signals.base import Signal

NEEDS: dict[str, str] = {
    "value": "one number that the model reads off a path in one pass",
    "logits": "a causal language model (implicit_prm, likelihood), or a trained decoder that shares its "
    "output matrix with its embedding",
    "decoder": "a decoder here: any model but a judge",
    "reference": "two language models, one trained from the other (implicit_prm)",
}
"""What signals name in ``needs``, in words."""
_S = "scoring.attribution.signals"
_TOP = Param(
    "top",
    0,
    "take the likeliest tokens alone and put the rest into one, as stored top-k records do; 0 = all",
    low=0,
    high=100_000,
    whole=True,
)
_REACH = Param(
    "reach", 10, "W, the most tokens that a distance counts", low=1, high=10_000, whole=True
)
_HEADS = Param(
    "heads", 0.3, "share of heads that count as local, and as global", low=0.01, high=0.5
)
_LAYERS = Param("layers", 5, "layers, evenly in the middle third", low=1, high=1000, whole=True)
_ATTENTION = "arXiv 2510.13554"
_STRIDE = Param("stride", 40, "tokens between two prefixes", low=1, high=10_000, whole=True)

ROWS: tuple[SignalRow, ...] = (
    SignalRow(
        "running_reward",
        "Running reward r(t)",
        f"{_S}.running:measure",
        version="1",
        needs=("value",),
        cost="1 F",
        unit="log-odds",
        signed=True,
        fold="mean",
        confidence="TEXTBOOK",
        source="the head read at every token",
        summary="What the model says having read this far.",
        of_step="what is read at its end",
    ),
    SignalRow(
        "token_entropy",
        "Token entropy",
        f"{_S}.entropy:token",
        version="1",
        needs=("logits",),
        cost="1 F",
        unit="nats",
        signed=False,
        fold="mean",
        confidence="TEXTBOOK",
        source="Shannon entropy of the next-token distribution that the token was one draw of",
        summary="How undecided the language model was before the token.",
        holds="logits",
        params=(_TOP,),
    ),
    SignalRow(
        "window_entropy",
        "Window entropy (ARES)",
        f"{_S}.entropy:window",
        version="1",
        needs=("logits",),
        cost="1 F",
        unit="nats",
        signed=False,
        fold="mean",
        confidence="CODE",
        source="ARES, shawn0728/ARES at 146620e, vllm_rollout_spmd.py",
        summary="Mean entropy of this token and those after it: a stretch of hesitation, not one odd token.",
        holds="logits",
        params=(_TOP, Param("window", 4, "tokens in a window", low=1, high=1000, whole=True)),
    ),
    SignalRow(
        "first_token_entropy",
        "First-token entropy (GlimpRouter)",
        f"{_S}.entropy:first_token",
        version="1",
        needs=("logits",),
        cost="1 F",
        unit="nats",
        signed=False,
        fold="mean",
        confidence="3P",
        source="GlimpRouter, arXiv 2601.05110",
        summary="How undecided the language model was at each step's first token.",
        holds="logits",
        params=(_TOP,),
    ),
    SignalRow(
        "waad",
        "Backward attention distance (WAAD)",
        f"{_S}.attention:waad_signal",
        version="1",
        needs=("decoder",),
        cost="1 F with plain attention, layer by layer",
        unit="tokens",
        signed=False,
        fold="mean",
        confidence="PAPER",
        source=_ATTENTION,
        summary="How far back local heads look: it jumps where a phrase begins.",
        holds="maps",
        params=(_REACH, _HEADS, _LAYERS),
    ),
    SignalRow(
        "fai",
        "Future attention influence (FAI)",
        f"{_S}.attention:fai_signal",
        version="1",
        needs=("decoder",),
        cost="1 F with plain attention, layer by layer",
        unit="share of attention",
        signed=False,
        fold="mean",
        confidence="PAPER",
        source=_ATTENTION,
        summary="How much later tokens look back at this one by global heads.",
        holds="maps",
        params=(_HEADS, _LAYERS),
    ),
    SignalRow(
        "effective_rank",
        "Effective rank (ER)",
        f"{_S}.rank:rank_signal",
        version="1",
        needs=("decoder",),
        cost="1 F and one singular value decomposition per prefix",
        unit="dimensions",
        signed=False,
        fold="mean",
        confidence="CODE",
        source="VERL, hf618/VERL at 3de68f1, metrics_utils.py",
        summary="In how many directions hidden states spread up to here.",
        holds="spectra",
        params=(_STRIDE,),
    ),
    SignalRow(
        "effective_rank_velocity",
        "Effective rank velocity (ERV)",
        f"{_S}.rank:velocity_signal",
        version="1",
        needs=("decoder",),
        cost="1 F and one singular value decomposition per prefix",
        unit="dimensions",
        signed=True,
        fold="mean",
        confidence="CODE",
        source="VERL, hf618/VERL at 3de68f1, metrics_utils.py",
        summary="How much the effective rank of this prefix is above the mean of those before.",
        holds="spectra",
        params=(_STRIDE,),
    ),
    SignalRow(
        "log_ratio",
        "Log-ratio of two policies",
        f"{_S}.log_ratio:measure",
        version="1",
        needs=("reference",),
        cost="1 F of each of the two models",
        unit="nats",
        signed=True,
        fold="sum",
        confidence="CODE",
        source="implicit rewards, PRIME-RL/PRIME dp_prime.py; Rafailov et al. 2024, arXiv 2404.12358",
        summary="How much likelier the trained model finds the token than the one it came from, times β.",
        holds="pair",
    ),
)
SIGNALS: dict[str, SignalRow] = {row.key: row for row in ROWS}


def signal(
    key: str,
    model: Any,
    problem_text: str,
    steps: Sequence[str],
    **params: Any,
) -> Signal:
    """Measure one path.

    Args:
        key: a key of ``SIGNALS``.
        model: what ``scoring.reward.load`` opened.
        problem_text: the prompt.
        steps: texts of the steps, from the first; at least one.
        **params: parameters of the signal; the others keep their defaults.

    Raises:
        UnknownNameError: a signal or parameter that does not exist; names the known ones.
        ParameterError: a value outside its range.
        AttributionError: the model lacks what the signal needs; says what.
        AlignmentError: tokens and text do not line up; names the first place.
    """
    row = find_row(SIGNALS, "token signal", key)
    values = checked(row.key, row.params, params)
    if not steps:
        raise AttributionError("The path has no step yet, so there is nothing to measure.")
    run: Callable[..., Signal] = load_target("scoring.attribution.signals.reader:run")
    return run(row, model, problem_text, tuple(steps), values)
