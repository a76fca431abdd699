"""The attribution methods: one file in ``methods/`` and one row here each. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scoring.attribution.base import MethodRow
from scoring.attribution.estimate import estimate_row
from scoring.errors import AttributionError
from scoring.params import Param, checked
from scoring.registry import find_row, load_target

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from scoring.attribution.base import Attribution, Estimate
    from scoring.reward.shape import Shape

DEFAULT = "running_reward"
NEEDS: dict[str, str] = {
    "value": "one number that the model reads off a path in one pass (not a judge's answer, nor sums or "
    "probabilities of tokens)",
    "heads": "a reward per criterion (the kind multi_head)",
}
"""What methods name in ``needs``, in words."""
REASONS: dict[str, str] = {
    "judge": "A judge answers in words from another server: there is no number inside it to take apart.",
    "implicit_prm": "Its reward is a sum over tokens already: what each token adds is the log-ratio itself "
    "(the signal log_ratio, and the running scores of its steps).",
    "likelihood": "It gives the probability of a reference answer of several tokens, which is not read off "
    "the path at one place.",
}
"""Kinds that no method can take apart, and why."""
SEQUENCE = (
    "It reads all answers to a problem one after another, so no path has a value of its own. Train the "
    "kind listwise with reading=tree."
)

_M = "scoring.attribution.methods"
_OUTPUT = Param(
    "output",
    "value",
    "value = the raw reward in log-odds; score = the probability shown as the step's score, whose flat "
    "ends hide differences",
    choices=("value", "score"),
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
        params=(
            _OUTPUT,
            Param(
                "baseline",
                "neutral_token_mean",
                "what stands for no text: the mean of neutral tokens' embeddings, the mean of all, or "
                "the model's own padding row",
                choices=("neutral_token_mean", "mean_embedding", "pad_row"),
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
        params=(
            _OUTPUT,
            Param(
                "variant",
                "drop",
                "drop = the step is absent; neutral = a sentence that says nothing stands there",
                choices=("drop", "neutral"),
            ),
            Param("sentence", "Let us go on.", "what stands there under neutral", word=True),
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
    ),
)
METHODS: dict[str, MethodRow] = {row.key: row for row in ROWS}


def why_not(key: str, kind: str, settings: Mapping[str, Any] | None = None) -> str:
    """Return why a method cannot be used with models of a kind; "" if it can.

    Args:
        key: a key of ``METHODS``.
        kind: a key of ``scoring.reward.registry.ALL``.
        settings: the model's config, as its manifest holds it.

    Raises:
        UnknownNameError: there is no such method.
    """
    row = find_row(METHODS, "attribution method", key)
    if kind in REASONS:
        return REASONS[kind]
    if kind == "listwise" and (settings or {}).get("reading") == "sequence":
        return SEQUENCE
    if "heads" in row.needs and kind != "multi_head":
        return "The model has one number and no heads by criterion: there is nothing to split."
    return ""


def attribute(
    key: str,
    model: Any,
    problem_text: str,
    steps: Sequence[str],
    *,
    progress: Callable[[float], None] | None = None,
    **params: Any,
) -> Attribution:
    """Say what each token and step of one path did for its reward.

    Args:
        key: a key of ``METHODS``.
        model: what ``scoring.reward.load`` opened.
        problem_text: the prompt.
        steps: texts of the steps, from the first; at least one.
        progress: called with the share that is done, before every pass; what it raises stops the work.
        **params: parameters of the method; the others keep their defaults.

    Raises:
        UnknownNameError: a method or parameter that does not exist; names the known ones.
        ParameterError: a value outside its range.
        AttributionError: the model or path cannot be taken apart like this; says why.
        AlignmentError: tokens and text do not line up; names the first place.
        OutOfMemoryError: half as many rows at a time did not fit either.
    """
    row = find_row(METHODS, "attribution method", key)
    values = parameters(row, params)
    if not steps:
        raise AttributionError("The path has no step yet, so there is nothing to give credit to.")
    run: Callable[..., Attribution] = load_target("scoring.attribution.run:run")
    return run(row, model, problem_text, tuple(steps), values, progress)


def estimate(key: str, model_shape: Shape, n_tokens: int, n_steps: int, **params: Any) -> Estimate:
    """Say what ``attribute`` will take, without opening anything.

    Args:
        key: a key of ``METHODS``.
        model_shape: from ``scoring.reward.shape``.
        n_tokens: T, tokens of the path.
        n_steps: K.
        **params: as for ``attribute``.

    Raises:
        UnknownNameError, ParameterError: as for ``attribute``.
    """
    row = find_row(METHODS, "attribution method", key)
    return estimate_row(row, model_shape, n_tokens, n_steps, parameters(row, params))


def parameters(row: MethodRow, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return every parameter's value after checking ``given``."""
    return checked(row.key, row.params, given)
