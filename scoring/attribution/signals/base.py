"""What a token signal is: a number per token from one forward, with no claim of being anybody's credit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scoring.attribution.path import Path
    from scoring.params import Param

Int32 = npt.NDArray[np.int32]
Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SignalRow:
    """What menus, docs and tests need to know about a signal without loading it.

    Attributes:
        key: stored in URLs and results, never renamed.
        label: what a person reads in the menu.
        target: ``"module:function"``, loaded on first use.
        version: raised whenever the numbers can change.
        needs: names of what the model must have, keys of ``NEEDS`` in ``registry.py``.
        cost: in forwards F.
        unit: of the numbers.
        signed: True if zero is neutral.
        fold: how tokens that share a character become one number.
        confidence: how the formula is known, a key of ``scoring.attribution.base.CONFIDENCE``.
        source: where it was published.
        summary: one line for the menu.
        params: its parameters with defaults.
        holds: what it has in memory beside a forward, a key of ``HOLDS`` in ``holds.py``.
        of_step: what a step has where that is not the fold of its tokens, in words behind "A step has".
    """

    key: str
    label: str
    target: str
    version: str
    needs: tuple[str, ...]
    cost: str
    unit: str
    signed: bool
    fold: Literal["sum", "mean"]
    confidence: str
    source: str
    summary: str
    params: tuple[Param, ...] = ()
    holds: str = "states"
    of_step: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a signal's function returns.

    Attributes:
        values: ``(T,)`` float64 by token, NaN where undefined.
        per_step: ``(K,)`` float64 if a step's number is not its tokens' fold, else None.
        figures: numbers of the whole path, by name.
        notes: sentences the legend must show.
    """

    values: Float64
    per_step: Float64 | None = None
    figures: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class Signal:
    """A signal of one path; spans as those of an ``Attribution``.

    Attributes:
        key: of its row.
        version: of the signal.
        params: every parameter with the value used.
        values: ``(P,)`` float32, NaN where undefined.
        step: ``(P,)`` int32 number of each piece's step, from 0.
        begin: ``(P,)`` int32 first character within the step's own text.
        end: ``(P,)`` int32 one past the last.
        per_step: ``(K,)`` float64, NaN where undefined.
        figures: numbers of the whole path, by name.
        unit: of the numbers.
        notes: sentences the legend must show.
        n_tokens: T, tokens of the path with its layout.
        dtype: of the weights ("float32").
        model_hash: names the weights.
        template_hash: names the layout of texts as tokens.
    """

    key: str
    version: str
    params: Mapping[str, Any]
    values: Float32
    step: Int32
    begin: Int32
    end: Int32
    per_step: Float64
    figures: Mapping[str, float]
    unit: str
    notes: tuple[str, ...] = ()
    n_tokens: int = 0
    dtype: str = ""
    model_hash: str = ""
    template_hash: str = ""


def signal_of(row: SignalRow, params: Mapping[str, Any], path: Path, measured: Measured) -> Signal:
    """Fold tokens into pieces and steps."""
    response = slice(path.first, None)
    values = measured.values[response]
    per_step = measured.per_step
    if per_step is None:
        per_step = folded(row, values, path.step[response], path.n_steps)
    return Signal(
        key=row.key,
        version=row.version,
        params=dict(params),
        values=folded(row, values, path.piece[response], len(path.piece_step)).astype(np.float32),
        step=path.piece_step,
        begin=path.piece_begin,
        end=path.piece_end,
        per_step=per_step,
        figures=measured.figures,
        unit=row.unit,
        notes=measured.notes,
    )


def folded(row: SignalRow, values: Float64, group: Int32, count: int) -> Float64:
    """Return one number per group of pieces, as tokens become pieces: a sum or a mean, NaN where none has one."""
    return _sum(values, group, count) if row.fold == "sum" else _mean(values, group, count)


def _sum(values: Float64, group: Int32, count: int) -> Float64:
    """Add up by group; NaN where a group has no number."""
    known = np.isfinite(values)
    total, seen = np.zeros(count), np.zeros(count)
    np.add.at(total, group[known], values[known])
    np.add.at(seen, group[known], 1)
    return np.where(seen > 0, total, np.nan)


def _mean(values: Float64, group: Int32, count: int) -> Float64:
    known = np.isfinite(values)
    seen = np.bincount(group[known], minlength=count)
    return _sum(values, group, count) / np.maximum(seen, 1)


Measure = Callable[..., Measured]
