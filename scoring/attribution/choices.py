"""All that can be asked of one path and one model: attribution methods by key, signals by ``signal:KEY``.

The two registries share a key (``running_reward``) and mean different numbers by it: credit of a token, and
the curve itself. Requests, stored rows and addresses tell them apart by the prefix. Torch-free.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from scoring.attribution import registry
from scoring.attribution.base import MethodRow
from scoring.attribution.estimate import FLOAT
from scoring.attribution.registry import METHODS, SEQUENCE
from scoring.attribution.signals.base import SignalRow
from scoring.attribution.signals.holds import HOLDS
from scoring.attribution.signals.registry import SIGNALS
from scoring.errors import ParameterError
from scoring.params import checked
from scoring.registry import find_row
from scoring.reward.registry import ADDED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scoring.attribution.base import Estimate
    from scoring.params import Param
    from scoring.reward.shape import Shape

Choice = MethodRow | SignalRow
PREFIX = "signal:"
SIGNAL_CHOICES: Mapping[str, SignalRow] = MappingProxyType(
    {f"{PREFIX}{key}": replace(row, key=f"{PREFIX}{key}") for key, row in SIGNALS.items()}
)
"""Signals under the names that requests use; a row's key is that name too."""
CHOICES: Mapping[str, Choice] = MappingProxyType({**METHODS, **SIGNAL_CHOICES})
LANGUAGE = ("implicit_prm", "likelihood")
"""Kinds that are causal language models themselves."""
JUDGE = "A judge answers in words from another server: no decoder is here to be read."
NO_HEAD = (
    "It is read without a language-model head, so it has no next-token distribution. Add the same weights as "
    "the kind implicit_prm or likelihood."
)
NO_REFERENCE = (
    "A log-ratio takes two language models, one trained from the other: add the model as the kind "
    "implicit_prm and name the one that it was trained from."
)
NO_VALUE = "A language model has no head that is read at every token. Its signal is the log-ratio or an entropy."


def choice(name: str) -> Choice:
    """Return the method or signal called ``name``.

    Raises:
        UnknownNameError: there is none; names the known ones.
    """
    return find_row(CHOICES, "attribution method or signal", name)


def why_not(name: str, kind: str, settings: Mapping[str, Any] | None = None) -> str:
    """Return why a method or signal cannot be used with models of a kind; "" if it can.

    Whether a decoder that is trained here shares its output matrix with its embedding is known only when it
    is opened: then a run may still say that there are no logits.

    Raises:
        UnknownNameError: there is no such method or signal.
    """
    row = choice(name)
    if isinstance(row, MethodRow):
        return registry.why_not(name, kind, settings)
    language = kind in LANGUAGE
    reasons = (
        (kind == "judge", JUDGE),
        (kind == "listwise" and (settings or {}).get("reading") == "sequence", SEQUENCE),
        ("reference" in row.needs and kind != "implicit_prm", NO_REFERENCE),
        ("logits" in row.needs and kind in ADDED and not language, NO_HEAD),
        ("value" in row.needs and language, NO_VALUE),
    )
    return next((reason for holds, reason in reasons if holds), "")


def values_of(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return every parameter's value after checking ``given``.

    Raises:
        UnknownNameError, ParameterError: as ``attribute`` and ``signal``.
    """
    row = choice(name)
    return checked(row.key, row.params, given)


def typed_values(name: str, texts: Mapping[str, str]) -> dict[str, Any]:
    """Return every parameter's value as people type them, the others by default.

    Raises:
        UnknownNameError, ParameterError: as ``values_of``.
    """
    row = choice(name)
    known = {param.name: param for param in row.params}
    given = {n: _typed(row, known[n], text) if n in known else text for n, text in texts.items()}
    return checked(row.key, row.params, given)


def _typed(row: Choice, param: Param, text: str) -> Any:
    if isinstance(param.default, str):
        return text
    try:
        return int(text) if isinstance(param.default, int) else float(text)
    except ValueError:
        raise ParameterError(row.key, param.name, text, param.range) from None


def estimate(
    name: str, shape: Shape, tokens: int, steps: int, params: Mapping[str, Any]
) -> Estimate:
    """Say what a run will take, without opening anything; arguments as ``registry.estimate``.

    Raises:
        UnknownNameError, ParameterError: as ``values_of``.
    """
    row = choice(name)
    if isinstance(row, MethodRow):
        return registry.estimate(name, shape, tokens, steps, **params)
    values, tokens = values_of(name, params), max(tokens, 1)
    held = HOLDS[row.holds]
    passes, more = held.passes, held.words(tokens, values)
    plain = registry.estimate(registry.DEFAULT, shape, tokens, steps)  # one forward, nothing kept
    return replace(
        plain,
        forwards=passes,
        tokens=passes * tokens,
        equivalents=float(passes),
        most_equivalents=float(passes),
        memory_bytes=max(plain.memory_bytes, FLOAT * held.floats(shape, tokens)),
        words=f"about {passes} forward pass{'es' * (passes > 1)} over the path{more}",
    )
