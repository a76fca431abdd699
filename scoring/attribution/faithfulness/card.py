"""The faithfulness card: every check of one method on one model, with what it asks for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from scoring.attribution.faithfulness import bias, deletion, planted, randomised
from scoring.attribution.faithfulness.base import Check, FaithfulnessCard
from scoring.attribution.faithfulness.hidden import BIASED, TASKS
from scoring.attribution.faithfulness.numbers import pearson, sign_agreement, top_recall
from scoring.attribution.registry import METHODS, attribute, parameters
from scoring.errors import AttributionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.attribution.base import Attribution
    from scoring.attribution.faithfulness.hidden import Float64
    from scoring.attribution.faithfulness.planted import Planted

    Paths = Sequence[tuple[str, Sequence[str]]]

LEAST_Z, MOST_RHO = 3.0, 0.15
MOST_RHO_STEPS = 0.5
"""Ours, of a method that has steps only: a handful of ranks scatters more than hundreds of tokens do."""
LEAST_SIGN = 0.97
"""Of a method that is held against the truth of words."""
ANY_PLANTED = 0.7
"""Least correlation with a planted truth, unless the row of a method asks for more."""
_PLANTED_BIAS = {
    "position": "A small model counts words twice in the first step and not at all in the third.",
    "length": "For a small model every word costs something.",
}
_EVEN = {"position": "whichever step it is in", "length": "however long the step is"}


class PlantedScore(NamedTuple):
    """How near a method comes to a planted truth.

    Attributes:
        task: which one.
        by_token: correlation with the truth of words, all examples together.
        by_step: of steps.
        sign: share of words worth something whose sign is right.
        top: share of words worth something among as many highest.
        judged: the one that counts for this method.
    """

    task: str
    by_token: float
    by_step: float
    sign: float
    top: float
    judged: float


def planted_score(key: str, made: Planted, **params: Any) -> PlantedScore:
    """Compare a method with what is known of a planted model."""
    found = _credits(key, made, params)
    credit = np.concatenate([one.credit[one.end > one.begin] for one in found])
    truth = np.concatenate([one.truth for one in made.examples])
    steps = np.concatenate([one.per_step for one in found])
    by_token = pearson(credit, truth)
    by_step = pearson(steps, np.concatenate([one.by_step for one in made.examples]))
    return PlantedScore(
        made.task,
        by_token,
        by_step,
        sign_agreement(credit, truth),
        top_recall(credit, truth),
        by_step if METHODS[key].by_step else by_token,
    )


def card(
    model: Any,
    key: str,
    paths: Paths,
    *,
    made: Sequence[Planted] | None = None,
    seed: int = 0,
    **params: Any,
) -> FaithfulnessCard:
    """Check a method on a model.

    Args:
        model: what ``scoring.reward.load`` opened.
        key: a key of ``METHODS``.
        paths: problem and steps of some paths of the model's own data; ten or more say something.
        made: planted models; None trains all five, which takes half a minute.
        seed: of random orders and shuffled weights.
        **params: of the method.

    Raises:
        AttributionError: there is no path, or the method cannot do this model.
    """
    if not paths:
        raise AttributionError("A card needs at least one path of the model's own data.")
    found = [attribute(key, model, problem, steps, **params) for problem, steps in paths]
    curves = deletion.curves(model, found, paths, seed=seed)
    rho = abs(randomised.rank_correlation(model, key, found, paths, seed=seed, **params))
    coarse = METHODS[key].granularity == "step"
    most = MOST_RHO_STEPS if coarse else MOST_RHO
    checks = [
        *_completeness(found),
        Check(
            "deletion",
            curves.deletion_z,
            LEAST_Z,
            curves.deletion_z >= LEAST_Z,
            "Standard deviations by which the reward falls further than in random order when the tokens with "
            "most credit go first.",
        ),
        Check(
            "insertion",
            curves.insertion_z,
            LEAST_Z,
            None,
            "The same for putting them back into neutral text; shown only.",
        ),
        Check(
            "randomised",
            rho,
            most,
            rho <= most,
            "Rank correlation of the credit's size with that of shuffled weights; near 0 is right.",
        ),
    ]
    for one in (planted.plant(task) for task in TASKS) if made is None else made:
        checks += _on_planted(key, one, params)
    first = found[0]
    used = parameters(METHODS[key], params)
    return FaithfulnessCard(key, first.version, first.model_hash, len(paths), used, tuple(checks))


def _on_planted(key: str, made: Planted, params: dict[str, Any]) -> list[Check]:
    """Return the checks on one planted model; they say so if another method was tried in this one's place."""
    if made.task == "even":
        checks = _trends(key, made, params)
    elif made.task in BIASED:
        checks = [_bias(key, made, params)]
    else:
        checks = _planted(key, made, params)
    if not (other := METHODS[key].stand_in):
        return checks
    instead = (
        f" Tried with {METHODS[other].label} in its place, since planted models have one number."
    )
    return [replace(check, words=check.words + instead) for check in checks]


