"""A signal as the page shows it: one number per token that is nobody's credit, or none."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from annotator.views.attribution.shown import LETTERS, NONE
from annotator.views.attribution.units import cut_of, short, units_of, units_told
from scoring.attribution.base import CONFIDENCE
from scoring.attribution.choices import PREFIX, SIGNAL_CHOICES
from scoring.attribution.signals.base import folded
from scoring.attribution.signals.registry import NEEDS
from scoring.heatmap import MISSING, Scale, classes, number_text, scale
from scoring.params import said_params

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from annotator.models import Attribution
    from annotator.queries.attribution.path import ReadPath
    from scoring.attribution.signals.base import Signal, SignalRow
    from scoring.tree import FloatArray, IntArray

SPARSE = 0.5
"""With fewer of the pieces having a value, the line is drawn from point to point."""
SIGNIFICANT = 4
FEWEST, MOST = 2, 8
"""Digits behind the point."""


@dataclass(frozen=True, eq=False, slots=True)
class ShownSignal:
    """What the page draws of one signal; pieces as ``Shown`` has them.

    Attributes:
        row: the signal.
        params: every parameter with the value used.
        step, begin, end: ``(P,)`` of each piece.
        values: ``(P,)`` float64, NaN where undefined.
        per_step: ``(K,)`` float64, NaN where undefined.
        unit: of the numbers.
        figures: numbers of the whole path, by name.
        facts: what made it, as label and text.
        notes: sentences that the legend must show.
        stale: the texts were changed since.
    """

    row: SignalRow
    params: Mapping[str, Any]
    step: IntArray
    begin: IntArray
    end: IntArray
    values: FloatArray
    per_step: FloatArray
    unit: str
    figures: Mapping[str, float]
    facts: Sequence[tuple[str, str]]
    notes: Sequence[str]
    stale: bool
    errors: None = None

    @property
    def pieces(self) -> str:
        """What names the cut of the texts into pieces."""
        return cut_of(self.step, self.begin, self.end)

    @property
    def credit(self) -> FloatArray:
        """The values, as whoever cuts texts into words reads a column."""
        return self.values

    @property
    def faded(self) -> bool:
        """Whether the colours are to be paler: it is of other texts."""
        return self.stale

    @property
    def needs(self) -> list[str]:
        """What a model must have, in words."""
        return [NEEDS[name] for name in self.row.needs]

    @property
    def known_from(self) -> str:
        """How the formula is known, in words behind its label."""
        return f"{self.row.confidence}: {CONFIDENCE[self.row.confidence]}"


def shown_signal(stored: Attribution, found: Signal, path: ReadPath) -> ShownSignal:
    """Return what a job measured."""
    row = SIGNAL_CHOICES[f"{PREFIX}{found.key}"]
    facts = [
        ("model", str(stored.model)),
        ("signal", f"{row.label} {found.version}"),
        *said_params(row.params, found.params),
        ("tokens", f"{found.n_tokens:,}"),
        ("numbers", found.dtype),
        ("weights", found.model_hash[:12]),
        ("layout", found.template_hash[:12]),
        ("made", f"{stored.created:%Y-%m-%d %H:%M} UTC"),
    ]
    stale = stored.texts != path.hash
    return ShownSignal(
        row=row,
        params=found.params,
        step=found.step.astype(np.int64),
        begin=found.begin.astype(np.int64),
        end=found.end.astype(np.int64),
        values=found.values.astype(np.float64),
        per_step=np.asarray(found.per_step, np.float64),
        unit=found.unit,
        figures=found.figures,
        facts=[(name, text) for name, text in facts if text],
        notes=[*(["The texts were changed since: run it again."] if stale else []), *found.notes],
        stale=stale,
    )


@dataclass(frozen=True, eq=False, slots=True)
class GrainedSignal:
    """A signal at one size of unit: every piece shows the number of its unit.

    Attributes:
        shown: the signal.
        grain: a key of ``GRAINS``.
        unit_of: ``(P,)`` the unit of each piece.
        values: ``(U,)`` number of each unit, NaN where undefined.
        scale: limits of the colours: two-sided about zero if signed, else from zero up.
    """

    shown: ShownSignal
    grain: str
    unit_of: IntArray
    values: FloatArray
    scale: Scale

    @property
    def levels(self) -> IntArray:
        """``(P,)`` level of each piece, -4 … 4, ``NONE`` without a value."""
        found = classes(self.values, self.scale).astype(np.int64)
        return np.where(found == MISSING, NONE, found)[self.unit_of]

    @property
    def per_step(self) -> FloatArray:
        """``(K,)`` number of each step, NaN where undefined."""
        return self.shown.per_step

    @property
    def steps_scale(self) -> Scale:
        """Limits of the colours of the steps' own numbers."""
        if self.grain == "step":
            return self.scale
        return scale(self.per_step, signed=self.scale.signed, unit=self.shown.unit)

    @property
    def digits(self) -> int:
        """Digits behind the point that tell the numbers apart."""
        known = np.abs(self.values[np.isfinite(self.values)])
        most = float(known.max()) if len(known) else 0.0
        if not most:
            return FEWEST
        return min(max(SIGNIFICANT - 1 - math.floor(math.log10(most)), FEWEST), MOST)

    @property
    def fold(self) -> str:
        """How what is larger than a token has its number: the unit, beside tokens the steps."""
        unit = "step" if self.grain == "token" else self.grain
        if unit == "step" and self.shown.row.of_step:
            return f"A step has {self.shown.row.of_step}."
        kind = "sum" if self.shown.row.fold == "sum" else "mean"
        return f"A {unit} has the {kind} of its tokens that have a value."

    def summary(self) -> list[tuple[str, str]]:
        """Return the few numbers that sum the signal up, as label and text."""
        values = self.shown.values
        known = values[np.isfinite(values)]
        told = [("with a value", f"{len(known):,} of {len(values):,} tokens")]
        if len(known):
            three = (
                ("lowest", known.min()),
                ("median", np.median(known)),
                ("highest", known.max()),
            )
            told += [(name, self._text(float(value))) for name, value in three]
        of_path = [(f"{name}, whole path", self._text(n)) for name, n in self.shown.figures.items()]
        return told + of_path

    @property
    def low_text(self) -> str:
        """The lower end of the colours."""
        return self._text(self.scale.low)

    @property
    def high_text(self) -> str:
        """Their upper end."""
        return self._text(self.scale.high)

    def _text(self, value: float) -> str:
        return number_text(value, signed=self.scale.signed, digits=self.digits)

    def numbers(self) -> dict[str, Any]:
        """Return what the scripts need to say exact values and to draw the line."""
        line = short(self.shown.values)
        known = sum(value is not None for value in line)
        return {
            "units": units_told(self.unit_of, len(self.values), self.grain),
            "sums": short(self.values),
            "line": line,
            "start": None,
            "grain": self.grain,
            "levels": "".join(LETTERS[level] for level in (self.levels + 4).tolist()),
            "signal": self.shown.row.label,
            "signed": self.scale.signed,
            "digits": self.digits,
            "sparse": known < SPARSE * len(line),
        }


def grained_signal(
    shown: ShownSignal, texts: Sequence[str], grain: str, limit: float | None = None
) -> GrainedSignal:
    """Fold a signal by tokens, words, sentences or steps; arguments as ``grained``."""
    if grain == "step":
        unit_of, values = shown.step, shown.per_step
    else:
        unit_of = units_of(shown, texts, grain)
        count = int(unit_of.max()) + 1 if len(unit_of) else 0
        values = folded(shown.row, shown.values, unit_of.astype(np.int32), count)
    own = scale(values, signed=shown.row.signed, unit=shown.unit)
    if limit:
        beyond = int((np.abs(values) > limit).sum())  # NaN is not beyond
        low = -limit if shown.row.signed else 0.0
        own = Scale(low, limit, shown.row.signed, shown.unit, own.count, beyond, own.missing)
    return GrainedSignal(shown, grain, unit_of, values, own)
