"""What a signal has in memory beside the forward, and what it does there. Torch-free.

Counted from the code of the signals and compared with measured peaks (``benchmarks.bench_signals``).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scoring.reward.shape import Shape

LOGITS_AT_ONCE = 512
"""Tokens whose logits are in memory together."""


class Holding(NamedTuple):
    """One way of reading a path.

    Attributes:
        floats: ``(shape, tokens)`` to the most floats at a time where that is not the forward itself.
        words: ``(tokens, values)`` to what is done beside the passes, "" if that is nothing much.
        passes: forwards over the path.
    """

    floats: Callable[[Shape, int], int]
    words: Callable[[int, Mapping[str, Any]], str]
    passes: int = 1


def _states(shape: Shape, tokens: int) -> int:
    return tokens * shape.width


def _logits(shape: Shape, tokens: int) -> int:
    return min(tokens, LOGITS_AT_ONCE) * shape.vocabulary


def _nothing(_tokens: int, _values: Mapping[str, Any]) -> str:
    return ""


def _layers(_tokens: int, _values: Mapping[str, Any]) -> str:
    return " with plain attention, one layer's map at a time"


def _decompositions(tokens: int, values: Mapping[str, Any]) -> str:
    return f" and {-(-tokens // values['stride']):,} singular value decompositions"


HOLDS: Mapping[str, Holding] = MappingProxyType(
    {
        "states": Holding(_states, _nothing),
        # logits, and three times as much in double precision
        "logits": Holding(lambda shape, n: _states(shape, n) + 7 * _logits(shape, n), _nothing),
        # of two models: logits and their exponentials
        "pair": Holding(lambda shape, n: _states(shape, n) + 2 * _logits(shape, n), _nothing, 2),
        # scores and their softmax by head, distances and masks for all
        "maps": Holding(
            lambda shape, n: 2 * _states(shape, n) + (2 * shape.heads + 5) * n**2, _layers
        ),
        # states in double precision, less their mean, and a copy to decompose
        "spectra": Holding(lambda shape, n: 7 * _states(shape, n), _decompositions),
    }
)
"""Ways of reading a path by name."""
