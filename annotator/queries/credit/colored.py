"""Numbers for every step of a tree, and what the legend says of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from annotator.queries.credit.choices import SEARCH_VALUE, settings_of
from scoring.heatmap import Scale, number_text, scale
from scoring.params import said_params

if TYPE_CHECKING:
    from collections.abc import Mapping

    from annotator.queries.credit.choices import Said
    from scoring.credit.base import CreditResult, MethodRow
    from scoring.tree import FloatArray, NodeId

NO_SIGNAL, NOTHING = "no signal", "no step has a number"
MEANS = "means over traces"


@dataclass(frozen=True, eq=False, slots=True)
class Coloring:
    """Numbers for every node, and what the legend must say of them.

    Attributes:
        values: ``(N,)`` float64, NaN = no value.
        scale: limits of the colours: symmetric about zero if signed, fixed for probabilities.
        made_by: the provenance line.
        source: where the formula was published.
        missing: why there are no numbers, "" = there are.
        per_trace: values per step by the id of the end node where they differ by trace, else None.
        infinite: numbers that are infinite; they count as missing.
        row: the method, None for the values of a search.
        params: its parameters, all of them.
        said: the model whose scores were read, None if none was.
        used: names of further models whose numbers were read.
        low, high: ``(N,)`` ends of an interval about each value, None where the method has none.
        of_trace: the limits are those of one trace.
        instead: the same method under settings for which nothing is lacking, "" = there are none.
    """

    key: str
    label: str
    values: FloatArray
    scale: Scale
    made_by: str
    notes: tuple[str, ...] = ()
    missing: str = ""
    source: str = ""
    per_trace: Mapping[NodeId, FloatArray] | None = None
    infinite: int = 0
    row: MethodRow | None = None
    params: Mapping[str, Any] | None = None
    said: Said | None = None
    used: tuple[str, ...] = ()
    low: FloatArray | None = None
    high: FloatArray | None = None
    of_trace: bool = False
    instead: str = ""

    @property
    def instead_words(self) -> str:
        """The settings of ``instead`` that are not the usual ones, in words."""
        return settings_of(self.instead)

    @property
    def caption(self) -> str:
        """The line below the legend: unit, what the colours hide, and the method's notes."""
        if self.missing:
            return self.missing
        parts = [self.scale.unit or "no unit"]
        if not self.scale.count:
            parts.insert(0, NOTHING)
        if self.no_signal:
            parts.insert(0, NO_SIGNAL)
        if self.of_trace:
            parts.append("limits of this trace")
        if self.scale.two_sided and self.scale.neutral:
            parts.append(f"{number_text(self.scale.neutral, signed=False)} neutral")
        if self.scale.clipped:
            parts.append(f"{self.scale.clipped:,} off the scale")
        if self.scale.missing:
            parts.append(f"{self.scale.missing:,} without a number")
        if self.per_trace is not None:
            parts.append(MEANS)
        return " · ".join([*parts, *self.notes])

    @property
    def explained(self) -> str:
        """The same in full sentences, for whoever asks what the colours mean."""
        if self.missing:
            return f"{self.missing} Until then no step has a number by it, and the tree no colours."
        limits = self.scale
        low, high = (number_text(end, signed=limits.signed) for end in (limits.low, limits.high))
        parts = [f"The colours run from {low} to {high}, {limits.unit or 'no unit'}."]
        if limits.flat:
            parts = ["Nothing is coloured."] if self.no_signal else ["No step has a number."]
        if self.of_trace:
            parts.append("These are the limits of the shown trace; on another one they differ.")
        if limits.two_sided and limits.neutral:
            neutral = number_text(limits.neutral, signed=False)
            parts.append(f"They are the same on every problem; {neutral} has none.")
        if self.no_signal:
            parts.append("All numbers are zero: that is no signal, not a neutral judgement.")
        if limits.clipped:
            parts.append(
                f"Of {limits.count:,} numbers {limits.clipped:,} beyond these limits show the end "
                "colours, so that a few extremes do not wash out the rest."
            )
        if limits.missing:
            steps = "1 step has" if limits.missing == 1 else f"{limits.missing:,} steps have"
            parts.append(
                f"{steps} no number and no colour: no trace with a known outcome passes there, "
                "or the source gives none."
            )
        if self.per_trace is not None:
            parts.append(
                "The numbers by trace are the truth; the colour of a step is their mean over the traces "
                "through it. The path shows those of its trace."
            )
        return " ".join([*parts, *self.notes])

    @property
    def by_model(self) -> bool:
        """Whether a model's scores are among what the numbers were made of."""
        return self.said is not None or bool(self.used)

    @property
    def no_signal(self) -> bool:
        """Whether there are numbers, but none says more than another: all are zero."""
        return not self.missing and self.scale.signed and self.scale.flat and self.scale.count > 0

    def along(self, end_id: int | None, at: list[int]) -> FloatArray:
        """Return the numbers of the steps ``at``, a whole path, on the trace that ends at ``end_id``.

        Where numbers do not differ by trace, or no such trace is known, those of the nodes.
        """
        nodes = self.values[at]
        if self.per_trace is None or end_id is None:
            return nodes
        own = self.per_trace.get(end_id)
        return own if own is not None and len(own) == len(at) else nodes

    def with_limits_of(self, numbers: FloatArray) -> Coloring:
        """Return the same with the limits of ``numbers`` alone; fixed limits stay."""
        limits = self.scale
        if limits.two_sided and limits.neutral:
            return self
        found = scale(numbers, signed=limits.signed, unit=limits.unit)
        return replace(self, scale=found, of_trace=True)


