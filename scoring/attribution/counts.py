"""How often each attribution method runs a path, from sizes alone. Torch-free.

A row names its function: ``(tokens, steps, values) -> Counts``, of a path with so many tokens and steps and
every parameter of the method by name.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

AT_ONCE = 4096
"""Tokens of the path of integration that are in memory together."""
CLOSING = 4
"""Tokens that close a step, where the layout is not known yet."""
TYPICAL = 2
"""Tries that an adaptive method mostly needs."""
_LIMIT = 62  # 2**K is only compared with numbers far below


class Counts(NamedTuple):
    """What a run takes.

    Attributes:
        forwards: rows forward.
        backwards: rows backward.
        tokens: of all forward rows.
        most: forwards over the whole path, a backward counted as one, if an adaptive method tries all it may.
        together: rows in memory together for a backward.
        masked: paths that share what they can run under a mask.
        cached: keys and values of the whole path are kept.
    """

    forwards: int
    backwards: int
    tokens: int
    most: float
    together: int = 1
    masked: bool = False
    cached: bool = False


Count = Callable[[int, int, dict[str, Any]], Counts]


def path_rows(n: int, tokens: int, rows: int = 0) -> int:
    """Return how many points of a path of integration with ``n`` steps are run together."""
    return max(1, min(n, rows or AT_ONCE // max(tokens, 1)))


def tries(start: int, limit: int) -> list[int]:
    """Return the numbers of steps that doubling goes through."""
    found = [min(start, limit)]
    while found[-1] < limit:
        found.append(min(2 * found[-1], limit))
    return found


def once(tokens: int, _steps: int, _values: dict[str, Any]) -> Counts:
    """Count one forward over the path."""
    return Counts(1, 0, tokens, 1.0)


def closed(tokens: int, steps: int, _values: dict[str, Any]) -> Counts:
    """Count one forward over the path and what closes its prefixes."""
    seen = tokens + CLOSING * steps
    return Counts(1, 0, seen, seen / tokens, masked=True)


def gradients(tokens: int, _steps: int, values: dict[str, Any]) -> Counts:
    """Count the tries of a path of integration, and its two ends."""
    ns = tries(values["start"], values["limit"])
    likely, most = sum(ns[:TYPICAL]), sum(ns)
    together = path_rows(values["limit"], tokens, values["rows"])
    return Counts(likely + 2, likely, (likely + 2) * tokens, 2 * most + 2.0, together)


def left_out(tokens: int, steps: int, values: dict[str, Any]) -> Counts:
    """Count what follows each step, run again from what is kept in front of it."""
    step = tokens / (steps + 1)  # the problem counts as one
    seen = tokens + step * steps * (steps - 1) / 2
    rows = steps
    if values["variant"] == "neutral":
        rows, seen = steps + 1, seen + steps * min(step, 2 * CLOSING)
    return Counts(rows, 0, int(seen), seen / tokens, masked=True, cached=True)


def shapley(tokens: int, steps: int, values: dict[str, Any]) -> Counts:
    """Count sets of steps; those that begin alike are run once as far as they do."""
    everything = 2 ** min(steps, _LIMIT)
    distinct = min(values["permutations"] * steps, everything)
    new = max(1.0, (steps - math.log2(distinct)) / 2)
    step = tokens / (steps + 1)
    seen = step + min(distinct * new, distinct * steps) * step
    rows = max(1, math.ceil(seen / AT_ONCE))
    return Counts(rows, 0, int(seen), distinct * (steps / 2 + 1) * step / tokens, masked=True)