def _completeness(found: Sequence[Attribution]) -> list[Check]:
    if found[0].badge == "none":
        return []
    worst = max(one.relative_error for one in found)
    return [
        Check(
            "completeness",
            worst,
            0.05,
            worst <= 0.05,
            "Largest relative error of the sum of credits, over the paths.",
        )
    ]


def _planted(key: str, made: Planted, params: dict[str, Any]) -> list[Check]:
    score = planted_score(key, made, **params)
    row = METHODS[key]
    limit = {one.task: one.correlation for one in row.least}.get(made.task, ANY_PLANTED)
    truth = Check(
        f"planted_{made.task}",
        score.judged,
        limit,
        score.judged >= limit,
        f"Correlation with the known worth of {'steps' if row.by_step else 'words'} on a small model trained "
        f"for this ({made.task}; its reward follows the truth with r = {made.fit:.3f}).",
    )
    if row.by_step or made.task != "additive":
        return [truth]
    words = (
        "Share of the words that are worth something on that model whose credit has the right sign."
    )
    return [truth, Check("planted_sign", score.sign, LEAST_SIGN, score.sign >= LEAST_SIGN, words)]


def _bias(key: str, made: Planted, params: dict[str, Any]) -> Check:
    share = bias.share_found(_by_step(key, made, params), made)
    known = next((one for one in METHODS[key].shares if one.task == made.task), None)
    expected = known.share if known else 1.0
    off, limit = abs(share - expected), bias.MOST_OFF * expected
    shown = f"shows {share:.0%} of what the model learnt of that"
    if np.isnan(share):
        shown = "does not follow what words are worth at all"
    why = f"; {known.why}" if known else ""
    return Check(
        f"planted_{made.task}",
        off,
        limit,
        # Where nothing can be shown, a method that sees nothing is right: there is nothing to pass.
        off <= limit if expected else None,
        f"{_PLANTED_BIAS[made.task]} The credit of steps {shown}{why}. "
        "The value is how far that is from what it should be, 1 being all.",
    )


def _trends(key: str, made: Planted, params: dict[str, Any]) -> list[Check]:
    credit = _by_step(key, made, params)
    found = [(of, bias.trend_found(credit, made, of)) for of in bias.TRENDS]
    return [
        Check(
            f"trend_{of}",
            value,
            bias.MOST_TREND,
            value <= bias.MOST_TREND,
            f"On a small model that counts every word alike {_EVEN[of]}: how much the credit of steps goes with it, "
            "over how much it goes with what their words are worth; 0 is right.",
        )
        for of, value in found
    ]


def _by_step(key: str, made: Planted, params: dict[str, Any]) -> Float64:
    return np.concatenate([one.per_step for one in _credits(key, made, params)])


def _credits(key: str, made: Planted, params: dict[str, Any]) -> list[Attribution]:
    used = METHODS[key].stand_in or key
    return [
        attribute(used, made.model, planted.PROBLEM, one.steps, **params) for one in made.examples
    ]
