"""What each token adds to an implicit reward: β (log π(token) - log π_ref(token)).

A step has the sum over its tokens, the path the sum over its steps; see ``scoring.reward.adapters.implicit_prm``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from scoring.attribution.signals.base import Measured
from scoring.errors import AttributionError
from scoring.reward.adapters.implicit_prm import ImplicitPrm
from scoring.reward.packing import join_tokens

if TYPE_CHECKING:
    from scoring.attribution.signals.reader import Reader

Float64 = npt.NDArray[np.float64]


def log_ratio(ours: Float64, theirs: Float64, beta: float) -> Float64:
    """Return β times the difference of log-probabilities, elementwise."""
    return beta * (ours - theirs)


def measure(reader: Reader) -> Measured:
    """Return the log-ratio of each token."""
    model = reader.model
    if not isinstance(model, ImplicitPrm):
        raise AttributionError(
            "A log-ratio takes two language models: add the model as the kind implicit_prm and name the one "
            "that it was trained from."
        )
    chain = join_tokens([reader.path.ids], np.array([-1]))
    ours, theirs = (
        passes.over(chain)[:, 0].astype(np.float64) for passes in (model.passes, model.reference)
    )
    found = log_ratio(ours, theirs, model.beta)
    return Measured(found, figures={"reward": float(found[reader.path.first :].sum())})
