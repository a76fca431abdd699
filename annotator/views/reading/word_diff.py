"""Two texts side by side: which words of each the other does not have, at a cost that no text drives up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from annotator.sequence_match import blocks
from annotator.text_diff import WORD

if TYPE_CHECKING:
    from collections.abc import Sequence

# Above this many words a text is compared line by line.
MOST_WORDS = 20_000


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of words. ``sign``: ``same``, ``own`` (the other text lacks it) or ``first``, the first such."""

    text: str
    sign: str


@dataclass(frozen=True, slots=True)
class Words:
    """Both texts in pieces.

    Attributes:
        first, second: the pieces of each; together they are the text.
        before: characters that both begin with.
        by_line: the texts are so long that lines were compared, not words.
    """

    first: tuple[Piece, ...]
    second: tuple[Piece, ...]
    before: int
    by_line: bool = False


def word_diff(first: str, second: str) -> Words:
    """Compare two texts word by word, from the first word that differs."""
    if first == second:
        same = (Piece(first, "same"),) if first else ()
        return Words(same, same, len(first))
    left, right, by_line = _split(first, second)
    one: list[Piece] = []
    two: list[Piece] = []
    before = 0
    for place, (equal, a, b, c, d) in enumerate(blocks(left, right)):
        if equal and place == 0:
            before = sum(map(len, left[a:b]))
        sign = "same" if equal else "own"
        _add(one, "".join(left[a:b]), sign)
        _add(two, "".join(right[c:d]), sign)
    return Words(_led(one), _led(two), before, by_line)


def _split(first: str, second: str) -> tuple[Sequence[str], Sequence[str], bool]:
    left, right = WORD.findall(first), WORD.findall(second)
    if max(len(left), len(right)) <= MOST_WORDS:
        return left, right, False
    return first.splitlines(keepends=True), second.splitlines(keepends=True), True


def _add(pieces: list[Piece], text: str, sign: str) -> None:
    if text:
        pieces.append(Piece(text, sign))


def _led(pieces: list[Piece]) -> tuple[Piece, ...]:
    """Mark the first piece that the other text lacks."""
    for place, piece in enumerate(pieces):
        if piece.sign == "own":
            pieces[place] = Piece(piece.text, "first")
            break
    return tuple(pieces)