def searched(values: FloatArray) -> Coloring:
    """Return the values that a search wrote into the tree as colours."""
    signed = bool((values < 0).any())
    return Coloring(
        key=SEARCH_VALUE,
        label="Search value",
        values=values,
        scale=scale(values[1:], signed=signed, unit="as imported"),
        made_by=f"search values · {int(np.isfinite(values).sum()):,} steps · as imported",
        missing="" if np.isfinite(values).any() else "The source has no search values.",
    )


def limits_shape(coloring: Coloring) -> dict[str, Any]:
    """Return what a script needs to know of the colours, in JSON."""
    limits = coloring.scale
    return {
        "key": coloring.key,
        "low": limits.low,
        "high": limits.high,
        "signed": limits.signed,
        "neutral": limits.neutral,
        "two_sided": limits.two_sided,
        "no_signal": coloring.no_signal,
        "caption": coloring.caption,
        "explained": coloring.explained,
    }


def reads_scores(row: MethodRow) -> bool:
    """Say whether a method reads the scores of one model, with any of its parameters."""
    return "score" in row.needs or any("score" in one.needs for one in row.also)


def label_of(row: MethodRow, said: Said | None) -> str:
    """Name a method with what it reads."""
    return f"{row.label} · {said}" if said is not None else row.label


def outcomes_known(name: str, count: int) -> str:
    """Say of how many traces the outcome ``name`` is known; a bare "5 correct" would count successes."""
    return f"outcome “{name}”, known for {count:,} trace{'' if count == 1 else 's'}"


def made_by(
    row: MethodRow, result: CreditResult, said: Said | None, used: tuple[str, ...], outcome: str
) -> str:
    """Say what made the numbers: method, version, all parameters, data, model, how it is known."""
    parts = [f"{row.label} {result.version}"]
    parts += [f"{name}: {words}" for name, words in said_params(row.params, result.params)]
    if "outcome" in row.needs_with(result.params):
        parts.append(outcomes_known(outcome, result.n_outcomes))
    if said is not None:
        parts.append(str(said))
    if used:
        parts.append(f"scores by {' and '.join(used)}")
    return " · ".join([*parts, "computed now", row.known_from])
