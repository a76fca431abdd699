"""Credit by word, sentence or step: sums over whole pieces, so that nothing is lost or counted twice.

A piece belongs to the group in which its first character that is not white space stands (its first character,
if there is none). Groups are runs of pieces, hence they tile the text as pieces do. Numpy only.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scoring.attribution.base import Attribution

Level = Literal["token", "word", "sentence", "step"]
LEVELS: tuple[Level, ...] = ("token", "word", "sentence", "step")
_WORD = re.compile(r"\S+")
# A full stop inside a number or a formula ends nothing: white space must follow. In scripts that write
# none between sentences the mark alone ends one.
_SENTENCE = re.compile(r"\S.*?(?:[.!?…]+[\"'”’)\]]*(?=\s|$)|[。！？]+|\n|$)", re.DOTALL)


class Group(NamedTuple):
    """A run of characters of a step's text, and the sum of their credit."""

    begin: int
    end: int
    credit: float


def grouped(found: Attribution, step: int, text: str, level: Level) -> list[Group]:
    """Return the groups of a step.

    Marks that the layout puts behind the text count to the last group; their credit is the step's too.

    Args:
        found: what ``attribute`` returned.
        step: number of the step, from 0.
        text: its text.
        level: how coarse; ``token`` gives the pieces as they are.
    """
    here = np.flatnonzero(found.step == step)
    pieces = [Group(int(found.begin[i]), int(found.end[i]), float(found.credit[i])) for i in here]
    if level == "token":
        return pieces
    return list(_joined(pieces, text, _starts(text, level)))


def _starts(text: str, level: Level) -> list[int]:
    """Return where the groups of a text begin; the first takes what stands in front of it."""
    if level == "step":
        return [0]
    pattern = _WORD if level == "word" else _SENTENCE
    return [match.start() for match in pattern.finditer(text)] or [0]


def _joined(pieces: Sequence[Group], text: str, starts: Sequence[int]) -> Iterator[Group]:
    number, run = -1, None
    for piece in pieces:
        inside = text[piece.begin : piece.end]
        first = piece.begin + len(inside) - len(inside.lstrip()) if inside.strip() else piece.begin
        own = max(int(np.searchsorted(starts, first, side="right")) - 1, 0)
        if run is None or (own > number and piece.end > piece.begin):
            if run is not None:
                yield run
            number, run = own, piece
        else:
            run = Group(run.begin, piece.end, run.credit + piece.credit)
    if run is not None:
        yield run
