"""An attribution as the page shows it, whether a job found it or scoring left it behind."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from annotator.queries.attribution.usable import RUNNING
from annotator.views.attribution.units import cut_of, short, units_of, units_told
from scoring.attribution.base import AMBER, OK, SCORE_SPREAD, badge, relative_error
from scoring.attribution.registry import METHODS
from scoring.heatmap import MISSING, Scale, classes, number_text, scale
from scoring.params import said_params

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from annotator.models import Attribution
    from annotator.queries.attribution.path import ReadPath
    from annotator.queries.attribution.running import RunningReward
    from scoring.attribution.base import Attribution as Found
    from scoring.attribution.base import MethodRow, Objective
    from scoring.tree import FloatArray, IntArray

LETTERS = "abcdefghij"
"""The levels -4 … 4 and ``NONE`` as the scripts read them."""
NONE = 5
"""The level of what has no value."""
BADGES = {
    "ok": ("good", "adds up"),
    "amber": ("notice", "nearly adds up"),
    "red": ("bad", "does not add up"),
    "none": ("", "need not add up"),
}


@dataclass(frozen=True, eq=False, slots=True)
class Shown:
    """What the page draws of one attribution; a piece is a token, or several that share a character.

    Attributes:
        row: the method.
        params: every parameter with the value used.
        step, begin, end: ``(P,)`` of each piece; a mark that the layout puts behind a step has no characters.
        credit: ``(P,)`` float64.
        value, baseline_value: f(x) and where the credits start from.
        baseline: what that is, in words.
        unit: of the numbers.
        facts: what made it, as label and text.
        notes: sentences that the legend must show.
        spread: of rewards, for the relative error.
        errors: ``(K,)`` standard errors of the steps, None where nothing is drawn.
        objectives: by criterion.
        stale: the texts were changed since.
        missing: ``(P,)`` bool pieces without a number; their credit is 0 and counts nowhere. None: none is.
    """

    row: MethodRow
    params: Mapping[str, Any]
    step: IntArray
    begin: IntArray
    end: IntArray
    credit: FloatArray
    value: float
    baseline_value: float
    baseline: str
    unit: str
    relative_error: float
    badge: str
    facts: Sequence[tuple[str, str]]
    notes: Sequence[str] = ()
    errors: FloatArray | None = None
    objectives: Mapping[str, Objective] = field(default_factory=dict)
    stale: bool = False
    missing: NDArray[np.bool_] | None = None

    @property
    def pieces(self) -> str:
        """What names the cut of the texts into pieces: the same cut needs colours only."""
        return cut_of(self.step, self.begin, self.end)

    @property
    def total(self) -> float:
        """Sum of all credits."""
        return float(self.credit.sum())

    @property
    def end_of_line(self) -> float:
        """Where the line of added credits ends."""
        return self.baseline_value + self.total

    @property
    def gap(self) -> float:
        """What the credits should add up to."""
        return self.value - self.baseline_value

    @property
    def tone(self) -> str:
        """Class of the badge."""
        return BADGES[self.badge][0]

    @property
    def verdict(self) -> str:
        """Words of the badge."""
        return BADGES[self.badge][1] + (
            " by construction" if self.row.free and self.badge == "ok" else ""
        )

    @property
    def faded(self) -> bool:
        """Whether the colours are to be paler: the picture does not add up, or is of other texts."""
        return self.badge == "red" or self.stale

    @property
    def explained(self) -> str:
        """What the badge means, in a sentence."""
        if math.isnan(self.value):
            return (
                "The model gave no number at the end, so there is nothing for the credits to reach."
            )
        if self.badge == "none":
            return (
                "This method does not promise that its credits add up to the change of the reward."
            )
        return (
            f"The credits add up to {number_text(self.total, digits=4)}, the reward changes by "
            f"{number_text(self.gap, digits=4)}: {self.relative_error:.2%} apart. To {OK:.0%} it adds up, "
            f"to {AMBER:.0%} nearly; beyond, the colours are faded."
        )


def shown_running(running: RunningReward, *, model: str, dtype: str = "float32") -> Shown:
    """Return the running reward that scoring stored; it costs nothing."""
    value = float("nan") if running.missing[-1] else float(running.running[-1])
    error = relative_error(float(running.credit.sum()), value - running.start, SCORE_SPREAD)
    row = METHODS[RUNNING]
    return Shown(
        row=row,
        params={"output": "score"},
        step=running.step,
        begin=running.begin,
        end=running.end,
        credit=running.credit,
        value=value,
        baseline_value=running.start,
        baseline="what the model says after reading the problem",
        unit="score",
        relative_error=error,
        badge=badge(error, complete=True) if math.isfinite(value) else "none",
        facts=[
            ("model", model),
            ("method", f"{row.label} {row.version}"),
            ("cost", "nothing: scoring left it behind"),
            ("tokens", f"{len(running.credit):,}"),
            ("numbers", dtype),
        ],
        notes=[
            (
                "The change of the model's estimate while it reads, not a cause: only where a step ends "
                "is it calibrated, if at all."
            ),
            *_said_missing(running),
        ],
        missing=running.missing if running.missing.any() else None,
    )


def _said_missing(running: RunningReward) -> list[str]:
    """Say which tokens have no number: those that a later one makes up for, and those at the end."""
    known = np.flatnonzero(~running.missing)
    behind = len(running.missing) - 1 - (int(known[-1]) if len(known) else -1)
    said = []
    if within := int(running.missing.sum()) - behind:
        tokens = "1 token has" if within == 1 else f"{within:,} tokens have"
        said.append(f"{tokens} no number: what was done there is in the next one that has.")
    if behind:
        tokens = "token has" if behind == 1 else f"{behind:,} tokens have"
        said.append(f"The last {tokens} no number, so what the model says of this path is unknown.")
    return said


def shown_stored(stored: Attribution, found: Found, path: ReadPath) -> Shown:
    """Return what a job found."""
    spent = found.spent
    done = f"{spent.forwards:,} forward, {spent.backwards:,} backward, {spent.tokens:,} tokens"
    facts = [
        ("model", str(stored.model)),
        ("method", f"{METHODS[found.method].label} {found.version}"),
        *said_params(METHODS[found.method].params, found.params),
        *([("steps used", f"{found.n_used:,}")] if found.n_used else []),
        ("tries", ", ".join(f"{n}: {error:.2%}" for n, error in found.series)),
        ("passes", done),
        ("tokens", f"{found.n_tokens:,}, read at token {found.read_index:,}"),
        ("numbers", found.dtype),
        ("weights", found.model_hash[:12]),
        ("layout", found.template_hash[:12]),
        ("made", f"{stored.created:%Y-%m-%d %H:%M} UTC"),
    ]
    stale = stored.texts != path.hash
    changed = ["The texts were changed since: run it again."] if stale else []
    return Shown(
        row=METHODS[found.method],
        params=found.params,
        step=found.step.astype(np.int64),
        begin=found.begin.astype(np.int64),
        end=found.end.astype(np.int64),
        credit=found.credit.astype(np.float64),
        value=found.value,
        baseline_value=found.baseline_value,
        baseline=found.baseline,
        unit=found.unit,
        relative_error=found.relative_error,
        badge=found.badge,
        facts=[(name, text) for name, text in facts if text],
        notes=[*changed, *found.notes],
        errors=found.standard_error,
        objectives=found.objectives,
        stale=stale,
    )


@dataclass(frozen=True, eq=False, slots=True)
class Grained:
    """An attribution at one size of unit: every piece shows the sum of its unit.

    Attributes:
        shown: the attribution.
        grain: a key of ``GRAINS``.
        unit_of: ``(P,)`` the unit of each piece.
        sums: ``(U,)`` credit of each unit, NaN where none of its pieces has a number.
        scale: limits of the colours, symmetric about zero.
    """

    shown: Shown
    grain: str
    unit_of: IntArray
    sums: FloatArray
    scale: Scale

    @property
    def levels(self) -> IntArray:
        """``(P,)`` level of each piece, -4 … 4, ``NONE`` without a value."""
        found = classes(self.sums, self.scale).astype(np.int64)
        return np.where(found == MISSING, NONE, found)[self.unit_of]

    @property
    def per_step(self) -> FloatArray:
        """``(K,)`` credit of each step, up to the last that has a piece; NaN where none has a number."""
        return _sums(self.shown, self.shown.step)

    @property
    def steps_scale(self) -> Scale:
        """Limits of the colours of the steps' own numbers: sums are larger than what they are sums of."""
        if self.grain == "step":
            return self.scale
        return scale(self.per_step, signed=True, unit=self.shown.unit)

    def numbers(self) -> dict[str, Any]:
        """Return what the scripts need to say exact values and to draw the line."""
        line = self.shown.baseline_value + np.cumsum(self.shown.credit)
        return {
            "units": units_told(self.unit_of, len(self.sums), self.grain),
            "sums": short(self.sums),
            "line": short(line),
            "start": self.shown.baseline_value,
            "grain": self.grain,
            "free": self.shown.row.free,
            "levels": "".join(LETTERS[level] for level in (self.levels + 4).tolist()),
        }


def grained(shown: Shown, texts: Sequence[str], grain: str, limit: float | None = None) -> Grained:
    """Sum an attribution by tokens, words, sentences or steps.

    Args:
        shown: the attribution; what a method finds for whole steps stays with steps.
        texts: of the steps.
        grain: a key of ``GRAINS``.
        limit: the scale's end shared by several paths, None = this path's own.
    """
    grain = "step" if shown.row.granularity == "step" else grain
    unit_of = units_of(shown, texts, grain)
    sums = _sums(shown, unit_of)
    own = scale(sums, signed=True, unit=shown.unit)
    if limit:
        beyond = int((np.abs(sums) > limit).sum())
        own = Scale(-limit, limit, True, shown.unit, own.count, beyond, own.missing)
    return Grained(shown, grain, unit_of, sums, own)


def _sums(shown: Shown, unit_of: IntArray) -> FloatArray:
    sums = np.asarray(np.bincount(unit_of, shown.credit), np.float64)
    if shown.missing is not None:
        sums[np.bincount(unit_of, ~shown.missing) == 0] = np.nan
    return sums
