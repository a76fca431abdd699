"""An estimate in words: two digits, never more."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scoring.training.estimate import Estimate
    from scoring.training.estimate_memory import Span

_BYTES = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))
_SECONDS = ((86_400.0, "days"), (3_600.0, "hours"), (60.0, "minutes"), (1.0, "seconds"))
_COUNT = ((1e9, "thousand million"), (1e6, "million"), (1.0, ""))


def rows(found: Estimate) -> list[tuple[str, str]]:
    """Return what to show: a name and a range each."""
    told = [("Tokens of training data", span_words(found.tokens, _COUNT))]
    if found.passes is not None:
        told.append(("Passes over it", span_words(found.passes, ((1.0, ""),))))
    if found.parameters is not None:
        told.append(("Weights of the base", number_words(found.parameters)))
    if found.trained is not None and found.trained != found.parameters:
        told.append(("Trained weights", number_words(found.trained)))
    if found.total is not None:
        told.append(("Memory", span_words(found.total, _BYTES)))
        told += [
            (f"of which {name.replace('_', ' ')}", span_words(part, _BYTES))
            for name, part in found.memory.items()
        ]
    if found.seconds is not None:
        told.append(("Time", span_words(found.seconds, _SECONDS)))
    return told


def number_words(number: float) -> str:
    """Return a count with two digits."""
    unit, name = next((u for u in _COUNT if number >= u[0]), _COUNT[-1])
    return f"{_digits(number / unit)} {name}".strip()


def span_words(span: Span, units: tuple[tuple[float, str], ...]) -> str:
    """Return a range with two digits each, in the unit of its larger end."""
    size, name = next((u for u in units if span.high >= u[0]), units[-1])
    low, high = _digits(span.low / size), _digits(span.high / size)
    return (f"{low} {name}" if low == high else f"{low} to {high} {name}").strip()


def _digits(value: float) -> str:
    """Return two digits that count: 0.034, 1.2, 12, 1,200."""
    if value == 0:
        return "0"
    shown = float(f"{value:.2g}")
    return f"{shown:,.0f}" if shown >= 10 else f"{shown:g}"
