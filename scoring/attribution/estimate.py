"""What an attribution will take, from sizes alone. Torch-free.

One forward over the whole path, F, is the unit; with frozen weights a backward costs about as much.
Memory is what autograd keeps, or, without gradients, what one layer needs at a time. Its factors are
fitted to Llama, Qwen2 and Qwen3 decoders with ``scaled_dot_product_attention`` (within 10 % there).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scoring.attribution.base import Estimate
from scoring.attribution.counts import AT_ONCE
from scoring.registry import load_target

if TYPE_CHECKING:
    from scoring.attribution.base import MethodRow
    from scoring.attribution.counts import Count
    from scoring.reward.shape import Shape

FLOAT = 4


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
    count: Count = load_target(row.counts)
    found = count(tokens, steps, values)
    if found.backwards:
        memory = found.together * tokens * kept_floats(shape)
    else:
        longest = min(found.tokens, 2 * AT_ONCE)
        memory = longest * passing_floats(shape)
        if found.masked:
            memory += longest**2 / FLOAT  # one byte each
        if found.cached:
            memory += 2 * shape.layers * shape.attention * tokens
    equivalents = found.tokens / tokens + found.backwards
    passes = f"{equivalents:,.3g}"
    words = f"about {passes} forward pass{'es' * (passes != '1')} over the path"
    if found.most > equivalents * 1.01:
        words += f", at most {found.most:,.3g}"
    return Estimate(
        forwards=found.forwards,
        backwards=found.backwards,
        tokens=found.tokens,
        equivalents=equivalents,
        most_equivalents=max(found.most, equivalents),
        memory_bytes=int(memory * FLOAT),
        words=words,
    )
