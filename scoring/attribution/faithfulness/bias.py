"""Position and length: is a bias that was planted shown, and is none shown where there is none?

Credits of steps are fitted by least squares from what is known of them, u being what the words of a step are worth
by themselves and p what the planted bias adds to that:

    share   credit ~ 1, u, p: the coefficient of p over that of u; 1 = the bias is shown in full, 0 = not at all.
            It is divided by the same number of the model's own rewards, which may not have learnt all of it
    trend   credit ~ 1, u and place or length, of a model without a bias: the spread of credit that goes with
            place or length, over the spread that goes with worth; 0 is right. Every step may have its own offset
            and its own weight of u, so that a middle or last step that stands out is seen too; length goes as a
            parabola and, as a line, with u

Where a token stands within its step is not tried. What a method compares a step with decides how much of a bias it can show: ``shares`` in its row. These measures and
their limits are ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from scoring.attribution.faithfulness.numbers import fitted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.attribution.faithfulness.hidden import Float64
    from scoring.attribution.faithfulness.planted import Example, Planted

Trend = Literal["position", "length"]
TRENDS: tuple[Trend, ...] = ("position", "length")
MOST_OFF = 0.5
"""Of the share that a method can show: half way to one that does not see the bias at all."""
MOST_TREND = 0.2


def share_found(credit: Float64, made: Planted) -> float:
    """Return how much of the bias that a model learnt is in the credits ``(S,)`` of its examples' steps.

    NaN where neither the credits nor the model follow the worth of words at all.
    """
    plain, _, _ = _columns(made.examples)
    truth = np.concatenate([one.by_step for one in made.examples])
    of_worth, of_bias = fitted(credit, plain, truth - plain)
    return float(of_bias / of_worth / made.learnt) if of_worth and made.learnt else float("nan")


def trend_found(credit: Float64, made: Planted, of: Trend) -> float:
    """Return the spread of credits ``(S,)`` that goes with place or length, over that which goes with worth.

    It is the larger of two: what is added by place or length, and words that count more by it.
    """
    plain, place, words = _columns(made.examples)
    if of == "length":
        added = np.column_stack((words, words**2))
        turned = (words * plain)[:, None]
    else:
        steps = (place[:, None] == np.unique(place)[1:]).astype(np.float64)
        added = steps - steps.mean(
            axis=0
        )  # the coefficient of worth is then its mean over the steps
        turned = added * plain[:, None]
    of_worth, *others = fitted(credit, plain, *added.T, *turned.T)
    size = abs(of_worth) * plain.std()
    cut = added.shape[1]
    most = max((added @ others[:cut]).std(), (turned @ others[cut:]).std())
    return float(most / size) if size else float("nan")


def _columns(examples: Sequence[Example]) -> tuple[Float64, Float64, Float64]:
    """Return of every step, ``(S,)`` each: plain worth, place counted from the middle, words above the mean."""
    words = np.concatenate([one.lengths.astype(np.float64) for one in examples])
    place = [np.arange(len(one.steps)) - (len(one.steps) - 1) / 2 for one in examples]
    plain = np.concatenate([one.plain_by_step for one in examples])
    return plain, np.concatenate(place), words - words.mean()
