"""One path as a model reads it: its tokens, which step each belongs to, which characters it stands for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from scoring.attribution.spans import check_tiling, tile

if TYPE_CHECKING:
    from collections.abc import Sequence

Int32 = npt.NDArray[np.int32]
Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Path:
    """T tokens up to where the whole path is read, the last of them.

    Attributes:
        ids: ``(T,)`` int32.
        step: ``(T,)`` int32 number of each token's step from 0, -1 in front of the first.
        text: ``(T,)`` bool, True for tokens of a step's text; False for the problem, separators, template.
        piece: ``(T,)`` int32 number of each token's piece, -1 in front of the first step.
        ends: ``(K,)`` int64 last token of each step, its separator if it has one.
        piece_step: ``(P,)`` int32.
        piece_begin: ``(P,)`` int32 first character in the step's text.
        piece_end: ``(P,)`` int32 one past the last.
    """

    ids: Int32
    step: Int32
    text: npt.NDArray[np.bool_]
    piece: Int32
    ends: npt.NDArray[np.int64]
    piece_step: Int32
    piece_begin: Int32
    piece_end: Int32

    def __len__(self) -> int:
        """Count the tokens."""
        return len(self.ids)

    @property
    def n_steps(self) -> int:
        """K, the number of steps."""
        return len(self.ends)

    @property
    def first(self) -> int:
        """The first token of the first step: the number of tokens in front of it."""
        return int((self.step < 0).sum())

    @property
    def read(self) -> int:
        """Where the whole path is read."""
        return len(self.ids) - 1

    def by_piece(self, credit: Float64) -> Float64:
        """Add up ``(T,)`` credits of tokens by piece, ``(P,)``; those in front of the steps are left out."""
        total = np.zeros(len(self.piece_step))
        np.add.at(total, self.piece[self.first :], credit[self.first :])
        return total

    def by_step(self, credit: Float64) -> Float64:
        """Add up ``(T,)`` credits of tokens by step, ``(K,)``."""
        total = np.zeros(self.n_steps)
        np.add.at(total, self.step[self.first :], credit[self.first :])
        return total

    def spread(self, per_step: Float64) -> Float64:
        """Give each step's credit in equal parts to the tokens of its text, ``(T,)``."""
        credit = np.zeros(len(self.ids))
        for k in range(self.n_steps):
            own = np.flatnonzero((self.step == k) & self.text)
            own = own if len(own) else np.flatnonzero(self.step == k)
            credit[own] = per_step[k] / len(own)
        return credit


@dataclass(frozen=True, slots=True)
class StepPart:
    """The tokens of one step.

    Attributes:
        ids: of the step's tokens, in order.
        offsets: characters of each within the step's text, None for marks of the layout.
    """

    ids: Sequence[int]
    offsets: Sequence[tuple[int, int] | None]


def join(front: Sequence[int], parts: Sequence[StepPart], steps: Sequence[str]) -> Path:
    """Put a path together and check that its spans re-join to the texts.

    Args:
        front: tokens in front of the first step.
        parts: tokens of each step, at least one each.
        steps: their texts.

    Raises:
        AlignmentError: tokens and text do not line up.
    """
    own: list[list[bool]] = []
    pieces: list[Int32] = []
    spans: list[Int32] = []
    for k, (part, text) in enumerate(zip(parts, steps, strict=True)):
        piece, begin, end = _pieces(part, len(text))
        check_tiling(text, begin, end)
        own.append([offsets is not None for offsets in part.offsets])
        pieces.append(piece + np.int32(sum(len(one) for one in spans)))
        numbers = np.full(len(begin), k, dtype=np.int32)
        spans.append(np.stack((numbers, begin, end), axis=1))
    counts = [len(part.ids) for part in parts]
    ids = [*front, *(i for part in parts for i in part.ids)]
    table = np.concatenate(spans)  # (P, 3)
    before = np.full(len(front), -1)
    return Path(
        ids=np.array(ids, dtype=np.int32),
        step=np.concatenate((before, np.repeat(np.arange(len(parts)), counts))).astype(np.int32),
        text=np.concatenate((np.zeros(len(front), bool), *map(np.array, own))).astype(bool),
        piece=np.concatenate((before, *pieces)).astype(np.int32),
        ends=len(front) + np.cumsum(counts, dtype=np.int64) - 1,
        piece_step=table[:, 0],
        piece_begin=table[:, 1],
        piece_end=table[:, 2],
    )


def _pieces(part: StepPart, length: int) -> tuple[Int32, Int32, Int32]:
    """Return the piece of each token of a step, and where pieces begin and end in its text.

    Marks in front of the text are empty pieces at 0, the others at its end. A text without a token of its
    own (white space that a template trims) is one piece without tokens.
    """
    texts = [i for i, offsets in enumerate(part.offsets) if offsets is not None]
    spoken = [offsets for offsets in part.offsets if offsets is not None]
    inner, ends = tile(spoken, length)
    if not texts and length:
        ends = np.array([length], dtype=np.int32)
    lead = texts[0] if texts else 0
    total = np.zeros(len(part.ids), dtype=np.int32)
    total[:lead] = np.arange(lead)
    total[texts] = lead + inner
    marks = [i for i in range(lead, len(part.ids)) if part.offsets[i] is None]
    inside = [
        i for i in marks if texts and i < texts[-1]
    ]  # a mark amid the text joins what is before it
    behind = [i for i in marks if i not in inside]
    for i in inside:
        total[i] = total[i - 1]
    total[behind] = lead + len(ends) + np.arange(len(behind))
    end = np.concatenate((np.zeros(lead), ends, np.full(len(behind), length))).astype(np.int32)
    begin = np.concatenate(([0], end[:-1])).astype(np.int32)
    return total, begin, end
