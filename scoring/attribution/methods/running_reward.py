"""Running reward: credit(t) = r(t) - r(t - 1), the head read at every token of the scoring forward.

The sum telescopes to r(T) - r(P) exactly, P being the last token in front of the first step. It says how the
model's estimate is revised as the text is read, not what caused the final one. Where a model was trained
to be read at certain places only, r is off its training distribution in between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.attribution.base import Found

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.attribution.path import Path
    from scoring.attribution.subject import Subject

NOTE = (
    "A revision of the model's estimate as it reads on, not a cause; between the places where it was trained "
    "to be read the numbers are not calibrated."
)


def attribution(subject: Subject, path: Path, _problem: str, _steps: Sequence[str]) -> Found:
    """Return the change of the running reward by each token, from one forward."""
    subject.report(0.0)
    r = subject.values(path.ids)  # (T,)
    credit = np.diff(r, prepend=r[0])
    credit[: path.first] = 0.0
    return Found(
        credit=credit,
        value=float(r[path.read]),
        baseline_value=float(r[max(path.first - 1, 0)]),
        baseline="the running reward at the end of the problem",
        notes=(NOTE,),
    )
