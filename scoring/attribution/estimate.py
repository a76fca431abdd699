"""What an attribution will take, from sizes alone. Torch-free.

One forward over the whole path, F, is the unit; with frozen weights a backward costs about as much.
Memory is what autograd keeps, or, without gradients, what one layer needs at a time. Its factors are
fitted to Llama, Qwen2 and Qwen3 decoders with ``scaled_dot_product_attention`` (within 10 % there).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from scoring.attribution.base import Estimate

if TYPE_CHECKING:
    from collections.abc import Callable

    from scoring.attribution.base import MethodRow
    from scoring.reward.shape import Shape

AT_ONCE = 4096
"""Tokens of the path of integration that are in memory together."""
CLOSING = 4
"""Tokens that close a step, where the layout is not known yet."""
TYPICAL = 2
"""Tries that an adaptive method mostly needs."""
FLOAT = 4
PLAIN = ("running_reward", "objective_split")
"""Methods that run one path the plain way, without a mask."""
_LIMIT = 62  # 2**K is only compared with numbers far below


def path_rows(n: int, tokens: int, rows: int = 0) -> int:
    """Return how many points of a path of integration with ``n`` steps are run together."""
    return max(1, min(n, rows or AT_ONCE // max(tokens, 1)))


def tries(start: int, limit: int) -> list[int]:
    """Return the numbers of steps that doubling goes through."""
    found = [min(start, limit)]
    while found[-1] < limit:
        found.append(min(2 * found[-1], limit))
    return found


def kept_floats(shape: Shape) -> float:
    """Return the floats per token that autograd keeps for a gradient by the embeddings alone."""
    layer = 2.2 * shape.width + 2.4 * shape.attention + 3.6 * shape.inner
    return shape.layers * layer + 3 * shape.width


def passing_floats(shape: Shape) -> float:
    """Return the floats per token that a forward needs at a time where nothing is kept for gradients."""
    return 6 * shape.width + 4 * shape.inner + 4 * shape.attention


def estimate_row(
    row: MethodRow, shape: Shape, tokens: int, steps: int, values: dict[str, Any]
) -> Estimate:
    """Return what the method of ``row`` takes on a path of ``tokens`` tokens in ``steps`` steps."""
    tokens, steps = max(tokens, 1), max(steps, 1)
    forwards, backwards, seen, most = _COUNTS[row.key](tokens, steps, values)
    if backwards:
        rows = path_rows(values["limit"], tokens, values["rows"])
        memory = rows * tokens * kept_floats(shape)
    else:
        longest = min(seen, 2 * AT_ONCE)
        memory = longest * passing_floats(shape)
        if row.key not in PLAIN:
            memory += longest**2 / FLOAT  # a mask of one byte each
        if row.key == "leave_one_step_out":
            memory += 2 * shape.layers * shape.attention * tokens
    equivalents = seen / tokens + backwards
    passes = f"{equivalents:,.3g}"
    words = f"about {passes} forward pass{'es' * (passes != '1')} over the path"
    if most > equivalents * 1.01:
        words += f", at most {most:,.3g}"
    return Estimate(
        forwards=forwards,
        backwards=backwards,
        tokens=seen,
        equivalents=equivalents,
        most_equivalents=max(most, equivalents),
        memory_bytes=int(memory * FLOAT),
        words=words,
    )


Counts = tuple[int, int, int, float]
"""Forward rows, backward rows, tokens forward, most equivalents."""


def _once(tokens: int, _steps: int, _values: dict[str, Any]) -> Counts:
    return 1, 0, tokens, 1.0


def _closed(tokens: int, steps: int, _values: dict[str, Any]) -> Counts:
    seen = tokens + CLOSING * steps
    return 1, 0, seen, seen / tokens


def _gradients(tokens: int, _steps: int, values: dict[str, Any]) -> Counts:
    ns = tries(values["start"], values["limit"])
    likely, most = sum(ns[:TYPICAL]), sum(ns)
    return likely + 2, likely, (likely + 2) * tokens, 2 * most + 2.0


def _left_out(tokens: int, steps: int, values: dict[str, Any]) -> Counts:
    step = tokens / (steps + 1)  # the problem counts as one
    seen = tokens + step * steps * (steps - 1) / 2
    rows = steps
    if values["variant"] == "neutral":
        rows, seen = steps + 1, seen + steps * min(step, 2 * CLOSING)
    return rows, 0, int(seen), seen / tokens


def _shapley(tokens: int, steps: int, values: dict[str, Any]) -> Counts:
    everything = 2 ** min(steps, _LIMIT)
    distinct = min(values["permutations"] * steps, everything)
    # A set of steps is a path; those that begin alike are run once as far as they do.
    new = max(1.0, (steps - math.log2(distinct)) / 2)
    step = tokens / (steps + 1)
    seen = step + min(distinct * new, distinct * steps) * step
    rows = max(1, math.ceil(seen / AT_ONCE))
    return rows, 0, int(seen), distinct * (steps / 2 + 1) * step / tokens


_COUNTS: dict[str, Callable[[int, int, dict[str, Any]], Counts]] = {
    "running_reward": _once,
    "closed_prefix": _closed,
    "integrated_gradients": _gradients,
    "leave_one_step_out": _left_out,
    "step_shapley": _shapley,
    "objective_split": _once,
}
